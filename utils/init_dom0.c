/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenon-init-dom0: writes domain 0's own nodes into the store, those that
 * kernels and tools expect there. Running it again changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/err.h"
#include "common/session.h"

static const struct args_option options[] = {
	{ 0, NULL, NULL, NULL },
};

static int write_nodes(struct session *s)
{
	struct xen_domctl_getdomaininfo info;
	int ret = sysctl_domain(s->ctrl, 0, &info);

	if (ret) {
		err_say("cannot ask about domain 0: %s", strerror(-ret));
		return ret;
	}
	ret = xs_printf(s->xs, 0, "/local/domain/0/domid", "0");
	if (!ret)
		ret = xs_printf(s->xs, 0, "/local/domain/0/name", "Domain-0");
	if (!ret)
		ret = xs_printf(s->xs, 0, "/local/domain/0/memory/target",
			"%llu", (unsigned long long)info.tot_pages << 2);
	/* Stock tools know a pool by its name only. */
	if (!ret)
		ret = xs_printf(s->xs, 0, "/local/pool/0/name", "Pool-0");
	/* Hotplug is ours or the tools', never udev's. */
	if (!ret)
		ret = xs_printf(s->xs, 0, "/libxl/disable_udev", "1");
	if (ret)
		err_say("cannot write domain 0's nodes into the store: %s",
			strerror(-ret));
	if (!ret && dom_userdata_write_dom0())
		err_say("warning: stock xl will not show domain 0's "
			"configuration: /var/lib/xen cannot be written");
	return ret;
}

static int run(void)
{
	struct session session = { NULL, NULL };
	int ret = session_open(&session);

	if (!ret)
		ret = write_nodes(&session);
	session_close(&session);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "tenon-init-dom0",
		.synopsis = "",
		.about = "Writes domain 0's own nodes into the store.",
		.options = options,
	};
	int id, ret;

	args_start(&args, argc, argv);
	id = args_next(&args);
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else
		ret = run();
	args_free(&args);
	return ret;
}
