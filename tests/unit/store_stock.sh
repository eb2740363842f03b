#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Debian's clients against our daemon, and our tools beside them: the same
# commands give the same output, to the byte, and the same answer (0 or not;
# only words that a tool does not know end ours with 2 and Debian's with 1).
# Then python3-pyxs does its work. The packages come from the cache.
set -u
. "$top_srcdir/tests/images/common.sh"
utils=$(cached xenstore-utils) && lib=$(cached libxenstore4) &&
	core=$(cached libxentoolcore1) && pyxs=$(cached python3-pyxs) ||
	exit 77
libraries=$lib/usr/lib/x86_64-linux-gnu:$core/usr/lib/x86_64-linux-gnu
here=$top_srcdir/tests/unit
dir=$(mktemp -d) || exit 99
daemon=
trap '[ -z "$daemon" ] || kill $daemon 2>/dev/null; rm -rf "$dir"' EXIT

start() {
	XENSTORED_PATH=$dir/$1.socket
	export XENSTORED_PATH
	"$top_builddir/xenstored/xenstored" -F --no-hypervisor \
		--socket="$XENSTORED_PATH" 2>"$dir/$1.log" &
	daemon=$!
	i=0
	until "$top_builddir/utils/xenstore-exists" /tool 2>/dev/null; do
		i=$((i + 1))
		[ $i -lt 200 ] || { cat "$dir/$1.log"; exit 1; }
		sleep 0.05
	done
}

stop() {
	kill $daemon
	wait $daemon || { echo "the daemon ended with $?"; exit 1; }
	daemon=
}

# xs TOOL ARGS...: of the side whose turn it is.
xs() {
	name=$1
	shift
	if [ $side = ours ]; then
		timeout 20 "$top_builddir/utils/xenstore-$name" "$@"
	else
		LD_LIBRARY_PATH=$libraries timeout 20 \
			"$utils/usr/bin/xenstore-$name" "$@"
	fi
}

# run ARGS...: the command, what it prints, and whether it liked it.
run() {
	echo "\$ $*"
	xs "$@" 2>>"$dir/$side.errors"
	status=$?
	[ $status -eq 2 ] && status=1
	echo "status $status"
}

. "$here/store_stock_script.sh"

for side in stock ours; do
	start $side
	script >"$dir/$side.out"
	if [ $side = ours ]; then
		PYTHONPATH=$pyxs/usr/lib/python3/dist-packages \
			timeout 20 python3 "$here/store_pyxs.py" || exit 1
	fi
	stop
done
if ! diff -u "$dir/stock.out" "$dir/ours.out"; then
	echo "Debian's tools said:"
	cat "$dir/stock.errors"
	echo 'Ours said:'
	cat "$dir/ours.errors"
	exit 1
fi
[ "$(grep -c '^status 0' "$dir/ours.out")" -ge 40 ] ||
	{ echo 'hardly any command worked'; cat "$dir/ours.out"; exit 1; }
