#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The image holds nothing that the user's or a distribution's flags bring in:
# no stack protector, no fortified functions, no sanitizer, no libc, and
# nothing undefined.
image=$top_builddir/hypervisor/tenon
[ -f "$image" ] || { echo 'no image is built'; exit 77; }
foreign='__stack_chk|__asan|__ubsan|__tsan|__msan|__sanitizer|_chk$'
foreign="$foreign|__fentry__|mcount|__gcov|__cyg_profile|__libc|_dl_"
failed=0

if $NM "$image" | awk '{ print $NF }' | grep -E "$foreign"; then
	echo "^ foreign symbols in $image"
	failed=1
fi
if $NM -u "$image" | grep .; then
	echo "^ undefined symbols in $image"
	failed=1
fi
if readelf -lW "$image" | grep -E 'INTERP|DYNAMIC|GNU_PROPERTY'; then
	echo "^ program headers of a hosted program in $image"
	failed=1
fi
exit $failed
