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
[ "$(id -u)" -eq 0 ] || die 'only root can make a system: use sudo'
# Mounts that no one else sees end with this process.
if [ -z "$LIFE_INSIDE" ]; then
	LIFE_INSIDE=yes exec unshare -m "$0" "$@"
fi
base=$(ls -t "$cache"/dom0-*.tar 2>/dev/null | head -n 1)
[ -n "$base" ] || die 'no system in the cache: run tests/images/mkdom0 once'
work=$(mktemp -d "${TMPDIR:-/tmp}/life-XXXXXX")
root=$work/root
loop=

clean() {
	umount -R "$root" 2>/dev/null || :
	[ -z "$loop" ] || { partx -d "$loop"; losetup -d "$loop"; }
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

in_root() {
	env DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" "$@"
}

# quiet COMMAND...: inside; what it says is shown when it fails.
quiet() {
	in_root "$@" >"$work/log" 2>&1 || {
		tail -n 30 "$work/log"
		die "$* failed"
	}
}

apt() {
	quiet apt-get install -qq -y --no-install-recommends \
		--allow-downgrades "$@"
	[ -z "$(in_root dpkg --audit)" ] || die 'dpkg --audit complains'
}

# files: each file with its kind, rights, owner, target and bytes; but for the
# records of dpkg and apt, caches, and what a boot writes.
files() {
	(
		cd "$root"
		kept='-path ./var/lib/dpkg -o -path ./var/lib/apt
			-o -path ./var/cache -o -path ./var/log
			-o -path ./debs -o -path ./tmp -o -path ./run
			-o -path ./etc/ld.so.cache -o -path ./etc/*-'
		set -f
		# shellcheck disable=SC2086
		find . -xdev \( $kept \) -prune -o \
			-printf '%p %y %m %U:%G %l\n' | LC_ALL=C sort
		# shellcheck disable=SC2086
		find . -xdev \( $kept \) -prune -o -type f -print0 |
			LC_ALL=C sort -z | xargs -0 sha256sum
	)
}

# debs old|new: the packages' names inside.
debs() {
	(cd "$root" && ls "debs/$1"/*.deb | sed 's,^,/,')
}

same() {
	files >"$work/now"
	diff "$work/$1" "$work/now" || die "$2: < was there, > is there"
	echo "held: $2"
}

is() {
	[ "$1" = "$2" ] || die "$3: it is $1, not $2"
	echo "held: $3"
}

version() {
	in_root dpkg-query -W -f '${Version}' "$1"
}

truncate -s 4G "$work/disk"
echo 'type=linux' | sfdisk -q "$work/disk"
# GRUB's tools look through a loop device to its file, but for partitions.
loop=$(losetup -f --show "$work/disk")
partx -a "$loop"
mke2fs -q -t ext4 "${loop}p1"
mkdir "$root"
mount "${loop}p1" "$root"
tar -C "$root" -xf "$base"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
debian_sources >"$root/etc/apt/sources.list"
mkdir -p "$root/boot/grub" "$root/debs/old" "$root/debs/new"
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
entries=$(grep -c "on Tenon" "$root/boot/grub/grub.cfg" || :)
[ "$entries" -gt 1 ] || die "GRUB has $entries entries"
grep -o "menuentry '[^']*'" "$root/boot/grub/grub.cfg" | head -n 1 |
	grep -q 'on Tenon' || die "GRUB's first entry is another"
echo "held: GRUB's first entry is Tenon"
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
