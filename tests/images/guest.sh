#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# guest.sh OUTPUT: makes the guest's initramfs: busybox, the frontends' modules,
# and guest-init.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
[ $# -eq 1 ] || die 'usage: guest.sh OUTPUT'
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root"/dev "$root"/proc "$root"/sys "$root"/run "$root"/tmp \
	"$root"/mnt "$root"/root
copy_busybox "$root"
copy_modules "$root" xen-blkfront xen-netfront xen-evtchn xen-gntdev \
	xen-gntalloc xen-privcmd xenfs crc32c_generic ext4 9pnet_xen 9p
install -m 755 "$here/guest-init" "$root/init"
pack "$root" "$1"
