#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Includes run downhill:  lib <- core, drv <- dom <- pv, hvm <- abi.
#   - A header's layer is that of the folder with the .c of its name; one
#     without a .c has no layer (types, constants, arch.h, entry.h).
#   - lib/ and emu/ are pure: lib headers only, emu also its own.
#   - arch/ uses the layers up to dom; the doors above it are in entry.h.
#   - pagetype.h is what a guest kind gives to dom/, hypercall.h how long work
#     yields: contracts like arch.h, though a .c of the name exists.
#   - Userland knows <public/>, never <tenon/> nor <arch/>.
hv=$top_srcdir/hypervisor
failed=0

rank() {
	case $1 in
	lib) echo 1 ;;
	emu | core | drv) echo 2 ;;
	dom) echo 3 ;;
	pv | hvm) echo 4 ;;
	abi) echo 5 ;;
	*) echo 0 ;;
	esac
}

layer_of_header() {
	case $1 in
	pagetype | hypercall) echo none; return ;;
	esac
	for layer in lib emu core drv dom pv hvm abi; do
		[ -f "$hv/$layer/$1.c" ] && { echo $layer; return; }
	done
	echo none
}

# included FILE: the modules whose <tenon/module.h> FILE includes.
included() {
	sed -n 's,^#[[:space:]]*include <tenon/\(.*\)\.h>.*,\1,p' "$1"
}

complain() {
	echo "$1"
	failed=1
}

# check FILE LAYER
check() {
	for module in $(included "$1"); do
		of=$(layer_of_header "$module")
		[ "$(rank "$of")" -gt "$(rank "$2")" ] && complain \
			"$1: <tenon/$module.h> of $of/ is above $2/"
		case $2,$of,$module in
		lib,*,arch | lib,*,entry | emu,*,arch | emu,*,entry)
			complain "$1: $2/ is pure: not <tenon/$module.h>" ;;
		emu,core,* | emu,drv,* | core,emu,* | drv,emu,* | dom,emu,*)
			complain "$1: not <tenon/$module.h> of $of/ in $2/" ;;
		pv,hvm,* | hvm,pv,*)
			complain "$1: pv/ and hvm/ do not know each other:" \
				"<tenon/$module.h>" ;;
		esac
	done
}

for layer in lib emu core drv dom pv hvm abi; do
	for file in "$hv/$layer"/*.[ch]; do
		[ -f "$file" ] && check "$file" $layer
	done
done
for file in "$hv/include/tenon"/*.h; do
	[ -f "$file" ] || continue
	name=${file##*/}
	layer=$(layer_of_header "${name%.h}")
	[ "$layer" = none ] || check "$file" "$layer"
done
for file in $(find "$hv/arch" -name '*.[chS]' 2>/dev/null); do
	case $file in
	"$hv"/arch/host/*) ;;
	*) check "$file" dom ;;
	esac
done
for file in $(cd "$top_srcdir" && find libctrl xenstored utils pygrub-c \
	-name '*.[ch]' 2>/dev/null); do
	grep -nE '^#[[:space:]]*include [<"](tenon|arch)/' \
		"$top_srcdir/$file" /dev/null &&
		complain "$file: userland includes the hypervisor's own headers"
done
exit $failed
