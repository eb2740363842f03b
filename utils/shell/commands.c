/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the shell. */
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/args.h"
#include "../common/err.h"
#include "../xenstore_common.h"
#include "shell.h"

#define PERMS_MAX 64

/* Says what went wrong, and forgets a transaction that is gone. */
static bool fail(struct shell *sh, const char *what, int err)
{
	if (err == -ENOENT && sh->tx && !strcmp(what, "transaction"))
		sh->tx = 0;
	if (err == -EIO || err == -EPROTO) {
		err_say("the store has hung up");
		sh->is_over = true;
	} else {
		err_say("%s: %s", what, store_why(err));
	}
	return false;
}

static bool no_memory(void)
{
	err_say("out of memory");
	return false;
}

/* Takes the object. */
static bool print_json(struct json_object *o)
{
	const char *text = o ? json_object_to_json_string_ext(o,
				       JSON_C_TO_STRING_PLAIN |
					       JSON_C_TO_STRING_NOSLASHESCAPE)
			     : NULL;

	if (text)
		puts(text);
	json_object_put(o);
	return text || no_memory();
}

/* Strings by their keys; ends with a NULL key. Takes no string. */
static struct json_object *pairs(const char *key, const char *value, ...)
{
	struct json_object *o = json_object_new_object();
	va_list ap;

	va_start(ap, value);
	while (o && key) {
		json_object_object_add(
			o, key, json_object_new_string(value ? value : ""));
		key = va_arg(ap, const char *);
		value = key ? va_arg(ap, const char *) : NULL;
	}
	va_end(ap);
	return o;
}

static bool run_pwd(struct shell *sh, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (sh->is_json)
		return print_json(pairs("path", sh->place, NULL));
	puts(sh->place);
	return true;
}

static bool run_cd(struct shell *sh, int argc, char **argv)
{
	char *path = shell_path(sh->place, argc > 1 ? argv[1] : "/"), *value;
	int err;

	if (!path)
		return no_memory();
	err = xs_read(sh->xs, sh->tx, path, &value, NULL);
	if (err) {
		fail(sh, path, err);
		free(path);
		return false;
	}
	free(value);
	free(sh->place);
	sh->place = path;
	return true;
}

/* A node as `ls` and `tree` show it. */
struct shown {
	struct shell *sh;
	bool is_long;
	struct json_object *list; /* with --json */
};

static int show(
	const struct shown *how, const char *path, const char *name, int depth)
{
	struct shell *sh = how->sh;
	struct xs_perm *perms;
	char *value, *text, *modes = NULL;
	size_t len, count;
	int err = xs_read(sh->xs, sh->tx, path, &value, &len);

	if (err)
		return err;
	text = store_escape(value, len);
	free(value);
	if (how->is_long || how->list) {
		err = xs_get_perms(sh->xs, sh->tx, path, &perms, &count);
		if (!err) {
			modes = store_perms_text(perms, count);
			free(perms);
		}
	}
	if (!err && how->list)
		json_object_array_add(
			how->list, pairs("path", path, "value", text,
					   "permissions", modes, NULL));
	else if (!err)
		printf("%*s%s = \"%s\"%s%s%s\n", depth, "", name,
			text ? text : "", modes ? "  (" : "",
			modes ? modes : "", modes ? ")" : "");
	free(text);
	free(modes);
	return err;
}

static int list_children(const struct shown *how, const char *path)
{
	struct shell *sh = how->sh;
	char **names, *child;
	size_t count, i;
	int err = xs_directory(sh->xs, sh->tx, path, &names, &count);

	if (err)
		return err;
	for (i = 0; !err && i < count; i++) {
		child = store_join(path, names[i]);
		err = child ? show(how, child, names[i], 0) : -ENOMEM;
		free(child);
		if (err == -ENOENT) /* removed meanwhile */
			err = 0;
	}
	free(names);
	return err;
}

static int visit(void *ctx, const char *path, int depth)
{
	return show(ctx, path, strrchr(path, '/') + 1, depth);
}

static int list_tree(struct shown *how, const char *path)
{
	return store_walk(how->sh->xs, how->sh->tx, path, visit, how);
}

/* [-l] [PATH], shown by `list`. */
static bool list_with(struct shell *sh, int argc, char **argv,
	int (*list)(struct shown *how, const char *path))
{
	struct shown how = { .sh = sh };
	int at = 1, err;
	char *path;
	bool is_good;

	if (argc > at && !strcmp(argv[at], "-l")) {
		how.is_long = true;
		at++;
	}
	if (argc > at + 1) {
		err_say("%s: one path, please", argv[0]);
		return false;
	}
	path = shell_path(sh->place, argc > at ? argv[at] : ".");
	if (sh->is_json)
		how.list = json_object_new_array();
	if (!path || (sh->is_json && !how.list)) {
		free(path);
		return no_memory();
	}
	err = list(&how, path);
	is_good = err ? fail(sh, path, err) : true;
	free(path);
	if (is_good && sh->is_json)
		return print_json(how.list);
	json_object_put(how.list);
	return is_good;
}

