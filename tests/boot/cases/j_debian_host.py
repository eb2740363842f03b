# SPDX-License-Identifier: BSD-2-Clause
"""A Debian machine with the packages boots from its own disk into Tenon."""
import os
import re

from harness import BAD, case
from machine import Failure

SKIP = ("a Debian machine's disk takes minutes to make: packaging/deb.sh DEBS, "
        "then tests/images/mkdom0 DEBS IMAGES/debian-host.img")
DAEMONS = ("tenon-xenstored", "tenon-init-dom0", "tenon-consoled",
           "tenon-reaper", "tenon-guests")


@case
def debian_host(context):
    """2 CPUs, 1.5 GiB: systemd, its units, a guest at boot; BIOS, UEFI."""
    disk = context.image("debian-host.img")
    if context.stack or not os.path.exists(disk):
        context.skip(SKIP)
        return
    for firmware in ("bios", "uefi"):
        with context.boot(firmware, disk=disk, firmware=firmware, cpus=2,
                          memory=1536) as machine:
            host(machine)


def host(machine):
    with machine.check("its own GRUB starts Tenon, and that dom0's kernel"):
        machine.expect(r"\(TN\) Tenon \d", 120)
        machine.expect(r"Linux version \d", 240, BAD)
    with machine.check("root is logged in on the hypervisor's console"):
        machine.expect(r"dom0# ", 600, BAD)
        machine.shell("stty cols 500; stty -echo")
    with machine.check("systemd says that the system is running"):
        machine.run("systemctl is-system-running --wait || "
                    "{ systemctl --failed; false; }", 400)
    with machine.check("the daemons are active"):
        for daemon in DAEMONS:
            machine.run(f"systemctl is-active {daemon}")
    with machine.check("the guest that starts with the host runs"):
        out = machine.run("domls")
        if not re.search(r"^auto +1 ", out, re.M):
            raise Failure(out)
    with machine.check("the journal has the daemons' and guests' starts"):
        out = machine.run("journalctl -b -o cat -u 'tenon-*' --no-pager")
        if "starting the guest of /etc/tenon/auto/10-auto" not in out:
            raise Failure(out)
    with machine.check("a daemon that is killed is back at once"):
        machine.run("kill -9 $(cat /run/xen/tenon-reaper.pid); sleep 2; "
                    "systemctl is-active tenon-reaper", 60)
    with machine.check("power-off stops the guest, then ends the machine"):
        machine.send("poweroff\n")
        machine.expect(r"stopping domain 1|Stopped .*Guests that start", 240)
        reason = machine.wait_end(240)
        if reason != "guest-shutdown":
            raise Failure(f"it ended by {reason}")
