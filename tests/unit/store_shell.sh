#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# xenstore-shell against the daemon, on a pty and with scripts.
set -u
dir=$(mktemp -d) || exit 99
XENSTORED_PATH=$dir/socket
export XENSTORED_PATH
"$top_builddir/xenstored/xenstored" -F --no-hypervisor 2>"$dir/log" &
daemon=$!
trap 'kill $daemon 2>/dev/null; rm -rf "$dir"' EXIT
i=0
until "$top_builddir/utils/xenstore-exists" /tool 2>/dev/null; do
	i=$((i + 1))
	[ $i -lt 200 ] || { cat "$dir/log"; exit 1; }
	sleep 0.05
done
timeout 120 python3 "$top_srcdir/tests/unit/store_shell.py" \
	"$top_builddir/utils/xenstore-shell"
