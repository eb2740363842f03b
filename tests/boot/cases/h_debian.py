# SPDX-License-Identifier: BSD-2-Clause
"""A Debian guest boots its own kernel from its own disk, by pygrub-c."""
import os
import re

from harness import case, reach_shell
from machine import Failure

SKIP = ("the disks of a Debian guest take minutes to make: "
        "tests/images/debian.sh IMAGES/debian")


@case
def debian(context):
    """2 CPUs, 3 GiB: as installed, then after a second kernel came."""
    disks = [os.path.join(context.images, "debian", name)
             for name in ("one.img", "two.img")]
    if context.stack or not all(map(os.path.exists, disks)):
        context.skip(SKIP)
        return
    extra = ["-net", "none"]
    for disk in disks:
        extra += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
    with context.boot("2 CPUs 3 GiB", cpus=2, memory=3072,
                      extra=extra) as machine:
        reach_shell(machine)
        releases = [start(machine, disk) for disk in ("vda", "vdb")]
        with machine.check("the second disk boots the kernel that came later"):
            if releases[0] == releases[1]:
                raise Failure(f"both run {releases[0]}")


# What a guest's boot waits for on a busy host adds up.
debian.limit = 5400


def start(machine, disk):
    """The release of the kernel that the guest on this disk runs."""
    release = None
    with machine.check(f"{disk}: pygrub-c finds what update-grub chose"):
        # The first entry is update-grub's default.
        out = machine.run(f"pygrub-c --list-entries /dev/{disk}", 600)
        want = re.search(r"kernel: \S*vmlinuz-(\S+)", out)
        if not want:
            raise Failure(out)
        release = want.group(1)
    with machine.check(f"{disk}: the guest boots it"):
        machine.run("domcreate name=deb bootloader=pygrub-c memory=512 "
                    f"\"disk=['/dev/{disk},raw,xvda,w']\"", 600)
        machine.send("domcons deb\n")
        machine.expect(r"debian-guest runs \S+\n", 1200)
        runs = re.findall(r"debian-guest runs (\S+)\n", machine.text)[-1]
        machine.send("\x1d")
        machine.expect(r"dom0# ", 60)
        machine.run("domstop -f deb 2>/dev/null; sleep 2; true", 60)
        if runs != release:
            raise Failure(f"it runs {runs}, not {release}")
    return release
