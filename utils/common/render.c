/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables and JSON; see render.h. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "render.h"

struct render {
	const struct render_column *columns;
	size_t width; /* columns */
	size_t cells; /* values so far */
	char **text;  /* the table's cells, row by row */
	struct json_object *rows, *row;
	bool json, failed;
};

struct render *render_new(bool json, const struct render_column *columns)
{
	struct render *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->columns = columns;
	r->json = json;
	while (columns[r->width].head)
		r->width++;
	if (json) {
		r->rows = json_object_new_array();
		r->failed = !r->rows;
	}
	return r;
}

/* Takes the object. */
static void add_json(struct render *r, struct json_object *value)
{
	size_t column = r->cells++ % r->width;

	if (column == 0) {
		r->row = json_object_new_object();
		if (!r->row || json_object_array_add(r->rows, r->row))
			r->failed = true;
	}
	if (r->failed || !value ||
		json_object_object_add(r->row, r->columns[column].key, value)) {
		r->failed = true;
		json_object_put(value);
	}
}

/* Takes the text. */
static void add_text(struct render *r, char *value)
{
	char **more = realloc(r->text, (r->cells + 1) * sizeof(*more));

	if (!more || !value) {
		r->failed = true;
		free(value);
	}
	if (!more)
		return;
	r->text = more;
	r->text[r->cells++] = value;
}

void render_string(struct render *r, const char *value)
{
	if (r->json)
		add_json(r, json_object_new_string(value));
	else
		add_text(r, strdup(value));
}

void render_number(struct render *r, uint64_t value)
{
	char text[24];

	if (r->json) {
		add_json(r, json_object_new_int64((int64_t)value));
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add_text(r, strdup(text));
}

void render_real(struct render *r, double value, int digits)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", digits, value);
	if (r->json)
		add_json(r, json_object_new_double_s(value, text));
	else
		add_text(r, strdup(text));
}

static const char *cell(const struct render *r, size_t row, size_t column)
{
	return row ? r->text[(row - 1) * r->width + column]
		   : r->columns[column].head;
}

static void print_table(const struct render *r)
{
	size_t rows = r->cells / r->width + 1;

	for (size_t row = 0; row < rows; row++) {
		for (size_t i = 0; i < r->width; i++) {
			size_t wide = 0;

			for (size_t k = 0; k < rows; k++) {
				size_t len = strlen(cell(r, k, i));

				wide = len > wide ? len : wide;
			}
			if (i)
				fputs("  ", stdout);
			if (r->columns[i].right)
				printf("%*s", (int)wide, cell(r, row, i));
			else if (i + 1 == r->width)
				fputs(cell(r, row, i), stdout);
			else
				printf("%-*s", (int)wide, cell(r, row, i));
		}
		putchar('\n');
	}
}

int render_end(struct render *r)
{
	int ret = r->failed ? -ENOMEM : 0;

	if (!ret && r->json)
		puts(json_object_to_json_string_ext(
			r->rows, JSON_C_TO_STRING_PRETTY));
	else if (!ret)
		print_table(r);
	if (!ret && (fflush(stdout) || ferror(stdout)))
		ret = -EIO;
	for (size_t i = 0; r->text && i < r->cells; i++)
		free(r->text[i]);
	free(r->text);
	json_object_put(r->rows);
	free(r);
	return ret;
}
