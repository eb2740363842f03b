/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore-dump: a part of the store as text, for xenstore-restore.
 *
 * JSON, one object a line: first what it is, then the nodes, parents before
 * their children, as they were at one instant; see xenstore_dump.h.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/args.h"
#include "common/err.h"
#include "xenstore_common.h"
#include "xenstore_dump.h"

static const struct args_option options[] = {
	{ 0, NULL, NULL, NULL },
};

struct dump {
	struct xs *xs;
	uint32_t tx;
};

/* Takes the object. */
static int print_line(struct json_object *o, bool is_whole)
{
	const char *text =
		is_whole && o ? json_object_to_json_string_ext(o,
					JSON_C_TO_STRING_PLAIN |
						JSON_C_TO_STRING_NOSLASHESCAPE)
			      : NULL;
	int err = text ? 0 : -ENOMEM;

	if (!err && puts(text) == EOF)
		err = -EIO;
	json_object_put(o);
	return err;
}

static bool add(struct json_object *o, const char *key, struct json_object *v)
{
	if (v && !json_object_object_add(o, key, v))
		return true;
	json_object_put(v);
	return false;
}

static bool is_text(const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((value[i] < ' ' && value[i] != '\n' && value[i] != '\t') ||
			value[i] > '~')
			return false;
	return true;
}

static bool add_value(struct json_object *o, const char *value, size_t len)
{
	char *hex;
	size_t i;
	bool is_good;

	if (is_text(value, len))
		return add(o, "value",
			json_object_new_string_len(value, (int)len));
	hex = malloc(2 * len + 1);
	if (!hex)
		return false;
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)value[i]);
	is_good = add(o, "hex", json_object_new_string(hex));
	free(hex);
	return is_good;
}

static bool add_perms(
	struct json_object *o, const struct xs_perm *perms, size_t count)
{
	struct json_object *list = json_object_new_array();
	bool is_good = list;
	char text[16];
	size_t i;

	for (i = 0; is_good && i < count; i++) {
		snprintf(text, sizeof(text), "%c%u", perms[i].access,
			perms[i].domid);
		is_good = !json_object_array_add(
			list, json_object_new_string(text));
	}
	if (!is_good) {
		json_object_put(list);
		return false;
	}
	return add(o, "permissions", list);
}

static int print_node(void *ctx, const char *path, int depth)
{
	const struct dump *d = ctx;
	struct json_object *o;
	struct xs_perm *perms;
	size_t len, count;
	char *value;
	int err = xs_read(d->xs, d->tx, path, &value, &len);

	(void)depth;
	if (err)
		return err;
	err = xs_get_perms(d->xs, d->tx, path, &perms, &count);
	if (err) {
		free(value);
		return err;
	}
	o = json_object_new_object();
	err = print_line(o, o && add(o, "path", json_object_new_string(path)) &&
				    add_value(o, value, len) &&
				    add_perms(o, perms, count));
	free(perms);
	free(value);
	return err;
}

/* In a transaction that is never committed: it sees one instant. */
static int dump(struct xs *xs, const char *root)
{
	struct dump d = { .xs = xs };
	struct json_object *o;
	size_t len;
	char *value;
	int err = xs_begin(xs, &d.tx);

	if (err)
		return err;
	err = xs_read(xs, d.tx, root, &value, &len);
	if (err)
		return err;
	free(value);
	o = json_object_new_object();
	err = print_line(o,
		o && add(o, "format", json_object_new_string(DUMP_FORMAT)) &&
			add(o, "version", json_object_new_int(DUMP_VERSION)) &&
			add(o, "root", json_object_new_string(root)));
	if (!err)
		err = print_node(&d, root, 0);
	if (!err)
		err = store_walk(xs, d.tx, root, print_node, &d);
	xs_end(xs, d.tx, false);
	return err;
}

int main(int argc, char **argv)
{
	struct args args
		__attribute__((cleanup(args_free))) = { .tool = "xenstore-dump",
			.synopsis = "[PATH]",
			.about = "Prints the store, or what is at and below a "
				 "path, as it is at one instant, for "
				 "xenstore-restore.",
			.options = options };
	const char *root = "/";
	struct xs *xs;
	int opt, err;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0)
		;
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (args.operand_count > 1)
		return args_usage_error(&args, "one path at most");
	if (args.operand_count)
		root = args.operands[0];
	if (root[0] != '/')
		return args_usage_error(
			&args, "%s does not begin with a '/'", root);
	xs = store_connect();
	if (!xs)
		return 1;
	err = dump(xs, root);
	if (!err && fflush(stdout))
		err = -EIO;
	if (err)
		err_say("cannot dump %s: %s", root, store_why(err));
	xs_close(xs);
	return err ? 1 : 0;
}
