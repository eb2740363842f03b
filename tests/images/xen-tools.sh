#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# xen-tools.sh DEBS FOLDER: makes FOLDER/xen-tools.img, the disk of a Debian
# machine with Tenon's packages of the folder DEBS and Debian's xen-tools, and
# FOLDER/xen-tools-data.img, a disk with room for guests and, in debian.tar, what
# xen-create-image installs: Debian with the packages that its hooks ask for, but
# for GRUB 0.97, which installs in a finished system alone; without what a guest
# has no use for, since an emulated machine unpacks it slowly. Root.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 2 ] || { echo 'usage: xen-tools.sh DEBS FOLDER' >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || die 'only root can make a system: use sudo'
packages=linux-image-amd64,initramfs-tools,systemd-sysv,udev,dbus,kmod,\
ifupdown,isc-dhcp-client,openssh-server,locales,util-linux-locales,zstd,\
grub-common
base=$cache/xen-tools-$(kernel_package)-$(echo "$packages" | cksum |
	cut -c 1-8).tar
useless='usr/share/doc usr/share/man usr/share/locale lib/modules/*/kernel/sound
	lib/modules/*/kernel/drivers/gpu lib/modules/*/kernel/drivers/media
	lib/modules/*/kernel/drivers/net/ethernet
	lib/modules/*/kernel/drivers/net/wireless'
work=$(mktemp -d "${TMPDIR:-/tmp}/xen-tools-XXXXXX")
trap 'rm -rf "$work" "$base.new"' EXIT
trap 'exit 1' INT TERM
if [ ! -f "$base" ]; then
	rm -f "$cache"/xen-tools-*.tar
	debian_sources | mmdebstrap --mode=root --format=tar \
		--variant=minbase --dpkgopt=force-unsafe-io \
		--customize-hook="cd \"\$1\" && rm -rf $(echo $useless)" \
		--include="$packages" "$(debian_suite)" "$base.new" - >&2
	mv "$base.new" "$base"
fi
cp "$base" "$work/debian.tar"
rm -f "$2/xen-tools-data.img"
mke2fs -q -t ext4 -d "$work" "$2/xen-tools-data.img" 8G
MORE=xen-tools "$here/mkdom0" "$1" "$2/xen-tools.img"
