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


# A disk's script that takes as long as it is told; printf makes its lines.
SLOW = (r"#!/bin/sh\ntouch /tmp/began\nsleep $(cat /tmp/naps)\n"
        r"[ $1 = add ] || exit 0\nxenstore-write "
        r"$XENBUS_PATH/physical-device 7:0 "
        r"$XENBUS_PATH/hotplug-status connected\n")
SLOW_DISK = "script=/tmp/slow,vdev=xvdb,target=x"
MAKE = ("domcreate -p name=k kernel=/guest/micro/time memory=8 "
        f"\"disk=['{SLOW_DISK}']\"")


def begun(command, naps=99):
    """The command in the background, from when its script takes its nap on."""
    return (f"rm -f /tmp/began; echo {naps} >/tmp/naps; {command} & "
            "while [ ! -f /tmp/began ]; do sleep 0.1; done; ")


# All that the last command started, and itself, at one instant: stopped
# first, so that none sees another's end.
KILL = ("p=\"$! $(grep -l \"^PPid:[[:space:]]*$!\\$\" /proc/[0-9]*/status "
        "2>/dev/null | sed 's,/proc/,,; s,/.*,,')\"; kill -STOP $p; "
        "kill -9 $p; wait; killall -9 sleep; echo 0 >/tmp/naps")
# As a tool leaves it that is killed behind the end of the domain.
NODES = ("/local/domain/77/name", "/libxl/77/tenon/on_crash",
         "/local/domain/0/backend/vbd/77/51712/online",
         "/vm/11111111-2222-4333-8444-555555555555/name")


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
    machine.run("modprobe loop; dd if=/dev/zero of=/tmp/a.img bs=1M count=1 "
                "2>/dev/null; losetup /dev/loop0 /tmp/a.img; "
                f"killall tenon-reaper; printf '{SLOW}' >/tmp/slow; "
                "chmod +x /tmp/slow; echo 0 >/tmp/naps")
    with machine.check("domfsck has nothing to say of a sound guest"):
        machine.run(f"{MAKE} && [ -z \"$(domfsck)\" ]", 60)
    with machine.check("domfsck mends what a killed domstop left"):
        machine.run(begun("domstop -f k") + KILL, 60)
        mends(machine, "device +found .*closed, and not removed")
        machine.run("domstop -f k", 60)
        same(machine, before)
    with machine.check("domfsck mends what a killed domcreate left"):
        machine.run(begun(MAKE) + KILL, 60)
        mends(machine, "half-made +found")
        same(machine, before)
    with machine.check("domfsck mends what a killed domdev left"):
        machine.run("domcreate -p name=k kernel=/guest/micro/time memory=8; "
                    + begun(f"domdev add k disk {SLOW_DISK}") + KILL, 60)
        mends(machine, "device +found .*never plugged in")
        if "xvdb" in machine.run("domdev ls k; domstop -f k", 60):
            raise Failure("the disk is still there")
        same(machine, before)
    with machine.check("domfsck mends records of domains that are gone"):
        machine.run("for i in " + " ".join(NODES) + "; do xenstore-write $i x; "
                    "done; touch /run/tenon/guests/77.cfg")
        mends(machine, "store +found +/local/domain/77")
        same(machine, before)
    with machine.check("domfsck does not touch a guest that is being made"):
        machine.run(begun(MAKE, 3) + "domfsck -y && wait $! && domls k", 60)
        machine.run("echo 0 >/tmp/naps; domstop -f k; losetup -d /dev/loop0")
        same(machine, before)
    machine.run("tenon-reaper")


TINY = "kernel=/guest/micro/idle memory=8"
# Three at a time; then how many of them went well.
THREE = ("rm -f /tmp/said*; for i in 1 2 3; do {{ {}; echo $? >/tmp/said$i.st; "
         "}} 2>/tmp/said$i & done; wait; cat /tmp/said?.st | tr -d '\\n'")


def one_of_three(machine, command, pattern):
    """Of three tools at once one does it, and the others say why not."""
    text = machine.run(THREE.format(command), 90).strip()
    said = machine.run("cat /tmp/said1 /tmp/said2 /tmp/said3")
    if sorted(text) != ["0", "1", "1"] or len(
            re.findall(pattern, said)) != 2:
        raise Failure(f"statuses {text!r}: {said}")


