#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# deb.sh OUT: builds Debian's packages from this checkout, as it stands in its
# last commit, in OUT. What the build needs is in packaging/debian/control; root
# has it installed. DEB_BUILD_OPTIONS=nocheck leaves the unit tests out,
# noautodbgsym the packages with debugging information.
set -e
[ $# -eq 1 ] || { echo 'usage: deb.sh OUT' >&2; exit 2; }
tree=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
version=$(sed -n 's/^AC_INIT(\[tenon\], \[\(.*\)\])$/\1/p' "$tree/configure.ac")
work=$out/tenon-$version
rm -rf "$work"
mkdir "$work"
git -C "$tree" archive HEAD | tar -xf - -C "$work"
# The same bytes from the same commit, whenever it is built.
when=$(git -C "$tree" log -1 --format=%ct)
tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner \
	--mtime="@$when" -cf - "tenon-$version" |
	xz -1 >"$out/tenon_$version.orig.tar.xz"
cp -R "$work/packaging/debian" "$work/debian"
cd "$work"
jobs=-j$(nproc)
case $DEB_BUILD_OPTIONS in
*parallel=*) jobs= ;;
esac
# shellcheck disable=SC2086
dpkg-buildpackage -us -uc -b $jobs >"$out/build.log" 2>&1 || {
	tail -n 40 "$out/build.log" >&2
	echo "deb.sh: the build failed; the whole log: $out/build.log" >&2
	exit 1
}
rm -rf "$work"
ls "$out"/*.deb
