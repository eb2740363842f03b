/* SPDX-License-Identifier: BSD-2-Clause */
/* domcons: a guest's console on this terminal. */
#include <errno.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "common/args.h"
#include "common/attach.h"
#include "common/err.h"
#include "common/session.h"

#define TTY_SECONDS 5

static const struct args_option options[] = {
	{ 0, NULL, NULL, NULL },
};

static int run(const char *who)
{
	struct session session = { NULL, NULL };
	struct why why;
	uint32_t domid;
	int tty = -1, ret;

	if (session_open(&session))
		return 1;
	ret = dom_find(session.ctrl, session.xs, who, &domid, &why);
	if (!ret && !domid)
		ret = why_set(&why, -EINVAL,
			"domain 0 is this one; it has no console here");
	if (!ret)
		ret = attach_open(session.xs, domid, TTY_SECONDS, &tty, &why);
	session_close(&session);
	if (!ret)
		ret = attach_run(tty, &why);
	if (ret)
		err_say("%s", why.text);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domcons",
		.synopsis = "NAME|ID",
		.about = "Attaches this terminal to a guest's console; Ctrl-] "
			 "leaves.",
		.options = options,
	};
	int id, ret;

	args_start(&args, argc, argv);
	id = args_next(&args);
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count != 1)
		ret = args_usage_error(&args, "one domain must be given");
	else
		ret = run(args.operands[0]);
	args_free(&args);
	return ret;
}
