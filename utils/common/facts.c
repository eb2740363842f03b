/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts as JSON or as lines; see facts.h. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include "facts.h"

#define KEY_WIDTH 22

void facts_add(
	struct json_object *o, const char *key, struct json_object *member)
{
	if (!o || !member || json_object_object_add(o, key, member))
		json_object_put(member);
}

void facts_text(struct json_object *o, const char *key, const char *value)
{
	facts_add(o, key, json_object_new_string(value));
}

void facts_number(struct json_object *o, const char *key, uint64_t value)
{
	facts_add(o, key, json_object_new_uint64(value));
}

void facts_real(
	struct json_object *o, const char *key, double value, int digits)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", digits, value);
	facts_add(o, key, json_object_new_double_s(value, text));
}

void facts_bool(struct json_object *o, const char *key, bool value)
{
	facts_add(o, key, json_object_new_boolean(value));
}

struct json_object *facts_list(struct json_object *o, const char *key)
{
	struct json_object *list = json_object_new_array();

	if (list && json_object_object_add(o, key, list)) {
		json_object_put(list);
		return NULL;
	}
	return list;
}

/* A value for people: a string without quotes. */
static void print_value(struct json_object *value)
{
	fputs(json_object_get_string(value), stdout);
}

static void print_item(struct json_object *item)
{
	const char *between = "";

	fputs("    ", stdout);
	if (!json_object_is_type(item, json_type_object)) {
		print_value(item);
		putchar('\n');
		return;
	}
	json_object_object_foreach(item, key, value)
	{
		printf("%s%s ", between, key);
		print_value(value);
		between = ", ";
	}
	putchar('\n');
}

int facts_print(struct json_object *o, bool json)
{
	if (json) {
		puts(json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PRETTY |
				   JSON_C_TO_STRING_NOSLASHESCAPE));
		return fflush(stdout) || ferror(stdout) ? -EIO : 0;
	}
	json_object_object_foreach(o, key, value)
	{
		if (!json_object_is_type(value, json_type_array)) {
			printf("%-*s ", KEY_WIDTH, key);
			print_value(value);
			putchar('\n');
			continue;
		}
		if (json_object_array_length(value))
			printf("%s\n", key);
		for (size_t i = 0; i < json_object_array_length(value); i++)
			print_item(json_object_array_get_idx(value, i));
	}
	return fflush(stdout) || ferror(stdout) ? -EIO : 0;
}
