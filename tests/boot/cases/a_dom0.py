# SPDX-License-Identifier: BSD-2-Clause
"""dom0 on QEMU's pc: CPU counts, memory sizes, a guest's life, both ends."""
import os
import re
import subprocess

from harness import case, reach_shell
from machine import Failure

STOCK = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "..", "..", "images", "stock.sh")


def host_has(mebibytes):
    """Whether the host can give a machine so much memory, with some left."""
    with open("/proc/meminfo", encoding="ascii") as file:
        free = re.search(r"MemAvailable: +(\d+) kB", file.read())
    return int(free.group(1)) // 1024 > mebibytes // 2 + 1024


def free_memory(machine):
    """KiB that no domain has, as the hypervisor counts."""
    return int(re.search(r"free=(\d+)", machine.run("meminfo")).group(1))


def settled_memory(machine):
    """As free_memory(), once it stays the same for three seconds: the last
    references to a dead guest go when their holders hear of it."""
    seen = []
    while len(seen) < 4 or len(set(seen[-4:])) > 1:
        if len(seen) == 30:
            raise Failure(f"free memory does not settle: {seen[-4:]} KiB")
        seen.append(free_memory(machine))
        machine.run("sleep 1")
    return seen[-1]


def cpus_of_dom0(machine):
    return int(machine.run("nproc").strip())


@case
def small(context):
    """1 CPU, 1 GiB, the fewest CPU features; the machine powers off."""
    with context.boot("1 CPU 1 GiB", "dom0_mem=512M,max:512M", cpus=1,
                      memory=1024, cpu="least") as machine:
        reach_shell(machine)
        with machine.check("dom0 has the CPU and memory it was given"):
            memory = int(re.search(r"MemTotal: +(\d+)", machine.run(
                "grep MemTotal /proc/meminfo")).group(1)) // 1024
            if cpus_of_dom0(machine) != 1 or not 380 < memory <= 512:
                raise Failure(f"nproc {cpus_of_dom0(machine)}, {memory} MiB")
        with machine.check("power-off ends the machine"):
            machine.send("poweroff -f\n")
            reason = machine.wait_end(60)
            if reason != "guest-shutdown":
                raise Failure(f"it ended by {reason}, not guest-shutdown")


@case
def large(context):
    """4 CPUs, 16 GiB: frames above 4 GiB; the machine reboots."""
    memory = 16384 if host_has(16384) else 6144
    if memory != 16384:
        context.skip("16 GiB: the host has too little memory; 6 GiB instead")
    with context.boot(f"4 CPUs {memory // 1024} GiB", "dom0_mem=1G,max:1G",
                      cpus=4, memory=memory) as machine:
        reach_shell(machine)
        with machine.check("dom0 has four vcpus"):
            if cpus_of_dom0(machine) != 4:
                raise Failure(f"nproc says {cpus_of_dom0(machine)}")
        with machine.check("every vcpu runs work and time goes on"):
            machine.run("for c in 0 1 2 3; do taskset -c $c "
                        "sh -c 'i=0; while [ $i -lt 20000 ]; do "
                        "i=$((i+1)); done' & done; wait; sleep 1", 120)
        with machine.check("reboot ends the machine with a reset"):
            machine.send("reboot -f\n")
            reason = machine.wait_end(60)
            if reason != "guest-reset":
                raise Failure(f"it ended by {reason}, not guest-reset")


@case
def guest_life(context):
    """2 CPUs, 4 GiB: a guest is created, listed, used, stopped, destroyed."""
    if context.stack:
        context.skip("Tenon's tools are not what runs in this dom0")
        return
    with context.boot("2 CPUs 4 GiB", cpus=2, memory=4096) as machine:
        reach_shell(machine)
        life(machine)
        # The first guest may make tables of dom0 grow; they stay.
        before = settled_memory(machine)
        with machine.check("a guest that does not answer is destroyed"):
            machine.run("domcreate /guest/hello.cfg name=gone "
                        "extra='console=hvc0 init=/none panic=0'", 120)
            machine.run("domstop -f gone", 60)
            if "gone" in machine.run("domls"):
                raise Failure("domls still lists it")
        with machine.check("a guest's memory is free again, to the page"):
            after = settled_memory(machine)
            if after != before:
                raise Failure(f"{before} KiB were free, now {after}")
        with machine.check("dom0's kernel complained about nothing"):
            found = machine.run("dmesg | grep -E 'BUG:|WARNING:|Call Trace|"
                                "self-detected|Oops' | head -5; true").strip()
            if found:
                raise Failure(found)


def kill_store(machine, times):
    """Kills the process that serves the store, while others write to it."""
    machine.run(
        "p=$(cat /run/xenstored.pid); i=0; "
        "n=$(xenstore-read /kept 2>/dev/null || echo 0); "
        f"while [ $i -lt {times} ]; do n=$((n+1)); "
        "kill -9 $(cat /proc/$p/task/$p/children) || break; "
        "xenstore-write /kept $n || break; i=$((i+1)); done; [ $i = "
        f"{times} ]", 120)


