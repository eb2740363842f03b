/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore-stats: what the store's daemon has counted, by request and domain.
 *
 * The daemon tells it as JSON (CONTROL stats), lists in parts; --json prints
 * that as one object, without it there is a table for each section.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/args.h"
#include "common/err.h"
#include "common/render.h"
#include "xenstore_common.h"

/* The first number of a latency counts what took less than so many ns. */
#define FIRST_BUCKET_NS 1024

static const struct args_option options[] = {
	{ 'j', "json", NULL, "print JSON" },
	{ 0, NULL, NULL, NULL },
};

static uint64_t number(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_uint64(v)
						     : 0;
}

static const char *string(struct json_object *o, const char *key)
{
	struct json_object *v;
	const char *text = json_object_object_get_ex(o, key, &v)
				   ? json_object_get_string(v)
				   : NULL;

	return text ? text : "?";
}

static struct json_object *object(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, key, &v);
	return v;
}

/* Microseconds under which that share of the requests was answered. */
static double latency(struct json_object *o, double share)
{
	struct json_object *list = object(o, "latency");
	double left = share * (double)number(o, "requests");
	size_t i, count = json_object_is_type(list, json_type_array)
				  ? json_object_array_length(list)
				  : 0;

	for (i = 0; i < count; i++) {
		left -= (double)json_object_get_uint64(
			json_object_array_get_idx(list, i));
		if (left <= 0)
			break;
	}
	return count ? (double)(FIRST_BUCKET_NS << i) / 1000 : 0;
}

/* Numbers by their names, those inside an object as "its name, theirs". */
static void add_numbers(
	struct render *r, struct json_object *o, const char *prefix)
{
	char name[64];

	json_object_object_foreach(o, key, v)
	{
		snprintf(name, sizeof(name), "%s%s%s", prefix,
			*prefix ? " " : "", key);
		if (json_object_is_type(v, json_type_object)) {
			add_numbers(r, v, name);
			continue;
		}
		render_string(r, name);
		render_number(r, json_object_get_uint64(v));
	}
}

static const struct render_column store_columns[] = {
	{ "STORE", "name", false },
	{ "", "value", true },
	{ NULL, NULL, false },
};

static void show_store(struct render *r, struct json_object *all)
{
	add_numbers(r, all, "");
}

static const struct render_column operation_columns[] = {
	{ "OPERATION", "name", false },
	{ "REQUESTS", "requests", true },
	{ "ERRORS", "errors", true },
	{ "MEAN us", "mean_us", true },
	{ "MEDIAN <", "median_us", true },
	{ "99% <", "p99_us", true },
	{ "MAX us", "max_us", true },
	{ NULL, NULL, false },
};

static void add_load(struct render *r, struct json_object *o)
{
	uint64_t requests = number(o, "requests");

	render_number(r, requests);
	render_number(r, number(o, "errors"));
	render_real(r,
		requests ? (double)number(o, "ns_total") / (double)requests /
				   1000
			 : 0,
		1);
	render_real(r, latency(o, 0.5), 1);
	render_real(r, latency(o, 0.99), 1);
	render_real(r, (double)number(o, "ns_max") / 1000, 1);
}

static void show_operation(struct render *r, struct json_object *o)
{
	render_string(r, string(o, "name"));
	add_load(r, o);
}

static const struct render_column domain_columns[] = {
	{ "DOMID", "domid", true },
	{ "REQUESTS", "requests", true },
	{ "ERRORS", "errors", true },
	{ "MEAN us", "mean_us", true },
	{ "MEDIAN <", "median_us", true },
	{ "99% <", "p99_us", true },
	{ "MAX us", "max_us", true },
	{ "NODES", "nodes", true },
	{ "WATCHES", "watches", true },
	{ "TXNS", "transactions", true },
	{ "BYTES", "memory", true },
	{ "CAUSED", "conflicts_caused", true },
	{ "SUFFERED", "conflicts_suffered", true },
	{ "HELD", "held", true },
	{ "QUOTA HITS", "quota_hits", false },
	{ NULL, NULL, false },
};

static void show_domain(struct render *r, struct json_object *o)
{
	struct json_object *hits = object(o, "quota_hits");
	char text[256] = "";
	size_t len = 0;

	render_number(r, number(o, "domid"));
	add_load(r, o);
	render_number(r, number(o, "nodes"));
	render_number(r, number(o, "watches"));
	render_number(r, number(o, "transactions"));
	render_number(r, number(object(o, "memory"), "total"));
	render_number(r, number(o, "conflicts_caused"));
	render_number(r, number(o, "conflicts_suffered"));
	render_number(r, number(o, "held"));
	if (json_object_is_type(hits, json_type_object)) {
		json_object_object_foreach(hits, key, v)
		{
			if (len < sizeof(text))
				len += (size_t)snprintf(text + len,
					sizeof(text) - len, "%s%s %s",
					len ? ", " : "", key,
					json_object_get_string(v));
		}
	}
	render_string(r, *text ? text : "-");
}

