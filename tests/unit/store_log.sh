#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# xenstored's access log: its lines, its rate, its files, and its worker's
# death.
set -u
tools=$top_builddir/utils
dir=$(mktemp -d) || exit 99
log=$dir/access
XENSTORED_PATH=$dir/socket
export XENSTORED_PATH
"$top_builddir/xenstored/xenstored" -F --no-hypervisor --access-log="$log" \
	--log-rate=100000 --log-size=1 2>"$dir/log" &
daemon=$!
trap 'kill $daemon 2>/dev/null; rm -rf "$dir"' EXIT
fails=0

xs() {
	name=$1
	shift
	timeout 20 "$tools/xenstore-$name" "$@"
}

fail() {
	echo "FAIL: $*"
	fails=$((fails + 1))
}

# await COMMAND...: until it succeeds
await() {
	n=0
	until "$@" >"$dir/out" 2>&1; do
		n=$((n + 1))
		[ $n -lt 100 ] || { fail "never: $*"; return 1; }
		sleep 0.05
	done
}

# logged REGEX [FILE]
logged() {
	await grep -Eq "$1" "${2:-$log}"
}

await xs exists /tool || { head "$dir/log"; exit 1; }

# One line says who, what, and with which end; a guest's bytes are harmless.
stamp='[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{6}Z'
xs write /a/b 1
logged "^$stamp d0 c[0-9]+ t0 WRITE OK [0-9]+ us /a/b\$"
xs read /a/none 2>/dev/null
logged "^$stamp d0 c[0-9]+ t0 READ ENOENT [0-9]+ us /a/none\$"
xs read "/a b
$stamp d0 \\" 2>/dev/null
logged ' READ EINVAL [0-9]+ us /a\\x20b\\x0a\[0-9\].*\\x5c$'
[ "$(stat -c %a "$log")" = 600 ] || fail "others may read the log"

# Who has moved it away gets another one, and nothing is lost.
mv "$log" "$log.moved"
kill -HUP $daemon
await test -e "$log"
read_logged() { xs read /a/b && [ -s "$log" ]; }
await read_logged
logged ' READ OK [0-9]+ us /a/b$'

# The worker's successor goes on in it.
kill -9 "$(cat /proc/$daemon/task/$daemon/children)"
xs write /after/death 1
logged ' WRITE OK [0-9]+ us /after/death$'

# Off is off, and each rate is held: the rest is counted.
xs control log off
xs write /not/told 1
xs control log 5
xs list / / / / / / / / / / / / / / / >/dev/null
sleep 1.1
xs control log on
xs write /told/again 1
logged ' WRITE OK [0-9]+ us /told/again$'
grep -q /not/told "$log" && fail "a line was written while it was off"
logged '\([0-9]+ left out before\)$'
[ "$(grep -c ' DIRECTORY OK ' "$log")" -le 10 ] || fail "the rate is not held"
for word in often -1 5000000000 ''; do
	xs control log "$word" 2>/dev/null && fail "log '$word' is taken"
done

# Full ones are moved aside, so many of them and no more.
long=$(printf '/%0120d' 0)
xs write "$long" 1
set -- "$long"
while [ $# -lt 1024 ]; do set -- "$@" "$@"; done
i=0
while [ $i -lt 40 ]; do
	xs read "$@" >/dev/null
	i=$((i + 1))
done
logged "$long" "$log.4"
[ -e "$log.5" ] && fail "too many old ones are kept"
for f in "$log" "$log.1" "$log.2" "$log.3" "$log.4"; do
	[ "$(stat -c %s "$f")" -lt 1200000 ] || fail "$f is too large"
done

# Without a file there is nothing to turn on, and bad words are told.
for option in --access-log=relative --log-rate=0 --log-rate=x --log-size=; do
	timeout 5 "$top_builddir/xenstored/xenstored" -F --no-hypervisor \
		--socket="$dir/other" "$option" >"$dir/out" 2>&1
	[ $? = 2 ] || fail "$option is taken"
done
xs control check | grep -q OK || fail "the audit fails"
kill $daemon
wait $daemon || fail "the daemon has ended badly"
[ $fails = 0 ] || { head "$dir/log"; exit 1; }
