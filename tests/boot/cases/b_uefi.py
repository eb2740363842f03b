# SPDX-License-Identifier: BSD-2-Clause
"""GRUB on UEFI: dom0 finds what the firmware left."""
import re

from harness import case, reach_shell
from machine import Failure


@case
def uefi(context):
    """q35 with OVMF, 2 CPUs, 1 GiB: tables, frame buffer, a kernel of zstd."""
    with context.boot("2 CPUs 1 GiB", "dom0_mem=512M,max:512M",
                      context.modules(packed="zstd"), cpus=2, memory=1024,
                      firmware="uefi") as machine:
        reach_shell(machine)
        log = machine.run("dmesg | grep -iE 'efi|SMBIOS|DMI|RSDP|fb0'")
        with machine.check("dom0 knows the firmware's version and vendor"):
            if not re.search(r"efi: EFI v2\.\d+ by EDK II", log):
                raise Failure(log)
        with machine.check("dom0 finds ACPI and SMBIOS by EFI's tables"):
            if not re.search(r"efi: .*SMBIOS=0x.*ACPI 2\.0=0x", log):
                raise Failure(log)
            machine.run("grep -q QEMU /sys/class/dmi/id/sys_vendor")
            machine.run("ls /sys/firmware/acpi/tables/FACP")
        with machine.check("dom0 has the firmware's frame buffer"):
            machine.run("grep -q EFI /proc/fb")
        with machine.check("runtime services are refused, and dom0 lives"):
            machine.run("! ls /sys/firmware/efi/efivars/* 2>/dev/null")
        with machine.check("dom0 has both CPUs and interrupts of devices"):
            if machine.run("nproc").strip() != "2":
                raise Failure("nproc is not 2")
            machine.run("grep -q xen-pirq /proc/interrupts")
        with machine.check("power-off ends the machine"):
            machine.send("poweroff -f\n")
            reason = machine.wait_end(60)
            if reason != "guest-shutdown":
                raise Failure(f"it ended by {reason}")
