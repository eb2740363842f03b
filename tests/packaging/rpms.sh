#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rpms.sh RPMS: installs Fedora's packages of the folder RPMS by rpm in a system
# in a file, with their scriptlets, looks that every file is in place and that
# GRUB boots Tenon, erases them, and compares every file with what was there
# before. The system is Debian's with GRUB under Fedora's names: what the packages
# need by name is not looked for. Root and loop devices. The last line says "all
# held".
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../images/common.sh"
[ $# -eq 1 ] || { echo 'usage: rpms.sh RPMS' >&2; exit 2; }
. "$here/root.sh"

# Fedora's rpm does not know --force-debian.
rpm_in_root() {
	logged rpm --root "$root" --dbpath /var/lib/rpm --noplugins "$@"
}
force=
[ ! -e /etc/debian_version ] || force=--force-debian

ln -s grub-mkconfig "$root/usr/sbin/grub2-mkconfig"
ln -s ../boot/grub2/grub.cfg "$root/etc/grub2.cfg"
# Fedora's package filesystem has these.
mkdir -p "$root/boot/grub2" "$root/usr/lib64/pkgconfig" \
	"$root/usr/share/licenses"
quiet grub2-mkconfig -o /boot/grub2/grub.cfg
files >"$work/before"

names=$(rpm -qp --queryformat '%{NAME}\n' "$1"/*.rpm)
rpm_in_root -i $force --nodeps "$1"/*.rpm
is "$(rpm --root "$root" --dbpath /var/lib/rpm -qa --queryformat '%{NAME}\n' |
	sort | xargs)" "$(echo "$names" | sort | xargs)" 'all are installed'
# shellcheck disable=SC2086
rpm_in_root -V --nodeps $names
echo 'held: each file is in place, as it was packed'
boots_tenon boot/grub2/grub.cfg
for tool in domls domcreate pygrub-c; do
	quiet "$tool" --help
done
echo 'held: tools start'
# shellcheck disable=SC2086
rpm_in_root -e --nodeps $names
same before 'once they are erased each file is what it was'
echo 'all held'
