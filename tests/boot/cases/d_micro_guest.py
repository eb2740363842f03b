# SPDX-License-Identifier: BSD-2-Clause
"""Micro-guests: each edge of a guest's world, as dom0 and as a guest."""
import os
import re
import subprocess

from harness import audit, case, reach_shell
from machine import Failure

GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "..", "..", "guest", "build.sh")

# Kernel and further words for domcreate; each powers off when it is done.
GOOD = (
    ("traps", ""), ("emulation", ""), ("user_mode", ""),
    ("tables_refused", ""), ("tables_written", ""), ("events", ""),
    ("time", ""), ("time", "tsc_mode=always_emulate extra=emulated"),
    ("wild_calls", ""), ("wild_frames", ""),
    ("iret_frames", ""), ("grants", ""), ("memory", "maxmem=12"),
    ("segments", ""), ("debug", "extra=leave"), ("registers", ""),
    ("vcpus", "vcpus=2"), ("nmi", ""), ("cpu_policy", ""),
    ("hypercall_page", ""), ("control_calls", ""), ("ways", ""), ("fifo", ""),
)
# Those that the hypervisor must end.
BAD = (
    ("bad_stack", ("wild", "hypervisor", "nowhere", "readonly")),
    ("bad_handler", ("none", "loop", "tables")),
    ("bad_iret", ("user", "nowhere", "hypervisor")),
    ("bad_failsafe", ("",)),
)
STORMS = ("faults", "nested", "events", "calls", "tables", "memory", "timers",
          "spin")
# As dom0 (which may map devices: not wild_frames).
ALONE = ("traps", "emulation", "tables_refused", "wild_calls", "time", "ways")


def judge(context_check, name, text):
    """A check for each line "ok ..." or "not ok ..."; how many there were."""
    lines = re.findall(r"^(not ok .*|ok .*)$", text, re.M)
    bad = [line for line in lines if line.startswith("not")]
    with context_check(f"{name}: all of its {len(lines)} checks"):
        if bad or not lines:
            raise Failure("; ".join(bad[:6]) or "it said nothing")
    return len(lines)


@case
def edges(context):
    """Micro-guests as dom0: every check holds, and the machine reboots."""
    directory = os.path.join(context.out, "micro")
    subprocess.run(["sh", GUEST, directory], check=True)
    for name in ALONE:
        # One of them beside seven CPUs that idle.
        cpus = 8 if name == ALONE[0] else 1
        with context.boot(name, "dom0_mem=128M dom0_max_vcpus=1",
                          [(os.path.join(directory, name), "")], cpus=cpus,
                          memory=512, noreboot=False) as machine:
            with machine.check(f"{cpus} CPUs start"):
                machine.expect(rf"CPUs: {cpus} online", 90)
            machine.expect(r"micro-guest: .*", 90)
            judge(machine.check, name, machine.text)
            with machine.check("the machine reboots"):
                reason = machine.wait_end(30)
                if reason != "guest-reset":
                    raise Failure(f"it ended by {reason}")


def holdings(machine):
    """What dom0 and the machine hold, as the hypervisor counts."""
    return re.search(r"free=.*", machine.run("holdings")).group(0)


def same_holdings(machine, before):
    """The last references go when their holders hear of the end."""
    for _ in range(20):
        after = holdings(machine)
        if after == before:
            return
        machine.run("sleep 1")
    raise Failure(f"before: {before}; now: {after}")


def run_guest(machine, kernel, words="", seconds=20, name=None):
    """Runs one; gives what it said, and how it ended."""
    name = name or "m-" + kernel
    output = machine.run(f"micro start {name} {kernel} {words} && "
                         f"micro end {name} {seconds}", seconds + 220)
    return output, re.search(r"^state: (.*)$", output, re.M).group(1)


