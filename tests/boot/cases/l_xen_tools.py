# SPDX-License-Identifier: BSD-2-Clause
"""Debian's xen-tools make a guest on a Debian machine, and start it by xl."""
import os
import re
import subprocess

from harness import BAD, case
from machine import Failure

SKIP = "no machine with xen-tools: tests/images/xen-tools.sh DEBS IMAGES"


@case
def xen_tools(context):
    """2 CPUs, 2 GiB, a network: xen-create-image --boot, and the guest's end."""
    disk = context.image("xen-tools.img")
    data = context.image("xen-tools-data.img")
    if context.stack or not (os.path.exists(disk) and os.path.exists(data)):
        context.skip(SKIP)
        return
    extra = ["-vga", "none", "-parallel", "none", "-netdev", "user,id=net",
             "-device", "virtio-net-pci,netdev=net",
             "-drive", f"file={data},format=raw,if=virtio,snapshot=on"]
    with context.boot("2 CPUs 2 GiB", disk=disk, cpus=2, memory=2048,
                      cpu="counted", extra=extra) as machine:
        machine.expect(r"dom0# ", 1800, BAD)
        machine.shell("stty cols 500; stty -echo")
        machine.run("dmesg -n 1; mkdir /data; mount /dev/vdb /data")
        network(machine)
        make(machine)
        use(machine)


# The guest's installation takes what it lacks from Debian's mirror.
xen_tools.limit = 7200


def mirror():
    """The one that this host uses."""
    sites = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)",
         "Created-By: Packages", "Origin: Debian"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    if not sites:
        raise Failure("apt knows no mirror of Debian: apt-get update")
    return sites[0]


def network(machine):
    """A bridge with QEMU's network behind it."""
    with machine.check("the machine reaches Debian's mirror by a bridge"):
        for command in ("ip link add xenbr0 type bridge",
                        "ip link set $(ls /sys/class/net | grep -m1 ^e) "
                        "master xenbr0 up",
                        "ip addr add 10.0.2.15/24 dev xenbr0",
                        "ip link set xenbr0 up",
                        "ip route add default via 10.0.2.2",
                        "echo nameserver 10.0.2.3 >/etc/resolv.conf"):
            machine.run(command)
        machine.run(f"wget -q -t 20 -O /dev/null "
                    f"{mirror()}/dists/bookworm/Release", 600)


def make(machine):
    with machine.check("xen-create-image makes a guest and starts it by xl"):
        out = machine.run(
            "xen-create-image --hostname=web --dir=/data "
            "--install-method=tar --install-source=/data/debian.tar "
            f"--dist=bookworm --mirror={mirror()} --size=1800M --swap=128M "
            "--memory=512M --dhcp --bridge=xenbr0 --password=tenon --boot",
            6000)
        if "Aborting" in out:
            raise Failure(out)
    with machine.check("xl and domls list it"):
        for tool in ("xl list", "domls"):
            out = machine.run(tool)
            if not re.search(r"^web +\d+ +512 ", out, re.M):
                raise Failure(out)


def use(machine):
    with machine.check("it boots its own kernel to its login"):
        kernel = machine.run("uname -r").strip()
        machine.send("xl console web\n\n")
        machine.expect(r"web login: ", 1800)
        machine.send("root\n")
        machine.expect(r"Password: ", 120)
        machine.send("tenon\n")
        machine.expect(r"root@web:~# ", 300)
        out = machine.run("uname -r; cat /etc/hostname; ls /dev/xvda2", 60,
                          r"root@web:~# ")
        if not re.search(rf"{kernel}\s+web\s+/dev/xvda2", out):
            raise Failure(out)
        machine.send("\x1d")
        machine.expect(r"dom0# ", 60)
    with machine.check("xl shutdown stops it, and nothing is left"):
        machine.run("xl shutdown -w web", 900)
        out = machine.run("domls; losetup -a; ls /sys/class/net")
        if re.search(r"web|disk\.img|vif", out):
            raise Failure(out)
    with machine.check("xen-delete-image removes its files"):
        machine.run("xen-delete-image --hostname=web --dir=/data", 300)
        machine.run("test ! -e /etc/xen/web.cfg && "
                    "test ! -e /data/domains/web")
