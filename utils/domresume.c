/* SPDX-License-Identifier: BSD-2-Clause */
/* domresume: lets guests run that dompause or domcreate -p stopped. */
#include "common/each.h"
#include "common/session.h"
#include "common/suspend.h"
#include <errno.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/why.h>
#include <public/sched.h>

static int resume_one(struct session *s, const struct each *e, struct why *why)
{
	unsigned int reason = e->info.flags >> XEN_DOMINF_shutdownshift &
			      XEN_DOMINF_shutdownmask;
	int ret;

	/* Left by a domsave that was killed. */
	if (e->info.flags & XEN_DOMINF_shutdown && reason == SHUTDOWN_suspend) {
		ret = suspend_cancel(s, e->domid, why);
		if (ret)
			return ret;
	} else if (e->info.flags & XEN_DOMINF_shutdown)
		return why_set(why, -EINVAL,
			"domain '%s' has shut down and cannot go on; domstop "
			"-f removes it",
			e->who);
	if (!(e->info.flags & XEN_DOMINF_paused))
		return 0;
	ret = domctl_unpause(s->ctrl, e->domid);
	return ret ? why_set(why, ret, "cannot let domain '%s' run: %s", e->who,
			     strerror(-ret))
		   : 0;
}

int main(int argc, char **argv)
{
	return each_main(argc, argv, "domresume",
		"Lets paused guests run again.", resume_one);
}
