/* SPDX-License-Identifier: BSD-2-Clause */
/* domls: lists the domains, or those named. */
#include <tenonctrl/dom.h>
#include "common/info.h"
#include "common/listing.h"

static const struct render_column columns[] = {
	{ "NAME", "name", false },
	{ "ID", "id", true },
	{ "MEM", "memory_mib", true },
	{ "MAXMEM", "maxmem_mib", true },
	{ "VCPUS", "vcpus", true },
	{ "MAXVCPUS", "maxvcpus", true },
	{ "STATE", "state", false },
	{ "REASON", "reason", false },
	{ "TIME(s)", "cpu_seconds", true },
	{ "POOL", "pool", true },
	{ "UUID", "uuid", false },
	{ NULL, NULL, false },
};

static void add_row(void *table, const char *name,
	const struct xen_domctl_getdomaininfo *info)
{
	struct table *t = table;
	char uuid[DOM_UUID_TEXT];

	dom_uuid_format(info->handle, uuid);
	table_string(t, name);
	table_number(t, info->domain);
	table_number(t, (info->tot_pages + 128) >> 8);
	table_number(t, info_max_kib(info) >> 10);
	table_number(t, info->nr_online_vcpus);
	table_number(t, info->max_vcpu_id + 1ULL);
	table_string(t, info_state(info));
	table_string(t, info_reason(info));
	table_real(t, (double)info->cpu_time / 1e9, 1);
	table_number(t, info->cpupool);
	table_string(t, uuid);
}

static int fill(struct session *s, struct table *t, const struct args *args)
{
	return listing_domains(s, args, add_row, t);
}

int main(int argc, char **argv)
{
	static const struct listing tool = {
		.tool = "domls",
		.synopsis = "[NAME|ID]...",
		.about = "Lists the domains: memory in MiB, CPU time in "
			 "seconds.",
		.columns = columns,
		.shown = "name,id,memory_mib,vcpus,state,cpu_seconds",
		.fill = fill,
	};

	return listing_main(argc, argv, &tool);
}
