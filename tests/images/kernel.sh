#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# kernel.sh OUTDIR: puts Debian's stock kernel there, as vmlinuz (the package's
# file, untouched) and vmlinux (the ELF kernel that is inside it).
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 1 ] || die 'usage: kernel.sh OUTDIR'
dir=$(kernel_dir)
mkdir -p "$1"
if ! cmp -s "$dir"/boot/vmlinuz-* "$1/vmlinuz"; then
	python3 "$here/vmlinux.py" "$dir"/boot/vmlinuz-* "$1/vmlinux"
	cp "$dir"/boot/vmlinuz-* "$1/vmlinuz"
fi
