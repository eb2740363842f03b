/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstore-list: the names of the children of nodes. */
#include <stdio.h>
#include <stdlib.h>
#include "common/args.h"
#include "common/err.h"
#include "common/render.h"
#include "xenstore_common.h"

static const struct args_option options[] = {
	{ 'p', "prefix", NULL, "print whole paths" },
	STORE_OPTION_SOCKET,
	{ 'j', "json", NULL, "print JSON" },
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "PARENT", "parent", false },
	{ "NAME", "name", false },
	{ NULL, NULL, false },
};

static bool list_one(
	struct xs *xs, const char *path, bool prefix, struct render *json)
{
	char **names;
	size_t i, count;
	int err = xs_directory(xs, 0, path, &names, &count);

	if (err) {
		err_say("could not list path %s: %s", path, store_why(err));
		return false;
	}
	for (i = 0; i < count; i++) {
		if (json) {
			render_string(json, path);
			render_string(json, names[i]);
		} else if (prefix) {
			printf("%s/%s\n", path[1] ? path : "", names[i]);
		} else {
			puts(names[i]);
		}
	}
	free(names);
	return true;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-list",
		.synopsis = "PATH...",
		.about = "Prints the names of the children of nodes of the "
			 "store.",
		.options = options };
	bool prefix = false, json = false, is_good = true;
	struct render *r = NULL;
	struct xs *xs;
	int opt, i;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0) {
		prefix |= opt == 'p';
		json |= opt == 'j';
	}
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (!args.operand_count)
		return args_usage_error(&args, "name at least one path");
	xs = store_connect();
	if (!xs)
		return 1;
	if (json)
		r = render_new(true, columns);
	for (i = 0; is_good && i < args.operand_count; i++)
		is_good = list_one(xs, args.operands[i], prefix, r);
	if (r && render_end(r))
		is_good = false;
	xs_close(xs);
	return is_good && !fflush(stdout) ? 0 : 1;
}
