/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tool's rows, of which the person chooses columns, order and lines: -o, -s
 * and -f. A table collects every value of every row, and is written at its end
 * through render.h.
 */
#ifndef UTILS_TABLE_H
#define UTILS_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "render.h"

#define TABLE_FILTERS_MAX 16

/* What is wished; zeroed: the columns that the tool chooses, all rows. */
struct table_wish {
	const char *columns; /* keys, joined by commas; NULL: the tool's */
	const char *sort;    /* a key; '-' before it: the highest first */
	/* KEY=PATTERN, as shells match names; all must hold. */
	const char *filters[TABLE_FILTERS_MAX];
	unsigned int filter_count;
	bool json;
};

/* For the table of args.h. */
#define TABLE_OPTIONS                                                     \
	{ 'o', "columns", "KEY,...", "show these columns" },              \
		{ 's', "sort", "[-]KEY", "sort by this column" },         \
		{ 'f', "filter", "KEY=PATTERN", "only rows that match" }, \
	{                                                                 \
		'j', "json", NULL, "print JSON"                           \
	}

struct args;
struct table;

/* Takes an option of TABLE_OPTIONS; 0, or 2 after a message. */
int table_option(struct table_wish *wish, const struct args *args, int id);
/*
 * Checks the wish: 0, or 2 after a message that lists the keys. `shown` is
 * what stands for wish->columns where that is NULL.
 */
int table_check(const struct table_wish *wish, const struct args *args,
	const struct render_column *columns, const char *shown);

/* Columns end with a NULL head; NULL: no memory. The wish stays the caller's.
 */
struct table *table_new(const struct table_wish *wish,
	const struct render_column *columns, const char *shown);
/* One value after the other, row by row. */
void table_string(struct table *t, const char *value);
void table_number(struct table *t, uint64_t value);
void table_real(struct table *t, double value, int digits);
/* Writes and frees; errors of render_end, which it says. */
int table_end(struct table *t);

#endif
