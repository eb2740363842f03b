/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting guests again, each in a process of its own. The wishes are files
 * (common/kept.h), held by a lock as long as somebody works on them: so the
 * one who starts them may be killed, and so may the worker.
 */
#ifndef UTILS_RESTART_H
#define UTILS_RESTART_H

#include <stdbool.h>

/* How many quick restarts of a guest may follow each other (common/pace.h);
 * 0: any number. */
extern unsigned int restart_most;

/* Starts a worker for each wish that nobody works on. Whether there are others:
 * one that just ends may hold its wish a moment longer than it rings. */
bool restart_sweep(void);

#endif
