/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU pools: sets of CPUs that have none in common.  Each domain is in one
 * pool, and its vcpus run on that pool's CPUs only: on those of their hard
 * affinity, or on all where that names none of them.  A CPU may be in no pool,
 * and then idles.  Pool 0 is dom0's and stays; at boot it has every CPU.
 *
 * Changes are made one at a time (control_begin, or boot); the masks may be
 * read from any context.
 */
#ifndef TENON_POOL_H
#define TENON_POOL_H

#include <tenon/cpu.h>
#include <tenon/types.h>

struct domain;

#define POOL_COUNT NR_CPUS    /* pools at a time; numbers are below it */
#define POOL_ANY   UINT32_MAX /* XEN_SYSCTL_CPUPOOL_PAR_ANY */

/* Boot: one pool, with all CPUs there will be. */
void pool_init(void);

bool pool_exists(uint32_t id);
/* The pool with the lowest number >= from; -ENOENT. */
must_check int pool_next(uint32_t from, uint32_t *id);
/* Online CPUs of a pool; 0: it has none, or does not exist. */
cpumask_t pool_cpus(uint32_t id);
/* Those of the pool that cpu is in; 0: it is in none. */
cpumask_t pool_peers(unsigned cpu);
/* Online CPUs that are in no pool. */
cpumask_t pool_free_cpus(void);
/* Domains in it, those that die included. */
uint32_t pool_domain_count(uint32_t id);

/* A pool without CPUs; *id is its number, or POOL_ANY for the lowest free one.
 * -EEXIST, -ENOSPC. */
must_check int pool_create(uint32_t *id);
/* -ENOENT; -EBUSY: a domain or a CPU is in it, or it is pool 0. */
must_check int pool_destroy(uint32_t id);
/* cpu, or POOL_ANY for the first free one.  -ENOENT no such pool, -EINVAL no
 * such CPU, -EBUSY it is not free (or none is). */
must_check int pool_add_cpu(uint32_t id, uint32_t cpu);
/*
 * cpu, or POOL_ANY for the last one of the pool.  Its vcpus are told to leave.
 * -ENOENT no such pool, -EINVAL it is not in the pool, -EBUSY a domain would be
 * left without a CPU.
 */
must_check int pool_remove_cpu(uint32_t id, uint32_t cpu);
/* -ENOENT no such pool, -EINVAL it has no CPU, or d is dom0. */
must_check int pool_move_domain(struct domain *d, uint32_t id);

/* Recheck masks, domains and vcpus; panics on a difference. */
void pool_audit(void);

#endif
