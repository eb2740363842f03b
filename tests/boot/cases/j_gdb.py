# SPDX-License-Identifier: BSD-2-Clause
"""gdb's helper on a machine that stands still, and what a crash says."""
import os
import re
import shutil
import subprocess
import time

from harness import case
from machine import Failure, Machine

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
SCRIPT = os.path.join(TREE, "hypervisor", "tenon-gdb.py")
GUEST = os.path.join(TREE, "tests", "guest", "build.sh")

# What is asked, and what must come, in this order.
ASKED = (
    ("tenon domains", r"^d0 at 0xffff\w+: alive, \d+ frames of at most \d+, "
     r"1 vcpus, 0 pauses, \d+ references, privileged$"),
    ("tenon vcpus 0", r"^d0v0 at 0xffff\w+: CPU [01], running, on it, in its "
     r"kernel$"),
    ("tenon frame 0x200", r"^frame 0x200: "),
    ("tenon queues", r"^CPU 0: runs d\S+.*\nCPU 1: runs d\S+"),
    ("tenon log 5", r"^\(TN\) \S"),
    ("backtrace", r"^#0 .*entry_hypercall"),
)


@case
def gdb(context):
    """gdb shows domains, frames, queues; a crash names functions; by -k only."""
    if context.stack or not context.asked or not shutil.which("gdb"):
        context.skip("only when it is asked for by -k, with gdb")
        return
    directory = os.path.join(context.out, "gdb")
    os.makedirs(directory, exist_ok=True)
    subprocess.run(["sh", GUEST, directory], check=True)
    socket = os.path.join(directory, "socket")
    hypervisor = os.path.dirname(context.hypervisor)
    image = os.path.join(hypervisor, "tenon")
    boot = {"kernel": os.path.join(hypervisor, "tenon.elf32"),
            "append": "console=com1 loglvl=all dom0_mem=64M dom0_max_vcpus=1 "
                      "noreboot",
            "initrd": os.path.join(directory, "storm") + " spin"}
    extra = ["-net", "none", "-S",
             "-gdb", f"unix:{socket},server=on,wait=off"]
    with Machine(boot, os.path.join(context.out, "gdb.log"), memory=512,
                 extra=extra, symbols=context.symbols) as machine:
        with context.check("gdb shows what the structures say", machine):
            judge(ask_when_there(socket, image))
        with context.check("a crash by debug key names functions", machine):
            machine.expect(r"CPUs: 2 online", 90)
            machine.send("\x01\x01\x01")
            machine.send("C")
            machine.expect(r"PANIC on CPU \d: .*debug key", 60)
            machine.expect(r"Halted \(noreboot\)", 60)
            compare(context.symbols, machine.text)


def compare(symbols, text):
    """The names that the image gives its addresses are those of the ELF."""
    lines = re.findall(r"\(TN\)   0x(ffff82\w+) (\S+)", text)
    functions = [name.split("+")[0] for _, name in lines]
    if "panic" not in functions or "softirq_run" not in functions:
        raise Failure(f"a backtrace of {functions}")
    for address, name in lines:
        if symbols.name(int(address, 16)) != name:
            raise Failure(f"{address} is not in {name}")


def ask_when_there(socket, image):
    """QEMU may not listen yet when it is first asked."""
    until = time.monotonic() + 90
    while True:
        text = ask(socket, image)
        if "Remote debugging using" in text or time.monotonic() > until:
            return text
        time.sleep(0.5)


def ask(socket, image):
    """gdb's output; it lets the machine go on."""
    command = ["gdb", "-nx", "-batch", "-x", SCRIPT, image, "-ex",
               f"target remote {socket}", "-ex", "hbreak entry_hypercall",
               "-ex", "continue"]
    for words, _ in ASKED:
        command += ["-ex", f"echo == {words}\\n", "-ex", words]
    done = subprocess.run([*command, "-ex", "delete", "-ex", "detach"],
                          capture_output=True, text=True, timeout=240,
                          check=False)
    return done.stdout + done.stderr


def judge(text):
    parts = dict(re.findall(r"^== (.*)\n((?:(?!== ).*\n)*)", text, re.M))
    for words, pattern in ASKED:
        if not re.search(pattern, parts.get(words, ""), re.M):
            raise Failure(f"no {pattern} by '{words}': {text}")
