/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domrestore: lets a guest go on that domsave or stock xl saved into a file.
 * The guest is made paused and starts only when the file has been read to its
 * end and is sound; else nothing of it stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/err.h"
#include "common/make.h"
#include "common/saved.h"

static const struct args_option options[] = {
	{ 'p', "paused", NULL, "leave the guest paused" },
	{ 'c', "console", NULL, "attach to its console; Ctrl-] leaves" },
	{ 'C', "config", "FILE",
		"a configuration in place of the one that was saved" },
	{ 'j', "json", NULL, "print what was made as JSON" },
	{ 0, NULL, NULL, NULL },
};

static int run(const struct args *args, const char *other,
	const struct make_wish *wish)
{
	struct saved saved = { .name = args->operands[0], .other = other };
	struct maker m = MAKER_EMPTY;
	struct why why;
	int fd = open(saved.name, O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0) {
		err_say("%s: %s", saved.name, strerror(errno));
		return 1;
	}
	m.build = saved_build;
	m.arg = &saved;
	ret = save_file_begin(&saved.file, fd);
	if (ret) {
		err_say("out of memory");
		close(fd);
		return 1;
	}
	ret = saved_config(
		&m, args->operands + 1, args->operand_count - 1, &why);
	if (ret)
		err_say("%s: %s", saved.name, why.text);
	else
		ret = make_guest(&m, wish);
	save_file_end(&saved.file);
	close(fd);
	make_end(&m);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domrestore",
		.synopsis = "FILE [KEY=VALUE]...",
		.about = "Lets a guest go on that domsave or stock xl saved "
			 "into a file. KEY=VALUE words\nreplace settings of "
			 "its configuration.",
		.options = options,
	};
	struct make_wish wish = { 0 };
	const char *other = NULL;
	int id, ret;

	signal(SIGPIPE, SIG_IGN);
	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0) {
		wish.paused |= id == 'p';
		wish.console |= id == 'c';
		wish.json |= id == 'j';
		if (id == 'C')
			other = args.value;
	}
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!args.operand_count)
		ret = args_usage_error(&args, "no file is given");
	else
		ret = run(&args, other, &wish);
	args_free(&args);
	return ret;
}
