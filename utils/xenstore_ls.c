/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore-ls: a tree of the store.
 *
 * The form is the one that scripts know: a space for each level, names and
 * values cut to the width of 80 columns, or with -f whole paths and values.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "common/args.h"
#include "common/err.h"
#include "common/render.h"
#include "xenstore_common.h"

#define PERMS_COLUMN 60
/* What a line holds beside indent, name and value: ` = "\..."`. */
#define TRIMMINGS 8

static const struct args_option options[] = {
	{ 'f', "full", NULL, "print whole paths, and values uncut" },
	{ 'p', "perms", NULL, "print permissions" },
	STORE_OPTION_SOCKET,
	{ 'j', "json", NULL, "print JSON" },
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "PATH", "path", false },
	{ "VALUE", "value", false },
	{ "PERMISSIONS", "permissions", false },
	{ NULL, NULL, false },
};

struct how {
	struct xs *xs;
	bool full, perms;
	struct render *json;
	int room; /* for indent, name and value */
};

struct node {
	const char *path, *name, *value;
	size_t len;
	char *perms;
	int indent;
};

static void print_full(const struct how *how, const struct node *n)
{
	char *text = store_escape(n->value, n->len);

	printf("%s = \"%s\"", n->path, text ? text : "");
	if (how->perms)
		printf("   (%s)", n->perms);
	putchar('\n');
	free(text);
}

static void print_line(const struct how *how, const struct node *n)
{
	int name = (int)strlen(n->name), left = how->room - n->indent, col;
	bool is_cut;
	char *text;

	if (left < 0)
		left = 0;
	if (name > left)
		name = left;
	left -= name;
	is_cut = n->len > (size_t)left;
	text = store_escape(n->value, n->len);
	col = printf("%*s%.*s = \"%.*s%s\"", n->indent, "", name, n->name,
		is_cut ? left : -1, text ? text : "", is_cut ? "\\..." : "");
	if (how->perms) {
		if (!is_cut) {
			putchar(' ');
			for (col++; col < PERMS_COLUMN; col++)
				putchar(col & 1 ? '.' : ' ');
		}
		printf("  (%s)", n->perms);
	}
	putchar('\n');
	free(text);
}

static void print_json(const struct how *how, const struct node *n)
{
	char *text = store_escape(n->value, n->len);

	render_string(how->json, n->path);
	render_string(how->json, text);
	render_string(how->json, n->perms);
	free(text);
}

static int print_node(void *ctx, const char *path, int depth)
{
	const struct how *how = ctx;
	struct xs *xs = how->xs;
	struct node n = { .path = path, .indent = depth };
	struct xs_perm *perms;
	char *value;
	size_t count;
	int err = xs_read(xs, 0, path, &value, &n.len);

	if (err)
		return err;
	n.name = strrchr(path, '/');
	n.name = n.name ? n.name + 1 : path;
	n.value = value;
	if (how->perms || how->json) {
		err = xs_get_perms(xs, 0, path, &perms, &count);
		if (!err) {
			n.perms = store_perms_text(perms, count);
			free(perms);
		}
	}
	if (!err && how->json)
		print_json(how, &n);
	else if (!err && how->full)
		print_full(how, &n);
	else if (!err)
		print_line(how, &n);
	free(n.perms);
	free(value);
	return err;
}

static bool list_below(struct how *how, const char *path)
{
	int err = store_walk(how->xs, 0, path, print_node, how);

	if (err)
		err_say("cannot list %s: %s", path, store_why(err));
	return !err;
}

static int line_room(void)
{
	struct winsize w;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col > 20)
		return w.ws_col - TRIMMINGS;
	return 80 - TRIMMINGS;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-ls",
		.synopsis = "[PATH]...",
		.about = "Prints a tree of the store: all of it, or what is "
			 "below some paths.",
		.options = options };
	struct how how = { .room = line_room() };
	bool json = false, is_good = true;
	int opt, i;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0) {
		how.full |= opt == 'f';
		how.perms |= opt == 'p';
		json |= opt == 'j';
	}
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	how.xs = store_connect();
	if (!how.xs)
		return 1;
	if (json)
		how.json = render_new(true, columns);
	if (!args.operand_count)
		is_good = list_below(&how, "/");
	for (i = 0; is_good && i < args.operand_count; i++)
		is_good = list_below(&how, args.operands[i]);
	if (how.json && render_end(how.json))
		is_good = false;
	xs_close(how.xs);
	return is_good && !fflush(stdout) ? 0 : 1;
}
