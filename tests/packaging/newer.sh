#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# newer.sh DEBS OUT: the packages of the folder DEBS again, as their next
# version: for tests of upgrades that need no second build.
set -e
[ $# -eq 2 ] || { echo 'usage: newer.sh DEBS OUT' >&2; exit 2; }
mkdir -p "$2"
work=$(mktemp -d "${TMPDIR:-/tmp}/newer-XXXXXX")
trap 'rm -rf "$work"' EXIT
for deb in "$1"/*.deb; do
	case $deb in
	*-dbgsym_*) continue ;;
	esac
	version=$(dpkg-deb -f "$deb" Version)
	dpkg-deb -R "$deb" "$work/deb"
	sed -i "s/^Version: .*/&+next/; s/(= $version)/(= $version+next)/g" \
		"$work/deb/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone -b "$work/deb" "$2" >/dev/null
	rm -rf "$work/deb"
done
