#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# life.sh DEBS NEWER: on a Debian system with Debian's Xen, in a file: installs
# Tenon's packages of the folder DEBS by apt, upgrades them to those of NEWER,
# downgrades, removes and purges them, and compares every file with what was
# there before. Root, loop devices and a network for Debian's Xen. Not for this
# machine: all happens in the file. The last line says "all held".
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../images/common.sh"
[ $# -eq 2 ] || { echo 'usage: life.sh DEBS NEWER' >&2; exit 2; }
. "$here/root.sh"

apt() {
	quiet apt-get install -qq -y --no-install-recommends \
		--allow-downgrades "$@"
	[ -z "$(in_root dpkg --audit)" ] || die 'dpkg --audit complains'
}

# debs old|new: the packages' names inside.
debs() {
	(cd "$root" && ls "debs/$1"/*.deb | sed 's,^,/,')
}

version() {
	in_root dpkg-query -W -f '${Version}' "$1"
}

cp /etc/resolv.conf "$root/etc/resolv.conf"
debian_sources >"$root/etc/apt/sources.list"
mkdir -p "$root/debs/old" "$root/debs/new"
for deb in tenon-*.deb libtenonctrl1_*.deb; do
	cp "$1"/$deb "$root/debs/old/"
	cp "$2"/$deb "$root/debs/new/"
done
rm -f "$root"/debs/*/*-dbgsym_*
old=$(dpkg-deb -f "$root"/debs/old/tenon-utils_*.deb Version)
new=$(dpkg-deb -f "$root"/debs/new/tenon-utils_*.deb Version)
quiet apt-get update -qq
apt xen-hypervisor-4.17-amd64 xen-utils-4.17 xenstore-utils
quiet update-grub
# What Tenon needs from Debian is there before, as on a machine in use.
apt $(for deb in "$root"/debs/old/*.deb; do dpkg-deb -f "$deb" Depends; done |
	tr ',' '\n' | sed 's/(.*//; s/|.*//; s/ //g' |
	grep -v 'tenon' | sort -u)
files >"$work/before"

apt $(debs old)
is "$(version tenon-utils)" "$old" 'installed beside Xen'
is "$(in_root readlink /usr/sbin/xl)" ../lib/tenon/as-booted \
	'xl runs what was booted'
for file in sbin/xl bin/xenstore-ls; do
	[ -L "$root/usr/$file.xen" ] || [ -f "$root/usr/$file.xen" ] ||
		die "Xen's /usr/$file is not kept"
done
echo "held: Xen's programs stepped aside"
boots_tenon boot/grub/grub.cfg
files >"$work/installed"

apt $(debs new)
is "$(version tenon-utils)" "$new" 'upgraded'
apt $(debs old)
is "$(version tenon-utils)" "$old" 'downgraded'
same installed 'a downgrade leaves what the first installation did'

packages=$(in_root dpkg-query -W -f '${Package}\n' 'tenon-*' 'libtenonctrl*')
# shellcheck disable=SC2086
quiet apt-get remove -qq -y $packages
is "$(in_root readlink -f /usr/sbin/xl | grep -c tenon)" 0 \
	"after removal xl is Xen's"
# shellcheck disable=SC2086
quiet apt-get purge -qq -y $packages
same before 'after the purge each file is what it was'
echo 'all held'
