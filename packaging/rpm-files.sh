#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# rpm-files.sh ROOT LIBDIR UNITDIR: from Debian's lists of files and links makes
# the lists PACKAGE.files of what is installed in ROOT, for the %files of
# tenon.spec, with the folders that are Tenon's alone; makes the links. Every
# file must be in one list.
set -e
[ $# -eq 3 ] || { echo 'usage: rpm-files.sh ROOT LIBDIR UNITDIR' >&2; exit 2; }
root=$1 libdir=$2 unitdir=$3
here=$(cd "$(dirname "$0")" && pwd)

while read -r target link; do
	case $target in
	# rpm compresses pages later, under a name of its choice.
	*/man1/*) echo ".so man1/${target##*/}" | sed 's/\.gz$//' \
		>"$root/${link%.gz}" ;;
	*)
		mkdir -p "$root/${link%/*}"
		ln -sr "$root/$target" "$root/$link"
		echo "/$link" >>tenon-xl.links
		;;
	esac
	case $link in
	*/man1/*) echo "/${link%.gz}*" >>tenon-xl.links ;;
	esac
done <"$here/debian/tenon-xl.links"

# Those of tenon-xl come first, for they were made in folders of others.
sed 's,^,,' tenon-xl.links >tenon-xl.files
for list in "$here"/debian/*.install; do
	name=${list##*/}
	name=${name%.install}
	while read -r pattern; do
		case $pattern in
		etc/init.d/*) continue ;;
		lib/systemd) pattern=${unitdir#/} ;;
		usr/lib/\*/*) pattern=${libdir#/}/${pattern#usr/lib/\*/} ;;
		esac
		# shellcheck disable=SC2086
		(cd "$root" && find $pattern ! -type d) |
			sed 's,^,/,; s,^/.*/man/.*,&*,
				s,^/etc/,%config(noreplace) /etc/,'
		(cd "$root" && find $pattern -type d \( -path '*tenon*' -o \
			-name '*.service.d' \) -printf '%%dir /%p\n')
	done <"$list" | grep -vxFf tenon-xl.links >>"$name.files"
done
rm tenon-xl.links

cat ./*.files | grep -v '^%dir' |
	sed 's/^%config(noreplace) //; s/\*$//' | sort >all.listed
(cd "$root" && find . ! -type d | sed 's,^\.,,') | sort |
	diff all.listed - && rm all.listed
