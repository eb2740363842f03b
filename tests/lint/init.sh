#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Code that is freed once dom0 starts (the files named in hv.lds) is called by
# itself and by main.c alone.
lds=$top_srcdir/hypervisor/arch/x86_64/hv.lds
cd "$top_builddir/hypervisor" || exit 1
objects=$(find . -name 'tenon-*.o')
[ -n "$objects" ] || { echo 'no image is built'; exit 77; }
tmp=$(mktemp) || exit 1
trap 'rm -f "$tmp"' EXIT
freed=
for name in $(sed -n 's/^\t*\*tenon-\([a-z0-9_]*\)\.o(.*/\1/p' "$lds"); do
	object=$(echo "$objects" | grep "/tenon-$name\.o\$") || {
		echo "hv.lds: no object is called tenon-$name.o"
		exit 1
	}
	freed="$freed $object"
done
# Code and constants; variables stay.
for object in $freed; do
	$NM -g --defined-only "$object" | awk '$2 ~ /[TR]/ { print $3 }'
done >"$tmp"
[ -s "$tmp" ] || { echo 'hv.lds names no file that is freed'; exit 1; }
failed=0
for object in $objects; do
	case " $freed ./arch/x86_64/tenon-main.o " in
	*" $object "*) continue ;;
	esac
	for name in $($NM -u "$object" | awk '{ print $2 }' |
			grep -Fxf "$tmp"); do
		echo "$object uses $name, which is freed when dom0 starts"
		failed=1
	done
done
exit $failed
