#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# installer.sh OUT.img: a disk, an ext2 file system, with the kernel and the
# initrd of Debian's installer as its package has them for booting from a network.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 1 ] || { echo 'usage: installer.sh OUT.img' >&2; exit 2; }
dir=$(package debian-installer-12-netboot-amd64)/usr/lib/debian-installer
dir=$dir/images/12/amd64/text/debian-installer/amd64
work=$(mktemp -d "${TMPDIR:-/tmp}/installer-XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$dir/linux" "$dir/initrd.gz" "$work/"
rm -f "$1"
mke2fs -q -t ext2 -d "$work" "$1" 64M
