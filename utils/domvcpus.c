/* SPDX-License-Identifier: BSD-2-Clause */
/* domvcpus: lists the vcpus of the domains, or of those named. */
#include <stdio.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/sysctl.h>
#include "common/cpulist.h"
#include "common/err.h"
#include "common/listing.h"
#include "common/session.h"

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

struct lister {
	struct ctrl *ctrl;
	struct table *table;
	uint32_t cpus; /* of the machine */
};

static void add_affinity(
	struct lister *l, uint32_t domid, uint32_t vcpu, bool hard)
{
	uint8_t map[CPULIST_BYTES] = { 0 };
	char text[256];
	int ret = domctl_get_affinity(
		l->ctrl, domid, vcpu, hard, map, sizeof(map));

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
	void *of, const char *name, const struct xen_domctl_getdomaininfo *info)
{
	struct lister *l = of;

	for (uint32_t i = 0; i <= info->max_vcpu_id; i++) {
		struct xen_domctl_getvcpuinfo v;

		if (!domctl_vcpu_info(l->ctrl, info->domain, i, &v))
			add_vcpu(l, name, info->domain, &v);
	}
}

static int fill(struct session *s, struct table *t, const struct args *args)
{
	struct lister l = { .ctrl = s->ctrl, .table = t };
	struct xen_sysctl_physinfo machine;
	int ret = sysctl_physinfo(s->ctrl, &machine);

	if (ret) {
		err_say("cannot ask the hypervisor: %s", strerror(-ret));
		return ret;
	}
	l.cpus = machine.nr_cpus;
	return listing_domains(s, args, add_domain, &l);
}

int main(int argc, char **argv)
{
	static const struct listing tool = {
		.tool = "domvcpus",
		.synopsis = "[NAME|ID]...",
		.about = "Lists vcpus: where they are, what they do, where "
			 "they may and should run.",
		.columns = columns,
		.shown = "name,id,vcpu,cpu,state,cpu_seconds,hard,soft",
		.fill = fill,
	};

	return listing_main(argc, argv, &tool);
}
