/* SPDX-License-Identifier: BSD-2-Clause */
/* xenstore-read: prints the values of nodes. */
#include <stdio.h>
#include <stdlib.h>
#include "common/args.h"
#include "common/err.h"
#include "common/render.h"
#include "xenstore_common.h"

static const struct args_option options[] = {
	{ 'p', "prefix", NULL, "print each path before its value" },
	{ 'R', "raw", NULL, "print values as they are, without a newline" },
	STORE_OPTION_SOCKET,
	{ 'j', "json", NULL, "print JSON" },
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "PATH", "path", false },
	{ "VALUE", "value", false },
	{ NULL, NULL, false },
};

struct how {
	bool prefix, raw;
	struct render *json;
};

static void show(
	const struct how *how, const char *path, const char *value, size_t len)
{
	char *text = store_escape(value, len);

	if (how->json) {
		render_string(how->json, path);
		render_string(how->json, text);
	} else {
		if (how->prefix)
			printf("%s: ", path);
		if (how->raw)
			fwrite(value, 1, len, stdout);
		else
			puts(text ? text : "");
	}
	free(text);
}

static bool read_all(
	struct xs *xs, const struct args *args, const struct how *how)
{
	char *value;
	size_t len;
	int i, err;

	for (i = 0; i < args->operand_count; i++) {
		err = xs_read(xs, 0, args->operands[i], &value, &len);
		if (err) {
			err_say("couldn't read path %s: %s", args->operands[i],
				store_why(err));
			return false;
		}
		show(how, args->operands[i], value, len);
		free(value);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct args args
		__attribute__((cleanup(args_free))) = { .tool = "xenstore-read",
			.synopsis = "PATH...",
			.about = "Prints the values of nodes of the store.",
			.options = options };
	struct how how = { 0 };
	bool json = false, is_good;
	struct xs *xs;
	int opt;

	args_start(&args, argc, argv);
	while ((opt = args_next(&args)) > 0) {
		how.prefix |= opt == 'p';
		how.raw |= opt == 'R';
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
		how.json = render_new(true, columns);
	is_good = read_all(xs, &args, &how);
	if (how.json && render_end(how.json))
		is_good = false;
	xs_close(xs);
	return is_good && !fflush(stdout) ? 0 : 1;
}
