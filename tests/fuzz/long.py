#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
long.py [--minutes N] [--corpus FOLDER] TARGET...: fuzzes each target, a program
linked with libFuzzer, until it has used N minutes (20) of CPU time in user mode,
one process at a time, from the tree's seeds and from FOLDER/NAME, which keeps
what is found new. Prints a row for RUNS.md a target, and ends at a finding with
status 1: the input is in the folder. Ctrl-C or SIGTERM ends it with the row of
what was done by then.
"""
import argparse
import datetime
import os
import re
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Seconds of one process: each begins with all inputs that are kept, which takes
# some of them. No input lasts longer, whatever else the machine does.
SLICE = 600
INTERRUPTED = 72    # libFuzzer's status after SIGINT


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--corpus", default="fuzz-corpus")
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    return parser.parse_args()


class Finding(Exception):
    pass


class Asked:
    """Whether it has been asked to end; the signal goes on to the target."""

    def __init__(self):
        self.to_end = False
        self.process = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.end)

    def end(self, *_):
        self.to_end = True
        if self.process:
            self.process.send_signal(signal.SIGINT)


def fuzz_once(target, folder, seeds, seed, asked):
    """User seconds, executions, and (edges, features) after one process."""
    command = [os.path.abspath(target), f"-max_total_time={SLICE}",
               f"-seed={seed}", f"-timeout={SLICE}", "-print_final_stats=1",
               f"-artifact_prefix={folder}/", folder]
    command += [seeds] if os.path.isdir(seeds) else []
    with open(os.path.join(folder, os.pardir,
                           os.path.basename(folder) + ".log"), "w",
              encoding="utf-8", errors="replace") as log:
        # In a session of its own: the terminal's Ctrl-C is for us.
        asked.process = subprocess.Popen(command, stdout=log, stderr=log,
                                         start_new_session=True)
        _, status, usage = os.wait4(asked.process.pid, 0)
        asked.process = None
        name = log.name
    with open(name, encoding="utf-8", errors="replace") as log:
        text = log.read()
    if status and not (asked.to_end and
                       os.waitstatus_to_exitcode(status) == INTERRUPTED):
        raise Finding(text[-4000:])
    done = re.search(r"number_of_executed_units: (\d+)", text)
    found = re.findall(r"cov: (\d+) ft: (\d+)", text)
    return usage.ru_utime, int(done.group(1)), found[-1]


def fuzz(target, options, asked):
    name = os.path.basename(target)
    folder = os.path.abspath(os.path.join(options.corpus, name))
    os.makedirs(folder, exist_ok=True)
    seconds, executions, found, seed = 0, 0, ("0", "0"), 1
    while seconds < 60 * options.minutes and not asked.to_end:
        print(f"{name}: {seconds:.0f} s, {executions} executions",
              file=sys.stderr, flush=True)
        more, runs, found = fuzz_once(
            target, folder, os.path.join(HERE, "corpus", name), seed,
            asked)
        seconds += more
        executions += runs
        seed += 1
    print(f"| {datetime.date.today()} | {name} | {seconds:.0f} | {executions} "
          f"| {found[0]} | {found[1]} | none |", flush=True)


def main():
    options, asked = arguments(), Asked()
    for target in options.targets:
        if asked.to_end:
            break
        try:
            fuzz(target, options, asked)
        except Finding as finding:
            print(f"{target}: a finding\n{finding}", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
