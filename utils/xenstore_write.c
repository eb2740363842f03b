/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstore-write: writes values, all of them or none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/args.h"
#include "common/err.h"
#include "xenstore_common.h"

static const struct args_option options[] = {
	{ 'R', "raw", NULL, "take values as they are, without escapes" },
	STORE_OPTION_SOCKET,
	{ 0, NULL, NULL, NULL },
};

struct job {
	const struct args *args;
	bool is_raw;
};

static int write_all(struct xs *xs, uint32_t tx, void *ctx)
{
	const struct job *job = ctx;
	const char **words = job->args->operands;
	char *value;
	size_t len;
	int i, err = 0;

	for (i = 0; !err && i < job->args->operand_count; i += 2) {
		value = strdup(words[i + 1]);
		if (!value) {
			err_say("out of memory");
			return -ENOMEM;
		}
		len = job->is_raw ? strlen(value) : store_unescape(value);
		err = xs_write(xs, tx, words[i], value, len);
		if (err)
			err_say("could not write path %s: %s", words[i],
				store_why(err));
		free(value);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-write",
		.synopsis = "PATH VALUE [PATH VALUE]...",
		.about = "Writes values into nodes of the store, making those "
			 "that are missing. Several are written at once or "
			 "not at all.",
		.options = options };
	struct job job = { .args = &args };
	struct xs *xs;
	int opt, err;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0)
		job.is_raw |= opt == 'R';
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (!args.operand_count || args.operand_count % 2)
		return args_usage_error(&args, "each path needs its value");
	xs = store_connect();
	if (!xs)
		return 1;
	err = args.operand_count == 2 ? write_all(xs, 0, &job)
				      : store_transaction(xs, write_all, &job);
	xs_close(xs);
	return err ? 1 : 0;
}
