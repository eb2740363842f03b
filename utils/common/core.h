/* SPDX-License-Identifier: BSD-2-Clause */
/* Cores of guests in files (tenonctrl/dump_pv.h). */
#ifndef UTILS_CORE_H
#define UTILS_CORE_H

#include <stdbool.h>
#include <stdint.h>

struct session;
struct why;

/* Where they go that nobody named a file for: CORE_DIR/NAME-TIME.core */
#define CORE_DIR  "/var/lib/xen/dump"
#define CORE_PATH 160

/* A path for the domain's core, and the folder; errors of mkdir(2), -ESRCH. */
int core_path(struct session *s, uint32_t domid, char path[CORE_PATH],
	struct why *why);
/*
 * Writes the core into `file`, whole or not at all, readable for nobody else.
 * Unless `live`, or it is paused or has stopped, the domain is paused
 * meanwhile, and runs on even if this process is killed. Errors of dump_pv and
 * of the file system.
 */
int core_write(struct session *s, uint32_t domid, const char *file, bool live,
	struct why *why);

#endif
