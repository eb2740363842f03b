/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore-restore: writes into the store what xenstore-dump has printed.
 *
 * The whole of it is read and checked before the store is touched, and then
 * written in one transaction. The format stands in xenstore_dump.h.
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
	{ 'r', "replace", NULL,
		"first remove all that is below the dump's root" },
	{ 0, NULL, NULL, NULL },
};

struct entry {
	char *path, *value;
	size_t len;
	struct xs_perm *perms;
	size_t perm_count;
};

struct dump {
	const char *name; /* of the file */
	char *root;
	struct entry *entries;
	size_t count, room;
	bool is_replacing;
};

static void dump_free(struct dump *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		free(d->entries[i].path);
		free(d->entries[i].value);
		free(d->entries[i].perms);
	}
	free(d->entries);
	free(d->root);
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) &&
			       json_object_is_type(v, json_type_string)
		       ? json_object_get_string(v)
		       : NULL;
}

/* What is wrong with the line; NULL: nothing. */
static const char *take_header(struct dump *d, struct json_object *o)
{
	const char *format = member(o, "format"), *root = member(o, "root");
	struct json_object *version;

	if (!format || strcmp(format, DUMP_FORMAT))
		return "this is no dump of a store";
	if (!json_object_object_get_ex(o, "version", &version) ||
		json_object_get_int(version) != DUMP_VERSION)
		return "the version is not known";
	if (!root || root[0] != '/')
		return "it names no root";
	d->root = strdup(root);
	return d->root ? NULL : "out of memory";
}

static const char *take_hex(struct entry *e, const char *hex)
{
	size_t len = strlen(hex), i;
	unsigned int byte;

	e->value = malloc(len / 2 + 1);
	if (!e->value)
		return "out of memory";
	if (len % 2 || strspn(hex, "0123456789abcdefABCDEF") != len)
		return "its value is not hexadecimal";
	for (i = 0; i < len / 2; i++) {
		sscanf(hex + 2 * i, "%2x", &byte);
		e->value[i] = (char)byte;
	}
	e->len = len / 2;
	return NULL;
}

static const char *take_value(struct entry *e, struct json_object *o)
{
	const char *text = member(o, "value"), *hex = member(o, "hex");

	if (hex && !text)
		return take_hex(e, hex);
	if (!text || hex)
		return "it needs either a value or a hex";
	e->len = strlen(text);
	e->value = strdup(text);
	return e->value ? NULL : "out of memory";
}

static const char *take_perms(struct entry *e, struct json_object *o)
{
	unsigned long long domid;
	struct json_object *list;
	const char *text;
	size_t i;

	if (!json_object_object_get_ex(o, "permissions", &list) ||
		!json_object_is_type(list, json_type_array) ||
		!json_object_array_length(list))
		return "it has no permissions";
	e->perm_count = json_object_array_length(list);
	e->perms = calloc(e->perm_count, sizeof(*e->perms));
	if (!e->perms)
		return "out of memory";
	for (i = 0; i < e->perm_count; i++) {
		text = json_object_get_string(
			json_object_array_get_idx(list, i));
		if (!text || !*text || !strchr("nrwb", *text) ||
			!args_number(text + 1, 0, 65535, &domid))
			return "a permission is a letter of nrwb and a domain";
		e->perms[i] = (struct xs_perm){ (uint32_t)domid, *text };
	}
	return NULL;
}

static bool is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (len == 1)
		return path[0] == '/';
	return !strncmp(path, root, len) && (!path[len] || path[len] == '/');
}

static const char *take_node(struct dump *d, struct json_object *o)
{
	const char *path = member(o, "path"), *wrong;
	struct entry *e;

	if (!path || !is_below(path, d->root))
		return "its path is not one below the dump's root";
	if (d->count == d->room) {
		d->room = d->room ? 2 * d->room : 64;
		e = realloc(d->entries, d->room * sizeof(*e));
		if (!e)
			return "out of memory";
		d->entries = e;
	}
	e = &d->entries[d->count++];
	memset(e, 0, sizeof(*e));
	e->path = strdup(path);
	wrong = e->path ? take_value(e, o) : "out of memory";
	return wrong ? wrong : take_perms(e, o);
}

static const char *take_line(struct dump *d, const char *line)
{
	struct json_object *o = json_tokener_parse(line);
	const char *wrong;

	if (!o || !json_object_is_type(o, json_type_object))
		wrong = "it is no JSON object";
	else
		wrong = d->root ? take_node(d, o) : take_header(d, o);
	json_object_put(o);
	return wrong;
}

static bool read_dump(struct dump *d, FILE *f)
{
	const char *wrong = NULL;
	size_t size = 0, number = 0;
	char *line = NULL;

	while (!wrong && getline(&line, &size, f) > 0) {
		number++;
		wrong = take_line(d, line);
	}
	free(line);
	if (!wrong && ferror(f))
		wrong = "it cannot be read";
	if (!wrong && !d->root)
		wrong = "it is empty";
	if (wrong)
		err_say("%s, line %zu: %s; the store is as it was", d->name,
			number, wrong);
	return !wrong;
}

static int remove_children(struct xs *xs, uint32_t tx, const char *root)
{
	char **names, *path;
	size_t count, i;
	int err = xs_directory(xs, tx, root, &names, &count);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (i = 0; !err && i < count; i++) {
		path = store_join(root, names[i]);
		err = path ? xs_rm(xs, tx, path) : -ENOMEM;
		free(path);
	}
	free(names);
	return err;
}

static int write_all(struct xs *xs, uint32_t tx, void *ctx)
{
	const struct dump *d = ctx;
	const struct entry *e;
	int err = d->is_replacing ? remove_children(xs, tx, d->root) : 0;

	if (err)
		err_say("cannot remove what is below %s: %s", d->root,
			store_why(err));
	for (e = d->entries; !err && e < d->entries + d->count; e++) {
		err = xs_write(xs, tx, e->path, e->value, e->len);
		if (!err)
			err = xs_set_perms(
				xs, tx, e->path, e->perms, e->perm_count);
		if (err)
			err_say("cannot restore %s: %s; the store is as it was",
				e->path, store_why(err));
	}
	return err;
}

static int restore(struct dump *d, FILE *f)
{
	struct xs *xs;
	int err;

	if (!read_dump(d, f))
		return 1;
	xs = store_connect();
	if (!xs)
		return 1;
	err = store_transaction(xs, write_all, d);
	xs_close(xs);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-restore",
		.synopsis = "[FILE]",
		.about = "Writes nodes into the store, all or none, from what "
			 "xenstore-dump has printed.",
		.options = options };
	struct dump d = { .name = "standard input" };
	FILE *f = stdin;
	int opt, status;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0)
		d.is_replacing |= opt == 'r';
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (args.operand_count > 1)
		return args_usage_error(&args, "one file at most");
	if (args.operand_count) {
		d.name = args.operands[0];
		f = fopen(d.name, "re");
		if (!f) {
			err_say("cannot open %s: %s", d.name, strerror(errno));
			return 1;
		}
	}
	status = restore(&d, f);
	dump_free(&d);
	if (f != stdin)
		fclose(f);
	return status;
}
