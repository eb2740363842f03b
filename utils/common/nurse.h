/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child that puts right what this process would leave behind if it were
 * killed: it waits until the process ends, and acts unless it was told before
 * that all is well. It is in a session of its own, so that a Ctrl-C does not
 * reach it.
 */
#ifndef UTILS_NURSE_H
#define UTILS_NURSE_H

#include <stdbool.h>
#include <sys/types.h>

struct why;

struct nurse {
	int pipe;
	pid_t pid; /* 0: not started */
};

/*
 * Starts one that calls `act` in the child, if need be: `begun` says whether
 * nurse_begun was called. Errors of pipe(2) and fork(2).
 */
int nurse_start(struct nurse *n, void (*act)(bool begun, const void *arg),
	const void *arg, struct why *why);
/* From here on there is more to put right; false: the child is dead. */
bool nurse_begun(const struct nurse *n);
/* All is well; waits for the child's end. Harmless on one not started. */
void nurse_end(struct nurse *n);

#endif
