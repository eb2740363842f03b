#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The rules of the text itself: a licence line on top of every source, no file
# over 1,000 lines, nothing that is unfinished by its own words.
cd "$top_srcdir" || exit 1
failed=0
fail() {
	echo "$1"
	failed=1
}

sources() {
	find hypervisor libctrl xenstored utils tests pygrub-c -type f \
		\( -name '*.[chS]' -o -name '*.sh' -o -name '*.py' -o \
		-name '*.def' -o -name '*.lds' \) 2>/dev/null
}

for file in $(sources); do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' ||
		fail "$file: no SPDX line at its head"
	[ "$(wc -l <"$file")" -le 1000 ] ||
		fail "$file: over 1,000 lines: split it"
done
mark='TO''DO|FIX''ME|XX''X:'
found=$(sources | xargs grep -nE "$mark" /dev/null) &&
	fail "unfinished by their own words:
$found"
exit $failed
