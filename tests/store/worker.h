/* SPDX-License-Identifier: BSD-2-Clause */
/* The process of an xenstored that serves, as its host sees it. */
#ifndef TESTS_STORE_WORKER_H
#define TESTS_STORE_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

/* The worker of that keeper, or 0 while there is none. */
pid_t worker_find(pid_t keeper);
/* Whether there is such a process, and it is nobody's and filtered. */
bool worker_is_confined(pid_t pid);

#endif
