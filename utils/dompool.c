/* SPDX-License-Identifier: BSD-2-Clause */
/* dompool: lists the CPU pools, makes and changes them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/args.h"
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

static int destroy(
	struct session *s, const char *who, const char *unused, struct why *why)
{
	(void)unused;
	return pool_destroy(s, who, why);
}

static const struct verb {
	const char *name;
	int least, most; /* words behind it */
	const char *takes;
	int (*run)(struct session *s, const char *first, const char *second,
		struct why *why);
} verbs[] = {
	{ "create", 1, 2, "a name, and CPUs", pool_create },
	{ "destroy", 1, 1, "a pool", destroy },
	{ "add", 2, 2, "a pool and CPUs", pool_add_cpus },
	{ "remove", 2, 2, "a pool and CPUs", pool_remove_cpus },
	{ "move", 2, 2, "a guest and a pool", pool_move },
	{ "rename", 2, 2, "a pool and its new name", pool_rename },
};

static const struct verb *find_verb(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, word))
			return &verbs[i];
	return NULL;
}

static int run(const struct verb *verb, const struct args *args)
{
	int behind = args->operand_count - 1;
	struct session session;
	struct why why;
	int ret;

	if (behind < verb->least || behind > verb->most)
		return args_usage_error(
			args, "%s takes %s", verb->name, verb->takes);
	if (session_open(&session))
		return 1;
	ret = verb->run(&session, args->operands[1],
		behind > 1 ? args->operands[2] : NULL, &why);
	if (ret)
		err_say("%s", why.text);
	session_close(&session);
	return ret ? 1 : 0;
}

static int change(int argc, char **argv, const struct listing *tool)
{
	static const struct args_option none[] = { { 0, NULL, NULL, NULL } };
	struct args args = {
		.tool = tool->tool,
		.synopsis = tool->synopsis,
		.about = tool->about,
		.options = none,
	};
	int ret;

	args_start(&args, argc, argv);
	ret = args_next(&args);
	if (ret == ARGS_END)
		ret = run(find_verb(argv[1]), &args);
	else
		ret = ret == ARGS_USAGE ? 2 : 0;
	args_free(&args);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct listing tool = {
		.tool = "dompool",
		.synopsis = "[create NAME [CPUS] | destroy POOL | "
			    "add POOL CPUS |\n       remove POOL CPUS | "
			    "move GUEST POOL | rename POOL NAME]",
		.about = "Lists the CPU pools, makes and changes them.",
		.columns = columns,
		.shown = "name,id,cpus,list,scheduler,domains",
		.fill = fill,
		.no_operands = true,
	};

	if (argc > 1 && find_verb(argv[1]))
		return change(argc, argv, &tool);
	return listing_main(argc, argv, &tool);
}
