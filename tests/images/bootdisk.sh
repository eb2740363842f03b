#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bootdisk.sh IMAGES OUTPUT: makes a guest's disk, one ext4 file system, that it
# boots from: IMAGES' kernel and guest, GRUB's configuration for them, and in
# /loader Debian's GRUB for Xen guests, whose package is unpacked in the cache.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 2 ] || die 'usage: bootdisk.sh IMAGES OUTPUT'
dir=$(package grub-xen-host)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/boot/grub" "$root/loader"
cp "$1/vmlinuz" "$root/boot/vmlinuz-guest"
cp "$1/guest.gz" "$root/boot/initrd-guest"
cp "$dir/usr/lib/grub-xen/grub-x86_64-xen.bin" "$root/loader/"
cat >"$root/boot/grub/grub.cfg" <<'G'
set default=kept
set timeout=2
menuentry 'Another' --id another {
	linux /boot/vmlinuz-none
}
menuentry 'The guest' --id kept {
	search --no-floppy --file --set=root /boot/vmlinuz-guest
	linux /boot/vmlinuz-guest console=hvc0 chosen=$chosen
	initrd /boot/initrd-guest
}
G
rm -f "$2"
truncate -s 32M "$2"
mke2fs -q -t ext4 -d "$root" "$2"
