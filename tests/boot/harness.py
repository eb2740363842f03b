# SPDX-License-Identifier: BSD-2-Clause
"""The cases' side of the boot tests: a boot with many checks.

A case is a function under @case in cases/*.py. It gets a Context, starts the
machines that it wants with `context.boot(...)` and checks with
`machine.check("what holds")`. One boot carries many checks: a boot is dear.
"""
import contextlib
import os
import re
import subprocess
import time

import media
from machine import Failure, Machine, Symbols

CASES = []
REPACK = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "..", "images", "repack.py")
OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all"
DOM0 = "console=hvc0 earlyprintk=xen"
# No devices whose drivers take long in an emulator.
LEAN = ["-net", "none", "-vga", "none", "-parallel", "none"]
# What ends a wait at once, for nothing good follows it.
BAD = (r"(?i)^.*\bpanic\b.*$", r"^.*Kernel panic.*$",
       r"^.*init: .* did not start.*$")


def repack(packed, plain, kind, out):
    """The kernel of both files packed as kind, in the folder out."""
    file = os.path.join(out, "vmlinuz." + kind)
    subprocess.run([REPACK, packed, plain, kind, file], check=True)
    return file


def case(function):
    CASES.append(function)
    return function


class Context:
    """What the cases share: files, the score, where logs go."""

    def __init__(self, hypervisor, symbols, images, out, stack=""):
        self.hypervisor, self.images, self.out = hypervisor, images, out
        self.symbols, self.stack = Symbols(symbols), stack
        self.passed, self.failed, self.skipped = [], [], []
        self.name = ""
        self.asked = False      # for this case, by -k
        self.grave = False      # a failure that no second run makes good

    def image(self, name):
        return os.path.join(self.images, name)

    def repacked(self, kind):
        """Debian's kernel packed with another program: lz4, zstd, gzip."""
        return repack(self.image("vmlinuz"), self.image("vmlinux"), kind,
                      self.out)

    def modules(self, arguments="", packed=None):
        """The usual two: Debian's kernel, as it comes or repacked, and dom0's
        initramfs."""
        kernel = self.repacked(packed) if packed else self.image("vmlinuz")
        stack = f" tenon.stack={self.stack}" if self.stack else ""
        return [(kernel, f"{DOM0}{stack} {arguments}"),
                (self.image("dom0.gz"), "")]

    @contextlib.contextmanager
    def boot(self, what, options="dom0_mem=1G,max:1G", modules=None,
             noreboot=True, hypervisor=None, firmware="bios", disk=None,
             **hardware):
        """A machine that boots the hypervisor (or another) by GRUB from a
        CD, or what is on a disk."""
        name = f"{self.name}-{what}".replace(" ", "-").replace(",", "")
        log = os.path.join(self.out, name + ".log")
        iso = os.path.join(self.out, name + ".iso")
        variables = os.path.join(self.out, name + ".vars")
        if not disk:
            options = f"{OPTIONS} {options}" + (
                " noreboot" if noreboot else "")
            media.make_iso(iso, hypervisor or self.hypervisor, options,
                           self.modules() if modules is None else modules,
                           firmware)
        if firmware == "uefi":
            hardware["kind"] = "q35"
            hardware["extra"] = [*hardware.get("extra", ["-net", "none"]),
                                 *media.uefi_drives(variables)]
        machine = Machine({"disk": disk} if disk else {"iso": iso}, log,
                          symbols=self.symbols, **hardware)
        machine.check = lambda text: self.check(text, machine, what)
        try:
            with machine:
                yield machine
        finally:
            for temporary in (iso, variables):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)

    @contextlib.contextmanager
    def check(self, text, machine=None, what=""):
        label = f"{self.name}: {what + ': ' if what else ''}{text}"
        began = time.monotonic()
        try:
            yield
        except Failure as failure:
            self.failed.append(label)
            print(f"FAIL {label}\n    {failure}", flush=True)
            if machine:
                print(machine.report(), flush=True)
                self.grave |= any(re.search(bad, machine.text, re.M)
                                  for bad in BAD)
            if failure.fatal:
                raise
        else:
            self.passed.append(label)
            print(f"PASS {label} ({time.monotonic() - began:.1f} s)",
                  flush=True)

    def skip(self, why):
        self.skipped.append(f"{self.name}: {why}")
        print(f"SKIP {self.name}: {why}", flush=True)


def reach_shell(machine, timeout=240):
    """The checks from GRUB to dom0's prompt, the same in every boot."""
    with machine.check("GRUB hands over"):
        machine.expect(r"tenon-mark grub-handoff", 60)
    with machine.check("dom0's kernel starts"):
        machine.expect(r"Linux version \d", timeout, BAD)
    with machine.check("dom0 reaches userland"):
        machine.expect(r"tenon-mark dom0-userland", timeout, BAD)
    with machine.check("the store and the console daemon start"):
        machine.expect(r"tenon-mark xenstored", timeout, BAD)
        machine.expect(r"tenon-mark consoled", timeout, BAD)
    with machine.check("dom0 gives a shell"):
        machine.expect(r"tenon-mark dom0-ready", timeout, BAD)
        machine.expect(r"dom0# ", 60)
    machine.shell("stty cols 500; stty -echo")


def audit(machine, when):
    """Debug key A: all state is recomputed; what is wrong is a panic."""
    with machine.check(f"the hypervisor's audits are clean {when}"):
        begin = len(machine.text)
        machine.run("holdings -k A", 240)
        for _ in range(20):
            if "audit: clean" in machine.text[begin:]:
                return
            machine.run("sleep 1")
        raise Failure("they did not end")
