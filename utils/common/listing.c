/* SPDX-License-Identifier: BSD-2-Clause */
/* Tools that print one table; see listing.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include "args.h"
#include "err.h"
#include "listing.h"
#include "session.h"

struct walk {
	struct session *session;
	void (*add)(void *of, const char *name,
		const struct xen_domctl_getdomaininfo *info);
	void *of;
};

static const struct args_option options[] = {
	TABLE_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

static void visit(
	const struct walk *w, const struct xen_domctl_getdomaininfo *info)
{
	char *name;

	if (dom_name(w->session->xs, info->domain, &name))
		name = NULL;
	w->add(w->of, name ? name : info->domain ? "(null)" : "Domain-0", info);
	free(name);
}

static int visit_all(const struct walk *w)
{
	struct xen_domctl_getdomaininfo *list;
	size_t count;
	int ret = sysctl_domains(w->session->ctrl, &list, &count);

	if (ret) {
		err_say("cannot list the domains: %s", strerror(-ret));
		return ret;
	}
	for (size_t i = 0; i < count; i++)
		visit(w, &list[i]);
	free(list);
	return 0;
}

static int visit_named(const struct walk *w, const char *who)
{
	struct session *s = w->session;
	struct xen_domctl_getdomaininfo info;
	struct why why;
	uint32_t domid;
	int ret = dom_find(s->ctrl, s->xs, who, &domid, &why);

	if (!ret && sysctl_domain(s->ctrl, domid, &info))
		ret = why_set(&why, -ESRCH, "domain '%s' ended just now", who);
	if (ret)
		err_say("%s", why.text);
	else
		visit(w, &info);
	return ret;
}

int listing_domains(struct session *s, const struct args *args,
	void (*add)(void *of, const char *name,
		const struct xen_domctl_getdomaininfo *info),
	void *of)
{
	const struct walk w = { s, add, of };
	int failed = 0;

	if (!args->operand_count)
		return visit_all(&w);
	for (int i = 0; i < args->operand_count; i++) {
		int ret = visit_named(&w, args->operands[i]);

		failed = ret ? ret : failed;
	}
	return failed;
}

static int run(const struct listing *tool, const struct args *args,
	const struct table_wish *wish)
{
	struct session session = { NULL, NULL };
	struct table *t;
	int ret = session_open(&session), end = -ENOMEM;

	if (ret)
		return 1;
	t = table_new(wish, tool->columns, tool->shown);
	if (t) {
		ret = tool->fill(&session, t, args);
		end = table_end(t);
	}
	session_close(&session);
	return ret || end ? 1 : 0;
}

int listing_main(int argc, char **argv, const struct listing *tool)
{
	struct args args = {
		.tool = tool->tool,
		.synopsis = tool->synopsis,
		.about = tool->about,
		.options = options,
	};
	struct table_wish wish = { 0 };
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret)
		ret = table_option(&wish, &args, id);
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && tool->no_operands && args.operand_count)
		ret = args_usage_error(
			&args, "'%s' is not expected", args.operands[0]);
	else if (!ret)
		ret = table_check(&wish, &args, tool->columns, tool->shown);
	if (!ret && !id)
		ret = run(tool, &args, &wish);
	args_free(&args);
	return ret;
}
