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
echo "tenon-mark grub-handoff"
{commands}
boot
"""


def make_iso(output, hypervisor, options, modules):
    """
    An ISO that boots by BIOS. `modules` are (file, command line) pairs, in
    GRUB's order; they are passed on as they are (--nounzip).
    """
    if not shutil.which("grub-mkrescue"):
        raise Failure("no grub-mkrescue: install grub-pc-bin, grub-common, "
                      "xorriso and mtools", fatal=True)
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
            file.write(CONFIG.format(commands="\n".join(lines)))
        done = subprocess.run(["grub-mkrescue", "-o", output, root],
                              capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"grub-mkrescue: {done.stderr.strip()[-600:]}",
                          fatal=True)
    return output
