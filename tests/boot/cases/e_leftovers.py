# SPDX-License-Identifier: BSD-2-Clause
"""What fails or is killed says why, and leaves nothing behind."""
import re

from harness import case, reach_shell
from machine import Failure

GUEST = "kernel=/guest/vmlinuz ramdisk=/guest/initrd.gz memory=128"

# Words for domcreate that must fail, the status, and what it must speak of.
REFUSED = (
    ("name=x kernel=/none", 1, r"/none"),
    ("name=x kernel=/etc/passwd", 1, r"/etc/passwd.*not"),
    (f"name=x {GUEST} memory=900000", 1, r"MiB"),
    (f"name=x {GUEST} memory=24", 1, r"(?i)memory|MiB"),
    (f"name=x {GUEST} colour=blue", 1, r"colour"),
    (f"name=Domain-0 {GUEST}", 1, r"Domain-0"),
    (f"name=x {GUEST} --nonsense", 2, r"--nonsense"),
    ("/none.cfg", 1, r"/none\.cfg"),
)


KILLS = 12


def state(machine):
    """
    Free frames, domains, dom0's ports, mappings and grants, as the hypervisor
    counts them; the store's nodes; and the records of guests being made.
    """
    held = re.search(r"free=.*", machine.run("holdings")).group(0)
    nodes = machine.run("xenstore-ls -f / | cut -d= -f1 | sort | md5sum")
    making = machine.run("ls /run/xen/tenon-making | wc -l")
    return held, nodes.split()[0], making.split()[0]


def same(machine, before):
    for _ in range(20):
        after = state(machine)
        if after == before:
            return
        machine.run("sleep 1")
    raise Failure(f"before: {before}; now: {after}")


def kills(machine, before):
    """domcreate is killed all along its life, alone and with its guardian."""
    for both in ("", "both"):
        whom = "domcreate and its guardian" if both else "domcreate"
        with machine.check(f"{whom}, killed at {KILLS} instants, leave "
                           "nothing"):
            output = machine.run(f"kill-create {KILLS} {both}", 240)
            alive = int(re.search(r"alive=(\d+)", output).group(1))
            if alive < KILLS:
                raise Failure(f"it was at work at {alive} instants only: "
                              f"{output.strip()}")
            same(machine, before)
    with machine.check("without the reaper the next domcreate cleans up"):
        machine.run("killall tenon-reaper; sleep 1")
        output = machine.run("kill-create 4 both", 120)
        machine.run("domcreate -p name=next kernel=/guest/micro/time "
                    "memory=8 && domstop -f next", 60)
        same(machine, before)
        machine.run("tenon-reaper")


DEVICES = ("memory=8 kernel=/guest/micro/time \"vif=['bridge=xenbr0']\" "
           "\"disk=['/tmp/a.img,raw,xvda,w']\"")
# A disk's script that takes its time; printf makes its lines.
SLOW = (r"#!/bin/sh\n[ $1 = add ] || exit 0\nsleep 4\nxenstore-write "
        r"$XENBUS_PATH/physical-device 7:0 "
        r"$XENBUS_PATH/hotplug-status connected\n")


def mends(machine, wanted):
    """domfsck shows what is `wanted`, mends it, and shows nothing then."""
    status, text = machine.shell("domfsck", 60)
    if status != 1 or not re.search(wanted, text):
        raise Failure(f"status {status}: {text}")
    machine.run("domfsck -y", 120)
    status, text = machine.shell("domfsck; domfsck -j", 60)
    if status or text.split() != ["[", "]"]:
        raise Failure(f"status {status}: {text}")


def fsck(machine, before):
    """domfsck after kills of domcreate, domstop and domdev."""
    machine.run("modprobe -a bridge loop; brctl addbr xenbr0; dd if=/dev/zero "
                "of=/tmp/a.img bs=1M count=1 2>/dev/null; killall tenon-reaper")
    with machine.check("domfsck has nothing to say of a sound host"):
        machine.run("domfsck && [ -z \"$(domfsck)\" ]", 30)
    with machine.check("domfsck mends what killed domcreates left"):
        machine.run("kill-create 3 both", 120)
        mends(machine, "half-made +found")
        same(machine, before)
    with machine.check("domfsck mends what killed domstops left"):
        found = 0
        for tenths in (1, 4, 7, 2, 9):
            machine.run(f"domcreate -p name=k {DEVICES}", 60)
            machine.run(f"domstop -f k & usleep {tenths}00000; kill -9 $!; "
                        "wait", 60)
            status, text = machine.shell("domfsck", 60)
            found += "store" in text or "device" in text
            machine.run("domfsck -y; domstop -f k 2>/dev/null; domfsck", 60)
        if not found:
            raise Failure("domstop was never killed in time")
        left = machine.run("losetup -a; ls /sys/class/net")
        if "a.img" in left or "vif" in left:
            raise Failure(left)
        same(machine, before)
    machine.run(f"printf '{SLOW}' >/tmp/slow; chmod +x /tmp/slow; "
                "losetup /dev/loop0 /tmp/a.img")
    with machine.check("domfsck takes away what a killed domdev half added"):
        machine.run("domcreate -p name=k kernel=/guest/micro/time memory=8")
        machine.run("domdev add k disk script=/tmp/slow,vdev=xvdb,target=x & "
                    "sleep 2; kill -9 $!; wait", 30)
        mends(machine, "device +found .*never plugged in")
        if "xvdb" in machine.run("domdev ls k; domstop -f k"):
            raise Failure("the disk is still there")
    with machine.check("domfsck does not touch a guest that is being made"):
        machine.run("domcreate -p name=k kernel=/guest/micro/time memory=8 "
                    "\"disk=['script=/tmp/slow,vdev=xvdb,target=x']\" & "
                    "sleep 2; domfsck -y && wait $! && domls k", 60)
        machine.run("domstop -f k; losetup -d /dev/loop0")
        same(machine, before)
    machine.run("tenon-reaper")


@case
def leftovers(context):
    """domcreate refused, killed, without a store: a message, no remains."""
    if context.stack:
        context.skip("Tenon's tools are not what runs in this dom0")
        return
    with context.boot("2 CPUs 2 GiB", cpus=2, memory=2048) as machine:
        reach_shell(machine)
        machine.run("printf 'root:x\\n' >/etc/passwd")
        # The first guest may make tables of dom0 grow; they stay.
        machine.run(f"domcreate -p name=first {GUEST}", 120)
        machine.run("domstop -f first; kill-create 1; sleep 3", 60)
        before = state(machine)
        for words, status, pattern in REFUSED:
            with machine.check(f"domcreate with {words.split()[-1]}: "
                               "refused, and why"):
                got, output = machine.shell(f"domcreate {words}", 120)
                if got != status or not re.search(pattern, output):
                    raise Failure(f"status {got}: {output.strip()[-300:]}")
        with machine.check("refusals leave nothing"):
            same(machine, before)
        kills(machine, before)
        fsck(machine, before)
        with machine.check("no store daemon: it says so"):
            machine.run("killall xenstored; sleep 1")
            status, output = machine.shell(f"domcreate name=x {GUEST}", 60)
            if status != 1 or "store" not in output:
                raise Failure(f"status {status}: {output.strip()[-300:]}")
