/* SPDX-License-Identifier: BSD-2-Clause */
/* dompool: lists the CPU pools. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/sysctl.h>
#include "common/cpulist.h"
#include "common/err.h"
#include "common/listing.h"
#include "common/pool.h"
#include "common/session.h"

static const struct render_column columns[] = {
	{ "NAME", "name", false },
	{ "ID", "id", true },
	{ "CPUS", "cpus", true },
	{ "LIST", "list", false },
	{ "SCHEDULER", "scheduler", false },
	{ "DOMAINS", "domains", true },
	{ NULL, NULL, false },
};

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

static int fill(struct session *s, struct table *t, const struct args *args)
{
	struct sysctl_pool pool;
	int ret;

	(void)args;
	for (uint32_t at = 0;; at = pool.id + 1) {
		ret = sysctl_pool(s->ctrl, at, &pool);
		if (ret)
			break;
		add_pool(t, s->xs, &pool);
	}
	if (ret == -ENOENT)
		return 0;
	err_say("cannot ask for the pools: %s", strerror(-ret));
	return ret;
}

int main(int argc, char **argv)
{
	static const struct listing tool = {
		.tool = "dompool",
		.synopsis = "",
		.about = "Lists the CPU pools.",
		.columns = columns,
		.shown = "name,id,cpus,list,scheduler,domains",
		.fill = fill,
		.no_operands = true,
	};

	return listing_main(argc, argv, &tool);
}
