# SPDX-License-Identifier: BSD-2-Clause
"""Checks of saved guests, for a case whose dom0 has Debian's tools beside ours.

The guest is a Linux that has said "guest# " on its console, with a disk.
"""
import re

from machine import Failure

XL = "/usr/lib/xen-4.17/bin/xl"         # not our own
OUR_XL = "/usr/lib/tenon/bin/xl"


def ask(machine, name, command, tool="domcons"):
    """Runs a command in the guest by its console."""
    machine.send(f"{tool} {name}\n")
    machine.send("\n")
    machine.expect(r"guest# ", 60)
    text = machine.run(command, 60, r"guest# ")
    machine.send("\x1d")
    machine.expect(r"dom0# ", 20)
    return text


def same_guest(machine, name, tool="domcons"):
    """It is the one that was saved, with its disk and both CPUs."""
    text = ask(machine, name, "cat /run/mark; date +now-%s; "
               "taskset 2 head -c 4096 /dev/xvda | wc -c; nproc", tool)
    if "kept in memory" not in text or "now-" not in text or \
            not re.search(r"^4096\s+2\s", text, re.M):
        raise Failure(f"the guest says {text!r}")


def left(machine):
    return machine.run("domls; losetup -a; ls /run/tenon/guests /var/lib/xen; "
                       "xenstore-ls -f / | grep -v '/local/domain/0/' | "
                       "cut -d= -f1 | grep -c /")


def refused(machine, command, pattern, before):
    """It fails, says why, and leaves nothing."""
    status, text = machine.shell(command, 120)
    if status != 1 or not re.search(pattern, text):
        raise Failure(f"{command}: status {status}: {text.strip()[-300:]}")
    after = left(machine)
    if re.sub(r" +[\d.]+$", "", after, flags=re.M) != \
            re.sub(r" +[\d.]+$", "", before, flags=re.M):
        raise Failure(f"{command} left {after}")


def saving(machine, name, uuid):
    """A running guest goes through files of both sides, and bad ones."""
    machine.run(f"domset {name} vcpus=2")
    ask(machine, name, "echo kept in memory >/run/mark; until echo 1 "
        "2>/dev/null >/sys/devices/system/cpu/cpu1/online; do sleep 1; done")
    with machine.check("domsave -c: the guest runs on"):
        machine.run(f"domsave -c {name} /tmp/c.img 2>/dev/null", 120)
        same_guest(machine, name)
        machine.run("rm /tmp/c.img")
    with machine.check("a full disk: the guest runs on, no file stays"):
        machine.run("mount -t tmpfs -o size=4m tmpfs /mnt")
        status, text = machine.shell(f"domsave {name} /mnt/o.img", 120)
        if status != 1 or "does not fit" not in text:
            raise Failure(f"status {status}: {text[-300:]}")
        if machine.run("ls /mnt").strip():
            raise Failure("a file is left")
        machine.run("umount /mnt")
        same_guest(machine, name)
    with machine.check("domsave is killed at instants: the guest runs on"):
        # With -c, for a quick machine may be done with it by then.
        killed = 0
        for tenths in (1, 3, 5):
            text = machine.run(
                f"domsave -c {name} /tmp/k.img 2>/dev/null & "
                f"usleep {tenths}00000; kill -9 $!; wait $!; echo ended=$?",
                60)
            killed += "ended=137" in text
            same_guest(machine, name)
        machine.run("sleep 1; rm -f /tmp/k.img; ! ls /tmp/k.img* 2>/dev/null")
        if not killed:
            raise Failure("domsave was done each time")
    machine.run("sed 's/hvc0/hvc0 other/; /^name/s/.*/name=\"any\"/; "
                "/^uuid/d' /tmp/lay.cfg >/tmp/other.cfg")
    with machine.check("domsave -C ends the guest, xl restore lets it go on"):
        machine.run(f"{OUR_XL} save {name} /tmp/o.img /tmp/other.cfg "
                    "2>/dev/null && grep -q -a 'hvc0 other' /tmp/o.img", 120)
        machine.run(f"! domls {name} 2>/dev/null")
        # Seconds on an idle machine; one that hangs is to be seen.
        machine.run(f"timeout 240 {XL} restore /tmp/o.img >/tmp/r.log 2>&1 || "
                    "{ tail -n 9 /tmp/r.log /var/log/xen/xen-hotplug.log; ps; "
                    "false; }", 300)
        same_guest(machine, name, f"{XL} console")
    with machine.check("xl save, and domrestore lets it go on"):
        machine.run(f"{XL} save {name} /tmp/x.img >/tmp/r.log 2>&1 || "
                    "{ tail -n 5 /tmp/r.log; false; }", 120)
        machine.run("domrestore /tmp/x.img 2>/dev/null", 120)
        same_guest(machine, name)
    machine.run(f"rm /tmp/x.img; domstop -f {name}", 90)
    with machine.check("damaged and cut files: refused, nothing stays"):
        before = left(machine)
        machine.run("cp /tmp/o.img /tmp/b.img; printf x | dd of=/tmp/b.img "
                    "bs=1 seek=40000000 conv=notrunc 2>/dev/null")
        refused(machine, "domrestore /tmp/b.img", "damaged", before)
        machine.run("truncate -s 30000000 /tmp/b.img")
        refused(machine, "domrestore /tmp/b.img", "cut off", before)
        machine.run("truncate -s 500 /tmp/b.img")
        refused(machine, "domrestore /tmp/b.img", "cut off", before)
        refused(machine, "domrestore /tmp/lay.cfg", "no file with", before)
        machine.run("rm /tmp/b.img")
    with machine.check("domrestore of that file, with another configuration"):
        machine.run("echo 'on_crash=\"preserve\"' >>/tmp/other.cfg")
        machine.run("domrestore -C /tmp/other.cfg /tmp/o.img name=other "
                    "2>/dev/null", 120)
        same_guest(machine, "other")
        text = machine.run("dominfo -j other | tr ',' '\\n' | grep uuid; "
                           "xenstore-ls -f /libxl | grep on_crash")
        if uuid not in text or "preserve" not in text:
            raise Failure(text)
        machine.run(f"domrename other {name}; rm /tmp/o.img", 90)
