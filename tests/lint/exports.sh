#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# libtenonctrl.so gives what Debian's symbols file says, and no more: a function
# that went would need a new soname.
library=$top_builddir/libctrl/.libs/libtenonctrl.so
list=$top_srcdir/packaging/debian/libtenonctrl1.symbols
[ -f "$library" ] || { echo 'no library is built'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

$NM -D --defined-only "$library" |
	sed -n 's/^.* \(.*\)@@\(TENONCTRL_.*\)$/\1@\2/p' |
	LC_ALL=C sort >"$work/given"
sed -n 's/^ \([a-z].*@.*\) [^ ]*$/\1/p' "$list" |
	LC_ALL=C sort >"$work/listed"
[ -s "$work/given" ] || { echo "$library gives nothing"; exit 1; }
diff "$work/listed" "$work/given" && exit 0
echo "< is in $list alone, > in the library alone"
exit 1
