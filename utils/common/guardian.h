/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that cleans up after a maker of domains that fails or is killed.
 *
 * It is told the UUID before the domain exists, so there is no moment at
 * which a half-made domain is known to nobody. When the maker ends without
 * guardian_dismiss, in whatever way, it destroys every domain of that UUID and
 * removes its record. If it is killed as well, or cannot do it, the record of
 * half_made.h stays and the next guardian_sweep does it.
 */
#ifndef UTILS_GUARDIAN_H
#define UTILS_GUARDIAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "half_made.h"

struct session;
struct why;

struct guardian {
	int pipe; /* its end, when we die, tells the guardian */
	pid_t pid;
	struct half_made record;
};

/* Starts it; call while the process is small, before ctrl_open. */
int guardian_start(struct guardian *g, const uint8_t uuid[16], struct why *why);
/* From now on a domain of that UUID is the maker's. */
int guardian_arm(struct guardian *g, struct why *why);
/* All is well: it leaves without doing anything. */
void guardian_dismiss(struct guardian *g);
/* Lets it clean up now, and waits; for a maker that failed. */
void guardian_fire(struct guardian *g);

/*
 * Destroys what makers left that were killed together with their guardians;
 * says what it cannot. Whether records remain, be it that somebody holds them
 * (see half_made_watch) or that something could not be destroyed: then another
 * try a while later is due.
 */
bool guardian_sweep(struct session *s);

#endif
