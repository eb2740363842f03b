/* SPDX-License-Identifier: BSD-2-Clause */
/* dompause: stops the vcpus of guests until domresume lets them run again. */
#include "common/each.h"
#include "common/session.h"
#include <errno.h>
#include <string.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/why.h>

static int pause_one(struct session *s, const struct each *e, struct why *why)
{
	int ret;

	if (e->info.flags & XEN_DOMINF_paused)
		return 0;
	ret = domctl_pause(s->ctrl, e->domid);
	return ret ? why_set(why, ret, "cannot pause domain '%s': %s", e->who,
			     strerror(-ret))
		   : 0;
}

int main(int argc, char **argv)
{
	return each_main(argc, argv, "dompause",
		"Pauses guests: nothing of them runs until domresume.",
		pause_one);
}
