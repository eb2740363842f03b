/* SPDX-License-Identifier: BSD-2-Clause */
/* domls: lists the domains, or those named. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/err.h"
#include "common/info.h"
#include "common/session.h"
#include "common/table.h"

static const struct args_option options[] = {
	TABLE_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

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

#define SHOWN "name,id,memory_mib,vcpus,state,cpu_seconds"

static void add_row(struct table *t, struct xs *xs,
	const struct xen_domctl_getdomaininfo *info)
{
	char uuid[DOM_UUID_TEXT], *name = NULL;

	if (dom_name(xs, info->domain, &name))
		name = NULL;
	dom_uuid_format(info->handle, uuid);
	table_string(t, name ? name : info->domain ? "(null)" : "Domain-0");
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
	free(name);
}

static int list_all(struct session *s, struct table *t)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret = sysctl_domains(s->ctrl, &list, &count);

	if (ret) {
		err_say("cannot list the domains: %s", strerror(-ret));
		return ret;
	}
	for (size_t i = 0; i < count; i++)
		add_row(t, s->xs, &list[i]);
	free(list);
	return 0;
}

static int list_named(
	struct session *s, struct table *t, const struct args *args)
{
	struct xen_domctl_getdomaininfo info;
	struct why why;
	uint32_t domid;
	int failed = 0;

	for (int i = 0; i < args->operand_count; i++) {
		int ret = dom_find(
			s->ctrl, s->xs, args->operands[i], &domid, &why);

		if (!ret && sysctl_domain(s->ctrl, domid, &info))
			ret = why_set(&why, -ESRCH, "domain %u ended just now",
				domid);
		if (!ret)
			add_row(t, s->xs, &info);
		else
			err_say("%s", why.text);
		failed = ret ? ret : failed;
	}
	return failed;
}

static int run(const struct args *args, const struct table_wish *wish)
{
	struct session session = { NULL, NULL };
	struct table *t;
	int ret = session_open(&session), end = -ENOMEM;

	if (ret)
		return 1;
	t = table_new(wish, columns, SHOWN);
	if (t) {
		ret = args->operand_count ? list_named(&session, t, args)
					  : list_all(&session, t);
		end = table_end(t);
	}
	session_close(&session);
	return ret || end ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domls",
		.synopsis = "[NAME|ID]...",
		.about = "Lists the domains: memory in MiB, CPU time in "
			 "seconds.",
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
