#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Compares the public headers with Debian's libxen-dev: every size, offset,
# constant and enumerator that hypervisor/include/public defines is printed by
# one program, compiled once with ours and once with theirs. Then looks for
# constants of theirs, of the families in families.list, that ours lack.
#
# CC, AWK and top_srcdir come from the environment; XEN_INCLUDE is the folder
# that holds xen/xen.h, /usr/include if not given. Exits with 77 (skipped) when
# there is none.

set -u

top=${top_srcdir:-$(dirname "$0")/../..}
cc=${CC:-cc}
awk=${AWK:-awk}
peer=${XEN_INCLUDE:-/usr/include}
here=$top/tests/abi
public=$top/hypervisor/include/public

if [ ! -f "$peer/xen/xen.h" ]; then
	echo "check_abi: skipped: no $peer/xen/xen.h (install libxen-dev)" >&2
	exit 77
fi

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

die()
{
	echo "check_abi: $*" >&2
	exit 1
}

headers=$(cd "$public" && find . -name '*.h' | sed 's|^\./||' | sort)
[ -n "$headers" ] || die "no headers in $public"

# Some of theirs need xen.h and sysctl.h before them. types.h is ours alone.
{
	echo '#include <errno.h>'
	echo '#include <stddef.h>'
	echo '#include <stdint.h>'
	for h in xen.h sysctl.h $headers; do
		echo "#include <public/$h>"
	done
} >"$tmp/ours.h"
sed -e '/types\.h/d' -e 's|<public/|<xen/|' "$tmp/ours.h" >"$tmp/theirs.h"

for h in $headers; do
	$awk -f "$here/inventory.awk" "$public/$h" >>"$tmp/all" ||
		die "$h cannot be read"
done
sort -u "$tmp/all" >"$tmp/inventory"

# A second, cruder count of the same things: none may be lost in reading.
for h in $headers; do
	sed -n -e 's/^[[:space:]]*\(struct [a-z_0-9]*\) {.*/T \1/p' \
		-e 's/^[[:space:]]*\(union [a-z_0-9]*\) {.*/T \1/p' \
		-e 's/^#define \([A-Za-z_0-9]*\)[[:space:]][[:space:]]*[^[:space:]].*/C \1/p' \
		-e 's/^#define \([A-Za-z_0-9]*\)(.*/M \1/p' "$public/$h"
done | sort -u >"$tmp/crude"
comm -23 "$tmp/crude" "$tmp/inventory" >"$tmp/lost"
[ ! -s "$tmp/lost" ] || die "not in the inventory: $(cat "$tmp/lost")"

$awk -f "$here/probe.awk" "$here/exempt.list" "$here/probe.list" \
	"$tmp/inventory" >"$tmp/body" || die "the probe cannot be made"

# probe which include-folder flags...
probe()
{
	which=$1
	include=$2
	shift 2
	{
		cat "$tmp/$which.h"
		echo '#include "probe_head.h"'
		echo 'int main(void)'
		echo '{'
		cat "$tmp/body"
		echo '	probe_store_errors();'
		echo '	return 0;'
		echo '}'
	} >"$tmp/$which.c"
	$cc -std=gnu11 -O0 -w -I"$include" -I"$here" "$@" \
		-o "$tmp/$which" "$tmp/$which.c" ||
		die "the probe does not compile with $which"
	"$tmp/$which" >"$tmp/$which.out" || die "the probe failed with $which"
}

probe ours "$top/hypervisor/include"
probe theirs "$peer" -D__XEN_TOOLS__

if ! diff "$tmp/ours.out" "$tmp/theirs.out" >"$tmp/diff"; then
	echo "check_abi: ours (<) and $peer/xen (>) differ:" >&2
	cat "$tmp/diff" >&2
	exit 1
fi

# The other way: the names of theirs in the families that must be complete.
$cc -E -dM -D__XEN_TOOLS__ -I"$peer" "$tmp/theirs.h" |
	sed -n 's/^#define \([A-Za-z_0-9]*\) .*/\1/p' | sort -u >"$tmp/names"
$cc -E -dM -I"$top/hypervisor/include" "$tmp/ours.h" |
	sed -n 's/^#define \([A-Za-z_0-9]*\) .*/\1/p' | sort -u >"$tmp/own"
sed -e '/^#/d' -e '/^$/d' -e 's/^/^/' "$here/families.list" >"$tmp/families"
sed -e "/^#/d" -e "s/[ \t].*//" "$here/exempt.list" | sort -u - "$tmp/own" |
	comm -23 "$tmp/names" - | grep -f "$tmp/families" >"$tmp/missing"
if [ -s "$tmp/missing" ]; then
	echo "check_abi: $peer/xen defines, and we do not:" >&2
	cat "$tmp/missing" >&2
	exit 1
fi

echo "check_abi: $(grep -c '^T' "$tmp/inventory") types," \
	"$(grep -c '^F' "$tmp/inventory") fields and" \
	"$(grep -c '^[CEM]' "$tmp/inventory") constants agree"
