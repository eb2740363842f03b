#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# reproduce.sh WORK: builds Debian's packages of the last commit twice, in two
# folders of WORK and at two times, with another umask, time zone, locale and
# number of jobs, and compares the packages byte for byte. Ends with 0 when all
# are the same; diffoscope shows what is not.
set -e
[ $# -eq 1 ] || { echo 'usage: reproduce.sh WORK' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
export DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-nocheck}"
# A compiler's cache may give an object with the folder of another build.
export CCACHE_DISABLE=1
mkdir -p "$1"
(umask 022 && TZ=UTC LC_ALL=C "$here/deb.sh" "$1/one" >/dev/null)
(umask 002 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 \
	DEB_BUILD_OPTIONS="$DEB_BUILD_OPTIONS parallel=1" \
	"$here/deb.sh" "$1/a/longer/folder" >/dev/null)
failed=0
for deb in "$1"/one/*.deb; do
	cmp "$deb" "$1/a/longer/folder/${deb##*/}" || failed=1
done
[ $failed -ne 0 ] || \
	echo "the same twice: $(ls "$1"/one/*.deb | wc -l) packages"
exit $failed
