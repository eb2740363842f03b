/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's console on this terminal. */
#ifndef UTILS_ATTACH_H
#define UTILS_ATTACH_H

#include <stdint.h>

struct why;
struct xs;

/*
 * Opens the terminal that the console daemon made for the guest, waiting up
 * to `seconds` for it. -ETIMEDOUT: there is none (is the daemon running?).
 */
int attach_open(
	struct xs *xs, uint32_t domid, int seconds, int *fd, struct why *why);
/*
 * Carries bytes between standard input and output and `fd` until Ctrl-], the
 * end of the input, or the end of the guest. Closes fd. 0 in those cases.
 */
int attach_run(int fd, struct why *why);

#endif
