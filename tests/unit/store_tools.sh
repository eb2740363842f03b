#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The xenstore tools against the daemon: output to the byte, exit statuses.
set -u
tools=$top_builddir/utils
dir=$(mktemp -d) || exit 99
XENSTORED_PATH=$dir/socket
export XENSTORED_PATH
"$top_builddir/xenstored/xenstored" -F --no-hypervisor 2>"$dir/log" &
daemon=$!
trap 'kill $daemon 2>/dev/null; rm -rf "$dir"' EXIT
fails=0

xs() {
	name=$1
	shift
	timeout 20 "$tools/xenstore-$name" "$@"
}

# expect STATUS OUTPUT TOOL ARGS: both must be just so.
expect() {
	status=$1 output=$2
	shift 2
	got=$(xs "$@" 2>>"$dir/errors"; echo "status $?")
	want="$output${output:+
}status $status"
	if [ "$got" != "$want" ]; then
		echo "FAIL: $*"
		echo "  wanted: $want"
		echo "  got:    $got"
		fails=$((fails + 1))
	fi
}

i=0
until xs exists /tool 2>/dev/null; do
	i=$((i + 1))
	[ $i -lt 100 ] || { cat "$dir/log"; exit 1; }
	sleep 0.1
done

expect 0 '' write /a/b 1 /a/c 22 /a/d/10 ten /a/d/9 nine
expect 0 '1
22' read /a/b /a/c
expect 0 '/a/b: 1' read -p /a/b
expect 1 '1' read /a/b /a/none /a/c
expect 0 'b
c
d' list /a
expect 0 '/a/d/9
/a/d/10' list -p /a/d
expect 1 '' list /none
expect 0 '' exists /a /a/b
expect 1 '' exists /a /a/none
expect 0 'b = "1"
c = "22"
d = ""
 9 = "nine"
 10 = "ten"' ls /a
expect 0 '/a/d/9 = "nine"   (n0)
/a/d/10 = "ten"   (n0)' ls -fp /a/d
expect 0 '' chmod /a/b n0 r5 w6
expect 0 'b = "1"  . . . . . . . . . . . . . . . . . . . . . . . . . .  (n0,r5,w6)
c = "22" . . . . . . . . . . . . . . . . . . . . . . . . . .  (n0)
d = "" . . . . . . . . . . . . . . . . . . . . . . . . . . .  (n0)
 9 = "nine"  . . . . . . . . . . . . . . . . . . . . . . . .  (n0)
 10 = "ten"  . . . . . . . . . . . . . . . . . . . . . . . .  (n0)' ls -p /a
expect 0 '' chmod -r /a b1
expect 0 '' chmod -u /a/d/9 r3
expect 0 '/a = ""   (r3)
/a/b = "1"   (b1)
/a/c = "22"   (b1)
/a/d = ""   (r3)
/a/d/9 = "nine"   (r3)
/a/d/10 = "ten"   (b1)
/tool = ""   (n0)
/tool/xenstored = ""   (n0)' ls -fp
expect 0 '' write /e 'a\001b\n\x41\q\\' /long \
	vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv
expect 0 'a\001b\nAq\\' read /e
expect 0 '' write -R /e '\x41'
expect 0 '\\x41' read /e
expect 0 '' rm /e /a/b /a/c
expect 0 '' rm -t /a/d/9
expect 0 '' rm -t /a/d/10
expect 1 '' exists /a
expect 0 '' rm /a
expect 1 '' rm /a/b/c
expect 0 'long = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\..."
tool = ""
 xenstored = ""' ls
expect 2 '' ls -Z
expect 2 '' read
expect 2 '' write /a
expect 2 '' chmod /a x1
expect 2 '' watch -n 0 /a

(sleep 0.5; xs write /w/x 1; sleep 0.3; xs write /w/y 1) &
expect 0 '/w
/w/x
/w/y' watch -n 3 /w
expect 0 'OK' control check
expect 1 '' control no-such-command
expect 2 '' control
expect 2 '' control live-update -x
case $(xs stats) in
*'QUOTA '*) ;;
*) echo 'FAIL: stats shows no quotas'; fails=1 ;;
esac
xs stats --json | python3 -c 'import json, sys
all = json.load(sys.stdin)
assert all["store"]["nodes"] > 4, all
assert [o for o in all["operations"] if o["name"] == "WRITE"]
' || fails=1
expect 2 '' stats nothing
expect 1 '' control live-update /nowhere/xenstored
xs write /before/update 1
expect 0 'OK' control live-update -t 5 "$top_builddir/xenstored/xenstored"
expect 0 '1' read /before/update
xs rm /before

xs write /dump/text 'a "b"\n' /dump/bytes '\001\377' /dump/d/e ''
xs chmod /dump/text b3 r5
xs dump /dump >"$dir/dump"
expect 0 '{"format":"tenon-store","version":1,"root":"/dump"}
{"path":"/dump","value":"","permissions":["n0"]}
{"path":"/dump/bytes","hex":"01ff","permissions":["n0"]}
{"path":"/dump/d","value":"","permissions":["n0"]}
{"path":"/dump/d/e","value":"","permissions":["n0"]}
{"path":"/dump/text","value":"a \"b\"\n","permissions":["b3","r5"]}' dump /dump
xs rm /dump/d /dump/text
xs write /dump/other 1
expect 0 '' restore "$dir/dump"
expect 0 '1' read /dump/other
expect 0 '' restore --replace "$dir/dump"
xs dump /dump | cmp - "$dir/dump" || fails=1
expect 1 '' dump /none
expect 2 '' dump none
for bad in '' '{}' '{"format":"tenon-store","version":2,"root":"/"}' \
	'{"format":"tenon-store","version":1,"root":"/x"}
{"path":"/dump","value":"","permissions":["n0"]}' \
	'{"format":"tenon-store","version":1,"root":"/"}
{"path":"/dump/new","value":"","permissions":["n0"]}
{"path":"/dump/new2","hex":"0","permissions":["n0"]}' \
	'{"format":"tenon-store","version":1,"root":"/"}
{"path":"/dump/new","value":"","permissions":["n0"]}
{"path":"/dump//new","value":"","permissions":["n0"]}' \
	'{"format":"tenon-store","version":1,"root":"/"}
{"path":"/dump/new","value":"","permissions":["z0"]}'; do
	printf '%s' "$bad" >"$dir/bad"
	expect 1 '' restore "$dir/bad"
done
xs dump /dump | cmp - "$dir/dump" || fails=1
(
	XENSTORED_PATH=$dir/nobody
	expect 1 '' read /a
	exit $fails
) || fails=1

kill -0 $daemon || fails=1
kill $daemon
wait $daemon || { echo "FAIL: the daemon ended with $?"; fails=1; }
[ -e "$dir/socket" ] && { echo "FAIL: the socket remains"; fails=1; }
[ $fails = 0 ] || cat "$dir/errors" "$dir/log"
exit $((fails > 0))
