#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# build.sh OUT: makes the micro-guests in OUT, an ELF kernel for each .c file
# here but guest.c: OUT/traps from traps.c.
set -e
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo 'usage: build.sh OUT' >&2; exit 2; }
flags="-std=gnu11 -O1 -g -Wall -Wextra -Werror -ffreestanding
	-mgeneral-regs-only -mno-red-zone -fno-stack-protector -fno-pic
	-mcmodel=kernel -fcf-protection=none -fno-asynchronous-unwind-tables
	-I$here/../../hypervisor/include"
mkdir -p "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile SOURCE: into $work, as its name with .o behind it.
compile() {
	# shellcheck disable=SC2086
	${CC:-cc} $flags -c "$here/$1" -o "$work/$1.o"
}

compile start.S
compile guest.c
for source in "$here"/*.c; do
	source=${source##*/}
	[ "$source" != guest.c ] || continue
	compile "$source"
	ld -nostdlib -static -z noexecstack --no-warn-rwx-segments \
		-T "$here/guest.lds" -o "$1/${source%.c}" "$work/start.S.o" \
		"$work/guest.c.o" "$work/$source.o"
done
