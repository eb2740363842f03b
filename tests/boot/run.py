#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the boot tests in QEMU; ends with a line "N passed, N failed".

run.py --build DIR --images DIR [--out DIR] [-k WORD] [-j N] [--minutes N]
       [--again] [--list]

--build   a build tree: hypervisor/tenon.gz and hypervisor/tenon are used
--images  what tests/images/all.sh made: vmlinuz, vmlinux, dom0.gz, guest.gz
--minutes N
          no case is started after that time, and what was not fails
--again   a case that fails is run once more, its logs in a folder "again", and
          the second run counts: the machines are emulated, and on a busy host
          their clocks run away. The first is told at its place and by a line
          "unsteady: ..." at the end. That is a fault of the test or of what it
          tests, for a person to look into before it happens twice. A panic
          is never made good.
--hypervisor FILE --stack stock
          another hypervisor with Debian's own daemons in dom0, to tell the
          tests' faults from ours

Each case runs in a process of its own, so that one that hangs can be ended;
with -j their output comes case by case.
"""
import argparse
import concurrent.futures
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness import CASES, Context          # noqa: E402
from machine import Failure                 # noqa: E402

# Seconds: above all that a case may wait for in turn, unless it has its own.
CASE_LIMIT = 900


def read_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", default=".")
    parser.add_argument("--images", default="images")
    parser.add_argument("--out", default="boot-logs")
    parser.add_argument("--hypervisor")
    parser.add_argument("--stack", default="")
    parser.add_argument("-k", default="", metavar="WORD",
                        help="only cases with WORD in their name")
    parser.add_argument("-j", type=int, default=1, metavar="N",
                        help="N cases at a time")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_case(case, options, hypervisor):
    """One case in this process; what came of it goes to its result file."""
    context = Context(hypervisor,
                      os.path.join(options.build, "hypervisor", "tenon"),
                      options.images, os.path.abspath(options.out),
                      options.stack)
    context.name, context.asked = case.__name__, bool(options.k)
    try:
        case(context)
    except Failure as failure:
        if not failure.fatal:
            raise
        if not context.failed:
            context.failed.append(case.__name__)
            print(f"FAIL {case.__name__}\n    {failure}", flush=True)
    except Exception:                       # a fault of the case itself
        context.failed.append(case.__name__)
        print(f"FAIL {case.__name__}")
        traceback.print_exc(file=sys.stdout)
    with open(result_name(options, case), "w", encoding="utf-8") as file:
        json.dump([len(context.passed), context.failed,
                   len(context.skipped), context.grave], file)


def result_name(options, case):
    return os.path.join(options.out, case.__name__ + ".result")


RUNNING = set()


def start_case(case, options, out):
    """Runs a case in a process of its own, with its logs in `out`; gives its
    result, and what it printed unless that was shown at once."""
    name = case.__name__
    result = os.path.join(out, name + ".result")
    limit = getattr(case, "limit", CASE_LIMIT)
    if os.path.exists(result):
        os.unlink(result)
    with tempfile.TemporaryFile("w+", errors="replace") as file:
        process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), *sys.argv[1:],
             "--out", out, "--only", name],
            stdout=file if options.j > 1 else None)
        RUNNING.add(process)
        why = ""
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            why = f"    it took more than {limit} s\n"
        finally:
            process.terminate()             # it ends its machines
            process.wait()
            RUNNING.discard(process)
        file.seek(0)
        text = file.read()
    if os.path.exists(result):
        with open(result, encoding="utf-8") as file:
            return json.load(file), text
    return [0, [name], 0, False], f"{text}FAIL {name}\n{why}"


def judge_case(case, options, end):
    """How many checks passed, which failed, how many were skipped, in the
    second run of two; what failed in the first of two; and what was printed."""
    name = case.__name__
    if time.monotonic() > end:
        return 0, [name], 0, [], f"FAIL {name}\n    no time was left for it\n"
    (good, bad, left, grave), text = start_case(case, options, options.out)
    if not options.again or not bad or grave or time.monotonic() > end:
        return good, bad, left, [], text
    out = os.path.join(options.out, "again")
    os.makedirs(out, exist_ok=True)
    (good, still, left, _), more = start_case(case, options, out)
    text = "".join(f"    | {line}\n" for line in text.splitlines())
    text += f"{name} failed, and was run again:\n{more}"
    first = [label for label in bad if label not in still]
    return good, still, left, first, text


def main():
    options = read_options()
    for name in sorted(os.listdir(os.path.join(HERE, "cases"))):
        if name.endswith(".py"):
            importlib.import_module("cases." + name[:-3])
    chosen = [c for c in CASES if options.k in c.__name__]
    if options.list:
        for c in chosen:
            print(f"{c.__name__:20} {c.__doc__.strip().splitlines()[0]}")
        return 0

    hypervisor = options.hypervisor or os.path.join(
        options.build, "hypervisor", "tenon.gz")
    for name in (hypervisor, os.path.join(options.images, "dom0.gz")):
        if not os.path.exists(name):
            print(f"run.py: no {name}: build first (make, then "
                  f"tests/images/all.sh)", file=sys.stderr)
            return 1
    os.makedirs(options.out, exist_ok=True)
    if options.only:
        run_case(next(c for c in chosen if c.__name__ == options.only),
                 options, hypervisor)
        return 0

    end = time.monotonic() + 60 * options.minutes
    passed, failed, skipped, unsteady = 0, [], 0, []
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        runs = [pool.submit(judge_case, c, options, end) for c in chosen]
        try:
            for run in concurrent.futures.as_completed(runs):
                good, bad, left, first, text = run.result()
                print(text, end="", flush=True)
                unsteady += first
                passed += good
                failed += bad
                skipped += left
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(RUNNING):
                process.terminate()
            raise
    for label in failed:
        print(f"failed: {label}")
    for label in unsteady:
        print(f"unsteady: {label}")
    print(f"{passed} passed, {len(failed)} failed"
          + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
