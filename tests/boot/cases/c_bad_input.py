# SPDX-License-Identifier: BSD-2-Clause
"""Bad input at boot: one clear message each, then a clean end."""
import os

from harness import case
from machine import Failure

PANIC = r"^.*PANIC on CPU.*$"


def refused(context, what, words, options="dom0_mem=256M", modules=None,
            reboots=True, seconds=90):
    """
    Boots what cannot work. The words must come on the serial line, and then
    the machine must reset (or stand still, told so by noreboot).
    """
    with context.boot(what, options, modules, cpus=1, memory=1024,
                      noreboot=not reboots) as machine:
        with machine.check(f"the message says {words}"):
            machine.expect(r"tenon-mark grub-handoff", 60)
            machine.expect(words, seconds,
                           [r"Linux version \d", r"tenon-mark dom0"])
        if reboots:
            with machine.check("the machine reboots after it"):
                reason = machine.wait_end(60)
                if reason != "guest-reset":
                    raise Failure(f"it ended by {reason}")
        else:
            with machine.check("the machine stands still after it"):
                try:
                    machine.wait_end(8)
                except Failure:
                    return
                raise Failure(f"it ended by {machine.reason}")


@case
def bad_modules(context):
    """No module, a cut, a corrupt and a wrong kernel, too little memory."""
    with open(context.image("vmlinuz"), "rb") as file:
        kernel = file.read()
    third = len(kernel) // 3
    files = {
        "cut": kernel[:2 * third],
        "corrupt": kernel[:third] + bytes(4096) + kernel[third + 4096:],
        "text": b"This is not a kernel.\n" * 5000,
        "empty": b"",
    }
    places = {}
    for name, data in files.items():
        places[name] = os.path.join(context.out, "module-" + name)
        with open(places[name], "wb") as file:
            file.write(data)
    try:
        refused(context, "no module", r"no dom0 kernel", modules=[])
        for name, words in (
                ("cut", r"dom0 kernel: .*cut off"),
                ("corrupt", r"dom0 kernel: .*corrupt"),
                ("text", r"module 1 is not a kernel"),
                ("empty", r"module 1 is not a kernel")):
            refused(context, f"{name} kernel", words,
                    modules=[(places[name], "console=hvc0")],
                    reboots=name != "text")
        refused(context, "too little memory for dom0",
                r"dom0_mem is too little",
                options="dom0_mem=24M")
    finally:
        for place in places.values():
            os.unlink(place)


@case
def unknown_options(context):
    """Options that do not exist only warn; dom0's kernel, of lz4, starts."""
    with context.boot("unknown options",
                      "dom0_mem=512M placeholder no-such-option=7",
                      context.modules(packed="lz4"), cpus=1,
                      memory=1024) as machine:
        with machine.check("a warning names the option"):
            machine.expect(r"unknown option 'no-such-option'", 60,
                           [PANIC, r"Linux version \d"])
        with machine.check("dom0's kernel starts all the same"):
            machine.expect(r"Linux version \d", 120, [PANIC])