static int list_plain(struct shown *how, const char *path)
{
	return list_children(how, path);
}

static bool run_ls(struct shell *sh, int argc, char **argv)
{
	return list_with(sh, argc, argv, list_plain);
}

static bool run_tree(struct shell *sh, int argc, char **argv)
{
	return list_with(sh, argc, argv, list_tree);
}

static bool cat_one(struct shell *sh, const char *path)
{
	char *value, *text;
	size_t len;
	int err = xs_read(sh->xs, sh->tx, path, &value, &len);
	bool is_good = true;

	if (err)
		return fail(sh, path, err);
	text = store_escape(value, len);
	free(value);
	if (!text)
		return no_memory();
	if (sh->is_json)
		is_good = print_json(pairs("path", path, "value", text, NULL));
	else
		puts(text);
	free(text);
	return is_good;
}

/* Has `one` done to each path that is named, until one fails. */
static bool each(struct shell *sh, int argc, char **argv,
	bool (*one)(struct shell *sh, const char *path))
{
	bool is_good = true;
	char *path;
	int i;

	for (i = 1; is_good && i < argc; i++) {
		path = shell_path(sh->place, argv[i]);
		is_good = path ? one(sh, path) : no_memory();
		free(path);
	}
	return is_good;
}

static bool run_cat(struct shell *sh, int argc, char **argv)
{
	return each(sh, argc, argv, cat_one);
}

static bool run_write(struct shell *sh, int argc, char **argv)
{
	char *path = shell_path(sh->place, argv[1]);
	size_t len = argc > 2 ? store_unescape(argv[2]) : 0;
	int err = path ? xs_write(sh->xs, sh->tx, path, argc > 2 ? argv[2] : "",
				 len)
		       : -ENOMEM;

	if (err)
		fail(sh, path ? path : argv[1], err);
	free(path);
	return !err;
}

static bool mkdir_one(struct shell *sh, const char *path)
{
	int err = xs_mkdir(sh->xs, sh->tx, path);

	return err ? fail(sh, path, err) : true;
}

static bool run_mkdir(struct shell *sh, int argc, char **argv)
{
	return each(sh, argc, argv, mkdir_one);
}

static bool rm_one(struct shell *sh, const char *path)
{
	int err = xs_rm(sh->xs, sh->tx, path);

	return err ? fail(sh, path, err) : true;
}

static bool run_rm(struct shell *sh, int argc, char **argv)
{
	return each(sh, argc, argv, rm_one);
}

static bool run_chmod(struct shell *sh, int argc, char **argv)
{
	struct xs_perm perms[PERMS_MAX];
	unsigned long long domid;
	char *path;
	int i, err;

	for (i = 2; i < argc; i++) {
		if (!argv[i][0] || !strchr("nrwb", argv[i][0]) ||
			!args_number(argv[i] + 1, 0, 65535, &domid)) {
			err_say("chmod: %s is no mode: a letter of n, r, w "
				"and b, and a domain",
				argv[i]);
			return false;
		}
		perms[i - 2] = (struct xs_perm){ (uint32_t)domid, argv[i][0] };
	}
	path = shell_path(sh->place, argv[1]);
	err = path ? xs_set_perms(sh->xs, sh->tx, path, perms, (size_t)argc - 2)
		   : -ENOMEM;
	if (err)
		fail(sh, path ? path : argv[1], err);
	free(path);
	return !err;
}

static bool watch_one(struct shell *sh, const char *path)
{
	int err = xs_watch(sh->xs, path, path);

	if (err == -EEXIST) {
		err_say("%s is watched already", path);
		return false;
	}
	return err ? fail(sh, path, err) : true;
}

static bool run_watch(struct shell *sh, int argc, char **argv)
{
	return each(sh, argc, argv, watch_one);
}

static bool unwatch_one(struct shell *sh, const char *path)
{
	int err = xs_unwatch(sh->xs, path, path);

	if (err == -ENOENT) {
		err_say("%s is not watched", path);
		return false;
	}
	return err ? fail(sh, path, err) : true;
}

static bool run_unwatch(struct shell *sh, int argc, char **argv)
{
	return each(sh, argc, argv, unwatch_one);
}

/* Waits for an event and prints it; -ETIMEDOUT when there was none. */
static int print_event(struct shell *sh, int timeout_ms)
{
	char *path, *token;
	int err = xs_next_event(sh->xs, timeout_ms, &path, &token);

	if (err)
		return err;
	if (sh->is_json)
		print_json(pairs("event", path, "watch", token, NULL));
	else
		printf("event: %s\n", path);
	free(path);
	free(token);
	fflush(stdout);
	return 0;
}

