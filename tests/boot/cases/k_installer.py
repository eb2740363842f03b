# SPDX-License-Identifier: BSD-2-Clause
"""Debian's installer, as its package has it, as a guest to its first screen."""
import os

from harness import case, reach_shell

SKIP = "no installer: tests/images/installer.sh IMAGES/installer.img"


@case
def installer(context):
    """2 CPUs, 3 GiB: dom0, and the installer with 1.4 GiB."""
    disk = context.image("installer.img")
    if context.stack or not os.path.exists(disk):
        context.skip(SKIP)
        return
    extra = ["-net", "none", "-drive",
             f"file={disk},format=raw,if=virtio,snapshot=on"]
    with context.boot("2 CPUs 3 GiB", cpus=2, memory=3072,
                      extra=extra) as machine:
        reach_shell(machine)
        with machine.check("domcreate takes its kernel and its initrd"):
            machine.run("mount -t ext2 -o ro /dev/vda /mnt")
            machine.run("domcreate name=d-i kernel=/mnt/linux "
                        "ramdisk=/mnt/initrd.gz memory=1400 "
                        "extra='console=hvc0 TERM=vt102'", 240)
        with machine.check("it shows its first screen"):
            machine.send("domcons d-i\n")
            machine.expect(r"Select a language|Choose language", 600)
            machine.send("\x1d")
            machine.expect(r"dom0# ", 60)
        with machine.check("it goes"):
            machine.run("domstop -f d-i", 60)
