/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often guests are started again: one that stops as soon as it runs is not
 * started without end. A restart counts as quick when it comes less than
 * PACE_SECONDS after the one before; only so many quick ones may follow each
 * other. A file a guest, named by its UUID, holds the count; it means nothing
 * when that time has passed, and goes then.
 */
#ifndef UTILS_PACE_H
#define UTILS_PACE_H

#include <stdint.h>

struct why;

#define PACE_DIR     "/run/tenon/restarted"
#define PACE_SECONDS 60
#define PACE_MOST    5

/*
 * Counts that the guest is started again after its domain `domid` stopped, at
 * `now` in seconds of any clock that only goes forward; once for each domain,
 * however often it is called. -ELOOP: `most` came quickly before (0: any number
 * may), and the count begins anew; errors of the file system. The folder's own
 * parent exists.
 */
int pace_count(const char *dir, const uint8_t uuid[16], uint32_t domid,
	int64_t now, unsigned int most, struct why *why);
/* Removes the counts that mean nothing any more. */
void pace_sweep(const char *dir, int64_t now);

#endif
