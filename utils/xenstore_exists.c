/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstore-exists: whether all of the nodes are there. */
#include <errno.h>
#include <stdlib.h>
#include "common/args.h"
#include "common/err.h"
#include "xenstore_common.h"

static const struct args_option options[] = {
	{ 'p', "prefix", NULL, "no effect, for old scripts" },
	STORE_OPTION_SOCKET,
	{ 0, NULL, NULL, NULL },
};

static bool exists(struct xs *xs, const char *path)
{
	char *value;
	int err = xs_read(xs, 0, path, &value, NULL);

	if (err && err != -ENOENT)
		err_say("cannot look at %s: %s", path, store_why(err));
	if (err)
		return false;
	free(value);
	return true;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-exists",
		.synopsis = "PATH...",
		.about = "Ends with status 0 when all of the nodes exist, and "
			 "with 1 when one does not.",
		.options = options };
	bool is_good = true;
	struct xs *xs;
	int opt, i;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0)
		;
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (!args.operand_count)
		return args_usage_error(&args, "name at least one path");
	xs = store_connect();
	if (!xs)
		return 1;
	for (i = 0; i < args.operand_count; i++)
		is_good &= exists(xs, args.operands[i]);
	xs_close(xs);
	return is_good ? 0 : 1;
}