def together(machine, before):
    """Several tools on one domain."""
    with machine.check("three make a guest of one name: one does"):
        one_of_three(machine, f"domcreate -p name=k {TINY} >/dev/null",
                     r"the name 'k' is in use")
    with machine.check("three add a disk of one name: one does"):
        one_of_three(machine, "domdev add k disk /tmp/a.img,raw,xvdb,r "
                     ">/dev/null", r"already")
        machine.run("domdev ls k | grep -c xvdb | grep -x 1")
    with machine.check("three take it away, change the guest, and end it"):
        machine.run(THREE.format("domdev rm -f k xvdb"), 90)
        machine.run("! domdev ls k | grep xvdb")
        machine.run("for i in 1 2 3; do domrename k k$i & domset k maxmem=1$i & "
                    "done; wait", 90)
        machine.run("n=$(domls -o name | grep ^k); [ $(echo $n | wc -w) = 1 ] && "
                    "domfsck && for i in 1 2 3 4; do domstop -f $n & done; wait",
                    90)
        same(machine, before)


# Where no room is left, and whether a guest can be made then.
FULL = (("/run/tenon/guests", False), ("/run/xen/tenon-making", False),
        ("/var/lib/xen", True), ("/var/log/xen", True))


def full(machine, before):
    for path, is_made in FULL:
        with machine.check(f"{path} is full: the guest is "
                           + ("made" if is_made else "refused")):
            machine.run(f"mount -t tmpfs -o size=4k tmpfs {path} && "
                        f"dd if=/dev/zero of={path}/fill bs=4k count=1 "
                        "2>/dev/null")
            status, text = machine.shell(
                f"domcreate -p name=k {TINY} \"disk=['{SLOW_DISK}']\"", 90)
            if status != (0 if is_made else 1) or not (
                    is_made or re.search("No space left", text)):
                raise Failure(f"status {status}: {text}")
            machine.run(f"domstop -f k 2>/dev/null; umount {path}", 60)
            same(machine, before)


def throw_away(machine, before):
    """domrun: from a folder, from an image, and cut off."""
    run = "domrun -k /guest/vmlinuz -m 128"
    machine.run("mkdir -p /tmp/r/bin; cp /bin/busybox /tmp/r/bin; for i in sh "
                "seq cat sleep; do ln -s busybox /tmp/r/bin/$i; done")
    with machine.check("domrun: a folder's command, all it writes, its signal"):
        status, text = machine.shell(
            f"{run} -r /tmp/r -- sh -c 'seq 1 20000; kill -9 $$' "
            ">/tmp/out; echo =$?; seq 1 20000 | cmp - /tmp/out", 240)
        if status or "=137" not in text:
            raise Failure(f"status {status}: {text}")
    with machine.check("domrun: an image's command, its status, its file"):
        machine.run("dd if=/dev/zero of=/tmp/i.img bs=1M count=8 2>/dev/null; "
                    "mke2fs -F /tmp/i.img >/dev/null; mount -o loop /tmp/i.img "
                    "/mnt; cp -r /tmp/r/bin /mnt; mkdir /mnt/proc; umount /mnt",
                    60)
        status, text = machine.shell(
            f"{run} -w -r /tmp/i.img -- sh -c 'cat /proc/mounts >/kept; "
            "cat /kept; exit 7'", 240)
        if status != 7 or not re.search(r"/dev/xvda / ext4 rw", text):
            raise Failure(f"status {status}: {text}")
        machine.run("mount -o loop,ro /tmp/i.img /mnt; grep xvda /mnt/kept; "
                    "umount /mnt", 30)
    with machine.check("domrun: what cannot be is refused, and why"):
        for words, pattern in (("-- ls", "static program"),
                               ("-r /none -- ls", "/none"),
                               ("-m 32 -r /guest -- ls", "-m"),
                               ("-t ntfs -r /tmp/i.img -- ls", "ntfs")):
            status, text = machine.shell(f"{run} {words}")
            if status != 125 or pattern not in text:
                raise Failure(f"{words}: status {status}: {text}")
    with machine.check("domrun: Ctrl-C and kill -9 end the guest"):
        for signal, wanted in (("INT", "=130"), ("KILL", "=137")):
            text = machine.run(
                f"{run} -- /bin/busybox sleep 1000 & while ! domls | grep "
                f"domrun-; do sleep 0.3; done; kill -{signal} $!; wait $!; "
                "echo =$?", 120)
            if wanted not in text:
                raise Failure(text)
            same(machine, before)


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
        together(machine, before)
        full(machine, before)
        throw_away(machine, before)
        with machine.check("no store daemon: it says so"):
            machine.run("killall xenstored; sleep 1")
            status, output = machine.shell(f"domcreate name=x {GUEST}", 60)
            if status != 1 or "store" not in output:
                raise Failure(f"status {status}: {output.strip()[-300:]}")
