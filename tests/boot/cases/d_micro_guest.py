# SPDX-License-Identifier: BSD-2-Clause
"""A micro-guest as dom0: the edges of traps, page tables and hypercalls."""
import os
import re
import subprocess

from harness import case
from machine import Failure

GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "..", "..", "guest", "build.sh")


@case
def edges(context):
    """Every check of tests/guest/edges.c holds; the machine reboots after."""
    subprocess.run([GUEST, context.out], check=True)
    with context.boot("micro-guest", "dom0_mem=128M",
                      [(os.path.join(context.out, "edges"), "")], cpus=1,
                      memory=512, noreboot=False) as machine:
        machine.expect(r"micro-guest: .*", 90)
        for line in re.findall(r"^(not ok .*|ok .*)$", machine.text, re.M):
            with machine.check(line.split("ok ", 1)[1].split(": got")[0]):
                if line.startswith("not"):
                    raise Failure(line)
        with machine.check("the machine reboots"):
            reason = machine.wait_end(30)
            if reason != "guest-reset":
                raise Failure(f"it ended by {reason}")