def run_good(machine, kernel, words, seconds=20):
    output, state = run_guest(machine, kernel, words, seconds)
    judge(machine.check, f"{kernel} {words}".strip(), output)
    if state != "shutdown":
        with machine.check(f"{kernel}: ends by itself"):
            raise Failure(f"it is {state}")


def last_beat(machine):
    beats = re.findall(r"^beat 0x(\w+)", machine.run(
        "tail -n 2 /var/log/xen/guest-good.log | tr -d '\\r'"), re.M)
    return int(beats[-1], 16)


def beats_in(machine, seconds):
    """Beats of the good guest in that time, as dom0's clock tells."""
    def uptime():
        return float(machine.run("cut -d' ' -f1 /proc/uptime"))

    began, first = uptime(), last_beat(machine)
    machine.run(f"sleep {seconds}", seconds * 4 + 30)
    beats, took = last_beat(machine) - first, uptime() - began
    return beats / took


def storm(machine):
    """All hostile guests at once, beside a good one; ends all of them."""
    machine.run("micro start good heartbeat")
    machine.run("micro start patterns registers extra=patterns")
    for kind in STORMS:
        machine.run(f"micro start s-{kind} storm extra={kind} vcpus=1", 240)
    with machine.check("a good guest's heart goes on beside hostile ones"):
        rate = beats_in(machine, 5)
        if rate < 5:
            raise Failure(f"{rate:.1f} beats a second in place of 10")
    with machine.check("dom0 answers, and lists them all"):
        listed = machine.run("domls", 120)
        missing = [kind for kind in STORMS if f"s-{kind} " not in listed]
        if missing or "Domain-0" not in listed:
            raise Failure(f"not listed: {missing}")
    # Beside guests whose registers are full.
    run_good(machine, "registers", "", 200)
    run_good(machine, "debug", "", 200)
    audit(machine, "in the middle of it")
    for name in ("good", "patterns", *("s-" + kind for kind in STORMS)):
        machine.run(f"domstop -f {name}", 240)


def chatter(machine):
    """A guest that writes to the hypervisor's log for ever."""
    machine.run("micro start s-console storm extra=console")
    machine.run("sleep 3")
    machine.shell("domstop -f s-console", 60)
    with machine.check("what a guest can make the hypervisor say is limited"):
        count = len(re.findall(r"storm storm storm", machine.text))
        # Twenty a second; it wrote thousands.
        if not 0 < count < 500:
            raise Failure(f"{count} lines of it")


@case
def hostile(context):
    """Micro-guests as guests, one boot: the good, the bad, and storms."""
    if context.stack:
        context.skip("Tenon's tools are not what runs in this dom0")
        return
    # Guests' lines in the log are limited, as they are by default.
    with context.boot("2 CPUs 1 GiB", "dom0_mem=512M,max:512M "
                      "guest_loglvl=none/all", cpus=2,
                      memory=1024) as machine:
        reach_shell(machine)
        # The first guests may make tables of dom0 grow; they stay.
        run_guest(machine, "traps", name="first")
        run_guest(machine, "vcpus", "vcpus=2", name="second")
        machine.run("sleep 2")
        before = holdings(machine)
        for kernel, words in GOOD:
            run_good(machine, kernel, words)
        for kernel, kinds in BAD:
            for kind in kinds:
                with machine.check(f"{kernel} {kind}: the domain crashes"):
                    output, state = run_guest(machine, kernel,
                                              f"extra={kind}")
                    if state != "crashed" or "ok about to" not in output:
                        raise Failure(f"{state}: {output.strip()[-200:]}")
        with machine.check("they leave no page, port or mapping"):
            same_holdings(machine, before)
        storm(machine)
        chatter(machine)
        audit(machine, "afterwards")
        with machine.check("nor do the storms"):
            same_holdings(machine, before)
        with machine.check("dom0's kernel complained about nothing"):
            found = machine.run("dmesg | grep -E 'BUG:|WARNING:|Call Trace|"
                                "self-detected|Oops' | head -5; true").strip()
            if found:
                raise Failure(found)
