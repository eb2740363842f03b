#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: GRUB, Tenon, dom0, a guest; then the user's terminal.

demo.py [--headless] --build DIR --images DIR
demo.py [--headless] --disk FILE

Called by ./demo, which builds what it needs. Each step is waited for on the
serial line and printed with its time; the first that fails ends it with 1.
"""
import argparse
import os
import re
import select
import sys
import termios
import time
import tty

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import media                                            # noqa: E402
from harness import BAD, DOM0, LEAN, OPTIONS            # noqa: E402
from machine import Failure, Machine, Symbols           # noqa: E402

SLOW = 1800         # seconds that a step may take on a busy host


class Steps:
    """Prints each step with the machine's time and what it took."""

    def __init__(self, machine):
        self.machine, self.last = machine, 0.0

    def done(self, text):
        now = self.machine.now()
        print(f"[{now:7.1f} s] {text} ({now - self.last:.1f} s)", flush=True)
        self.last = now

    def expect(self, pattern, text):
        found = self.machine.expect(pattern, SLOW, BAD)
        self.done(text)
        return found


def show(text):
    for line in text.strip().splitlines():
        print(f"            {line}", flush=True)


def wait_listed(machine, steps, guest):
    """Until domls shows that the guest runs."""
    for _ in range(60):
        listing = machine.run("domls")
        if re.search(rf"^{guest}\s+\d+\s+\d+\s+\d+\s+(running|blocked)",
                     listing, re.M):
            break
        machine.run("sleep 1")
    else:
        raise Failure(f"domls does not list a running `{guest}`")
    steps.done("domls:")
    show(listing)


def start_disk(machine, steps):
    """From the disk's own GRUB to the guest that starts with the host."""
    steps.expect(r"\(TN\) Tenon \d", "the disk's GRUB starts Tenon")
    steps.expect(r"Linux version (\S+)", "dom0's kernel starts")
    steps.expect(r"systemd\[1\]: ", "systemd starts")
    machine.expect(r"dom0# ", SLOW, BAD)
    machine.shell("stty cols 500; stty -echo")
    steps.done("dom0 has a shell")
    machine.run("systemctl is-system-running --wait", SLOW)
    steps.done("systemctl is-system-running: running")
    wait_listed(machine, steps, "auto")


def start(machine, steps):
    """From GRUB to a running guest."""
    steps.expect(r"tenon-mark grub-handoff", "GRUB loads Tenon")
    steps.expect(r"Linux version (\S+)", "dom0's kernel starts")
    steps.expect(r"tenon-mark dom0-userland", "dom0's userland starts")
    steps.expect(r"tenon-mark xenstored", "the store runs")
    steps.expect(r"tenon-mark consoled", "the console daemon runs")
    machine.expect(r"tenon-mark dom0-ready", SLOW, BAD)
    machine.expect(r"dom0# ", SLOW)
    machine.shell("stty cols 500; stty -echo")
    steps.done("dom0 has a shell")
    machine.run("domcreate /guest/hello.cfg", SLOW)
    steps.done("domcreate: the guest `hello` exists, with dom0's kernel")
    wait_listed(machine, steps, "hello")


def use(machine, steps, guest, power_off):
    """What a user would do with the guest, and the end of it all."""
    machine.send(f"domcons {guest}\n\n")
    machine.expect(r"guest# ", SLOW)
    steps.done("domcons: the guest has a shell")
    show(machine.run("uname -sr; grep MemTotal /proc/meminfo", SLOW,
                     r"guest# "))
    machine.send("\x1d")
    machine.expect(r"dom0# ", SLOW)
    steps.done("Ctrl-] leaves the guest's console")
    machine.run(f"domstop {guest}", SLOW)
    for _ in range(60):
        if guest not in machine.run("domls"):
            break
        machine.run("sleep 1")
    else:
        raise Failure(f"domls still lists `{guest}` after domstop")
    steps.done("domstop: the guest has stopped and is gone")
    machine.send(f"{power_off}\n")
    reason = machine.wait_end(SLOW)
    if reason != "guest-shutdown":
        raise Failure(f"the machine ended by {reason}, not by a power-off")
    steps.done("power-off ended the machine")


def hand_over(machine, guest, power_off):
    """Joins the user's terminal with the serial line until the end."""
    size = os.get_terminal_size()
    machine.run(f"stty echo cols {size.columns} rows {size.lines}")
    print(f"\nThis is dom0. Try: domls; domcons {guest} (Ctrl-] leaves); "
          f"domstop {guest}.\n`{power_off}` ends the machine.\n")
    old = termios.tcgetattr(0)
    shown = len(machine.raw)
    machine.send("\n")
    try:
        tty.setraw(0)
        while not machine.ended:
            if select.select([0], [], [], 0.02)[0]:
                machine.send(os.read(0, 1024).decode("latin1"))
            text = machine.raw[shown:]
            shown += len(text)
            sys.stdout.write(text)
            sys.stdout.flush()
    except BrokenPipeError:
        pass
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, old)
        print()


def small(options):
    """A CD with a small dom0 of Debian's kernel; names for its addresses."""
    iso = os.path.join(options.images, "demo.iso")
    hypervisor = os.path.join(options.build, "hypervisor")
    media.make_iso(
        iso, os.path.join(hypervisor, "tenon.gz"),
        f"{OPTIONS} dom0_mem=1024M,max:1024M noreboot",
        [(os.path.join(options.images, "vmlinuz"), DOM0),
         (os.path.join(options.images, "dom0.gz"), "")])
    return {"iso": iso}, Symbols(os.path.join(hypervisor, "tenon"))


def demonstrate(options):
    """Boots, and leaves the machine to its user or uses it."""
    if options.disk:
        boot, symbols = {"disk": options.disk}, None
        log = os.path.join(os.path.dirname(options.disk), "demo-disk.log")
        begin, guest, power_off = start_disk, "auto", "poweroff"
    else:
        boot, symbols = small(options)
        log = os.path.join(options.images, "demo.log")
        begin, guest, power_off = start, "hello", "poweroff -f"
    with Machine(boot, log, cpus=2, memory=2048, extra=LEAN, symbols=symbols,
                 cpu="counted" if options.disk else "max") as machine:
        steps = Steps(machine)
        print(f"demo: booting in QEMU (the serial line is kept in {log})")
        try:
            begin(machine, steps)
            if options.headless:
                use(machine, steps, guest, power_off)
            else:
                hand_over(machine, guest, power_off)
        except Failure as failure:
            print(f"demo: {failure}\n{machine.report()}", flush=True)
            return 1
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--build")
    parser.add_argument("--images")
    parser.add_argument("--disk")
    options = parser.parse_args()
    if not options.disk and not (options.build and options.images):
        parser.error("--disk, or --build and --images")
    if not options.headless and not (sys.stdin.isatty()
                                     and sys.stdout.isatty()):
        print("demo: no terminal here: use ./demo --headless",
              file=sys.stderr)
        return 2

    began = time.monotonic()
    try:
        status = demonstrate(options)
    except (Failure, OSError) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    if options.headless and not status:
        print(f"demo: every step held, in {time.monotonic() - began:.1f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
