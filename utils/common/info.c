/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for states; see info.h. */
#include <stddef.h>
#include <public/domctl.h>
#include <public/sched.h>
#include "info.h"

static unsigned int reason_of(const struct xen_domctl_getdomaininfo *info)
{
	return info->flags >> XEN_DOMINF_shutdownshift &
	       XEN_DOMINF_shutdownmask;
}

const char *info_state(const struct xen_domctl_getdomaininfo *info)
{
	if (info->flags & XEN_DOMINF_dying)
		return "dying";
	if (info->flags & XEN_DOMINF_shutdown)
		return reason_of(info) == SHUTDOWN_crash ? "crashed"
							 : "shutdown";
	if (info->flags & XEN_DOMINF_paused)
		return "paused";
	if (info->flags & XEN_DOMINF_running)
		return "running";
	return "blocked";
}

const char *info_reason(const struct xen_domctl_getdomaininfo *info)
{
	static const char *const words[] = {
		[SHUTDOWN_poweroff] = "poweroff",
		[SHUTDOWN_reboot] = "reboot",
		[SHUTDOWN_suspend] = "suspend",
		[SHUTDOWN_crash] = "crash",
		[SHUTDOWN_watchdog] = "watchdog",
		[SHUTDOWN_soft_reset] = "soft-reset",
	};
	unsigned int reason = reason_of(info);

	if (!(info->flags & XEN_DOMINF_shutdown))
		return "-";
	return reason < sizeof(words) / sizeof(words[0]) ? words[reason]
							 : "unknown";
}

uint64_t info_max_kib(const struct xen_domctl_getdomaininfo *info)
{
	return info->max_pages > UINT64_MAX >> 12 ? INFO_NO_LIMIT
						  : info->max_pages << 2;
}
