/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domdump: writes a guest's memory and registers into a file for a debugger.
 * The guest is paused for it, and runs on afterwards, also if domdump is
 * killed; a file that is not whole does not stay.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/core.h"
#include "common/err.h"
#include "common/session.h"

enum { OPT_LIVE = 'l' };

static const struct args_option options[] = {
	{ OPT_LIVE, "live", NULL, "let the guest run meanwhile" },
	{ 0, NULL, NULL, NULL },
};

static int dump(struct session *s, const char *who, const char *file, bool live,
	struct why *why)
{
	char path[CORE_PATH];
	uint32_t domid;
	int ret = dom_find(s->ctrl, s->xs, who, &domid, why);

	if (ret)
		return ret;
	if (!domid)
		return why_set(why, -EPERM,
			"domain 0 is this one and cannot be dumped");
	if (!file) {
		ret = core_path(s, domid, path, why);
		file = path;
	}
	if (!ret)
		ret = core_write(s, domid, file, live, why);
	if (!ret && file == path)
		puts(path);
	return ret;
}

static int run(const struct args *args, bool live)
{
	struct session session = { NULL, NULL };
	const char *who = args->operands[0];
	struct why why;
	int ret = session_open(&session);

	if (ret)
		return 1;
	ret = dump(&session, who,
		args->operand_count == 2 ? args->operands[1] : NULL, live,
		&why);
	if (ret)
		err_say("'%s' is not dumped: %s", who, why.text);
	session_close(&session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domdump",
		.synopsis = "NAME|ID [FILE]",
		.about = "Writes a guest's memory and registers into a file "
			 "for a debugger, by default\ninto one in " CORE_DIR
			 ", whose name it prints.",
		.options = options,
	};
	bool live = false;
	int id, ret;

	signal(SIGPIPE, SIG_IGN);
	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0)
		live |= id == OPT_LIVE;
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count != 1 && args.operand_count != 2)
		ret = args_usage_error(&args, "a domain is wanted, and a file");
	else
		ret = run(&args, live);
	args_free(&args);
	return ret;
}