bool shell_events(struct shell *sh)
{
	int err;

	do
		err = print_event(sh, 0);
	while (!err);
	if (err == -ETIMEDOUT || err == -EINTR)
		return true;
	fail(sh, "events", err);
	sh->is_over = true;
	return false;
}

static bool run_wait(struct shell *sh, int argc, char **argv)
{
	unsigned long long seconds = 0;
	int err;

	if (argc > 1 && !args_number(argv[1], 0, 86400, &seconds)) {
		err_say("wait: %s is no number of seconds", argv[1]);
		return false;
	}
	err = print_event(sh, argc > 1 ? (int)seconds * 1000 : -1);
	if (err == -ETIMEDOUT) {
		err_say("wait: nothing has happened");
		return false;
	}
	return err ? fail(sh, "wait", err) : true;
}

static bool begin(struct shell *sh)
{
	int err;

	if (sh->tx) {
		err_say("a transaction is open already: commit or abort it");
		return false;
	}
	err = xs_begin(sh->xs, &sh->tx);
	return err ? fail(sh, "transaction", err) : true;
}

static bool end(struct shell *sh, bool is_commit)
{
	int err;

	if (!sh->tx) {
		err_say("no transaction is open");
		return false;
	}
	err = xs_end(sh->xs, sh->tx, is_commit);
	sh->tx = 0;
	if (err == -EAGAIN) {
		err_say("others have changed what the transaction has read: "
			"nothing is written; do it again");
		return false;
	}
	return err ? fail(sh, "transaction", err) : true;
}

static bool run_transaction(struct shell *sh, int argc, char **argv)
{
	(void)argc;
	if (!strcmp(argv[1], "begin"))
		return begin(sh);
	if (!strcmp(argv[1], "commit"))
		return end(sh, true);
	if (!strcmp(argv[1], "abort"))
		return end(sh, false);
	err_say("transaction: begin, commit or abort it, not %s", argv[1]);
	return false;
}

static bool run_help(struct shell *sh, int argc, char **argv)
{
	const struct shell_command *c;
	bool is_found = argc < 2;

	(void)sh;
	for (c = shell_commands; c->name; c++) {
		if (argc > 1 && strcmp(c->name, argv[1]))
			continue;
		printf("  %-12s%-22s%s\n", c->name, c->synopsis, c->help);
		is_found = true;
	}
	if (!is_found)
		err_say("help: there is no command %s", argv[1]);
	return is_found;
}

static bool run_quit(struct shell *sh, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	sh->is_over = true;
	return true;
}

const struct shell_command shell_commands[] = {
	{ "cat", "PATH...", "print values", 1, -1, run_cat },
	{ "cd", "[PATH]", "go there; without a path to /", 0, 1, run_cd },
	{ "chmod", "PATH MODE...", "set permissions: n0 r5, owner first", 2,
		PERMS_MAX, run_chmod },
	{ "help", "[COMMAND]", "this", 0, 1, run_help },
	{ "ls", "[-l] [PATH]", "children and values; -l: permissions, too", 0,
		2, run_ls },
	{ "mkdir", "PATH...", "make nodes without a value", 1, -1, run_mkdir },
	{ "pwd", "", "print where this is", 0, 0, run_pwd },
	{ "quit", "", "leave; an open transaction is aborted", 0, 0, run_quit },
	{ "rm", "PATH...", "remove nodes with all below them", 1, -1, run_rm },
	{ "transaction", "begin|commit|abort", "several changes or none", 1, 1,
		run_transaction },
	{ "tree", "[-l] [PATH]", "all below, as ls", 0, 2, run_tree },
	{ "unwatch", "PATH...", "end watches", 1, -1, run_unwatch },
	{ "wait", "[SECONDS]", "until the next event", 0, 1, run_wait },
	{ "watch", "PATH...", "tell of changes at and below", 1, -1,
		run_watch },
	{ "write", "PATH [VALUE]", "write a value, making what is missing", 1,
		2, run_write },
	{ NULL, NULL, NULL, 0, 0, NULL },
};

static const struct shell_command *find(const char *name)
{
	const struct shell_command *c;

	if (!strcmp(name, "exit"))
		name = "quit";
	for (c = shell_commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

bool shell_run(struct shell *sh, const char *line)
{
	const struct shell_command *c;
	bool is_good = false;
	char **words;
	int count, err = shell_words(line, &words, &count);

	if (err) {
		err_say("%s", err == -EINVAL ? "a quote is not closed"
					     : "out of memory");
		return false;
	}
	c = count ? find(words[0]) : NULL;
	if (!count)
		is_good = true;
	else if (!c)
		err_say("there is no command %s; see help", words[0]);
	else if (count - 1 < c->least || (c->most >= 0 && count - 1 > c->most))
		err_say("usage: %s %s", c->name, c->synopsis);
	else
		is_good = c->run(sh, count, words);
	free(words);
	return is_good;
}
