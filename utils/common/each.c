/* SPDX-License-Identifier: BSD-2-Clause */
/* One thing to each guest; see each.h. */
#include <errno.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "args.h"
#include "each.h"
#include "err.h"
#include "session.h"

static const struct args_option options[] = { { 0, NULL, NULL, NULL } };

int each_find(
	struct session *s, const char *who, struct each *e, struct why *why)
{
	int ret = dom_find(s->ctrl, s->xs, who, &e->domid, why);

	if (ret)
		return ret;
	if (!e->domid)
		return why_set(
			why, -EPERM, "domain 0 is this one; name a guest");
	if (sysctl_domain(s->ctrl, e->domid, &e->info) ||
		e->info.flags & XEN_DOMINF_dying)
		return why_set(why, -ESRCH, "domain '%s' ended just now", who);
	e->who = who;
	return 0;
}

static int run(const struct args *args,
	int (*act)(struct session *s, const struct each *e, struct why *why))
{
	struct session session = { NULL, NULL };
	struct each e;
	struct why why;
	int failed = 0;

	if (session_open(&session))
		return 1;
	for (int i = 0; i < args->operand_count; i++) {
		int ret = each_find(&session, args->operands[i], &e, &why);

		if (!ret)
			ret = act(&session, &e, &why);
		if (!ret)
			continue;
		err_say("%s", why.text);
		failed = 1;
	}
	session_close(&session);
	return failed;
}

int each_main(int argc, char **argv, const char *tool, const char *about,
	int (*act)(struct session *s, const struct each *e, struct why *why))
{
	struct args args = {
		.tool = tool,
		.synopsis = "NAME|ID...",
		.about = about,
		.options = options,
	};
	int id, ret;

	args_start(&args, argc, argv);
	id = args_next(&args);
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!args.operand_count)
		ret = args_usage_error(&args, "no domain is given");
	else
		ret = run(&args, act);
	args_free(&args);
	return ret;
}
