/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and sizes of CPU pools; see pool.h. */
#include <stdio.h>
#include <stdlib.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include "pool.h"

char *pool_name(struct xs *xs, uint32_t id)
{
	char path[48], *name;
	size_t len;

	snprintf(path, sizeof(path), "/local/pool/%u/name", id);
	if (!xs_read(xs, 0, path, &name, &len))
		return name;
	return asprintf(&name, "Pool-%u", id) < 0 ? NULL : name;
}

unsigned int pool_cpu_count(const struct sysctl_pool *pool)
{
	unsigned int count = 0;

	for (size_t i = 0; i < sizeof(pool->cpus); i++)
		count += (unsigned int)__builtin_popcount(pool->cpus[i]);
	return count;
}
