#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each sample of a guest's boot configuration gives the menu that stands beside
# it. A sample is a text with the files of a guest in it, written for this test
# in the form that a distribution's tools give them; NAME.json is what is
# expected of NAME.txt, judged by hand.
samples=$top_srcdir/tests/pygrub/samples
show=$top_builddir/tests/pygrub/show_config
[ -x "$show" ] || { echo 'show_config is not built'; exit 77; }
failed=0
count=0

for sample in "$samples"/*.txt; do
	expected=${sample%.txt}.json
	count=$((count + 1))
	if ! "$show" --notes "$sample" >samples.out 2>&1; then
		echo "$sample: show_config fails:"
		cat samples.out
		failed=1
	elif ! diff -u "$expected" samples.out; then
		echo "$sample: not what is expected"
		failed=1
	fi
done
rm -f samples.out
echo "$count samples"
[ "$count" -ge 20 ] || { echo 'samples are missing'; exit 1; }
exit $failed
