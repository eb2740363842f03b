# SPDX-License-Identifier: BSD-2-Clause
# Reads C headers and lists what they define, a line each:
#
#   T type            a structure, union or typedef: has a size
#   F type path kind  a field: n plain, f flexible array, b bit field
#   C name            a macro with a value
#   M name            a macro with arguments
#   E name            an enumerator
#
# It knows the C that hypervisor/include/public is written in, not all of C:
# no functions, no initialisers, no pointers to functions. What it cannot read
# it reports and exits with 1, so that nothing is passed over in silence.

function fail(why) {
	printf "%s: %s near \"%s\"\n", FILENAME, why, tok[pos] >"/dev/stderr"
	failed = 1
	exit 1
}

function once(line) {
	if (!(line in seen)) {
		seen[line] = 1
		print line
	}
}

# The index of the bracket that closes the one at i.
function closing(i,    depth) {
	depth = 0
	for (; i <= count; i++) {
		if (tok[i] ~ /^[[({]$/)
			depth++
		else if (tok[i] ~ /^[])}]$/ && --depth == 0)
			return i
	}
	fail("unbalanced brackets")
}

# The index of the semicolon that ends the declaration at i.
function semicolon(i) {
	for (; i <= count; i++) {
		if (tok[i] ~ /^[[({]$/)
			i = closing(i)
		else if (tok[i] == ";")
			return i
	}
	fail("no semicolon")
}

# Reads one declarator of tokens from..to; sets d_name, d_kind and d_array.
function declarator(from, to,    i) {
	d_name = ""
	d_kind = "n"
	d_array = 0
	for (i = from; i <= to; i++) {
		if (tok[i] == "(") {
			i = closing(i)
		} else if (tok[i] == "[") {
			d_array = 1
			if (tok[i + 1] == "]")
				d_kind = "f"
			i = closing(i)
		} else if (tok[i] == ":") {
			d_kind = "b"
			break
		} else if (tok[i] ~ /^[A-Za-z_]/) {
			d_name = tok[i]
		}
	}
	if (d_name == "")
		fail("a declaration without a name")
}

# Emits the fields declared by tokens from..to of type root below prefix. When
# body is not 0 they are of the structure whose braces are body..body_end.
function declarators(from, to, root, prefix, body, body_end,    i, j, path) {
	for (i = from; i <= to; i = j + 1) {
		for (j = i; j <= to && tok[j] != ","; j++)
			if (tok[j] ~ /^[[({]$/)
				j = closing(j)
		declarator(i, j - 1)
		path = prefix d_name
		once("F " root " " path " " d_kind)
		if (body)
			members(body + 1, body_end - 1, root, \
			    path (d_array ? "[0]" : "") ".")
	}
}

function enumerators(from, to,    i) {
	for (i = from; i <= to; i++) {
		once("E " tok[i])
		while (i <= to && tok[i] != ",")
			i++
	}
}

# Emits the fields in tokens from..to, which are whole declarations.
function members(from, to, root, prefix,    i, end, body, body_end, tag) {
	for (i = from; i <= to; i = end + 1) {
		end = semicolon(i)
		body = 0
		if (tok[i] == "struct" || tok[i] == "union") {
			if (tok[i + 1] == "{")
				body = i + 1
			else if (tok[i + 2] == "{")
				body = i + 2
		}
		if (!body) {
			declarators(i, end - 1, root, prefix, 0, 0)
			continue
		}
		body_end = closing(body)
		if (body == i + 2) {
			tag = tok[i] " " tok[i + 1]
			once("T " tag)
			members(body + 1, body_end - 1, tag, "")
		}
		if (body_end + 1 == end)
			members(body + 1, body_end - 1, root, prefix)
		else
			declarators(body_end + 1, end - 1, root, prefix, \
			    body, body_end)
	}
}

function typedef(from, to,    body, body_end) {
	declarator(from + 1, to)
	once("T " d_name)
	for (body = from; body <= to && tok[body] != "{"; body++)
		;
	if (body > to)
		return
	body_end = closing(body)
	if (tok[from + 1] == "enum")
		enumerators(body + 1, body_end - 1)
	else
		members(body + 1, body_end - 1, d_name, "")
}

function translation_unit(    end, tag) {
	for (pos = 1; pos <= count; pos = end + 1) {
		end = semicolon(pos)
		tag = tok[pos] " " tok[pos + 1]
		if (tok[pos] == "typedef") {
			typedef(pos, end - 1)
		} else if (tok[pos] == "enum" && tok[pos + 2] == "{") {
			enumerators(pos + 3, closing(pos + 2) - 1)
		} else if (tok[pos] ~ /^(struct|union)$/ &&
		    tok[pos + 2] == "{") {
			once("T " tag)
			members(pos + 3, closing(pos + 2) - 1, tag, "")
		} else if (tok[pos] !~ /^PUBLIC_(SIZE|OFFSET)$/) {
			fail("unknown declaration")
		}
	}
}

function macro(line) {
	sub(/^#[ \t]*define[ \t]+/, "", line)
	if (line ~ /^[A-Za-z_0-9]+\(/) {
		sub(/\(.*/, "", line)
		once("M " line)
	} else if (line ~ /^[A-Za-z_0-9]+[ \t]+[^ \t]/) {
		sub(/[ \t].*/, "", line)
		once("C " line)
	}
}

function tokens(line) {
	while (match(line, /[A-Za-z_0-9]+|[^ \tA-Za-z_0-9]/)) {
		tok[++count] = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
	}
}

# Takes out comments, joins continued lines, parts directives from the rest.
{
	line = held $0
	held = ""
	while (1) {
		if (in_comment) {
			if (!(i = index(line, "*/")))
				next
			line = rest substr(line, i + 2)
			in_comment = 0
		}
		if (!(i = index(line, "/*")))
			break
		rest = substr(line, 1, i - 1) " "
		line = substr(line, i + 2)
		in_comment = 1
	}
	if (line ~ /\\$/) {
		held = substr(line, 1, length(line) - 1) " "
		next
	}
	if (line ~ /^[ \t]*#/) {
		if (line ~ /^#[ \t]*define/)
			macro(line)
		next
	}
	tokens(line)
}

END {
	if (!failed)
		translation_unit()
	exit failed
}
