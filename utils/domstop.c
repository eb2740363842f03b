/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domstop: asks guests to power off and waits until they are gone, or
 * destroys them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/args.h"
#include "common/err.h"
#include "common/session.h"

#define SECONDS_DEFAULT 60
#define POLL_MS		200

static const struct args_option options[] = {
	{ 'f', "force", NULL, "destroy at once, without asking" },
	{ 'r', "reboot", NULL, "ask for a reboot instead of a power-off" },
	{ 't', "timeout", "SECONDS", "how long to wait (60); 0: not at all" },
	{ 0, NULL, NULL, NULL },
};

struct wish {
	bool force;
	const char *request; /* what control/shutdown gets */
	unsigned long long seconds;
};

static int ask(
	struct session *s, uint32_t domid, const char *request, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	char path[64];
	int ret;

	if (!sysctl_domain(s->ctrl, domid, &info) &&
		info.flags & XEN_DOMINF_paused)
		return why_set(why, -EBUSY,
			"domain %u is paused and cannot answer; use -f to "
			"destroy it",
			domid);
	snprintf(
		path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
	ret = xs_write(s->xs, 0, path, request, strlen(request));
	return ret ? why_set(why, ret, "cannot write %s into the store: %s",
			     path, strerror(-ret))
		   : 0;
}

/*
 * A stopped guest of ours ends here if nobody else ends it. 1: it is to be
 * dumped or started again, and that is for tenon-reaper alone, who ends it.
 */
static int finish(struct session *s, uint32_t domid,
	const struct xen_domctl_getdomaininfo *info, struct why *why)
{
	unsigned int reason = info->flags >> XEN_DOMINF_shutdownshift &
			      XEN_DOMINF_shutdownmask;
	enum dom_action action;

	/* Of others' guests their own tools take care. */
	if (dom_action_for(s->xs, domid, reason, &action))
		return 0;
	if (action == DOM_RESTART || action == DOM_COREDUMP_RESTART ||
		action == DOM_COREDUMP_DESTROY)
		return 1;
	return action == DOM_DESTROY ? dom_destroy(s->ctrl, s->xs, domid, why)
				     : 0;
}

/* Waits for a change in the store, at most a short while. */
static void nap(struct session *s)
{
	char *path, *token;

	if (!xs_next_event(s->xs, POLL_MS, &path, &token)) {
		free(path);
		free(token);
	}
}

static int wait_end(struct session *s, uint32_t domid, const char *who,
	unsigned long long seconds, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	struct timespec now;
	time_t end;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (time_t)seconds;
	while (!sysctl_domain(s->ctrl, domid, &info) &&
		!(info.flags & XEN_DOMINF_dying)) {
		if (info.flags & XEN_DOMINF_shutdown)
			ret = finish(s, domid, &info, why);
		if (info.flags & XEN_DOMINF_shutdown && ret <= 0)
			return ret;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end && ret)
			return why_set(why, -ETIMEDOUT,
				"domain '%s' stopped, but nobody started it "
				"again within %llu s; does tenon-reaper run?",
				who, seconds);
		if (now.tv_sec >= end)
			return why_set(why, -ETIMEDOUT,
				"domain '%s' did not stop within %llu s; wait "
				"longer (-t) or destroy it (-f)",
				who, seconds);
		nap(s);
	}
	return 0;
}

static int stop(struct session *s, const char *who, const struct wish *wish,
	struct why *why)
{
	uint32_t domid;
	int ret = dom_find(s->ctrl, s->xs, who, &domid, why);

	if (ret)
		return ret;
	if (!domid)
		return why_set(why, -EPERM,
			"domain 0 is this one; use poweroff or reboot");
	if (wish->force)
		return dom_destroy(s->ctrl, s->xs, domid, why);
	/* Best effort: without it the wait polls. */
	(void)xs_watch(s->xs, "@releaseDomain", "stop");
	ret = ask(s, domid, wish->request, why);
	if (!ret && wish->seconds)
		ret = wait_end(s, domid, who, wish->seconds, why);
	(void)xs_unwatch(s->xs, "@releaseDomain", "stop");
	return ret;
}

static int run(const struct args *args, const struct wish *wish)
{
	struct session session = { NULL, NULL };
	struct why why;
	int failed = 0;

	if (session_open(&session))
		return 1;
	for (int i = 0; i < args->operand_count; i++) {
		if (!stop(&session, args->operands[i], wish, &why))
			continue;
		err_say("%s", why.text);
		failed = 1;
	}
	session_close(&session);
	return failed;
}

int main(int argc, char **argv)
{
	struct args args = {
		.tool = "domstop",
		.synopsis = "NAME|ID...",
		.about = "Asks guests to power off and waits until they have.",
		.options = options,
	};
	struct wish wish = { false, "poweroff", SECONDS_DEFAULT };
	int id, ret = 0;

	args_start(&args, argc, argv);
	while ((id = args_next(&args)) > 0 && !ret) {
		if (id == 'f')
			wish.force = true;
		else if (id == 'r')
			wish.request = "reboot";
		else if (!args_number(args.value, 0, 86400, &wish.seconds))
			ret = args_usage_error(&args,
				"'%s' is no number of seconds", args.value);
	}
	if (!ret && id)
		ret = id == ARGS_USAGE ? 2 : 0;
	else if (!ret && !args.operand_count)
		ret = args_usage_error(&args, "no domain is given");
	else if (!ret)
		ret = run(&args, &wish);
	args_free(&args);
	return ret;
}
