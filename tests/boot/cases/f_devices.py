# SPDX-License-Identifier: BSD-2-Clause
"""
A guest's disk and network card through the kernel's real back ends; its own
kernel from that disk, by pygrub-c, and by GRUB inside the guest.
"""
import os
import re

import media
from harness import case, reach_shell
from machine import Failure

GUEST = ("name=dev kernel=/guest/vmlinuz ramdisk=/guest/initrd.gz memory=128 "
         "extra=console=hvc0")
OWN = "name=dev bootloader=pygrub-c memory=128"
INSIDE = "name=dev kernel=/tmp/grub memory=256"
DISK = "\"disk=['/tmp/a.img,raw,xvda,w']\""
# The first 1024 bytes of a disk belong to no file system of ext4.
SETUP = (
    "modprobe -a bridge loop",
    "brctl addbr xenbr0",
    "ip addr add 10.9.0.1/24 dev xenbr0",
    "ip link set xenbr0 up",
    "mount -o ro /dev/vda /mnt",
    "cp /mnt/loader/grub-x86_64-xen.bin /tmp/grub",
    "umount /mnt",
    "cp /dev/vda /tmp/a.img",
    "dd if=/dev/zero of=/tmp/b.img bs=1M count=8 2>/dev/null",
    "printf 'written by dom0' | dd of=/tmp/a.img conv=notrunc 2>/dev/null",
)


def in_guest(machine, command, seconds=60):
    return machine.run(command, seconds, r"guest# ")


def nodes(machine):
    return machine.run("xenstore-ls -f / | cut -d= -f1 | sort | md5sum")


@case
def devices(context):
    """2 CPUs, 2 GiB: disks, cards; own kernels by pygrub-c and GRUB inside."""
    if context.stack:
        context.skip("Tenon's tools are not what runs in this dom0")
        return
    disk = media.boot_disk(context.images,
                           os.path.join(context.out, "bootdisk.img"))
    with context.boot("2 CPUs 2 GiB", cpus=2, memory=2048,
                      extra=disk) as machine:
        reach_shell(machine)
        for command in SETUP:
            machine.run(command)
        refusals(machine)
        with machine.check("domcreate with a disk, its kernel, and a card"):
            machine.run(f"domcreate {OWN} {DISK} "
                        "\"vif=['mac=00:16:3e:00:00:02']\"", 120)
        reach_guest(machine)
        with machine.check("the guest runs what its disk's GRUB chose"):
            command_line(machine)
        with machine.check("the guest reads what dom0 wrote, and writes"):
            text = in_guest(machine, "head -c 15 /dev/xvda; echo")
            if "written by dom0" not in text:
                raise Failure(f"it reads {text!r}")
            in_guest(machine, "printf 'by the guest' | dd of=/dev/xvda "
                     "bs=512 seek=1 conv=sync 2>/dev/null; sync")
        with machine.check("the guest's network card reaches dom0"):
            in_guest(machine, "ip addr add 10.9.0.2/24 dev eth0 && "
                     "ip link set eth0 up")
            in_guest(machine, "sleep 2; ping -c 3 -W 5 10.9.0.1", 90)
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        with machine.check("dom0 keeps no kernel of it"):
            left = machine.run("ls /run/xen/pygrub").strip()
            if left:
                raise Failure(left)
        with machine.check("domdev lists both as connected"):
            text = machine.run("domdev ls dev")
            if len(re.findall(r"connected", text)) != 2:
                raise Failure(text)
        changes(machine)
        with machine.check("the end of the guest leaves no device"):
            before = machine.run("losetup -a; ls /sys/class/net")
            if "loop" not in before or "vif" not in before:
                raise Failure(f"there was nothing to leave: {before}")
            machine.run("domstop dev", 90)
            machine.run("sleep 1")
            text = machine.run("losetup -a; ls /sys/class/net; xenstore-ls -f "
                               "/local/domain/0/backend 2>&1; true")
            if "loop0" in text or "vif" in text or "vbd" in text:
                raise Failure(text)
        with machine.check("what the guest wrote is in the image"):
            machine.run("dd if=/tmp/a.img bs=512 skip=1 count=1 2>/dev/null | "
                        "grep -q 'by the guest'")
        grub_inside(machine)


def reach_guest(machine):
    machine.send("domcons dev\n")
    machine.expect(r"tenon-mark guest-ready", 180)
    machine.expect(r"guest# ", 30)


def command_line(machine):
    text = in_guest(machine, "cat /proc/cmdline").strip()
    if not text.endswith("console=hvc0 chosen=kept"):
        raise Failure(f"its command line is {text!r}")


def grub_inside(machine):
    """No program of dom0 reads the disk: the guest's kernel is GRUB."""
    with machine.check("Debian's GRUB for Xen guests boots the same disk"):
        machine.run(f"domcreate {INSIDE} {DISK}", 120)
        reach_guest(machine)
        command_line(machine)
        in_guest(machine, "head -c 512 /dev/xvda | grep -q 'written by dom0'")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
        machine.run("domstop -f dev", 60)


def changes(machine):
    """A second disk and card, while the guest runs."""
    with machine.check("domdev add gives a read-only disk"):
        machine.run("domdev add dev disk /tmp/b.img,raw,xvdb,r", 60)
        machine.send("domcons dev\n")
        machine.send("\n")
        machine.expect(r"guest# ", 30)
        text = in_guest(machine, "cat /sys/block/xvdb/ro")
        if text.strip() != "1":
            raise Failure(f"ro is {text!r}")
        machine.send("\x1d")
        machine.expect(r"dom0# ", 20)
    with machine.check("domdev refuses a disk that another disk writes"):
        status, text = machine.shell(
            "domdev add dev disk /tmp/a.img,raw,xvdc,r")
        if status != 1 or "/tmp/a.img" not in text:
            raise Failure(f"status {status}: {text}")
    with machine.check("domdev rm takes the disk away"):
        machine.run("domdev rm dev xvdb", 60)
        if "b.img" in machine.run("losetup -a; domdev ls dev"):
            raise Failure("it is still there")
    with machine.check("domdev add and rm a card"):
        machine.run("domdev add dev net bridge=xenbr0,rate=10Mb/s", 60)
        machine.run("domdev rm dev vif1", 60)


def refusals(machine):
    """Devices that cannot be: a message, and nothing stays."""
    cases = (
        ("disk=['/none.img,raw,xvda,w']", r"/none\.img"),
        ("disk=['/tmp,raw,xvda,w']", r"/tmp: "),
        ("vif=['bridge=nobr']", r"bridge nobr does not exist"),
        ("disk=['/tmp/a.img,raw,xvda,w', '/tmp/a.img,raw,xvdb,r']",
         r"/tmp/a\.img is a disk"),
    )
    before = nodes(machine)
    for words, pattern in cases:
        with machine.check(f"refused, and why: {words}"):
            status, text = machine.shell(f'domcreate {GUEST} "{words}"', 120)
            if status != 1 or not re.search(pattern, text):
                raise Failure(f"status {status}: {text.strip()[-300:]}")
    with machine.check("refused devices leave nothing"):
        left = machine.run("losetup -a; domls | grep dev; true")
        if "loop0" in left or "dev" in left or nodes(machine) != before:
            raise Failure(left or machine.run("xenstore-ls -f /"))
