# SPDX-License-Identifier: BSD-2-Clause
"""Boot media: ISO images with GRUB, a hypervisor and its modules."""
import os
import shutil
import subprocess
import tempfile

from machine import Failure

CONFIG = """set timeout=0
serial --unit=0 --speed=115200
terminal_output serial
{video}
echo "tenon-mark grub-handoff"
{commands}
boot
"""


# GRUB's modules for each kind of firmware (packages grub-pc-bin,
# grub-efi-amd64-bin).
VIDEO = {"bios": "", "uefi": "insmod all_video"}
GRUB = {"bios": "/usr/lib/grub/i386-pc", "uefi": "/usr/lib/grub/x86_64-efi"}


OVMF = "/usr/share/OVMF"    # package ovmf


def uefi_drives(variables):
    """QEMU's arguments for UEFI: its code, and a fresh copy of its variables
    in the file named."""
    if not os.path.exists(f"{OVMF}/OVMF_CODE_4M.fd"):
        raise Failure("no UEFI firmware: install ovmf", fatal=True)
    shutil.copy(f"{OVMF}/OVMF_VARS_4M.fd", variables)
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,"
            f"file={OVMF}/OVMF_CODE_4M.fd",
            "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]


def make_iso(output, hypervisor, options, modules, firmware="bios"):
    """
    An ISO that boots by BIOS or by UEFI. `modules` are (file, command line) pairs, in
    GRUB's order; they are passed on as they are (--nounzip).
    """
    if not shutil.which("grub-mkrescue"):
        raise Failure("no grub-mkrescue: install grub-pc-bin, "
                      "grub-efi-amd64-bin, grub-common, xorriso and mtools", fatal=True)
    with tempfile.TemporaryDirectory(prefix="tenon-iso-") as root:
        boot = os.path.join(root, "boot")
        os.makedirs(os.path.join(boot, "grub"))
        shutil.copy(hypervisor, os.path.join(boot, "hypervisor"))
        lines = [f"multiboot2 /boot/hypervisor {options}"]
        for i, (name, arguments) in enumerate(modules):
            shutil.copy(name, os.path.join(boot, f"module{i}"))
            lines.append(f"module2 --nounzip /boot/module{i} {arguments}")
        config = os.path.join(boot, "grub", "grub.cfg")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(commands="\n".join(lines),
                                     video=VIDEO[firmware]))
        done = subprocess.run(["grub-mkrescue", "-d", GRUB[firmware], "-o", output,
                               root],
                              capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"grub-mkrescue: {done.stderr.strip()[-600:]}",
                          fatal=True)
    return output


def boot_disk(images, output):
    """QEMU's arguments for a disk, dom0's /dev/vda, that a guest boots from
    (images/bootdisk.sh); what is written to it is lost."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                          "images", "bootdisk.sh")
    subprocess.run([script, images, output], check=True)
    return ["-net", "none", "-drive",
            f"file={output},format=raw,if=virtio,snapshot=on"]
