# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What tests of packages share: the system that mkdom0 keeps in the cache, in a
# file with a partition, as root of a chroot; what is in it, compared. Mounts that
# no one else sees end with the process. Sourced by root, behind common.sh, in a
# script that was given its arguments as "$@".

[ "$(id -u)" -eq 0 ] || die 'only root can make a system: use sudo'
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

# logged COMMAND...: what it says is shown when it fails.
logged() {
	"$@" >"$work/log" 2>&1 || {
		tail -n 30 "$work/log"
		die "$* failed"
	}
}

# quiet COMMAND...: the same inside.
quiet() {
	logged in_root "$@"
}

# files: each file with its kind, rights, owner, target and bytes; but for the
# records of package managers, caches, and what a boot writes.
files() {
	(
		cd "$root"
		kept='-path ./var/lib/dpkg -o -path ./var/lib/apt
			-o -path ./var/lib/rpm
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

# same LIST WHAT: the files are what $work/LIST says.
same() {
	files >"$work/now"
	diff "$work/$1" "$work/now" || die "$2: < was there, > is there"
	echo "held: $2"
}

is() {
	[ "$1" = "$2" ] || die "$3: it is $1, not $2"
	echo "held: $3"
}

# boots_tenon FILE: GRUB's configuration inside has Tenon first, and boots that.
boots_tenon() {
	entries=$(grep -c "on Tenon" "$root/$1" || :)
	[ "$entries" -gt 1 ] || die "GRUB has $entries entries"
	grep -o "menuentry '[^']*'" "$root/$1" | head -n 1 |
		grep -q 'on Tenon' || die "GRUB's first entry is another"
	grep -q '^ *set default="0"$' "$root/$1" ||
		die "GRUB's default is another entry than the first"
	echo "held: GRUB boots its first entry, Tenon"
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
mkdir -p "$root/boot/grub"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
