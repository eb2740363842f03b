#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# all.sh [--stock] BUILD OUT: makes in OUT what boots on the hypervisor of the
# build tree BUILD: vmlinuz, vmlinux, guest.gz, dom0.gz with BUILD's userland, and
# stock.gz, what makes a dom0 with Debian's tools, too, when it follows dom0.gz.
# BUILD must be configured with --prefix=/usr. --stock: it does in dom0.gz.
set -e
here=$(cd "$(dirname "$0")" && pwd)
stock=
[ "$1" = --stock ] && { stock=--stock; shift; }
[ $# -eq 2 ] || { echo 'usage: all.sh [--stock] BUILD OUT' >&2; exit 2; }
build=$1 out=$2
mkdir -p "$out"
out=$(cd "$out" && pwd)
grep -q '^prefix = /usr$' "$build/Makefile" || {
	echo "all.sh: $build is not configured with --prefix=/usr" >&2
	exit 1
}
rm -rf "$out/stage"
make -s -C "$build" install DESTDIR="$out/stage" >"$out/install.log" 2>&1 || {
	tail -n 20 "$out/install.log" >&2
	exit 1
}
# The tests' own aids travel with the userland.
install -D "$build/tests/bench/meminfo" "$out/stage/usr/bin/meminfo"
install "$build/tests/boot/holdings" "$build/tests/boot/dirty" \
	"$build/tests/soak/churn" "$out/stage/usr/bin"
install -m 755 "$here/../guest/micro.sh" "$out/stage/usr/bin/micro"
install -m 755 "$here/../boot/kill-create.sh" "$out/stage/usr/bin/kill-create"
sh "$here/../guest/build.sh" "$out/stage/guest/micro"
"$here/kernel.sh" "$out"
"$here/guest.sh" "$out/guest.gz"
"$here/stock-tools.sh" "$out" "$out/stock.gz"
"$here/dom0.sh" "$out/stage" "$out" "$out/guest.gz" "$out/dom0.gz"
[ -z "$stock" ] || cat "$out/stock.gz" >>"$out/dom0.gz"
