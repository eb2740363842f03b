# SPDX-License-Identifier: BSD-2-Clause
"""How one row of the table is measured: in turn, and the median of the runs."""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import time

from daemons import BenchError, cpu_time

WARM = 2        # rounds of the load before instructions are counted


class Row:
    """A figure for each daemon, and what ours is held to.

    Targets are (peer, relation, bound): peer is a daemon's name, "peer" for
    the better one of Debian's two, or a text about a figure of ours alone,
    which then comes with the row, in `own`.
    """

    def __init__(self, name, unit, values, targets, lower=False, own=None,
                 cpu=None):
        self.name, self.unit, self.values = name, unit, values
        self.lower, self.targets, self.own = lower, targets, own or {}
        self.cpu = cpu or {}    # requests in a second of processor time

    def other(self, peer, values):
        if peer == "peer":
            known = [values[p] for p in ("C", "OCaml") if values.get(p)]
            return (min if self.lower else max)(known) if known else None
        return values.get(peer)

    def ratio(self, peer, values):
        other = self.other(peer, values)
        return values["ours"] / other if other and values.get("ours") else None

    def verdicts(self):
        """(text of the target, ratio or figure, whether it holds, the ratio
        by processor time or None)"""
        for peer, relation, bound in self.targets:
            figure = self.own.get(peer, self.ratio(peer, self.values))
            if figure is None:
                continue
            holds = figure >= bound if relation == ">=" else figure <= bound
            yield (f"{peer} {relation} {bound:g}", figure, holds,
                   self.ratio(peer, self.cpu))


class Bench:
    def __init__(self, daemons, tools, options):
        self.daemons = daemons      # by name, in the order of their turns
        self.tools = tools
        self.options = options

    def load(self, daemon, kind, *words):
        """One run of the load generator; its report."""
        run = subprocess.run(
            [os.path.join(self.tools, "load"), *words, daemon.socket, kind],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=300, check=False)
        if run.returncode:
            raise BenchError(f"{kind} against {daemon.name}: "
                             f"{run.stderr.strip()}\n{daemon.words()}")
        return json.loads(run.stdout) if run.stdout else {}

    def chosen(self, names=("null", "C", "OCaml", "ours")):
        return [d for name, d in self.daemons.items() if name in names]

    def rates(self, kind, *words, names=("null", "C", "OCaml", "ours"),
              runs=None, once=True):
        """The reports of each daemon, by its name: all are started, set up
        (once, or by each load), and loaded in turn for a short time each."""
        reports = {}
        daemons = self.chosen(names)
        words = ("--seconds", str(self.options.seconds), *words)
        again = ("--no-setup",) if once else ()
        try:
            for daemon in daemons:
                daemon.start()
                if once:
                    self.load(daemon, kind, "--only-setup", *words)
                reports[daemon.name] = []
            for _ in range(runs or self.options.runs):
                for daemon in daemons:
                    before = daemon.cpu()
                    report = self.load(daemon, kind, *again, *words)
                    report["a cpu second"] = report["requests"] / (
                        daemon.cpu() - before)
                    reports[daemon.name].append(report)
        finally:
            for daemon in daemons:
                daemon.stop()
        return reports

    def memory(self, daemon, kind, *words):
        """Bytes by which the daemon grows when the load is set up."""
        daemon.start()
        try:
            self.load(daemon, kind, "--only-setup", "--nodes", "1")
            before = daemon.memory()
            self.load(daemon, kind, "--only-setup", *words)
            return daemon.memory() - before
        finally:
            daemon.stop()

    def under_attack(self, daemon, mode, kind, *words):
        """Reports of a load alone, and beside a hostile guest, in turn. The
        guest has a lower priority: it would have a processor of its own."""
        seconds = self.options.seconds
        words = ("--no-setup", "--seconds", str(seconds), *words)
        alone, beside = [], []
        daemon.start()
        try:
            self.load(daemon, kind, "--only-setup")
            for domid in range(1, self.options.runs + 1):
                alone.append(self.load(daemon, kind, *words))
                with subprocess.Popen(
                        ["nice", "-n", "19", os.path.join(
                            self.tools, "../../store/hostile"),
                         daemon.socket, daemon.guests, str(domid), mode,
                         str(seconds * 1.5 + 0.2)],
                        stdout=subprocess.PIPE, text=True) as hostile:
                    hostile.stdout.readline()
                    beside.append(self.load(daemon, kind, *words))
                    hostile.stdout.read()
                if hostile.returncode:
                    raise BenchError(f"the hostile guest fails ({mode}):\n"
                                     f"{daemon.words()}")
        finally:
            daemon.stop()
        return {"alone": alone, "beside": beside}

    def outage(self, daemon, kind, *words):
        """The longest time without any answer, in seconds, while the worker
        is killed, and the processor time of another one until its first
        answer; None for a daemon that has no worker."""
        daemon.start()
        try:
            self.load(daemon, kind, "--only-setup", *words)
            victim = daemon.worker()
            if victim is None:
                return None
            with subprocess.Popen(
                    [os.path.join(self.tools, "load"), "--no-setup",
                     "--seconds", "3", *words, daemon.socket, kind],
                    stdout=subprocess.PIPE, text=True) as load:
                time.sleep(2)
                os.kill(victim, signal.SIGKILL)
                report = load.stdout.read()
            if load.returncode:
                raise BenchError(f"a client lost its connection when the "
                                 f"worker was killed:\n{daemon.words()}")
            os.kill(daemon.worker(), signal.SIGKILL)
            self.load(daemon, kind, "--no-setup", "--clients", "1",
                      "--requests", "1")
            return (json.loads(report)["gap_us"] / 1e6,
                    cpu_time(daemon.worker()))
        finally:
            daemon.stop()

    def instructions(self, daemon, kind, *words, requests=None):
        """User-space instructions of the daemon for one request."""
        if not shutil.which("valgrind"):
            raise BenchError("no valgrind: apt-get install valgrind")
        if requests is None:
            requests = self.options.requests
        out = os.path.join(self.options.folder, "callgrind.out.%p")
        daemon.start(wrapper=(
            "valgrind", "--tool=callgrind", "--instr-atstart=no",
            "--trace-children=yes", f"--callgrind-out-file={out}"))
        try:
            self.load(daemon, kind, "--only-setup", *words)
            self.load(daemon, kind, "--no-setup", "--requests",
                      str(requests * WARM), *words)
            self.instrument(daemon, "on")
            done = self.load(daemon, kind, "--no-setup", "--requests",
                             str(requests), *words)["requests"]
            self.instrument(daemon, "off")
        finally:
            daemon.stop()
        return self.collected() / done

    @staticmethod
    def instrument(daemon, state):
        for pid in daemon.pids():
            subprocess.run(["callgrind_control", "-i", state, str(pid)],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)

    def collected(self):
        """Takes the profiles away; the instructions in them."""
        total = 0
        for name in os.listdir(self.options.folder):
            if not name.startswith("callgrind.out."):
                continue
            path = os.path.join(self.options.folder, name)
            with open(path, encoding="utf-8", errors="replace") as file:
                total += sum(map(int, re.findall(r"^totals: (\d+)",
                                                 file.read(), re.M)))
            os.unlink(path)
        return total


def median(reports, member="rate"):
    """The median of a member of the reports of each daemon."""
    return {name: statistics.median(r[member] for r in all_of)
            for name, all_of in reports.items() if all_of}
