#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# micro start NAME KERNEL [KEY=VALUE]...: runs /guest/micro/KERNEL in a domain
# called NAME.
# micro end NAME SECONDS: waits until it has stopped, prints what it said and
# then "state: shutdown" (or crashed, or running), and destroys it.
# In dom0, for the boot tests.
name=$2
log=/var/log/xen/guest-$name.log

state() {
	domls | awk -v name="$name" '$1 == name { print $5 }'
}

case $1 in
start)
	kernel=$3
	shift 3
	rm -f "$log"
	exec domcreate "kernel=/guest/micro/$kernel" memory=8 \
		on_poweroff=preserve on_crash=preserve "name=$name" "$@"
	;;
end)
	tenths=$(($3 * 10))
	while :; do
		state=$(state)
		case $state in
		shutdown | crashed | '') break ;;
		esac
		[ $((tenths -= 1)) -gt 0 ] || break
		usleep 100000
	done
	# The console daemon reads the last lines when it hears of the end.
	usleep 50000
	tr -d '\r' <"$log"
	echo "state: $state"
	domstop -f "$name"
	;;
esac
