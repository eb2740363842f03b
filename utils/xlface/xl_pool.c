/* SPDX-License-Identifier: BSD-2-Clause */
/* xl: CPU pools; see xl.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/config.h"
#include "common/pool.h"
#include "xl.h"

static void print_pool(
	const struct sysctl_pool *pool, const char *name, bool lists_cpus)
{
	const char *between = "";

	printf("%-19s", name);
	if (!lists_cpus) {
		printf("%3u%10s%8c%11u\n", pool_cpu_count(pool),
			sysctl_scheduler_name(pool->scheduler), 'y',
			pool->domain_count);
		return;
	}
	for (unsigned int i = 0; i < sizeof(pool->cpus) * 8; i++) {
		if (!(pool->cpus[i / 8] >> i % 8 & 1))
			continue;
		printf("%s%u", between, i);
		between = ",";
	}
	putchar('\n');
}

int xl_cpupool_list(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "cpus", 0, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct sysctl_pool pool = { .id = 0 };
	bool lists_cpus = false, found = false;
	const char *wanted;
	uint32_t at = 0;
	int id;

	while ((id = xl_next(c, "c", longs)) >= 0)
		lists_cpus = true;
	if (id == XL_STOP)
		return c->status;
	wanted = optind < c->argc ? c->argv[optind] : NULL;
	for (; !sysctl_pool(c->session.ctrl, at, &pool); at = pool.id + 1) {
		char *name = pool_name(c->session.xs, pool.id);

		if (name && (!wanted || !strcmp(wanted, name))) {
			if (!found)
				puts(lists_cpus ? "Name               CPU list"
						: "Name               CPUs   "
						  "Sched     Active   Domain "
						  "count");
			found = true;
			print_pool(&pool, name, lists_cpus);
		}
		free(name);
	}
	return found || !wanted ? XL_OK
				: xl_fail("Pool '%s' does not exist", wanted);
}

static const char *string_of(const struct config *config, const char *key)
{
	const struct config_setting *s = config_find(config, key);

	return s ? s->value.string : NULL;
}

/* A list of CPUs, as one string: "1,2-3" of ["1", "2-3"]. */
static char *cpus_of(const struct config *config)
{
	const struct config_setting *s = config_find(config, "cpus");
	char *all, *more;

	if (!s || s->value.type != CONFIG_LIST)
		return s ? strdup(s->value.string) : NULL;
	all = strdup("");
	for (size_t i = 0; all && i < s->value.count; i++) {
		const char *one = s->value.items[i].string;

		if (asprintf(&more, "%s%s%s", all, *all ? "," : "",
			    one ? one : "") < 0)
			more = NULL;
		free(all);
		all = more;
	}
	return all;
}

static int create(struct xl_call *c, const struct config *config, bool is_dry)
{
	const char *name = string_of(config, "name");
	const char *sched = string_of(config, "sched");
	char *cpus = cpus_of(config);
	struct why why;
	int ret = XL_OK;

	if (!name)
		ret = xl_fail("Missing mandatory entry: name");
	else if (sched && strcmp(sched, "credit2") != 0)
		ret = xl_fail(
			"There is no scheduler '%s': take credit2", sched);
	else if (config_find(config, "nodes"))
		ret = xl_fail("'nodes' is not known: name CPUs");
	else if (is_dry)
		printf("cpupool name:   %s\nscheduler:      credit2\n", name);
	else if (pool_create(&c->session, name, cpus, &why))
		ret = xl_fail("%s", why.text);
	else
		printf("Using config file \"%s\"\ncpupool name:   %s\n"
		       "scheduler:      credit2\n",
			config->source ? config->source : "command line", name);
	free(cpus);
	return ret;
}

int xl_cpupool_create(struct xl_call *c)
{
	static const struct option longs[] = {
		{ "defconfig", 1, NULL, 'f' },
		{ "dryrun", 0, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct config config = { 0 };
	const char *file = NULL;
	bool is_dry = c->is_dry;
	struct why why;
	int id, ret = 0;

	while ((id = xl_next(c, "nf:", longs)) >= 0) {
		if (id == 'f')
			file = optarg;
		is_dry |= id == 'n';
	}
	if (id == XL_STOP)
		return c->status;
	if (!file && optind < c->argc && !strchr(c->argv[optind], '='))
		file = c->argv[optind++];
	if (file)
		ret = config_read(&config, file, &why);
	for (int i = optind; !ret && i < c->argc; i++)
		ret = config_word(&config, c->argv[i], &why);
	ret = ret ? xl_fail("%s", why.text) : create(c, &config, is_dry);
	config_free(&config);
	return ret;
}

static int tell(int ret, const struct why *why)
{
	return ret ? xl_fail("%s", why->text) : XL_OK;
}

int xl_cpupool_destroy(struct xl_call *c)
{
	struct why why;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	return tell(pool_destroy(&c->session, c->argv[optind], &why), &why);
}

int xl_cpupool_rename(struct xl_call *c)
{
	struct why why;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	return tell(pool_rename(&c->session, c->argv[optind],
			    c->argv[optind + 1], &why),
		&why);
}

int xl_cpupool_cpu_add(struct xl_call *c)
{
	struct why why;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	return tell(pool_add_cpus(&c->session, c->argv[optind],
			    c->argv[optind + 1], &why),
		&why);
}

int xl_cpupool_cpu_remove(struct xl_call *c)
{
	struct why why;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	return tell(pool_remove_cpus(&c->session, c->argv[optind],
			    c->argv[optind + 1], &why),
		&why);
}

int xl_cpupool_migrate(struct xl_call *c)
{
	struct why why;

	if (xl_plain(c) == XL_STOP)
		return c->status;
	return tell(pool_move(&c->session, c->argv[optind], c->argv[optind + 1],
			    &why),
		&why);
}
