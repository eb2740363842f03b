#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# coverage.sh [SOURCE]: which lines of the core the hosted tests reach: builds it
# in ./coverage with gcc's counters, runs the unit tests of the core and the seeds
# of its fuzz targets, and prints a line a module, a line for each file below the
# bound, and all of it. Leaves with 1 when all together is below the bound.
set -e
bound=85
top=$(cd "${1:-$(dirname "$0")/..}" && pwd)
work=$PWD/coverage
mkdir -p "$work"
cd "$work"
# Unoptimised: a line is a line then.
[ -f Makefile ] || "$top/configure" --quiet --enable-debug CC=gcc \
	CFLAGS='-O0 --coverage' >configure.log

areas='abi domain emul event grant image irq lib mm sched'
tests=$(cd "$top/tests" && for area in $areas; do
	for file in unit/"$area"_*.c; do echo "${file%.c}"; done; done)
targets=$(sed -n 's/^fuzz_targets += *//p' "$top"/tests/fuzz/lib.am \
	"$top"/tests/fuzz/mm.am "$top"/tests/fuzz/irq.am \
	"$top"/tests/fuzz/abi.am "$top"/tests/fuzz/image.am \
	"$top"/tests/fuzz/emul.am)
make -s -C hypervisor libtenon-host.a
# shellcheck disable=SC2086 # lists of words
make -s -C tests $tests $targets

find . -name '*.gcda' -exec rm -f {} +
cd tests
for test in $tests; do
	"./$test" >last.log 2>&1 || { cat last.log; exit 1; }
done
for target in $targets; do
	"./$target" "$top"/tests/fuzz/corpus/"${target##*/}"/* >last.log 2>&1 ||
		{ cat last.log; exit 1; }
done
cd ../hypervisor
find . -name 'libtenon_host_a-*.gcno' ! -path './arch/*' -print0 |
	xargs -0 gcov -n 2>/dev/null | awk -v bound="$bound" '
	/^File / { name = $0; gsub(/^File .*hypervisor\/|.$/, "", name) }
	/^Lines executed:/ && name ~ /^[a-z]+\/[a-z0-9_]+\.c$/ {
		split($2, part, /[:%]/)
		n = $4; hit = int(part[2] * n / 100 + 0.5)
		module = name; sub(/\/.*/, "", module)
		lines[module] += n; reached[module] += hit
		all += n; all_hit += hit
		if (hit * 100 < bound * n)
			low[name] = sprintf("  %-28s %5d %5.1f%%", name, n,
				100 * hit / n)
		name = ""
	}
	END {
		printf "%-30s %5s %6s\n", "module", "lines", "reached"
		for (m in lines)
			printf "%-30s %5d %5.1f%%\n", m, lines[m],
				100 * reached[m] / lines[m] | "sort"
		close("sort")
		printf "%-30s %5d %5.1f%%\n", "all", all, 100 * all_hit / all
		print "below " bound "%:"
		for (f in low)
			print low[f] | "sort"
		close("sort")
		exit all_hit * 100 < bound * all
	}'
