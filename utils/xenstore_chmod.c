/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstore-chmod: who may do what with a node. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/args.h"
#include "common/err.h"
#include "xenstore_common.h"

#define MODES_MAX 500

static const struct args_option options[] = {
	{ 'r', "recurse", NULL, "also everything below" },
	{ 'u', "upwards", NULL, "also every parent but the root" },
	STORE_OPTION_SOCKET,
	{ 0, NULL, NULL, NULL },
};

struct job {
	const char *path;
	struct xs_perm perms[MODES_MAX];
	size_t count;
	bool down, up;
	/* While it is done. */
	struct xs *xs;
	uint32_t tx;
};

static int set_one(
	struct xs *xs, uint32_t tx, const struct job *job, const char *path)
{
	int err = xs_set_perms(xs, tx, path, job->perms, job->count);

	if (err)
		err_say("cannot set the permissions of %s: %s", path,
			store_why(err));
	return err;
}

static int visit(void *ctx, const char *path, int depth)
{
	const struct job *job = ctx;

	(void)depth;
	return set_one(job->xs, job->tx, job, path);
}

static int set_below(struct xs *xs, uint32_t tx, struct job *job)
{
	int err = set_one(xs, tx, job, job->path);

	job->xs = xs;
	job->tx = tx;
	return err ? err : store_walk(xs, tx, job->path, visit, job);
}

static int set_above(struct xs *xs, uint32_t tx, const struct job *job)
{
	char *path = strdup(job->path), *slash;
	int err = path ? 0 : -ENOMEM;

	while (!err && (slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		err = set_one(xs, tx, job, path);
	}
	free(path);
	return err;
}

static int set_all(struct xs *xs, uint32_t tx, void *ctx)
{
	struct job *job = ctx;
	int err = job->down ? set_below(xs, tx, job)
			    : set_one(xs, tx, job, job->path);

	return !err && job->up ? set_above(xs, tx, job) : err;
}

static bool parse_mode(const char *text, struct xs_perm *perm)
{
	unsigned long long domid;

	if (!*text || !strchr("nrwb", *text) ||
		!args_number(text + 1, 0, 65535, &domid))
		return false;
	perm->access = *text;
	perm->domid = (uint32_t)domid;
	return true;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-chmod",
		.synopsis = "PATH MODE...",
		.about = "Sets the permissions of a node. A MODE is a letter "
			 "(n none, r read, w write, b both) and a domain id; "
			 "the first names the owner, and what all others may.",
		.options = options };
	static struct job job;
	struct xs *xs;
	int opt, i, err;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0) {
		job.down |= opt == 'r';
		job.up |= opt == 'u';
	}
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (args.operand_count < 2 || args.operand_count > MODES_MAX)
		return args_usage_error(&args, "a path and its modes, please");
	job.path = args.operands[0];
	for (i = 1; i < args.operand_count; i++)
		if (!parse_mode(args.operands[i], &job.perms[job.count++]))
			return args_usage_error(
				&args, "%s is no mode", args.operands[i]);
	xs = store_connect();
	if (!xs)
		return 1;
	err = store_transaction(xs, set_all, &job);
	xs_close(xs);
	return err ? 1 : 0;
}
