/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU pools.  A pool is a mask; what makes it hold is vcpu->allowed, which
 * every change brings up to date under the lock of the vcpu's run queue.  A
 * mask is written before that, so whoever computes `allowed` meanwhile either
 * sees the new mask or is put right afterwards.
 */
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/panic.h>
#include <tenon/pool.h>
#include <tenon/sched.h>
#include <tenon/softirq.h>

/* In pool_of[]: no pool. */
#define NO_POOL UINT8_MAX

static struct {
	bool exists;
	cpumask_t cpus; /* read unlocked */
} pools[POOL_COUNT];

static uint8_t pool_of[NR_CPUS]; /* the same by CPU; read unlocked */

void pool_init(void)
{
	for (unsigned i = 0; i < POOL_COUNT; i++) {
		pools[i].exists = i == 0;
		pools[i].cpus = i ? 0 : ~(cpumask_t)0;
	}
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		pool_of[cpu] = 0;
}

bool pool_exists(uint32_t id)
{
	return id < POOL_COUNT && pools[id].exists;
}

int pool_next(uint32_t from, uint32_t *id)
{
	for (; from < POOL_COUNT; from++) {
		if (pools[from].exists) {
			*id = from;
			return 0;
		}
	}
	return -ENOENT;
}

cpumask_t pool_cpus(uint32_t id)
{
	return id < POOL_COUNT
		       ? READ_ONCE(pools[id].cpus) & atomic_read(&cpus_online)
		       : 0;
}

cpumask_t pool_peers(unsigned cpu)
{
	return pool_cpus(READ_ONCE(pool_of[cpu]));
}

cpumask_t pool_free_cpus(void)
{
	cpumask_t left = atomic_read(&cpus_online);

	for (unsigned i = 0; i < POOL_COUNT; i++)
		left &= ~pools[i].cpus;
	return left;
}

/* The next domain of any pool from *next on, referenced; or NULL. */
static struct domain *next_domain(uint32_t *next)
{
	struct domain *d = NULL;

	if (*next < DOMID_FIRST_RESERVED)
		d = domain_get_next((domid_t)*next);
	if (d)
		*next = d->id + 1U;
	return d;
}

uint32_t pool_domain_count(uint32_t id)
{
	uint32_t n = 0, next = 0;
	struct domain *d;

	while ((d = next_domain(&next)) != NULL) {
		n += d->cpupool == id;
		domain_put(d);
	}
	return n;
}

int pool_create(uint32_t *id)
{
	uint32_t at = *id;

	if (at == POOL_ANY)
		for (at = 0; at < POOL_COUNT && pools[at].exists; at++)
			;
	if (at >= POOL_COUNT)
		return -ENOSPC;
	if (pools[at].exists)
		return -EEXIST;
	pools[at].exists = true;
	*id = at;
	return 0;
}

int pool_destroy(uint32_t id)
{
	if (!pool_exists(id))
		return -ENOENT;
	if (!id || pools[id].cpus || pool_domain_count(id))
		return -EBUSY;
	pools[id].exists = false;
	return 0;
}

static void update_vcpus(struct domain *d)
{
	struct vcpu *v;

	vcpu_for_each (d, v)
		sched_update_pool(v);
}

static void update_domains(uint32_t id)
{
	uint32_t next = 0;
	struct domain *d;

	while ((d = next_domain(&next)) != NULL) {
		if (d->cpupool == id)
			update_vcpus(d);
		domain_put(d);
	}
}

int pool_add_cpu(uint32_t id, uint32_t cpu)
{
	cpumask_t left = pool_free_cpus();

	if (!pool_exists(id))
		return -ENOENT;
	if (cpu == POOL_ANY && left)
		cpu = (uint32_t)__builtin_ctzll(left);
	if (cpu == POOL_ANY)
		return -EBUSY;
	if (cpu >= NR_CPUS || !(CPUMASK(cpu) & atomic_read(&cpus_online)))
		return -EINVAL;
	if (!(left & CPUMASK(cpu)))
		return -EBUSY;
	WRITE_ONCE(pools[id].cpus, pools[id].cpus | CPUMASK(cpu));
	WRITE_ONCE(pool_of[cpu], (uint8_t)id);
	update_domains(id);
	/* It takes what waits elsewhere in the pool. */
	softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
	return 0;
}

int pool_remove_cpu(uint32_t id, uint32_t cpu)
{
	cpumask_t has = pool_cpus(id);

	if (!pool_exists(id))
		return -ENOENT;
	if (cpu == POOL_ANY && has)
		cpu = 63 - (uint32_t)__builtin_clzll(has);
	if (cpu >= NR_CPUS || !(has & CPUMASK(cpu)))
		return -EINVAL;
	if (has == CPUMASK(cpu) && pool_domain_count(id))
		return -EBUSY;
	WRITE_ONCE(pools[id].cpus, pools[id].cpus & ~CPUMASK(cpu));
	WRITE_ONCE(pool_of[cpu], NO_POOL);
	update_domains(id);
	return 0;
}

int pool_move_domain(struct domain *d, uint32_t id)
{
	if (!pool_exists(id))
		return -ENOENT;
	if (!pool_cpus(id) || d == dom0)
		return -EINVAL;
	WRITE_ONCE(d->cpupool, id);
	update_vcpus(d);
	return 0;
}

static void audit_domain(struct domain *d)
{
	cpumask_t all = pool_cpus(d->cpupool), hard;
	struct vcpu *v;

	BUG_ON(!pool_exists(d->cpupool) || !all);
	vcpu_for_each (d, v) {
		hard = v->affinity_hard & all;
		BUG_ON(v->allowed != (hard ? hard : all));
	}
}

void pool_audit(void)
{
	cpumask_t seen = 0;
	uint32_t next = 0;
	struct domain *d;
	unsigned cpu;

	for (unsigned i = 0; i < POOL_COUNT; i++) {
		BUG_ON(pools[i].cpus && !pools[i].exists);
		BUG_ON(pools[i].cpus & seen);
		seen |= pools[i].cpus;
		cpu_for_each (cpu, pools[i].cpus)
			BUG_ON(pool_of[cpu] != i);
	}
	cpu_for_each (cpu, ~seen)
		BUG_ON(pool_of[cpu] != NO_POOL);
	while ((d = next_domain(&next)) != NULL) {
		audit_domain(d);
		domain_put(d);
	}
}
