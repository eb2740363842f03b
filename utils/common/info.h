/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hypervisor says of a domain, in words for people. Pure. */
#ifndef UTILS_INFO_H
#define UTILS_INFO_H

#include <stdint.h>

struct xen_domctl_getdomaininfo;

#define INFO_NO_LIMIT UINT64_MAX

/*
 * One word: running, blocked, paused, shutdown, crashed, dying. What ends a
 * domain comes before what merely stops it.
 */
const char *info_state(const struct xen_domctl_getdomaininfo *info);
/* Why it stopped: poweroff, reboot, suspend, crash, watchdog, soft-reset; "-"
 * while it has not. */
const char *info_reason(const struct xen_domctl_getdomaininfo *info);
/* The most memory that it may have, in KiB, or INFO_NO_LIMIT. */
uint64_t info_max_kib(const struct xen_domctl_getdomaininfo *info);

#endif
