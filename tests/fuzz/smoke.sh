#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Replays the seeds of every fuzz target; with libFuzzer it then tries
# FUZZ_RUNS (500) fresh inputs. Needs fuzz_targets, libfuzzer and top_srcdir
# from the environment; stands in the folder of the built tests.
[ -n "$fuzz_targets" ] || { echo 'no fuzz target is built'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

for target in $fuzz_targets; do
	name=${target##*/}
	seeds=$top_srcdir/tests/fuzz/corpus/$name
	set --
	for file in "$seeds"/*; do
		[ -f "$file" ] && set -- "$@" "$file"
	done
	if [ $# -eq 0 ]; then
		echo "$name: no seeds in $seeds"
		failed=1
		continue
	fi
	if ! "./$target" "$@" >"$work/log" 2>&1; then
		echo "$name: fails on a seed:"
		tail -n 40 "$work/log"
		failed=1
	elif [ -n "$libfuzzer" ]; then
		mkdir "$work/$name"
		if ! "./$target" -runs="${FUZZ_RUNS:-500}" -seed=1 \
			-artifact_prefix="$work/" "$work/$name" "$seeds" \
			>"$work/log" 2>&1; then
			echo "$name: fails on a fresh input:"
			tail -n 60 "$work/log"
			base64 "$work"/crash-* "$work"/leak-* \
				"$work"/timeout-* 2>/dev/null
			failed=1
		fi
	fi
	echo "$name: $# seeds"
done
exit $failed
