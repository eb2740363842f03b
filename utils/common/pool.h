/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU pools as people see them: by their names, with lists of CPUs. What
 * changes something goes back where it fails on its way.
 */
#ifndef UTILS_POOL_H
#define UTILS_POOL_H

#include <stdint.h>

struct session;
struct sysctl_pool;
struct why;
struct xs;

/*
 * The name that tools gave the pool in the store; "Pool-N" for one that has
 * none there, as stock's first. To be freed; NULL: no memory.
 */
char *pool_name(struct xs *xs, uint32_t id);
unsigned int pool_cpu_count(const struct sysctl_pool *pool);

/* The pool of that name, or of that number; -ENOENT. */
int pool_find(struct session *s, const char *who, struct sysctl_pool *pool,
	struct why *why);
/* A new one with the free CPUs of a list (cpulist.h); NULL: the first free. */
int pool_create(
	struct session *s, const char *name, const char *cpus, struct why *why);
/* Its CPUs are free afterwards; -EBUSY: a domain is in it. */
int pool_destroy(struct session *s, const char *who, struct why *why);
int pool_add_cpus(
	struct session *s, const char *who, const char *cpus, struct why *why);
int pool_remove_cpus(
	struct session *s, const char *who, const char *cpus, struct why *why);
int pool_move(struct session *s, const char *domain, const char *who,
	struct why *why);
int pool_rename(
	struct session *s, const char *who, const char *name, struct why *why);

#endif
