/* SPDX-License-Identifier: BSD-2-Clause */
/* Tools that print one table: of the domains, all or those named, or another.
 */
#ifndef UTILS_LISTING_H
#define UTILS_LISTING_H

#include <public/domctl.h>
#include "table.h"

struct args;
struct session;

struct listing {
	const char *tool, *synopsis, *about;
	const struct render_column *columns;
	const char *shown; /* the columns when none are wished */
	/* Adds the rows; 0, or a negative errno after a message. */
	int (*fill)(
		struct session *s, struct table *t, const struct args *args);
	bool no_operands;
};

/* The whole of such a tool: what main() returns. */
int listing_main(int argc, char **argv, const struct listing *tool);

/*
 * Calls `add` for each domain, or for each that the operands name, with a name
 * to show, "(null)" for one that has none. For `fill`: what cannot be found is
 * told, keeps no other from its turn, and is the result.
 */
int listing_domains(struct session *s, const struct args *args,
	void (*add)(void *of, const char *name,
		const struct xen_domctl_getdomaininfo *info),
	void *of);

#endif
