/* SPDX-License-Identifier: BSD-2-Clause */
/* Going into the background, so that the starter knows how it went. */
#ifndef UTILS_DAEMON_H
#define UTILS_DAEMON_H

#include <stdbool.h>

/*
 * In the background unless `foreground`: the first process waits until
 * daemon_ready() in the second and then leaves with 0, or with 1 when the
 * second one ends before. The pid file (NULL: none) is written by the process
 * that stays. A negative errno after a message.
 */
int daemon_start(bool foreground, const char *pid_file);
/* All is set up: lets the starter go on. */
void daemon_ready(void);

#endif
