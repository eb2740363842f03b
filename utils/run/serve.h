/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's console as somebody's standard output: every byte of it, at the
 * pace of whoever reads, from the guest's start to its end.
 */
#ifndef UTILS_RUN_SERVE_H
#define UTILS_RUN_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct session;
struct why;

struct serve {
	struct session *session;
	uint32_t domid, port; /* the guest's console port */
	int out;
	/* Reports, and leaves, when it is true. */
	bool (*is_over)(void);
};

/*
 * Starts the paused guest and carries its output until it has stopped;
 * *reason is a SHUTDOWN_* then. -EINTR: is_over; -EPIPE and the like: `out`
 * takes no more; -ESRCH: somebody destroyed the guest.
 */
int serve_run(struct serve *s, unsigned int *reason, struct why *why);

#endif
