/* SPDX-License-Identifier: BSD-2-Clause */
/* Tools that do one thing to each guest that their command line names. */
#ifndef UTILS_EACH_H
#define UTILS_EACH_H

#include <stdint.h>
#include <public/domctl.h>

struct session;
struct why;

/* A domain as it was named, and as it was when it was looked up. */
struct each {
	const char *who;
	uint32_t domid;
	struct xen_domctl_getdomaininfo info;
};

/* Finds `who`, which must not be domain 0; errors of dom_find, -EPERM. */
int each_find(
	struct session *s, const char *who, struct each *e, struct why *why);
/*
 * The whole of such a tool: reads the command line and calls `act` for each;
 * what main() returns. A guest that fails keeps no other from its turn.
 */
int each_main(int argc, char **argv, const char *tool, const char *about,
	int (*act)(struct session *s, const struct each *e, struct why *why));

#endif
