#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# build.sh OUT: makes the micro-guest OUT/edges, an ELF kernel for module 1.
set -e
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo 'usage: build.sh OUT' >&2; exit 2; }
flags="-std=gnu11 -O1 -g -Wall -Wextra -Werror -ffreestanding
	-mgeneral-regs-only -mno-red-zone -fno-stack-protector -fno-pic
	-mcmodel=kernel -fcf-protection=none -fno-asynchronous-unwind-tables
	-I$here/../../hypervisor/include"
objects=
for source in start.S guest.c edges.c; do
	# shellcheck disable=SC2086
	${CC:-cc} $flags -c "$here/$source" -o "$1/$source.o"
	objects="$objects $1/$source.o"
done
# shellcheck disable=SC2086
ld -nostdlib -static -z noexecstack --no-warn-rwx-segments \
	-T "$here/guest.lds" -o "$1/edges" $objects
