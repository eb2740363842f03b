/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstore-rm: removes nodes with all below them. */
#include <stdlib.h>
#include <string.h>
#include "common/args.h"
#include "common/err.h"
#include "xenstore_common.h"

static const struct args_option options[] = {
	{ 't', "tidy", NULL, "also remove parents that are empty then" },
	STORE_OPTION_SOCKET,
	{ 0, NULL, NULL, NULL },
};

struct job {
	const struct args *args;
	bool is_tidy;
};

/* Whether a node has neither value nor children. */
static bool is_empty(struct xs *xs, uint32_t tx, const char *path)
{
	char *value = NULL, **names = NULL;
	size_t len = 1, count = 1;

	if (!xs_read(xs, tx, path, &value, &len))
		free(value);
	if (!len && !xs_directory(xs, tx, path, &names, &count))
		free(names);
	return !len && !count;
}

static int tidy(struct xs *xs, uint32_t tx, const char *path)
{
	char *parent = strdup(path), *slash;
	int err = 0;

	while (parent && !err && (slash = strrchr(parent, '/')) &&
		slash != parent) {
		*slash = '\0';
		if (!is_empty(xs, tx, parent))
			break;
		err = xs_rm(xs, tx, parent);
	}
	free(parent);
	return err;
}

static int remove_all(struct xs *xs, uint32_t tx, void *ctx)
{
	const struct job *job = ctx;
	const char *path;
	int i, err = 0;

	for (i = 0; !err && i < job->args->operand_count; i++) {
		path = job->args->operands[i];
		err = xs_rm(xs, tx, path);
		if (!err && job->is_tidy)
			err = tidy(xs, tx, path);
		if (err)
			err_say("could not remove path %s: %s", path,
				store_why(err));
	}
	return err;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-rm",
		.synopsis = "PATH...",
		.about = "Removes nodes of the store with all below them, all "
			 "that are named or none.",
		.options = options };
	struct job job = { .args = &args };
	struct xs *xs;
	int opt, err;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0)
		job.is_tidy |= opt == 't';
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (!args.operand_count)
		return args_usage_error(&args, "name at least one path");
	xs = store_connect();
	if (!xs)
		return 1;
	err = store_transaction(xs, remove_all, &job);
	xs_close(xs);
	return err ? 1 : 0;
}
