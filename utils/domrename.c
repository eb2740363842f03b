/* SPDX-License-Identifier: BSD-2-Clause */
/* domrename: gives a guest another name while it runs. */
#include <stdio.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/create_lock.h"
#include "common/each.h"
#include "common/err.h"
#include "common/guest.h"
#include "common/kept.h"
#include "common/session.h"

static const struct args_option options[] = { { 0, NULL, NULL, NULL } };

static int rename_guest(
	struct session *s, const char *who, const char *name, struct why *why)
{
	char quoted[DOM_NAME_MAX + 3];
	struct each e;
	int lock, ret = create_lock(&lock, why);

	if (ret)
		return ret;
	ret = each_find(s, who, &e, why);
	if (!ret)
		ret = dom_check_free(s->ctrl, s->xs, name, NULL, why);
	if (!ret)
		ret = dom_rename(s->xs, e.domid, name, why);
	if (!ret) {
		snprintf(quoted, sizeof(quoted), "\"%s\"", name);
		kept_change(e.domid, "name", quoted);
	}
	close(lock);
	return ret;
}

static int run(const char *who, const char *name)
{
	struct session session = { NULL, NULL };
	struct why why;
	int ret;

	if (session_open(&session))
		return 1;
	ret = rename_guest(&session, who, name, &why);
	if (ret)
		err_say("%s", why.text);
	session_close(&session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domrename",
		.synopsis = "NAME|ID NEWNAME",
		.about = "Gives a guest another name while it runs.",
		.options = options,
	};
	int id, ret;

	args_start(&args, argc, argv);
	id = args_next(&args);
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count != 2)
		ret = args_usage_error(
			&args, "a domain and its new name are expected");
	else if (!guest_name_fits(args.operands[1]))
		ret = args_usage_error(&args,
			"'%s' cannot be a name: it must have " GUEST_NAME_RULE,
			args.operands[1]);
	else
		ret = run(args.operands[0], args.operands[1]);
	args_free(&args);
	return ret;
}