static const struct render_column quota_columns[] = {
	{ "QUOTA", "name", false },
	{ "VALUE", "value", true },
	{ "HITS", "hits", true },
	{ NULL, NULL, false },
};

static void show_quota(struct render *r, struct json_object *o)
{
	render_string(r, string(o, "name"));
	render_number(r, number(o, "value"));
	render_number(r, number(o, "hits"));
}

static const struct section {
	const char *name;
	bool is_list;
	const struct render_column *columns;
	void (*show)(struct render *r, struct json_object *o);
} sections[] = {
	{ "store", false, store_columns, show_store },
	{ "operations", true, operation_columns, show_operation },
	{ "domains", true, domain_columns, show_domain },
	{ "quotas", true, quota_columns, show_quota },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* One answer of the daemon as an object, or NULL after a message. */
static struct json_object *ask(
	struct xs *xs, const char *section, const char *from)
{
	const char *words[] = { "stats", section, from };
	struct json_object *o = NULL;
	char *answer;
	int err = xs_control(xs, from ? 3 : 2, words, &answer);

	if (!err) {
		o = json_tokener_parse(answer);
		free(answer);
		if (json_object_is_type(o, json_type_object))
			return o;
		json_object_put(o);
		err_say("%s: the daemon's answer is not understood; is it "
			"another version?",
			section);
	} else if (err == -EINVAL || err == -ENOSYS) {
		err_say("%s: the daemon has no statistics; is it another one?",
			section);
	} else {
		err_say("%s: %s", section, store_why(err));
	}
	return NULL;
}

/* Moves the entries of a part to the list; where it goes on, in `from`. */
static bool take_part(struct json_object *part, const char *name,
	struct json_object *list, char *from, size_t size)
{
	struct json_object *entries = object(part, name);
	struct json_object *next = object(part, "next");
	size_t i, count;

	if (!json_object_is_type(entries, json_type_array))
		return false;
	count = json_object_array_length(entries);
	for (i = 0; i < count; i++)
		if (json_object_array_add(list,
			    json_object_get(
				    json_object_array_get_idx(entries, i))))
			return false;
	*from = '\0';
	if (next && count)
		snprintf(from, size, "%s", json_object_get_string(next));
	return true;
}

static struct json_object *fetch(struct xs *xs, const struct section *s)
{
	struct json_object *list, *part;
	char from[24] = "";
	bool is_good;

	if (!s->is_list)
		return ask(xs, s->name, NULL);
	list = json_object_new_array();
	do {
		part = list ? ask(xs, s->name, *from ? from : NULL) : NULL;
		is_good = part &&
			  take_part(part, s->name, list, from, sizeof(from));
		json_object_put(part);
	} while (is_good && *from);
	if (is_good)
		return list;
	json_object_put(list);
	return NULL;
}

static bool print_table(const struct section *s, struct json_object *data)
{
	struct render *r = render_new(false, s->columns);
	size_t i;

	if (!r)
		return false;
	if (!s->is_list)
		s->show(r, data);
	for (i = 0; s->is_list && i < json_object_array_length(data); i++)
		s->show(r, json_object_array_get_idx(data, i));
	return !render_end(r);
}

/* All of them when none is chosen. */
static bool run(struct xs *xs, const bool *chosen, bool json)
{
	struct json_object *all = json ? json_object_new_object() : NULL, *data;
	bool is_good = !json || all, is_first = true;
	size_t i;

	for (i = 0; is_good && i < SECTIONS; i++) {
		if (!chosen[i])
			continue;
		data = fetch(xs, &sections[i]);
		is_good = data;
		if (data && json) {
			is_good = !json_object_object_add(
				all, sections[i].name, data);
			continue;
		}
		if (data && !is_first)
			putchar('\n');
		is_first = false;
		if (data)
			is_good = print_table(&sections[i], data);
		json_object_put(data);
	}
	if (is_good && json)
		is_good = puts(json_object_to_json_string_ext(
				  all, JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_SPACED)) != EOF;
	json_object_put(all);
	return is_good && !fflush(stdout);
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-stats",
		.synopsis = "[store] [operations] [domains] [quotas]",
		.about = "Prints what the store's daemon has counted since it "
			 "began: all, or some sections.",
		.options = options };
	bool chosen[SECTIONS] = { false }, json = false, is_good;
	struct xs *xs;
	size_t s;
	int opt, i;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0)
		json |= opt == 'j';
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	for (i = 0; i < args.operand_count; i++) {
		for (s = 0; s < SECTIONS; s++)
			if (!strcmp(args.operands[i], sections[s].name))
				break;
		if (s == SECTIONS)
			return args_usage_error(&args, "there is no section %s",
				args.operands[i]);
		chosen[s] = true;
	}
	for (s = 0; !args.operand_count && s < SECTIONS; s++)
		chosen[s] = true;
	xs = store_connect();
	if (!xs)
		return 1;
	is_good = run(xs, chosen, json);
	xs_close(xs);
	return is_good ? 0 : 1;
}
