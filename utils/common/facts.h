/* SPDX-License-Identifier: BSD-2-Clause */
/* What a tool found out, as a JSON object, printed for programs or people. */
#ifndef UTILS_FACTS_H
#define UTILS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* Add a member; without memory the object stays without it. */
void facts_text(struct json_object *o, const char *key, const char *value);
void facts_number(struct json_object *o, const char *key, uint64_t value);
void facts_real(
	struct json_object *o, const char *key, double value, int digits);
void facts_bool(struct json_object *o, const char *key, bool value);
/* Takes the member. */
void facts_add(
	struct json_object *o, const char *key, struct json_object *member);
/* An empty array under that key, to be filled with json_object_array_add. */
struct json_object *facts_list(struct json_object *o, const char *key);

/*
 * Writes to standard output: JSON, or one line a member, and for a list of
 * objects one line an object. -EIO.
 */
int facts_print(struct json_object *o, bool json);

#endif
