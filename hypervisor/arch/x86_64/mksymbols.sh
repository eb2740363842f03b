#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# mksymbols.sh [ELF]: writes the assembly of the image's own symbol table, which
# a backtrace on the running machine reads. Without ELF the table is empty.
#
#   symbols_count    u32: the number of entries
#   symbols_offsets  u32 each, ascending: address minus the image's first byte
#   symbols_names    the names in the same order, each ended by a zero byte
#
# The base is _image_start where the linker script has it, else the lowest
# symbol. Only code is named.
set -e
echo '	.section .rodata.symbols, "a", @progbits'
echo '	.balign 4'
for s in symbols_count symbols_offsets symbols_names; do
	printf '\t.globl %s\n\t.hidden %s\n' $s $s
done
if [ -z "$1" ]; then
	printf 'symbols_count:\n\t.long 0\nsymbols_offsets:\nsymbols_names:\n'
else
	base=$(${NM:-nm} "$1" | awk '$3 == "_image_start" { print $1 }')
	[ -n "$base" ] || base=$(${NM:-nm} -n "$1" |
		awk '$2 ~ /[tT]/ { print $1; exit }')
	# Sixteen digits exceed what awk counts exactly; the last eight do not,
	# and an image is far smaller than 4 GiB.
	${NM:-nm} -n "$1" | LC_ALL=C awk -v base="$base" '
	function hex(s,  i, v) {
		v = 0
		for (i = 1; i <= length(s); i++)
			v = v * 16 + index("0123456789abcdef",
					   substr(s, i, 1)) - 1
		return v
	}
	BEGIN { b = hex(substr(base, 9)) }
	$2 ~ /^[tT]$/ && $3 !~ /^\.L/ && $1 != last {
		at = hex(substr($1, 9)) - b
		if (substr($1, 1, 8) != substr(base, 1, 8) || at < 0)
			next
		last = $1
		offset[n] = at
		name[n++] = $3
	}
	END {
		printf "symbols_count:\n\t.long %d\nsymbols_offsets:\n", n
		for (i = 0; i < n; i++)
			printf "\t.long %d\n", offset[i]
		print "symbols_names:"
		for (i = 0; i < n; i++)
			printf "\t.asciz \"%s\"\n", name[i]
	}'
fi
echo '	.section .note.GNU-stack, "", @progbits'
