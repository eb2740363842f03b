#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# kill-create COUNT [both]: starts domcreate and kills it with SIGKILL at COUNT
# instants that are spread over its life; "both" kills its guardian, too.
# Prints how often it was still at work: COUNT, unless its life is too unlike
# from one time to the next. In dom0, for the boot tests.
count=$1
both=$2
set -- -p name=k kernel=/guest/micro/time ramdisk=/guest/initrd.gz memory=256

# now: milliseconds of uptime, in steps of 10.
now() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}0"
}

# children PID: the numbers of its children.
children() {
	grep -l "^PPid:[[:space:]]*$1\$" /proc/[0-9]*/status 2>/dev/null |
		sed 's,/proc/\(.*\)/status,\1,'
}

began=$(now)
domcreate "$@" >/dev/null || exit 1
life=$(($(now) - began))
domstop -f k
alive=0
tries=0
while [ $alive -lt "$count" ] && [ $((tries += 1)) -le $((count * 3)) ]; do
	domcreate "$@" >/dev/null 2>&1 &
	pid=$!
	usleep $((life * 1000 * (alive + 1) / (count + 1)))
	targets=$pid
	# The guardian first, or it would begin.
	[ -z "$both" ] || targets="$(children $pid) $pid"
	if kill -0 $pid 2>/dev/null; then
		alive=$((alive + 1))
	else
		life=$((life * 7 / 8))
	fi
	# shellcheck disable=SC2086
	kill -9 $targets 2>/dev/null
	wait $pid 2>/dev/null
	# It may have been whole by then.
	domstop -f k 2>/dev/null
done
echo "alive=$alive life=$life"
