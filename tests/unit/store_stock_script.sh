# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What store_stock.sh has both sets of tools do: each option, each form of
# output, values of every byte, and the errors.
script() {
	run write /a/b 1 /a/c 22 /a/d/10 ten /a/d/9 nine
	run write -s /a/s 's s'
	run read /a/b /a/c
	run read -p /a/b /a/c
	run read -s /a/s
	run read -R /a/c
	run read -pR /a/b /a/c
	run read -- /a/b
	run read /a/none
	run read /a/b /a/none /a/c
	run read a/b
	run list /a
	run list -p /a /a/d
	run list -s /
	run list /a /none /a/d
	run list /a/b
	run list /none
	run exists /a
	run exists /a /a/b
	run exists /none
	run exists /a /none
	run exists /none /a
	run exists -s /a
	run ls
	run ls /a
	run ls -f
	run ls -f /a
	run ls -p /a
	run ls -fp /a
	run ls -s /a/d
	run ls /none
	run ls /a/b
	run chmod /a/b n0 r5 w6
	run ls -p /a
	run ls -fp
	run chmod -r /a b1
	run ls -fp /a
	run chmod -u /a/d/9 r3 b4
	run ls -fp /a
	run chmod -r -u /a/d n7
	run ls -fp
	run chmod /a x1
	run chmod /a
	run chmod /none n0
	run write /e/all 'a\001b\n\x41\q\\ \t\r\177\200\xff"'
	run read /e/all
	run read -R /e/all
	run ls /e
	run ls -f /e
	run write -R /e/raw '\x41\n'
	run read /e/raw
	run write /e/empty ''
	run read /e/empty
	run read -p /e/empty
	run ls -p /e
	long=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv
	for n in 40 52; do
		run write "/long/n$n" "$(printf %.${n}s $long)"
	done
	run write /long/more "$long$long$long"
	run write "/long/$long/$long" "$long"
	run write "/long/$long/x/y/z" 'a\001\002\003b'
	run ls /long
	run ls -p /long
	run ls -f /long
	run ls -fp /long
	run rm /e/all /e/raw
	run rm -t /a/d/9
	run rm -t /a/d/10
	run ls -f
	run rm /none
	run rm /none/below
	run rm -s /a/b
	run rm /a/c /x/y/z
	run list /a
	run write /t/1/2/3 x
	run rm -t /t/1/2/3
	run ls
	run write /q
	run write
	run read
	run list
	run exists
	run rm
	run watch
	run write /bad/ 1
	run write '/sp ace' 1
	run read /bad/
	run watch -n 1 /a
	run watch -n 2 /a /long
	(
		sleep 0.3
		xs write /w/x 1
		sleep 0.1
		xs rm /w/x
		sleep 0.1
		xs write /w/y/z 1
	) >/dev/null 2>&1 &
	run watch -n 4 /w
	wait $!
	run ls -fp /w
	i=0
	while [ $i -lt 300 ]; do
		set -- "$@" "/big/child-$i" $i
		i=$((i + 1))
	done
	xs write "$@"
	run list /big
	run ls /big
}
