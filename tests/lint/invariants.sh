#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every test that INVARIANTS.md names is there.
cd "$top_srcdir/tests" || exit 1
failed=0
missing() {
	echo "INVARIANTS.md: there is no $1"
	failed=1
}

# Files: unit/X, fuzz/X, guest/X, model/X, and what follows them in a list.
for name in $(grep -o '\(unit\|fuzz\|guest\)/[a-z0-9_]*[a-z0-9]\b' \
	INVARIANTS.md | sort -u); do
	[ -f "$name.c" ] || ls "$name"_*.c >/dev/null 2>&1 || missing "$name"
done
for name in $(grep -o 'model/[a-z][a-z]*' INVARIANTS.md | sort -u); do
	[ -f "$name.pml" ] || missing "$name"
done
# "unit/X: y, z": functions.
grep -o 'unit/[a-z0-9_]*: [a-z0-9_, ]*[a-z0-9_]' INVARIANTS.md |
	while IFS=: read -r file functions; do
		for function in $(echo "$functions" | tr ',' ' '); do
			grep -q "^static void $function\|($function" \
				"$file.c" 2>/dev/null ||
				ls unit/"$function".c >/dev/null 2>&1 ||
				echo "$file: $function"
		done
	done >"${TMPDIR:-/tmp}/invariants.$$"
while read -r line; do
	missing "$line"
done <"${TMPDIR:-/tmp}/invariants.$$"
rm -f "${TMPDIR:-/tmp}/invariants.$$"
exit $failed
