/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows with columns, order and filters; see table.h. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "err.h"
#include "table.h"

enum kind { STRING, NUMBER, REAL };

struct value {
	enum kind kind;
	int digits;
	double real;
	uint64_t number;
	char *text; /* as a filter sees it */
};

struct table {
	const struct table_wish *wish;
	const struct render_column *columns;
	const char *shown;
	size_t width, count; /* columns; values */
	struct value *values;
	bool failed;
};

/* The column whose key is the `len` bytes at `key`, or -1. */
static int find_column(
	const struct render_column *columns, const char *key, size_t len)
{
	for (int i = 0; columns[i].head; i++) {
		if (strlen(columns[i].key) == len &&
			!memcmp(columns[i].key, key, len))
			return i;
	}
	return -1;
}

int table_option(struct table_wish *wish, const struct args *args, int id)
{
	if (id == 'j')
		wish->json = true;
	else if (id == 'o')
		wish->columns = args->value;
	else if (id == 's')
		wish->sort = args->value;
	else if (wish->filter_count == TABLE_FILTERS_MAX)
		return args_usage_error(
			args, "at most %d filters", TABLE_FILTERS_MAX);
	else
		wish->filters[wish->filter_count++] = args->value;
	return 0;
}

static int no_column(const struct args *args,
	const struct render_column *columns, const char *key, size_t len)
{
	char keys[320] = "";
	size_t at = 0;

	for (int i = 0; columns[i].head && at < sizeof(keys); i++)
		at += (size_t)snprintf(keys + at, sizeof(keys) - at, "%s%s",
			i ? ", " : "", columns[i].key);
	return args_usage_error(args, "there is no column '%.*s', only %s",
		(int)len, key, keys);
}

int table_check(const struct table_wish *wish, const struct args *args,
	const struct render_column *columns, const char *shown)
{
	const char *at = wish->columns ? wish->columns : shown;
	size_t len;

	for (;; at += len + 1) {
		len = strcspn(at, ",");
		if (find_column(columns, at, len) < 0)
			return no_column(args, columns, at, len);
		if (!at[len])
			break;
	}
	at = wish->sort;
	if (at) {
		at += *at == '-';
		if (find_column(columns, at, strlen(at)) < 0)
			return no_column(args, columns, at, strlen(at));
	}
	for (unsigned int i = 0; i < wish->filter_count; i++) {
		at = wish->filters[i];
		len = strcspn(at, "=");
		if (!at[len])
			return args_usage_error(
				args, "the filter '%s' is not KEY=PATTERN", at);
		if (find_column(columns, at, len) < 0)
			return no_column(args, columns, at, len);
	}
	return 0;
}

struct table *table_new(const struct table_wish *wish,
	const struct render_column *columns, const char *shown)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t) {
		err_say("out of memory");
		return NULL;
	}
	t->wish = wish;
	t->columns = columns;
	t->shown = wish->columns ? wish->columns : shown;
	while (columns[t->width].head)
		t->width++;
	return t;
}

/* Takes the text. */
static void add(struct table *t, struct value value)
{
	struct value *more = realloc(t->values, (t->count + 1) * sizeof(*more));

	if (!more || !value.text) {
		t->failed = true;
		free(value.text);
	}
	if (!more)
		return;
	t->values = more;
	t->values[t->count++] = value;
}

void table_string(struct table *t, const char *value)
{
	add(t, (struct value){ .kind = STRING, .text = strdup(value) });
}

void table_number(struct table *t, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add(t, (struct value){
		       .kind = NUMBER, .number = value, .text = strdup(text) });
}

void table_real(struct table *t, double value, int digits)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", digits, value);
	add(t, (struct value){ .kind = REAL,
		       .digits = digits,
		       .real = value,
		       .text = strdup(text) });
}

static bool is_wanted(const struct table *t, const struct value *row)
{
	for (unsigned int i = 0; i < t->wish->filter_count; i++) {
		const char *filter = t->wish->filters[i];
		size_t len = strcspn(filter, "=");
		int column = find_column(t->columns, filter, len);

		if (fnmatch(filter + len + 1, row[column].text, 0))
			return false;
	}
	return true;
}

static int compare(const void *a, const void *b, void *wish)
{
	/* Rows are sorted by pointers to their value in the sort's column. */
	const struct value *left = *(struct value *const *)a;
	const struct value *right = *(struct value *const *)b;
	const char *sort = ((const struct table_wish *)wish)->sort;
	int order;

	if (left->kind == STRING)
		order = strcmp(left->text, right->text);
	else if (left->kind == NUMBER)
		order = (left->number > right->number) -
			(left->number < right->number);
	else
		order = (left->real > right->real) - (left->real < right->real);
	if (!order)
		return (left > right) - (left < right);
	return *sort == '-' ? -order : order;
}

static void render_row(
	const struct table *t, const struct value *row, struct render *r)
{
	const char *at = t->shown;

	for (;;) {
		size_t len = strcspn(at, ",");
		const struct value *v = row + find_column(t->columns, at, len);

		if (v->kind == STRING)
			render_string(r, v->text);
		else if (v->kind == NUMBER)
			render_number(r, v->number);
		else
			render_real(r, v->real, v->digits);
		if (!at[len])
			return;
		at += len + 1;
	}
}

/* The columns that are shown, ended by an empty one; NULL: no memory. */
static struct render_column *chosen(const struct table *t)
{
	struct render_column *list = NULL, *more;
	const char *at = t->shown;
	size_t count = 0;

	for (;; at++) {
		size_t len = strcspn(at, ",");

		more = realloc(list, (count + 2) * sizeof(*list));
		if (!more) {
			free(list);
			return NULL;
		}
		list = more;
		list[count++] = t->columns[find_column(t->columns, at, len)];
		list[count] = (struct render_column){ NULL, NULL, false };
		at += len;
		if (!*at)
			return list;
	}
}

static int write_rows(const struct table *t)
{
	size_t rows = t->count / t->width, kept = 0, column = 0;
	struct render_column *columns = chosen(t);
	struct value **order = calloc(rows + 1, sizeof(struct value *));
	const char *sort = t->wish->sort;
	struct render *r = NULL;
	int ret;

	if (columns && order)
		r = render_new(t->wish->json, columns);
	if (!r) {
		free(order);
		free(columns);
		return -ENOMEM;
	}
	if (sort) {
		sort += *sort == '-';
		column = (size_t)find_column(t->columns, sort, strlen(sort));
	}
	for (size_t i = 0; i < rows; i++) {
		if (is_wanted(t, t->values + i * t->width))
			order[kept++] = t->values + i * t->width + column;
	}
	if (sort)
		qsort_r(order, kept, sizeof(order[0]), compare,
			(void *)t->wish);
	for (size_t i = 0; i < kept; i++)
		render_row(t, order[i] - column, r);
	ret = render_end(r);

	free(order);
	free(columns);
	return ret;
}

int table_end(struct table *t)
{
	int ret = t->failed ? -ENOMEM : write_rows(t);

	if (ret)
		err_say("cannot write the list: %s", strerror(-ret));
	for (size_t i = 0; i < t->count; i++)
		free(t->values[i].text);
	free(t->values);
	free(t);
	return ret;
}
