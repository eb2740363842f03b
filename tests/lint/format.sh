#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The C files that git tracks have the form of .clang-format (version 14).
command -v git >/dev/null || { echo 'no git'; exit 77; }
format=$(command -v clang-format-14 || command -v clang-format) ||
	{ echo 'no clang-format'; exit 77; }
cd "$top_srcdir" || exit 1
git rev-parse --is-inside-work-tree >/dev/null 2>&1 ||
	{ echo 'not a git checkout'; exit 77; }
for file in $(git ls-files '*.c' '*.h'); do
	[ ! -f "$file" ] || echo "$file"
done | xargs -n 40 -P "$(nproc)" "$format" --dry-run -Werror || {
	echo "these are not formatted: run $format -i on them"
	exit 1
}
