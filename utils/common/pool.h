/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU pools as people see them. */
#ifndef UTILS_POOL_H
#define UTILS_POOL_H

#include <stdint.h>

struct sysctl_pool;
struct xs;

/*
 * The name that tools gave the pool in the store; "Pool-N" for one that has
 * none there, as stock's first. To be freed; NULL: no memory.
 */
char *pool_name(struct xs *xs, uint32_t id);
unsigned int pool_cpu_count(const struct sysctl_pool *pool);

#endif
