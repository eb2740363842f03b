/* SPDX-License-Identifier: BSD-2-Clause */
/* Suspending guests; see suspend.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tenonctrl/save_pv.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include <public/sched.h>
#include "session.h"
#include "suspend.h"

#define TOKEN	"suspend"
#define REQUEST "suspend"
#define POLL_MS 200

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0: it has suspended; -EAGAIN: not yet. */
static int look(struct session *s, uint32_t domid, struct why *why)
{
	struct xen_domctl_getdomaininfo info;
	unsigned int reason;
	int ret = sysctl_domain(s->ctrl, domid, &info);

	if (ret)
		return why_set(why, ret, "domain %u is gone: %s", domid,
			strerror(-ret));
	reason = info.flags >> XEN_DOMINF_shutdownshift &
		 XEN_DOMINF_shutdownmask;
	if (!(info.flags & XEN_DOMINF_shutdown))
		return info.flags & XEN_DOMINF_paused
			       ? why_set(why, -EBUSY,
					 "domain %u is paused and cannot "
					 "answer; domresume it first",
					 domid)
			       : -EAGAIN;
	if (reason == SHUTDOWN_suspend)
		return 0;
	return why_set(why, -EBUSY,
		"domain %u has stopped (reason %u): there is nothing to save",
		domid, reason);
}

/* True when the guest had not yet seen the request. */
static bool take_back(struct session *s, const char *path)
{
	char *value;
	size_t len;
	uint32_t tx;
	bool unseen;

	if (xs_begin(s->xs, &tx))
		return false;
	unseen = !xs_read(s->xs, tx, path, &value, &len);
	if (unseen) {
		unseen = !strcmp(value, REQUEST);
		free(value);
	}
	if (unseen)
		unseen = !xs_write(s->xs, tx, path, "", 0);
	return !xs_end(s->xs, tx, unseen) && unseen;
}

static void nap(struct session *s)
{
	char *path, *token;

	if (!xs_next_event(s->xs, POLL_MS, &path, &token)) {
		free(path);
		free(token);
	}
}

int suspend_guest(struct session *s, uint32_t domid, unsigned int seconds,
	struct why *why)
{
	int64_t end = now_ms() + seconds * 1000LL;
	char path[64];
	bool watched;
	int ret = look(s, domid, why);

	if (ret != -EAGAIN)
		return ret;
	snprintf(
		path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
	/* Without it the wait polls. */
	watched = !xs_watch(s->xs, "@releaseDomain", TOKEN);
	ret = xs_write(s->xs, 0, path, REQUEST, strlen(REQUEST));
	if (ret)
		ret = why_set(why, ret, "cannot write %s into the store: %s",
			path, strerror(-ret));
	while (!ret && (ret = look(s, domid, why)) == -EAGAIN) {
		ret = 0;
		/* One that has begun is given its time. */
		if (now_ms() > end && take_back(s, path))
			ret = why_set(why, -ETIMEDOUT,
				"domain %u did not suspend within %u s: does "
				"its kernel know how to, and does it run?",
				domid, seconds);
		else if (now_ms() > end + seconds * 1000LL)
			ret = why_set(why, -ETIMEDOUT,
				"domain %u began to suspend and did not "
				"within %u s; see its console",
				domid, 2 * seconds);
		else
			nap(s);
	}
	if (watched)
		(void)xs_unwatch(s->xs, "@releaseDomain", TOKEN);
	return ret;
}

int suspend_cancel(struct session *s, uint32_t domid, struct why *why)
{
	int ret = save_pv_cancel(s->ctrl, domid);

	if (!ret)
		ret = xs_resume(s->xs, domid);
	return ret ? why_set(why, ret,
			     "domain %u could not be resumed: %s; it stays "
			     "suspended",
			     domid, strerror(-ret))
		   : 0;
}

/* Nothing is asked of the guest: one that is about to suspend would carry out a
 * second request, too, when it has been resumed. */
void suspend_undo(struct session *s, uint32_t domid, unsigned int seconds)
{
	int64_t end = now_ms() + seconds * 1000LL;
	struct why why;
	char path[64];
	int ret = look(s, domid, &why);

	snprintf(
		path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
	if (ret == -EAGAIN && take_back(s, path))
		return;
	while (ret == -EAGAIN && now_ms() < end) {
		nap(s);
		ret = look(s, domid, &why);
	}
	if (!ret)
		(void)suspend_cancel(s, domid, &why);
}
