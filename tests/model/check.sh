#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The models of what several CPUs do at once, each searched whole by spin: no
# assertion fails, nobody waits for ever. Then each is broken in ways that must
# be found. Needs top_srcdir from the environment.
command -v spin >/dev/null || { echo 'no spin'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# search FILE: 0 without errors, 1 with, 2 no answer; the text is in log.
search() {
	rm -f pan*
	spin -a "$1" >log 2>&1 || return 2
	${CC:-cc} "$level" -w -DSAFETY -DCOLLAPSE -DMEMLIM=1000 -o pan pan.c \
		>>log 2>&1 || return 2
	./pan -n -m100000 >>log 2>&1
	! grep -qi 'max search depth\|out of memory' log || return 2
	grep -q 'errors: [01]$' log || return 2
	grep -q 'errors: 0$' log
}

# broken MODEL WHAT SED: so changed, it must fail.
broken() {
	sed -E "$3" "$top_srcdir/tests/model/$1.pml" >broken.pml
	! cmp -s broken.pml "$top_srcdir/tests/model/$1.pml" ||
		{ echo "$1, $2: nothing was changed"; failed=1; return; }
	search broken.pml
	[ $? -eq 1 ] || { echo "$1, $2: not found"; cat log; failed=1; }
}

failed=0
level=-O2
for model in events grants; do
	if search "$top_srcdir/tests/model/$model.pml"; then
		echo "$model: $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' \
			log) states"
	else
		echo "$model: fails"
		cat log
		failed=1
	fi
done
level=-O0
broken events 'locks in any order' \
	's/:: a > b -> take\(b\); take\(a\)/:: a > b -> take(a); take(b)/'
broken events 'not looked at again' \
	's/state\[AT\(d, at\)\] == INTERDOMAIN &&/true \&\&/'
broken events 'broken under one lock' \
	's/^(\t\t)lock_two\(d, rd\);/\1lock_one(d);/
	s/^(\t\t)unlock_two\(d, rd\)/\1unlock_one(d)/'
broken events 'a sender is not waited for' 's/; senders\[d\] == 0 //'
broken events 'a sender comes in at any time' \
	's/counted = !changing\[d\]/counted = true/'
broken events 'two who change wait for each other' \
	's/:: !counted -> senders\[d\]--; take/:: !counted -> take/'
broken grants 'the frame is believed again' \
	's/pinned = \(uses -> pinned : frame\)/pinned = frame/'
broken grants 'a handle in use by two' 's/used\[h\] && !busy\[h\]/used[h]/'
broken grants 'a bit stays' 's/writing = writing && writes/skip/'
exit $failed
