/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tool's data as a table for people or as JSON for programs, from the same
 * calls: a row is begun, gets one value for each column in order, and ends.
 * The table is written at the end, each column as wide as it must be.
 */
#ifndef UTILS_RENDER_H
#define UTILS_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct render_column {
	const char *head; /* of the table */
	const char *key;  /* of the JSON object */
	bool right;	  /* numbers stand at the right */
};

struct render;

/* Columns end with a NULL head and stay the caller's; NULL: no memory. */
struct render *render_new(bool json, const struct render_column *columns);
void render_string(struct render *r, const char *value);
void render_number(struct render *r, uint64_t value);
/* In the table with `digits` behind the point. */
void render_real(struct render *r, double value, int digits);
/*
 * Writes all to standard output and frees; one JSON array of objects, or the
 * header and the rows. -ENOMEM when a value was lost, -EIO.
 */
int render_end(struct render *r);

#endif
