# SPDX-License-Identifier: BSD-2-Clause
"""Micro-guests on an Intel CPU with SMAP, UMIP and x2APIC, which TCG lacks."""
import os
import re
import shutil
import subprocess
import time

from harness import case
from machine import Failure
from media import make_iso

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "..", "..", "guest", "build.sh")
BIOS = "/usr/share/bochs/BIOS-bochs-latest"

# No VBE: GRUB's call of it ends in a triple fault there.
CONFIG = """cpu: model=corei7_icelake_u, count={cpus}, ips=50000000
memory: guest=512, host=512
display_library: rfb, options="timeout=0"
romimage: file={bios}
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
vga: extension=none
ata0: enabled=1
ata0-master: type=cdrom, path={out}/bochs.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={out}/bochs-serial.log
clock: sync=none
log: {out}/bochs.log
panic: action=fatal
"""


def run_until(command, log, pattern, seconds):
    """What stands in log when pattern does, or the time or the run is over."""
    text = ""
    run = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end and run.poll() is None:
            time.sleep(0.5)
            if os.path.exists(log):
                with open(log, errors="replace") as file:
                    text = file.read().replace("\r", "")
            if re.search(pattern, text):
                break
    finally:
        run.kill()
        run.wait()
    return text


def boot(context, kernel, cpus=1, more=""):
    """The serial line of a boot with a kernel of tests/guest as dom0."""
    out = os.path.join(context.out, context.name)
    log = os.path.join(out, "bochs-serial.log")
    iso = os.path.join(out, "bochs.iso")
    make_iso(iso, context.hypervisor,
             "console=com1 loglvl=all dom0_mem=128M" + more, [(os.path.join(out, kernel), "")])
    with open(os.path.join(out, "bochsrc"), "w", encoding="ascii") as file:
        file.write(CONFIG.format(bios=BIOS, out=out, cpus=cpus))
    with open(os.path.join(out, "bochs.debugger"), "w",
              encoding="ascii") as file:
        file.write("c\n")
    if os.path.exists(log):
        os.unlink(log)
    text = run_until(["bochs", "-q", "-f", os.path.join(out, "bochsrc"),
                      "-rc", os.path.join(out, "bochs.debugger")],
                     log, r"micro-guest: .*\n|PANIC|dom0 has stopped", 120)
    os.unlink(iso)
    return text


def build(context):
    """Makes the micro-guests; False, and the case is skipped, without Bochs."""
    if not shutil.which("bochs") or not os.path.exists(BIOS):
        context.skip("no bochs: install bochs, bochs-term and bochsbios")
        return False
    subprocess.run(["sh", BUILD, os.path.join(context.out, context.name)],
                   check=True)
    return True


@case
def bochs(context):
    """Micro-guests as dom0 in Bochs: every check holds with SMAP and UMIP."""
    if not build(context):
        return
    for kernel in ("user_mode", "emulation"):
        text = boot(context, kernel)
        with context.check(f"{kernel}: SMAP, UMIP and SMEP are on"):
            if "CPU features: SMAP UMIP SMEP" not in text:
                raise Failure(f"it says:\n{text[-2000:]}")
        with context.check(f"{kernel}: all of its checks"):
            if not re.search(r"^micro-guest: .* passed, 0x0 failed", text,
                             re.M):
                raise Failure(f"it says:\n{text[-2000:]}")


@case
def bochs_x2apic(context):
    """Two CPUs in Bochs, their APICs in x2APIC mode: vcpus on both."""
    if not build(context):
        return
    text = boot(context, "vcpus", 2, " x2apic=on")
    with context.check("both CPUs are started in x2APIC mode"):
        if "local APICs: x2APIC mode" not in text or \
                "CPUs: 2 online" not in text:
            raise Failure(f"it says:\n{text[-2000:]}")
    with context.check("vcpus: all of its checks"):
        if not re.search(r"^micro-guest: .* passed, 0x0 failed", text, re.M):
            raise Failure(f"it says:\n{text[-2000:]}")
