# SPDX-License-Identifier: BSD-2-Clause
"""Devices that dom0 drives: data read, written and pinged on QEMU's q35 and pc."""
import hashlib
import os
import tempfile

from harness import case, reach_shell
from machine import Failure

MIB = 1 << 20


def pattern(seed):
    """Four MiB that no cache and no zeroed disk would show."""
    return b"".join(hashlib.sha256(b"%s-%d" % (seed, i)).digest()
                    for i in range(4 * MIB // 32))


def check_disk(machine, disk):
    """Reads what the host wrote, writes; gives the digest of what it wrote."""
    want = hashlib.sha256(pattern(disk.encode())).hexdigest()
    with machine.check(f"{disk}: data of the host is read"):
        out = machine.run(f"dd if=/dev/{disk} bs=1M count=4 2>/dev/null "
                          f"| sha256sum", 120)
        if want not in out:
            raise Failure(f"the digest differs: {out.strip()}")
    digest = None
    with machine.check(f"{disk}: data of dom0 is written"):
        machine.run("dd if=/dev/urandom of=/tmp/data bs=1M count=4 "
                    "2>/dev/null", 120)
        digest = machine.run("sha256sum </tmp/data").split()[0]
        machine.run(f"dd if=/tmp/data of=/dev/{disk} bs=1M "
                    f"seek=24 conv=fsync 2>/dev/null && sync", 120)
    with machine.check(f"{disk}: a file system on it works"):
        machine.run(f"mke2fs -F /dev/{disk} 16384 >/dev/null", 120)
        machine.run(f"mount -t ext4 /dev/{disk} /mnt && cp /tmp/data /mnt/ "
                    f"&& umount /mnt && echo 3 >/proc/sys/vm/drop_caches "
                    f"&& mount -t ext4 /dev/{disk} /mnt "
                    f"&& cmp /tmp/data /mnt/data && umount /mnt", 120)
    return digest


def check_network(machine, driver, address):
    """Finds the card by its driver, gives it an address, pings the gateway."""
    with machine.check(f"{driver}: the gateway answers pings"):
        card = machine.run(
            f"for c in /sys/class/net/*; do d=$(readlink -f "
            f"$c/device/driver); [ ${{d##*/}} = {driver} ] && "
            f"echo card=${{c##*/}}; done; true")
        if "card=" not in card:
            raise Failure(f"no card has the driver {driver}")
        card = card.split("card=")[1].split()[0]
        machine.run(f"ip addr add {address}.15/24 dev {card} && "
                    f"ip link set {card} up")
        machine.run(f"for i in 1 2 3 4 5; do ping -c 2 -W 5 -s 1000 "
                    f"{address}.2 && break; sleep 1; done && "
                    f"ping -c 10 -i 0.2 -W 5 {address}.2", 60)


def drive(context, kind, what, disk_device):
    """Both disks and both cards on one kind of machine, then its power-off."""
    with tempfile.TemporaryDirectory(prefix="tenon-disks-") as directory:
        files = {}
        for disk in ("sda", "vda"):
            files[disk] = os.path.join(directory, disk)
            with open(files[disk], "wb") as file:
                file.write(pattern(disk.encode()))
                file.truncate(32 * MIB)
        extra = [
            "-drive", f"file={files['sda']},if=none,id=a,format=raw",
            "-device", disk_device,
            "-drive", f"file={files['vda']},if=none,id=v,format=raw",
            "-device", "virtio-blk-pci,drive=v",
            "-netdev", "user,id=n0,net=10.0.2.0/24",
            "-device", "e1000,netdev=n0",
            "-netdev", "user,id=n1,net=10.0.3.0/24",
            "-device", "virtio-net-pci,netdev=n1"]
        digests = {}
        with context.boot(what, "dom0_mem=768M,max:768M", kind=kind, cpus=2,
                          memory=2048, extra=extra) as machine:
            reach_shell(machine)
            for disk in files:
                digests[disk] = check_disk(machine, disk)
            check_network(machine, "e1000", "10.0.2")
            check_network(machine, "virtio_net", "10.0.3")
            with machine.check("power-off ends the machine"):
                machine.send("poweroff -f\n")
                reason = machine.wait_end(60)
                if reason != "guest-shutdown":
                    raise Failure(f"it ended by {reason}")
        for disk, digest in digests.items():
            with context.check(f"{disk}: the host sees what dom0 wrote"):
                with open(files[disk], "rb") as file:
                    file.seek(24 * MIB)
                    seen = hashlib.sha256(file.read(4 * MIB)).hexdigest()
                if seen != digest:
                    raise Failure(f"{seen} is not {digest}")


@case
def q35(context):
    """q35, 2 CPUs, 2 GiB: AHCI and virtio disks, e1000 and virtio cards."""
    drive(context, "q35", "2 CPUs 2 GiB", "ide-hd,drive=a,bus=ide.0")


@case
def piix(context):
    """pc, 2 CPUs, 2 GiB: PIIX3's IDE and virtio disks, both cards."""
    drive(context, "pc", "2 CPUs 2 GiB", "ide-hd,drive=a,bus=ide.0")
