#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Partition tables made by sfdisk, of many layouts, are read as sfdisk reads
them: numbers, places, flags and UUIDs. Needs sfdisk, else it is skipped."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

SIZE = 64 << 20
SFDISK = shutil.which("sfdisk") or shutil.which("sfdisk", path="/sbin:/usr/sbin")


def layout_dos(dice):
    lines = ["label: dos"]
    at = 2048
    extended = dice.randrange(0, 4)
    for slot in range(4):
        size = 2048 * dice.randrange(1, 4)
        if slot == extended:
            lines.append(f"start={at}, size=40960, type=5")
            inner = at
            for _ in range(dice.randrange(0, 6)):
                inner += 2048
                length = 2048 * dice.randrange(1, 3)
                if inner + length > at + 40960:
                    break
                lines.append(f"start={inner}, size={length}, type=83")
                inner += length
            at += 40960
        elif dice.random() < 0.8:
            flag = ", bootable" if dice.random() < 0.3 else ""
            lines.append(f"start={at}, size={size}, type=83{flag}")
            at += size
        at += 2048 * dice.randrange(0, 2)
    return lines


def layout_gpt(dice):
    lines = ["label: gpt"]
    at = 2048
    numbers = sorted(dice.sample(range(1, 100), dice.randrange(1, 12)))
    for number in numbers:
        size = dice.randrange(8, 4096)
        flag = ', attrs="LegacyBIOSBootable"' if dice.random() < 0.3 else ""
        lines.append(f"p{number} : start={at}, size={size}{flag}")
        at += size + dice.randrange(0, 2048)
    return lines


def expected(image):
    """The lines that show_disk should print."""
    out = subprocess.run([SFDISK, "-J", image], check=True,
                         capture_output=True, text=True).stdout
    table = json.loads(out)["partitiontable"]
    gpt = table["label"] == "gpt"
    lines = []
    for part in table.get("partitions", []):
        number = int(part["node"][len(image):].lstrip("p"))
        if not gpt and part["type"] in ("5", "f", "85"):
            continue
        active = part.get("bootable") or \
            "LegacyBIOSBootable" in part.get("attrs", "")
        uuid = part["uuid"].lower() if gpt else \
            f"{int(table['id'], 16):08x}-{number:02x}"
        name = f"hd0,{'gpt' if gpt else 'msdos'}{number}"
        lines.append(f"{number} {part['start'] * 512} {part['size'] * 512} "
                     f"{'active' if active else '-'} {uuid} {name}")
    return sorted(lines)


def main():
    if not SFDISK:
        print("no sfdisk")
        return 77
    show = os.path.join(os.environ.get("top_builddir", "."),
                        "tests/pygrub/show_disk")
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        for seed in range(24):
            dice = random.Random(seed)
            lines = (layout_gpt if seed % 2 else layout_dos)(dice)
            image = os.path.join(work, f"disk-{seed}-")
            with open(image, "wb") as file:
                file.truncate(SIZE)
            made = subprocess.run(
                [SFDISK, "-q", "--no-reread", image], text=True,
                input="\n".join(lines) + "\n", capture_output=True)
            if made.returncode:
                print(f"layout {seed}: sfdisk: {made.stderr}", *lines, sep="\n")
                failed = 1
                continue
            want = expected(image)
            got = sorted(subprocess.run([show, image], check=True,
                         capture_output=True, text=True).stdout.splitlines())
            if got != want:
                print(f"layout {seed}:", *lines, "expected:", *want, "found:",
                      *got, sep="\n")
                failed = 1
            os.unlink(image)
    print("24 layouts")
    return failed


if __name__ == "__main__":
    sys.exit(main())
