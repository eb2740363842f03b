/* SPDX-License-Identifier: BSD-2-Clause */
/* dompool: lists the CPU pools. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/cpulist.h"
#include "common/err.h"
#include "common/pool.h"
#include "common/session.h"
#include "common/table.h"

static const struct args_option options[] = {
	TABLE_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "NAME", "name", false },
	{ "ID", "id", true },
	{ "CPUS", "cpus", true },
	{ "LIST", "list", false },
	{ "SCHEDULER", "scheduler", false },
	{ "DOMAINS", "domains", true },
	{ NULL, NULL, false },
};

#define SHOWN "name,id,cpus,list,scheduler,domains"

static void add_pool(
	struct table *t, struct xs *xs, const struct sysctl_pool *pool)
{
	char list[256], *name = pool_name(xs, pool->id);

	cpulist_format(pool->cpus, sizeof(pool->cpus), 0, list, sizeof(list));
	table_string(t, name ? name : "?");
	table_number(t, pool->id);
	table_number(t, pool_cpu_count(pool));
	table_string(t, list);
	table_string(t, sysctl_scheduler_name(pool->scheduler));
	table_number(t, pool->domain_count);
	free(name);
}

static int run(const struct table_wish *wish)
{
	struct session session = { NULL, NULL };
	struct sysctl_pool pool = { .id = 0 };
	struct table *t;
	int ret = session_open(&session), end = -ENOMEM;

	if (ret)
		return 1;
	t = table_new(wish, columns, SHOWN);
	if (t) {
		for (uint32_t at = 0;; at = pool.id + 1) {
			ret = sysctl_pool(session.ctrl, at, &pool);
			if (ret)
				break;
			add_pool(t, session.xs, &pool);
		}
		if (ret == -ENOENT)
			ret = 0;
		else
			err_say("cannot ask for the pools: %s", strerror(-ret));
		end = table_end(t);
	}
	session_close(&session);
	return ret || end ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "dompool",
		.synopsis = "",
		.about = "Lists the CPU pools.",
		.options = options,
	};
	struct table_wish wish = { 0 };
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret)
		ret = table_option(&wish, &args, id);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else if (!ret)
		ret = table_check(&wish, &args, columns, SHOWN);
	if (!ret && !id)
		ret = run(&wish);
	args_free(&args);
	return ret;
}
