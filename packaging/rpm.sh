#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rpm.sh OUT: builds Fedora's packages from this checkout, as it stands in its
# last commit, in OUT. On another system than Fedora what the build needs is not
# looked for by the names of packages, and systemd's macros and the packages
# with debugging information are left out. rpmlint -c packaging/rpmlint.toml
# judges them. CHECK=no leaves the unit tests out.
set -e
[ $# -eq 1 ] || { echo 'usage: rpm.sh OUT' >&2; exit 2; }
tree=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
version=$(sed -n 's/^AC_INIT(\[tenon\], \[\(.*\)\])$/\1/p' "$tree/configure.ac")
mkdir -p "$out/top/SOURCES"
git -C "$tree" archive --prefix="tenon-$version/" HEAD |
	xz -1 >"$out/top/SOURCES/tenon-$version.tar.xz"
set -- -bb
[ "$CHECK" != no ] || set -- "$@" --without check
# Debian's rpm has a script for bash that asks for sh; a macro is one line.
post='bash %{_rpmconfigdir}/brp-compress /usr'
post="$post && %{_rpmconfigdir}/brp-strip strip"
[ -e /etc/fedora-release ] ||
	set -- "$@" --nodeps --define 'debug_package %{nil}' \
		--define '_build_id_links none' \
		--define "__os_install_post $post"
rpmbuild "$@" --define "_topdir $out/top" "$tree/packaging/tenon.spec" \
	>"$out/build.log" 2>&1 || {
	tail -n 40 "$out/build.log" >&2
	echo "rpm.sh: the build failed; the whole log: $out/build.log" >&2
	exit 1
}
mv "$out"/top/RPMS/*/*.rpm "$out/"
rm -rf "$out/top"
ls "$out"/*.rpm
