/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's programs, run in a jail that has them. */
#ifndef PYGRUB_TOOL_H
#define PYGRUB_TOOL_H

#include "jail.h"

struct why;

#define TOOL_SAID_MAX 4096 /* bytes of a tool's output that are kept */

/*
 * Runs a program to its end, or to its going into the background, behind a
 * filter, without the jail's descriptors. Its standard output is `out`, or goes
 * to `said` if that is -1. 0, or a negative errno with `why`, which has what
 * the program said; that is in `said` in both cases.
 */
int tool_run(char *const argv[], enum jail_filter filter, int out,
	char said[TOOL_SAID_MAX], struct why *why);

#endif
