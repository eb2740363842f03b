/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The expressions of test and [ (GRUB manual, "test"): -o binds weaker than -a,
 * both weaker than !, and parentheses group.
 */
#include <stdlib.h>
#include <string.h>
#include "grub2.h"

struct test {
	struct grub2 *grub;
	char **at; /* up to a NULL */
	unsigned int depth;
};

static bool any(struct test *test);

static bool is(const struct test *test, const char *word)
{
	return *test->at && !strcmp(*test->at, word);
}

static bool compare(const char *a, const char *op, const char *b, bool *is_op);

/* The same, where it is not the left side of a comparison. */
static bool is_joint(const struct test *test, const char *word)
{
	bool is_op = false;

	if (!is(test, word))
		return false;
	if (test->at[1] && test->at[2])
		compare(test->at[0], test->at[1], test->at[2], &is_op);
	return !is_op;
}

static bool on_file(struct test *test, char what, const char *name)
{
	const struct source *source = test->grub->source;
	char path[SOURCE_PATH_MAX + 1];
	struct source_stat stat;
	unsigned int volume;

	/* It goes to the broker and to a driver: 20 steps of the others. */
	if (grub2_step(test->grub, 20) ||
		grub2_search_path(test->grub, name, &volume, path) ||
		source->stat(source->ctx, volume, path, &stat))
		return false;
	switch (what) {
	case 'd':
		return stat.type == SOURCE_DIRECTORY;
	case 'f':
		return stat.type == SOURCE_FILE;
	case 's':
		return stat.type == SOURCE_FILE && stat.size;
	default:
		return true;
	}
}

/* "0x10" and "010" are numbers of their kinds; "08" is a decimal one. */
static long long to_number(const char *text)
{
	bool is_octal = text[0] == '0' && text[1] >= '0' && text[1] <= '7';
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	return strtoll(text, NULL, is_octal ? 8 : is_hex ? 16 : 10);
}

/* The number in which both texts first differ. */
static long long after_prefix(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	while (i && a[i - 1] >= '0' && a[i - 1] <= '9')
		i--;
	return strtoll(a + i, NULL, 10);
}

static bool compare(const char *a, const char *op, const char *b, bool *is_op)
{
	int order = strcmp(a, b);
	long long x = to_number(a);
	long long y = to_number(b);

	*is_op = true;
	if (!strcmp(op, "=") || !strcmp(op, "=="))
		return !order;
	if (!strcmp(op, "!="))
		return order;
	if (!strcmp(op, "<"))
		return order < 0;
	if (!strcmp(op, "<="))
		return order <= 0;
	if (!strcmp(op, ">"))
		return order > 0;
	if (!strcmp(op, ">="))
		return order >= 0;
	if (!strcmp(op, "-eq"))
		return x == y;
	if (!strcmp(op, "-ne"))
		return x != y;
	if (!strcmp(op, "-lt"))
		return x < y;
	if (!strcmp(op, "-le"))
		return x <= y;
	if (!strcmp(op, "-gt"))
		return x > y;
	if (!strcmp(op, "-ge"))
		return x >= y;
	if (!strcmp(op, "-pgt"))
		return after_prefix(a, b) > after_prefix(b, a);
	if (!strcmp(op, "-plt"))
		return after_prefix(a, b) < after_prefix(b, a);
	/* Times of files are not asked for: neither is newer. */
	if (!strncmp(op, "-nt", 3) || !strncmp(op, "-ot", 3))
		return false;
	*is_op = false;
	return false;
}

static bool one(struct test *test)
{
	char **at = test->at;
	bool is_op, truth;

	/* What is nested too deep is false, and so is what follows. */
	while (*test->at && test->depth >= CFG_DEPTH_MAX)
		test->at++;
	if (!*test->at)
		return false;
	if (at[1] && at[2]) {
		truth = compare(at[0], at[1], at[2], &is_op);
		if (is_op) {
			test->at += 3;
			return truth;
		}
	}
	if (is(test, "!")) {
		test->at++;
		test->depth++;
		truth = !one(test);
		test->depth--;
		return truth;
	}
	if (is(test, "(")) {
		test->at++;
		test->depth++;
		truth = any(test);
		test->depth--;
		if (is(test, ")"))
			test->at++;
		return truth;
	}
	if (at[0][0] == '-' && at[0][1] && !at[0][2] && at[1] &&
		strchr("defsnz", at[0][1])) {
		test->at += 2;
		if (at[0][1] == 'n')
			return *at[1];
		if (at[0][1] == 'z')
			return !*at[1];
		return on_file(test, at[0][1], at[1]);
	}
	test->at++;
	return *at[0];
}

/* Terms side by side are all meant, -a or not. */
static bool all(struct test *test)
{
	bool truth = one(test);

	while (*test->at && !is_joint(test, "-o") && !is_joint(test, ")")) {
		if (is_joint(test, "-a"))
			test->at++;
		if (*test->at)
			truth &= one(test);
	}
	return truth;
}

static bool any(struct test *test)
{
	bool truth = all(test);

	while (is_joint(test, "-o")) {
		test->at++;
		truth |= all(test);
	}
	return truth;
}

bool grub2_test(struct grub2 *grub, const struct grub2_args *args)
{
	struct test test = { .grub = grub, .at = args->words };

	/* As GRUB has it; a variable that is not set leaves no word. */
	return !args->count || any(&test);
}
