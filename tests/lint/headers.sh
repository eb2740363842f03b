#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every header compiles alone: those of the hypervisor with the include paths
# of the image and of the fake machine, those of libctrl and pygrub-c as userland
# sees them.
hv=$top_srcdir/hypervisor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# alone HEADER FLAG...: compiles nothing but "#include <HEADER>".
alone() {
	header=$1
	shift
	echo "#include <$header>" >"$work/t.c"
	# shellcheck disable=SC2086
	if ! $CC $WARN_CFLAGS -fsyntax-only "$@" "$work/t.c" 2>"$work/err"
	then
		echo "$header does not compile alone:"
		head -n 5 "$work/err"
		failed=1
	fi
}

headers_of() {
	[ -d "$1" ] && (cd "$1" && find . -name '*.h' | sed 's,^\./,,' | sort)
}

for header in $(headers_of "$hv/include"; headers_of \
	"$hv/arch/x86_64/include"); do
	alone "$header" -ffreestanding -mgeneral-regs-only -nostdinc \
		-isystem "$CC_INCLUDE" -I"$hv/include" \
		-I"$hv/arch/x86_64/include"
done
if [ -d "$hv/arch/host/include" ]; then
	for header in $(headers_of "$hv/include"; headers_of \
		"$hv/arch/host/include"); do
		alone "$header" -DTENON_HOSTED -D_GNU_SOURCE -I"$hv/include" \
			-I"$hv/arch/host/include"
	done
fi
for header in $(headers_of "$top_srcdir/libctrl/include"); do
	alone "$header" -D_GNU_SOURCE -I"$top_srcdir/libctrl/include" \
		-I"$hv/include"
done
for header in $(headers_of "$top_srcdir/pygrub-c"); do
	alone "$header" -D_GNU_SOURCE -I"$top_srcdir/pygrub-c" \
		-I"$top_srcdir/libctrl/include"
done
exit $failed
