#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# pygrub-c on disks made by the real tools: what it chooses, its contract with
# who starts it, its menu, and disks made to harm. Most of the time these wait
# for processes, so they run together.
program=$top_builddir/pygrub-c/pygrub-c
here=$top_srcdir/tests/pygrub
[ -x "$program" ] || { echo 'pygrub-c is not built'; exit 77; }
command -v python3 >/dev/null || { echo 'no python3'; exit 77; }
for tool in mke2fs sfdisk mkfs.vfat mcopy grub-mount; do
	PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null ||
		{ echo "no $tool"; exit 77; }
done
unshare -Ur true 2>/dev/null || { echo 'no user namespaces'; exit 77; }
[ -r /dev/fuse ] && [ -w /dev/fuse ] || { echo 'no FUSE'; exit 77; }
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
# Disks are sparse, and small in memory.
[ -n "$TMPDIR" ] || [ ! -w /dev/shm ] || TMPDIR=/dev/shm
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
export TMPDIR
failed=0

for part in boots contract console hostile; do
	(
		python3 "$here/$part.py" "$program" >"$work/$part" 2>&1
		echo $? >"$work/$part.status"
	) &
done
wait
for part in boots contract console hostile; do
	echo "== $part"
	cat "$work/$part"
	[ "$(cat "$work/$part.status")" -eq 0 ] || failed=1
done
exit $failed
