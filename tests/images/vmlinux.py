#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vmlinux.py BZIMAGE VMLINUX: takes the ELF kernel out of a bzImage.

The fields are those of the x86 boot protocol (Documentation/arch/x86/boot.rst
of Linux): setup_sects at 0x1f1, payload_offset and payload_length at 0x248.
"""
import gzip
import lzma
import struct
import subprocess
import sys


def decompress(payload):
    if payload.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return gzip.decompress(payload)
    for magic, tool in ((b"\x28\xb5\x2f\xfd", "zstd"),
                        (b"\x02\x21\x4c\x18", "lz4")):
        if payload.startswith(magic):
            return subprocess.run([tool, "-dc"], input=payload, check=True,
                                  stdout=subprocess.PIPE).stdout
    raise ValueError("the payload's compression is not known")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: vmlinux.py BZIMAGE VMLINUX")
    with open(sys.argv[1], "rb") as source:
        image = source.read()
    if image[0x202:0x206] != b"HdrS":
        sys.exit(f"{sys.argv[1]} is not a bzImage")
    base = ((image[0x1f1] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    kernel = decompress(image[base + offset:base + offset + length - 4])
    if not kernel.startswith(b"\x7fELF"):
        sys.exit(f"{sys.argv[1]} holds no ELF kernel")
    with open(sys.argv[2], "wb") as output:
        output.write(kernel)


main()
