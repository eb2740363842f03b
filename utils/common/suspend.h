/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that is asked to suspend, so that it can be saved. */
#ifndef UTILS_SUSPEND_H
#define UTILS_SUSPEND_H

#include <stdint.h>

struct session;
struct why;

/*
 * Asks the guest by the store and waits until it has. -EBUSY: it is paused, or
 * stopped already; -ETIMEDOUT: it has not within `seconds`, and the request is
 * taken back.
 */
int suspend_guest(struct session *s, uint32_t domid, unsigned int seconds,
	struct why *why);
/* Lets a guest that suspended run on; dom0's side of its store connection is
 * told, too. */
int suspend_cancel(struct session *s, uint32_t domid, struct why *why);

/*
 * For the one that comes after somebody who was killed while he suspended the
 * guest: it runs on, whether it has suspended, is about to, or has not seen the
 * request, which is then taken back. Waits up to `seconds` for what may come.
 */
void suspend_undo(struct session *s, uint32_t domid, unsigned int seconds);

#endif
