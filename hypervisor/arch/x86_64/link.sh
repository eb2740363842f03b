#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# link.sh LDS MKSYMBOLS OUTPUT OBJECT...: links the image with a table of its
# own symbols inside. The first pass has an empty table; passes go on until a
# table describes the image that holds it. CC, LD and NM come by environment.
set -e
lds=$1 mksymbols=$2 out=$3
shift 3
tmp=$out.link
trap 'rm -rf "$tmp"' EXIT
rm -rf "$tmp"
mkdir "$tmp"

link_pass() {
	$CC -c -o "$tmp/symbols.o" "$tmp/symbols.S"
	$LD -m elf_x86_64 -static -no-pie -T "$lds" --build-id=sha1 \
		-z noexecstack -z max-page-size=4096 --no-warn-rwx-segments \
		-Map "$out.map" -o "$tmp/image" "$@" "$tmp/symbols.o"
}

sh "$mksymbols" >"$tmp/symbols.S"
for pass in 1 2 3 4; do
	link_pass "$@"
	NM=$NM sh "$mksymbols" "$tmp/image" >"$tmp/next.S"
	if cmp -s "$tmp/symbols.S" "$tmp/next.S"; then
		mv "$tmp/image" "$out"
		exit 0
	fi
	mv "$tmp/next.S" "$tmp/symbols.S"
done
echo "$out: the symbol table does not settle in $pass passes:" \
	"keep .rodata.symbols behind all code in $lds" >&2
exit 1
