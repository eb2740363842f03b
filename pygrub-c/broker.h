/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one process outside of all jails. It holds the disk and the files that
 * are written, starts jails, and answers them; of what they say it believes
 * nothing but what boot_read lets through.
 */
#ifndef PYGRUB_BROKER_H
#define PYGRUB_BROKER_H

#include <signal.h>

struct options;
struct why;

/* Set by a signal's handler: what was begun is taken back. */
extern volatile sig_atomic_t broker_is_stopped;

/* All of it. 0, or a negative errno: nothing is left behind. */
int broker_run(const struct options *options, struct why *why);

#endif
