# SPDX-License-Identifier: BSD-2-Clause
# Turns an inventory and probe.list into the body of the probe program.
# exempt.list comes first, then probe.list, then the inventory. A macro with
# arguments that no line of probe.list uses is an error.

function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

FNR == 1 {
	file++
}

/^#/ || /^$/ {
	next
}

file == 1 {
	exempt[$1] = 1
	next
}

file == 2 {
	uses = uses $0 "\n"
	printf "\tPROBE(%s, (%s));\n", quoted($0), $0
	next
}

{
	type = $2
	if ($2 == "struct" || $2 == "union")
		type = $2 " " $3
}

$2 in exempt {
	next
}

$1 == "T" {
	printf "\tPROBE_TYPE(%s);\n", type
}

$1 == "F" {
	macro = "PROBE_FIELD"
	if ($NF == "f")
		macro = "PROBE_FLEX"
	if ($NF == "b")
		macro = "PROBE_BITS"
	printf "\t%s(%s, %s);\n", macro, type, $(NF - 1)
}

$1 == "E" {
	printf "\tPROBE(\"%s\", %s);\n", $2, $2
}

# One that the peer lacks prints a line that ours does not.
$1 == "C" {
	printf "#ifdef %s\n\tPROBE(\"%s\", (%s));\n", $2, $2, $2
	printf "#else\n\tprintf(\"%s is missing\\n\");\n#endif\n", $2
}

$1 == "M" && !index(uses, $2 "(") {
	printf "probe.list has no line that uses %s()\n", $2 >"/dev/stderr"
	failed = 1
}

END {
	exit failed
}
