# SPDX-License-Identifier: BSD-2-Clause
"""A Debian machine with the packages boots from its own disk into Tenon."""
import os
import re

from cases import h_debian
from harness import BAD, LEAN, case
from machine import LOGGED, Failure

SKIP = ("a Debian machine's disk takes minutes to make: packaging/deb.sh DEBS, "
        "then tests/images/mkdom0 DEBS IMAGES/debian-host.img")
DAEMONS = ("tenon-xenstored", "tenon-init-dom0", "tenon-consoled",
           "tenon-reaper", "tenon-guests")
OWN_TEST = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "../../../packaging/debian/tests/host")


@case
def debian_host(context):
    """2 CPUs, 1.5 GiB: GRUB, systemd, its units, a guest at boot."""
    boot(context, "bios")


@case
def debian_host_uefi(context):
    """The same from UEFI, the packages' own test, a Debian guest with a kernel
    of its own, an end by a reboot: minutes, so only when it is asked for by
    -k."""
    if context.asked:
        boot(context, "uefi")
    else:
        context.skip("minutes: run.py -k debian_host_uefi")


# Much of systemd's start waits for one CPU: on a busy host it takes long.
debian_host.limit = 3000
debian_host_uefi.limit = 6000


def boot(context, firmware):
    disk = context.image("debian-host.img")
    if context.stack or not os.path.exists(disk):
        context.skip(SKIP)
        return
    # The disks vdb and vdc of the long case.
    more = [OWN_TEST, context.image("debian/one.img")]
    more = [file for file in more if firmware == "uefi" and
            os.path.exists(file)]
    drives = [word for file in more for word in
              ("-drive", f"file={file},format=raw,if=virtio,snapshot=on")]
    with context.boot(firmware, disk=disk, firmware=firmware, cpus=2,
                      cpu="counted", memory=2048 if more else 1536,
                      extra=[*LEAN, *drives]) as machine:
        host(machine)
        if machine.shell("test -d /srv/newer")[0] == 0:
            upgrades(machine)
        if not more:
            stops(machine, "poweroff", "guest-shutdown")
            return
        own_test(machine)
        if more[1:]:
            h_debian.start(machine, "vdc")
        else:
            context.skip(h_debian.SKIP)
        stops(machine, "reboot", "guest-reset")


def host(machine):
    with machine.check("its own GRUB starts Tenon, and that dom0's kernel"):
        machine.expect(r"\(TN\) Tenon \d", 120)
        machine.expect(r"Linux version \d", 240, BAD)
    with machine.check("root is logged in on the hypervisor's console"):
        machine.expect(r"dom0# ", 1200, BAD)
        machine.shell("stty cols 500; stty -echo")
    with machine.check("systemd says that the system is running"):
        machine.run("systemctl is-system-running --wait || "
                    "{ systemctl --failed; false; }", 900)
    with machine.check("the daemons are active"):
        for daemon in DAEMONS:
            machine.run(f"systemctl is-active {daemon}")
    with machine.check("the guests that start with the host run"):
        out = machine.run("domls")
        if not re.search(r"^auto +1 .*\nlater +2 ", out, re.M):
            raise Failure(out)
    with machine.check("the journal has the daemons' and guests' starts"):
        out = machine.run("journalctl -b -o cat -u 'tenon-*' --no-pager")
        if "starting the guest of /etc/tenon/auto/10-auto" not in out:
            raise Failure(out)
    with machine.check("a daemon that is killed comes back"):
        machine.run("old=$(cat /run/xen/tenon-reaper.pid); kill -9 $old; "
                    "for i in $(seq 100); do systemctl is-active tenon-reaper "
                    "&& new=$(cat /run/xen/tenon-reaper.pid) && "
                    "test $new != $old && break; sleep 1; done; "
                    "test $new != $old", 900)


def own_test(machine):
    """That of the packages which wants a booted host, after its reboot."""
    size = os.path.getsize(OWN_TEST)
    with machine.check("autopkgtest's test `host` holds"):
        machine.run(f"head -c {size} /dev/vdb >/tmp/host-test && "
                    "AUTOPKGTEST_REBOOT_MARK=tenon sh -e /tmp/host-test", 900)


# What a shutdown says: guests in turn, the last one first, and units in turn.
# Each comes from one program, the journal and systemd, and in its order only.
GUESTS = ("stopping domain 2", "stopping domain 1")
UNITS = ("Stopped tenon-guests", "Stopped tenon-reaper",
         "Stopped tenon-consoled", "Stopped tenon-xenstored")


def stops(machine, command, reason):
    """The machine's end: by the command, guests before daemons."""
    # No line of the kernel's stands within one of systemd's.
    machine.run("dmesg -n 1")
    begin = machine.position
    with machine.check(f"{command} ends the machine"):
        machine.send(f"{command}\n")
        ended = machine.wait_end(900)
        if ended != reason:
            raise Failure(f"it ended by {ended}")
    with machine.check("the guests stopped in turn, then the daemons"):
        said = LOGGED.sub("", machine.text[begin:])
        for order in GUESTS, UNITS:
            places = [said.find(words) for words in order]
            if -1 in places or places != sorted(places):
                raise Failure(f"{dict(zip(order, places))} in: {said[-4000:]}")


PIDS = "cat /run/xen/{xenstored,tenon-consoled,tenon-reaper}.pid | xargs"


def upgrades(machine):
    """To newer packages and back, with the guest running; then another."""
    for folder in ("newer", "debs"):
        before = machine.run(PIDS).split()
        with machine.check(f"the packages of /srv/{folder} are installed"):
            # A hypervisor needs a boot, and only its entry's update-grub here.
            machine.run(f"dpkg -i $(ls /srv/{folder}/*.deb | "
                        "grep -v hypervisor)", 1200)
            machine.run("dpkg -s tenon-utils | grep -x Version:.$(dpkg-deb "
                        f"-f /srv/{folder}/tenon-utils_*.deb Version)")
        with machine.check(f"{folder}: the daemons run, those without the "
                           "guests' connections as new processes"):
            for daemon in DAEMONS:
                machine.run(f"systemctl is-active {daemon}")
            after = machine.run(PIDS).split()
            if len(after) != 3 or set(before[1:]) & set(after):
                raise Failure(f"{before} became {after}")
        with machine.check(f"{folder}: the guest runs on, and is used"):
            out = machine.run("domls")
            if not re.search(r"^auto +1 ", out, re.M):
                raise Failure(out)
            machine.run("xenstore-exists /libxl/1/tenon")
            machine.send("domcons auto\n\n")
            machine.expect(r"guest# ", 120)
            machine.run("cat /proc/uptime", 60, r"guest# ")
            machine.send("\x1d")
            machine.expect(r"dom0# ", 60)
