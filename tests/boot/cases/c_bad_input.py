# SPDX-License-Identifier: BSD-2-Clause
"""Bad input at boot: one clear message each, then a clean end."""
import os

from harness import case
from machine import Failure

# What each message must speak of; the words are the hypervisor's own.
PANIC = r"(?i)^.*\bpanic\b.*$"


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
        refused(context, "no module", r"(?i)no .*(module|kernel)", modules=[])
        for name, words in (
                ("cut", r"(?i)(cut|trunc|short|incomplete|ends? )"),
                ("corrupt", r"(?i)(corrupt|damaged|invalid|bad|check)"),
                ("text", r"(?i)(not a|neither|no) .*kernel|not a .*image"),
                ("empty", r"(?i)(empty|not a|neither|no) ")):
            refused(context, f"{name} kernel",
                    rf"^.*(kernel|module|image|dom0).*{words}"
                    rf"|{words}.*(kernel|module|image|dom0).*$",
                    modules=[(places[name], "console=hvc0")],
                    reboots=name != "text")
        refused(context, "too little memory for dom0",
                r"(?i)(dom0_mem|memory).*(small|little|least|need|enough)",
                options="dom0_mem=24M")
    finally:
        for place in places.values():
            os.unlink(place)


@case
def unknown_options(context):
    """Options that do not exist only warn; dom0 starts."""
    with context.boot("unknown options",
                      "dom0_mem=512M placeholder no-such-option=7",
                      cpus=1, memory=1024) as machine:
        with machine.check("a warning names the option"):
            machine.expect(r"(?i)(unknown|ignor).*no-such-option"
                           r"|no-such-option.*(unknown|ignor)", 60,
                           [PANIC, r"Linux version \d"])
        with machine.check("dom0's kernel starts all the same"):
            machine.expect(r"Linux version \d", 120, [PANIC])
