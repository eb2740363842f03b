/* SPDX-License-Identifier: BSD-2-Clause */
/* domvcpus: lists the vcpus of the domains, or of those named. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "common/args.h"
#include "common/cpulist.h"
#include "common/err.h"
#include "common/session.h"
#include "common/table.h"

static const struct args_option options[] = {
	TABLE_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "NAME", "name", false },
	{ "ID", "id", true },
	{ "VCPU", "vcpu", true },
	{ "CPU", "cpu", true },
	{ "STATE", "state", false },
	{ "TIME(s)", "cpu_seconds", true },
	{ "HARD", "hard", false },
	{ "SOFT", "soft", false },
	{ NULL, NULL, false },
};

#define SHOWN "name,id,vcpu,cpu,state,cpu_seconds,hard,soft"

struct lister {
	struct session session;
	struct table *table;
	uint32_t cpus; /* of the machine */
};

static void add_affinity(
	struct lister *l, uint32_t domid, uint32_t vcpu, bool hard)
{
	uint8_t map[CPULIST_BYTES] = { 0 };
	char text[256];
	int ret = domctl_get_affinity(
		l->session.ctrl, domid, vcpu, hard, map, sizeof(map));

	cpulist_format(map, sizeof(map), l->cpus, text, sizeof(text));
	table_string(l->table, ret ? "-" : text);
}

static void add_vcpu(struct lister *l, const char *name, uint32_t domid,
	const struct xen_domctl_getvcpuinfo *v)
{
	struct table *t = l->table;
	char cpu[16] = "-";

	if (v->online)
		snprintf(cpu, sizeof(cpu), "%u", v->cpu);
	table_string(t, name);
	table_number(t, domid);
	table_number(t, v->vcpu);
	table_string(t, cpu);
	table_string(t, !v->online   ? "offline"
			: v->running ? "running"
			: v->blocked ? "blocked"
				     : "ready");
	table_real(t, (double)v->cpu_time / 1e9, 1);
	add_affinity(l, domid, v->vcpu, true);
	add_affinity(l, domid, v->vcpu, false);
}

static void add_domain(
	struct lister *l, const struct xen_domctl_getdomaininfo *info)
{
	char *name = NULL;

	if (dom_name(l->session.xs, info->domain, &name))
		name = NULL;
	for (uint32_t i = 0; i <= info->max_vcpu_id; i++) {
		struct xen_domctl_getvcpuinfo v;

		if (!domctl_vcpu_info(l->session.ctrl, info->domain, i, &v))
			add_vcpu(l,
				name	       ? name
				: info->domain ? "(null)"
					       : "Domain-0",
				info->domain, &v);
	}
	free(name);
}

static int add_named(struct lister *l, const char *who)
{
	struct xen_domctl_getdomaininfo info;
	struct why why;
	uint32_t domid;
	int ret = dom_find(l->session.ctrl, l->session.xs, who, &domid, &why);

	if (!ret && sysctl_domain(l->session.ctrl, domid, &info))
		ret = why_set(&why, -ESRCH, "domain '%s' ended just now", who);
	if (ret)
		err_say("%s", why.text);
	else
		add_domain(l, &info);
	return ret;
}

static int list_rows(struct lister *l, const struct args *args)
{
	struct xen_domctl_getdomaininfo *list;
	struct xen_sysctl_physinfo machine;
	size_t count;
	int failed = 0, ret = sysctl_physinfo(l->session.ctrl, &machine);

	if (!ret && !args->operand_count)
		ret = sysctl_domains(l->session.ctrl, &list, &count);
	if (ret) {
		err_say("cannot ask the hypervisor: %s", strerror(-ret));
		return ret;
	}
	l->cpus = machine.nr_cpus;
	for (int i = 0; i < args->operand_count; i++) {
		ret = add_named(l, args->operands[i]);
		failed = ret ? ret : failed;
	}
	if (args->operand_count)
		return failed;
	for (size_t i = 0; i < count; i++)
		add_domain(l, &list[i]);
	free(list);
	return 0;
}

static int run(const struct args *args, const struct table_wish *wish)
{
	struct lister l = { .cpus = 0 };
	int ret = session_open(&l.session), end = -ENOMEM;

	if (ret)
		return 1;
	l.table = table_new(wish, columns, SHOWN);
	if (l.table) {
		ret = list_rows(&l, args);
		end = table_end(l.table);
	}
	session_close(&l.session);
	return ret || end ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domvcpus",
		.synopsis = "[NAME|ID]...",
		.about = "Lists vcpus: where they are, what they do, where "
			 "they may and should run.",
		.options = options,
	};
	struct table_wish wish = { 0 };
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret)
		ret = table_option(&wish, &args, id);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret)
		ret = table_check(&wish, &args, columns, SHOWN);
	if (!ret && !id)
		ret = run(&args, &wish);
	args_free(&args);
	return ret;
}
