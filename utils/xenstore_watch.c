/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstore-watch: prints the path of each change. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/args.h"
#include "common/err.h"
#include "xenstore_common.h"

static const struct args_option options[] = {
	{ 'n', "number", "NR", "end after so many events" },
	STORE_OPTION_SOCKET,
	{ 'j', "json", NULL, "print a JSON object for each event" },
	{ 0, NULL, NULL, NULL },
};

/* Paths need no escapes in JSON: their characters are few. */
static int print_event(struct xs *xs, bool json)
{
	char *path, *token;
	int err = xs_next_event(xs, -1, &path, &token);

	if (err)
		return err;
	if (json)
		printf("{\"path\":\"%s\",\"watch\":\"%s\"}\n", path, token);
	else
		puts(path);
	free(path);
	free(token);
	return fflush(stdout) ? -EIO : 0;
}

int main(int argc, char **argv)
{
	struct args args __attribute__((
		cleanup(args_free))) = { .tool = "xenstore-watch",
		.synopsis = "PATH...",
		.about = "Prints a path whenever something changes at or below "
			 "those that are named; the first event of each comes "
			 "at once.",
		.options = options };
	unsigned long long left = 0;
	bool json = false, is_counted = false;
	struct xs *xs;
	int opt, i, err = 0;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0) {
		json |= opt == 'j';
		if (opt != 'n')
			continue;
		is_counted = true;
		if (!args_number(args.value, 1, 1000000000, &left))
			return args_usage_error(
				&args, "%s is no number of events", args.value);
	}
	if (opt)
		return opt == ARGS_DONE ? 0 : 2;
	if (!args.operand_count)
		return args_usage_error(&args, "name at least one path");
	xs = store_connect();
	if (!xs)
		return 1;
	for (i = 0; !err && i < args.operand_count; i++) {
		err = xs_watch(xs, args.operands[i], args.operands[i]);
		if (err)
			err_say("cannot watch %s: %s", args.operands[i],
				store_why(err));
	}
	if (!err) {
		while (!err && (!is_counted || left--))
			err = print_event(xs, json);
		if (err)
			err_say("no more events: %s", strerror(-err));
	}
	xs_close(xs);
	return err ? 1 : 0;
}
