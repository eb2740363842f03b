#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each tool's manual page has every option of the tool's --help and no other, an
# exit status and examples, and mandoc finds no fault in it; and bash completes
# the tool.
command -v mandoc >/dev/null || { echo 'no mandoc'; exit 77; }
tools=$top_builddir/utils
man=$top_srcdir/man
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
	echo "$1"
	failed=1
}

# page TOOL: its manual page
page() {
	case $1 in
	domresume) echo "$man/dompause.1" ;;
	xl) echo "$man/tenon-xl.1" ;;
	xenstore-restore) echo "$man/xenstore-dump.1" ;;
	xenstore-chmod | xenstore-exists | xenstore-list | xenstore-ls | \
		xenstore-read | xenstore-rm | xenstore-watch | xenstore-write)
		echo "$man/xenstore.1"
		;;
	*) ls "$man/$1".[18] ;;
	esac
}

# Options, one a line: -x and --long.
told() {
	"$tools/$1" --help 2>&1 | sed -n \
		's/^  \(-.\), \(--[a-z-]*\).*/\1\n\2/p; s/^      \(--[a-z-]*\).*/\1/p'
}

# Those of the list of options in a page, in both ways of writing them.
written() {
	sed -n 's/^\.It Fl/Fl/p' "$1" | tr ' ' '\n' | awk '
		$0 == "," { long = 0; flag = 0; next }
		$0 == "Fl" { if (flag) long = 1; flag = 1; next }
		flag { print (long ? "--" : "-") $0; flag = long = 0 }' |
		sed 's/^--\{2,\}/--/'
}

for tool in $(cd "$tools" && ls dom* hostinfo tenon-* xenstore-* 2>/dev/null |
	grep -v '\.'); do
	[ -x "$tools/$tool" ] && [ "$tool" != domrun-init ] || continue
	file=$(page "$tool")
	[ -f "$file" ] || { fail "$tool has no manual page"; continue; }
	told "$tool" | sort -u >"$work/told"
	written "$file" | sort -u >"$work/written"
	for option in $(comm -23 "$work/told" "$work/written"); do
		case $tool$option in
		*--help | *--version) ;;
		# Theirs stand in the text, by letters.
		xenstore-*--*) ;;
		xenstore-*)
			grep -q "Fl [a-zA-Z]*${option#-}" "$file" ||
				fail "$file: $tool's $option is not in it"
			;;
		*) fail "$file: $tool's $option is not in it" ;;
		esac
	done
	echo "$file" >>"$work/pages"
	sed "s|^|$file |" "$work/told" >>"$work/all"
	grep -qw "$tool" "$top_srcdir/utils/completion/tenon.bash" ||
		fail "bash does not complete $tool"
done
[ -s "$work/all" ] || fail "there are no tools in $tools"
for file in $(sort -u "$work/pages"); do
	for option in $(written "$file" | sort -u); do
		case $file$option in
		*--help | *--version | *-h | *xenstore-control*) ;;
		*)
			grep -qxF -e "$file $option" "$work/all" ||
				fail "$file: no tool has $option"
			;;
		esac
	done
	for section in 'EXIT STATUS' EXAMPLES; do
		grep -q "^.Sh $section" "$file" || fail "$file: no $section"
	done
done
for file in "$man"/*.[178]; do
	mandoc -Tlint -W warning "$file" || failed=1
done
exit $failed
