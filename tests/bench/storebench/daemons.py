# SPDX-License-Identifier: BSD-2-Clause
"""The daemons that are compared, each on a socket of its own.

All of them live in one temporary folder on a tmpfs. Debian's are unpacked in
the project's cache of packages and run there, with shim.so preloaded.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import time

TESTS = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LIBRARIES = ("libxencall1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 "
             "libxenmisc4.17 libxentoollog1 libxentoolcore1 "
             "libxendevicemodel1 libxenhypfs1").split()


class BenchError(Exception):
    """Something is missing, or a daemon or a client has failed."""


def package(name):
    """The folder with Debian's package, unpacked."""
    run = subprocess.run(
        ["sh", "-c", '. "$1"; package "$2"', "-",
         os.path.join(TESTS, "images", "common.sh"), name],
        stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise BenchError(f"no package {name}")
    return run.stdout.strip()


def processes(pid):
    """The process and its descendants that still run."""
    found = [pid]
    for parent in found:
        for name in glob.glob(f"/proc/{parent}/task/*/children"):
            try:
                with open(name, encoding="ascii") as file:
                    found += [int(word) for word in file.read().split()]
            except OSError:
                pass
    return found


def cpu_time(pid):
    """Seconds of processor time so far, of all its threads that run."""
    total = 0
    for name in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(name, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


class Daemon:
    """One daemon that may be started and stopped many times."""

    name = ""

    def __init__(self, tools, folder):
        self.tools = tools          # the folder of load, null and shim.so
        self.folder = os.path.join(folder, self.name)
        self.process = None
        self.log = None
        self.is_traced = False      # valgrind runs it

    @property
    def socket(self):
        return os.path.join(self.folder, "socket")

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def prepare(self):
        """Makes the files that the daemon finds at its start."""

    def start(self, wrapper=(), patience=30):
        self.is_traced = bool(wrapper)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.prepare()
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(
            [*wrapper, *self.command()], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, cwd=self.folder,
            env={**os.environ, **self.environment()})
        end = time.monotonic() + patience
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(self.socket)
                    return self
            except OSError:
                time.sleep(0.02)
        raise BenchError(f"{self.name} does not start:\n{self.words()}")

    def words(self):
        """The end of what the daemon has said."""
        with open(os.path.join(self.folder, "log"), errors="replace",
                  encoding="utf-8") as file:
            return file.read()[-2000:]

    def stop(self):
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                for pid in processes(self.process.pid):
                    os.kill(pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
        self.process = None

    def pids(self):
        return processes(self.process.pid)

    def cpu(self):
        """The processor time of it and its children."""
        return sum(map(cpu_time, self.pids()))

    def memory(self):
        """Bytes of memory that it has for itself, its journal apart."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
                name = ""
                for line in file:
                    if line.startswith("Pss:") and self.folder not in name:
                        total += int(line.split()[1]) * 1024
                    elif not line.split(" ", 1)[0].endswith(":"):
                        name = line
        return total


class Null(Daemon):
    name = "null"

    def command(self):
        return [os.path.join(self.tools, "null"), self.socket]


class Calls(Null):
    """The null daemon with our system calls."""
    name = "calls"

    def command(self):
        return [os.path.join(self.tools, "null"), "--" + self.name,
                self.socket]


class Filter(Calls):
    """And with a filter of system calls."""
    name = "filter"


class Keep(Calls):
    """And with notes of its answers in a mapped file."""
    name = "keep"


class Work(Calls):
    """And with as many instructions as a store's request takes."""
    name = "work"


class Stock(Daemon):
    """What both of Debian's daemons need."""

    program = ""
    options = ()

    def __init__(self, tools, folder):
        super().__init__(tools, folder)
        self.root = package("xen-utils-4.17")
        self.libraries = ":".join(
            os.path.join(package(name), "usr/lib/x86_64-linux-gnu")
            for name in LIBRARIES)

    def command(self):
        return [os.path.join(self.root, "usr/lib/xen-4.17/bin", self.program),
                *self.options]

    def environment(self):
        return {"LD_LIBRARY_PATH": self.libraries,
                "LD_PRELOAD": os.path.join(self.tools, "shim.so"),
                "TENON_FAKE": self.folder, "XENSTORED_RUNDIR": self.folder,
                "XENSTORED_PATH": self.socket}

    def prepare(self):
        with open(os.path.join(self.folder, "xsd_kva"), "wb") as file:
            file.write(bytes(4096))
        with open(os.path.join(self.folder, "xsd_port"), "wb") as file:
            file.write(b"1")


class CStore(Stock):
    name = "C"
    program = "xenstored"
    options = ("-N",)


class OCamlStore(Stock):
    name = "OCaml"
    program = "oxenstored"

    def __init__(self, tools, folder):
        super().__init__(tools, folder)
        self.options = ("--no-fork", "--config-file", os.path.join(
            package("xen-utils-common"), "etc/xen/oxenstored.conf"))


class Ours(Daemon):
    name = "ours"

    def __init__(self, tools, folder, program, extra):
        super().__init__(tools, folder)
        self.program = program
        self.extra = extra

    @property
    def guests(self):
        return os.path.join(self.folder, "guests")

    def command(self):
        words = [self.program, "-F", "--no-hypervisor",
                 "--socket=" + self.socket, "--fake-guests=" + self.guests,
                 *self.extra]
        says = subprocess.run([self.program, "--help"], text=True,
                              stdout=subprocess.PIPE, check=True).stdout
        if "--state" in says:
            words.append("--state=" + os.path.join(self.folder, "state"))
        if self.is_traced and "--no-sandbox" in says:
            words.append("--no-sandbox")
        return words

    def worker(self):
        """The process that serves, when the main one only keeps it alive."""
        pids = self.pids()
        return pids[-1] if len(pids) > 1 else None
