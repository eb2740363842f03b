/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMUs of guests of ours, watched by the supervisor: a guest does not
 * notice when its own dies, its disks just hang. All is found in the store and
 * in /proc; nothing is kept but descriptors.
 */
#ifndef UTILS_REAPER_QEMUS_H
#define UTILS_REAPER_QEMUS_H

#include <stddef.h>
#include <stdint.h>

struct session;

struct qemus {
	int epoll; /* readable when one has ended; -1: none are watched */
	struct qemu_seen {
		uint32_t domid;
		int fd;
	} * at;
	size_t count;
};

/* Of all zeros; without it, no QEMU is watched, and that is told. */
void qemus_open(struct qemus *q);
void qemus_close(struct qemus *q);
/* Takes note of those that are new. */
void qemus_look(struct qemus *q, struct session *s);
/* Says of each that has ended, and whose guest needs it, what it said last. */
void qemus_tell(struct qemus *q, struct session *s);

#endif
