#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""repack.py VMLINUZ VMLINUX lz4|zstd|gzip OUT: Debian's bzImage with its kernel
packed by another program, as Linux's own build would pack it."""
import struct
import subprocess
import sys

# What arch/x86/boot/compressed/Makefile of Linux runs; all but gzip get the
# unpacked size behind them.
COMMANDS = {
    "gzip": ["gzip", "-n", "-1", "-c"],
    "lz4": ["lz4", "-l", "-9", "-c", "-q"],
    "zstd": ["zstd", "-q", "-3", "-c"],
}


def main(vmlinuz, vmlinux, kind, out):
    with open(vmlinuz, "rb") as file:
        image = bytearray(file.read())
    with open(vmlinux, "rb") as file:
        kernel = file.read()
    payload = subprocess.run(COMMANDS[kind], input=kernel,
                             stdout=subprocess.PIPE, check=True).stdout
    if kind != "gzip":
        payload += struct.pack("<I", len(kernel))
    # Documentation/arch/x86/boot.rst: setup_sects, payload_offset and _length.
    start = ((image[0x1f1] or 4) + 1) * 512
    offset = struct.unpack_from("<I", image, 0x248)[0]
    struct.pack_into("<I", image, 0x24c, len(payload))
    with open(out, "wb") as file:
        file.write(image[:start + offset] + payload)


main(*sys.argv[1:])