@case
def on_stock(context):
    """2 CPUs, 2 GiB: our store, daemons and tools on Debian's own Xen."""
    if context.stack:
        context.skip("Tenon's tools are not what runs in this dom0")
        return
    xen = os.path.join(context.out, "xen-4.17.gz")
    subprocess.run([STOCK, xen], check=True)
    with context.boot("stock Xen", cpus=2, memory=2048,
                      hypervisor=xen) as machine:
        reach_shell(machine)
        life(machine, is_ours=False)


def dirty(machine, guest, word):
    """(frames written to, faults mended) of log-dirty."""
    out = machine.run(f"dirty {guest} {word}")
    return tuple(map(int, re.search(r"dirty=(\d+) faults=(\d+)", out).groups()))


def followed(machine):
    """Log-dirty of the guest hello while it works."""
    guest = machine.run("domls | sed -n 's/^hello  *\\([0-9]*\\) .*/\\1/p'").strip()
    with machine.check("a guest's writes are followed"):
        machine.run(f"dirty {guest} on")
        machine.run("sleep 2")
        dirty(machine, guest, "clean")
        machine.run("sleep 1")
        idle = dirty(machine, guest, "clean")[0]
        machine.send("domcons hello\n\n")
        machine.expect(r"guest# ", 30)
        machine.run("dd if=/dev/zero of=/dev/shm/x bs=1M count=8 2>/dev/null || "
                    "dd if=/dev/zero of=/tmp/x bs=1M count=8", 60, r"guest# ")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        peeked = dirty(machine, guest, "peek")[0]
        busy, faults = dirty(machine, guest, "clean")
        if not (idle < 1000 and busy >= max(peeked, 2048) and faults >= 2048):
            raise Failure(f"{idle} frames while idle, {busy} ({peeked} "
                          f"before) for 8 MiB, {faults} faults")
        machine.run("holdings -k A")
        machine.run(f"dirty {guest} off")
        if not machine.shell(f"dirty {guest} peek")[0]:
            raise Failure("it can be asked when it is off")
        machine.send("domcons hello\n\n")
        machine.expect(r"guest# ", 30)
        machine.run("sh -c 'for i in 1 2 3 4 5; do ls / >/dev/null; done'; "
                    "rm -f /dev/shm/x /tmp/x", 60, r"guest# ")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)


def life(machine, is_ours=True):
    """The steps of the demonstration; `hello` is gone afterwards."""
    with machine.check("domls lists dom0"):
        if not re.search(r"^Domain-0 +0 ", machine.run("domls"), re.M):
            raise Failure("no Domain-0 in what it prints")
    with machine.check("the store can be written, read and listed"):
        machine.run("xenstore-write /test/key value")
        if machine.run("xenstore-read /test/key").strip() != "value":
            raise Failure("another value comes back")
        if "key" not in machine.run("xenstore-ls /test"):
            raise Failure("xenstore-ls does not show it")
        machine.run("xenstore-rm /test")
    with machine.check("domcreate starts the stock kernel as a guest"):
        machine.run("domcreate /guest/hello.cfg", 120)
    with machine.check("domls lists the guest"):
        if not re.search(r"^hello +\d+ +128 +1 ", machine.run("domls"), re.M):
            raise Failure("no hello in what it prints")
    with machine.check("domcons reaches the guest's shell"):
        machine.send("domcons hello\n")
        machine.expect(r"tenon-mark guest-ready", 180)
        machine.expect(r"guest# ", 30)
        kernel = machine.run("uname -r", 60, r"guest# ").strip()
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        if machine.run("uname -r").strip() != kernel:
            raise Failure(f"the guest's kernel says {kernel}")
    if is_ours:
        followed(machine)
    with machine.check("the store's worker is killed, and nobody notices"):
        kill_store(machine, 10)
        machine.send("domcons hello\n")
        machine.send("\n")
        machine.expect(r"guest# ", 60)
        if machine.run("uname -r", 60, r"guest# ").strip() != kernel:
            raise Failure("the guest's kernel says something else")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        machine.run("domcreate /guest/hello.cfg name=later", 120)
        kill_store(machine, 5)
        machine.run("domstop -f later", 60)
        if machine.run("xenstore-read /kept").strip() != "15":
            raise Failure("the store has lost what was written to it")
        machine.run("xenstore-rm /kept")
    with machine.check("domstop stops the guest"):
        machine.run("domstop hello", 90)
        for _ in range(20):
            if "hello" not in machine.run("domls"):
                break
            machine.run("sleep 1")
        else:
            raise Failure("domls still lists it 20 s later")
