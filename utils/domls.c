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
#include "common/render.h"
#include "common/session.h"

static const struct args_option options[] = {
	{ 'j', "json", NULL, "print JSON" },
	{ 0, NULL, NULL, NULL },
};

static const struct render_column columns[] = {
	{ "NAME", "name", false },
	{ "ID", "id", true },
	{ "MEM", "memory_mib", true },
	{ "VCPUS", "vcpus", true },
	{ "STATE", "state", false },
	{ "TIME(s)", "cpu_seconds", true },
	{ NULL, NULL, false },
};

/* One word; what ends a domain comes before what merely stops it. */
static const char *state_of(const struct xen_domctl_getdomaininfo *info)
{
	unsigned int reason = info->flags >> XEN_DOMINF_shutdownshift &
			      XEN_DOMINF_shutdownmask;

	if (info->flags & XEN_DOMINF_dying)
		return "dying";
	if (info->flags & XEN_DOMINF_shutdown)
		return reason == 3 /* SHUTDOWN_crash */ ? "crashed"
							: "shutdown";
	if (info->flags & XEN_DOMINF_paused)
		return "paused";
	if (info->flags & XEN_DOMINF_running)
		return "running";
	return "blocked";
}

static void add_row(struct render *r, struct xs *xs,
	const struct xen_domctl_getdomaininfo *info)
{
	char *name = NULL;

	if (dom_name(xs, info->domain, &name))
		name = NULL;
	render_string(r, name ? name : info->domain ? "(null)" : "Domain-0");
	render_number(r, info->domain);
	render_number(r, (info->tot_pages + 128) >> 8);
	render_number(r, info->nr_online_vcpus);
	render_string(r, state_of(info));
	render_real(r, (double)info->cpu_time / 1e9, 1);
	free(name);
}

static int list_all(struct session *s, struct render *r)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret = sysctl_domains(s->ctrl, &list, &count);

	if (ret) {
		err_say("cannot list the domains: %s", strerror(-ret));
		return ret;
	}
	for (size_t i = 0; i < count; i++)
		add_row(r, s->xs, &list[i]);
	free(list);
	return 0;
}

static int list_named(
	struct session *s, struct render *r, const struct args *args)
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
			add_row(r, s->xs, &info);
		else
			err_say("%s", why.text);
		failed = ret ? ret : failed;
	}
	return failed;
}

static int run(const struct args *args, bool json)
{
	struct session session = { NULL, NULL };
	struct render *r;
	int ret = session_open(&session), end;

	if (ret)
		return 1;
	r = render_new(json, columns);
	if (r) {
		ret = args->operand_count ? list_named(&session, r, args)
					  : list_all(&session, r);
		end = render_end(r);
		if (end)
			err_say("cannot write the list: %s", strerror(-end));
		ret = ret ? ret : end;
	} else {
		err_say("out of memory");
		ret = -ENOMEM;
	}
	session_close(&session);
	return ret ? 1 : 0;
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
	bool json = false;
	int id, ret;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0)
		json = true;
	if (id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else
		ret = run(&args, json);
	args_free(&args);
	return ret;
}
