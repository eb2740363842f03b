/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU pools: who runs where, what is refused, and pools that change while
 * vcpus run, with the CPUs interleaved at every atomic operation.
 */
#include "sched_rig.h"

#include <tenon/errno.h>
#include <tenon/pool.h>
#include <public/domctl.h>

static unsigned seed;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static uint32_t made(void)
{
	uint32_t id = POOL_ANY;

	assert_int_equal(pool_create(&id), 0);
	return id;
}

static void take_cpu(uint32_t from, uint32_t to, uint32_t cpu)
{
	assert_int_equal(pool_remove_cpu(from, cpu), 0);
	assert_int_equal(pool_add_cpu(to, cpu), 0);
}

/* One that pools know of; ends with the machine. */
static struct domain *listed(domid_t id, unsigned vcpu_n)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = vcpu_n,
		.max_grant_frames = 4,
		.max_maptrack_frames = 2,
	};
	struct domain *d;

	assert_int_equal(domain_create(id, &config, false, &d), 0);
	for (unsigned i = 0; i < vcpu_n; i++)
		assert_int_equal(vcpu_create(d, i), 0);
	assert_int_equal(domain_unpause_by_controller(d), 0);
	return d;
}

static void refusals(void **state)
{
	struct domain *d;
	uint32_t id, a;

	(void)state;
	rig_start(3);
	d = listed(1, 2);
	a = made();
	assert_int_equal(a, 1);
	id = 1;
	assert_int_equal(pool_create(&id), -EEXIST);
	id = POOL_COUNT;
	assert_int_equal(pool_create(&id), -ENOSPC);
	assert_int_equal(pool_add_cpu(5, 0), -ENOENT);
	assert_int_equal(pool_add_cpu(a, 0), -EBUSY);
	assert_int_equal(pool_add_cpu(a, 3), -EINVAL);
	assert_int_equal(pool_add_cpu(a, 64), -EINVAL);
	assert_int_equal(pool_add_cpu(a, POOL_ANY), -EBUSY);
	assert_int_equal(pool_remove_cpu(5, 0), -ENOENT);
	assert_int_equal(pool_remove_cpu(0, 3), -EINVAL);
	assert_int_equal(pool_remove_cpu(a, 0), -EINVAL);
	assert_int_equal(pool_remove_cpu(a, POOL_ANY), -EINVAL);
	assert_int_equal(pool_move_domain(d, a), -EINVAL);
	assert_int_equal(pool_move_domain(d, 9), -ENOENT);
	assert_int_equal(pool_remove_cpu(0, POOL_ANY), 0);
	assert_int_equal(pool_free_cpus(), 4);
	assert_int_equal(pool_add_cpu(a, POOL_ANY), 0);
	assert_int_equal(pool_cpus(a), 4);
	assert_int_equal(pool_remove_cpu(0, 0), 0);
	/* The last one, while a domain needs it. */
	assert_int_equal(pool_remove_cpu(0, 1), -EBUSY);
	assert_int_equal(pool_move_domain(d, a), 0);
	assert_int_equal(pool_domain_count(a), 1);
	assert_int_equal(pool_remove_cpu(0, 1), 0);
	assert_int_equal(pool_destroy(a), -EBUSY);
	assert_int_equal(pool_destroy(0), -EBUSY);
	assert_int_equal(pool_destroy(7), -ENOENT);
	assert_int_equal(pool_add_cpu(0, 1), 0);
	assert_int_equal(pool_move_domain(d, 0), 0);
	assert_int_equal(pool_destroy(a), -EBUSY);
	assert_int_equal(pool_remove_cpu(a, 2), 0);
	assert_int_equal(pool_destroy(a), 0);
	assert_int_equal(pool_next(1, &id), -ENOENT);
	pool_audit();
	for (unsigned i = 1; i < POOL_COUNT; i++)
		assert_int_equal(made(), i);
	id = POOL_ANY;
	assert_int_equal(pool_create(&id), -ENOSPC);
	fake_stop();
}

/* Each pool's domains share its CPUs, and leave the other's alone. */
static void shares(void **state)
{
	struct domain *a, *b;
	uint64_t sum = 0;
	uint32_t id;

	(void)state;
	rig_start(4);
	a = listed(1, 4);
	b = listed(2, 4);
	rig_up(a);
	rig_up(b);
	rig_run(100 * MS);
	id = made();
	take_cpu(0, id, 3);
	assert_int_equal(pool_move_domain(b, id), 0);
	rig_settle();
	pool_audit();
	for (unsigned i = 0; i < 4; i++) {
		sum -= sched_cpu_time(b->vcpu[i]);
		assert_int_equal(b->vcpu[i]->processor, 3);
		assert_true(a->vcpu[i]->processor < 3);
	}
	rig_run(8000 * MS);
	for (unsigned i = 0; i < 4; i++)
		sum += sched_cpu_time(b->vcpu[i]);
	assert_int_equal(sum, 8000 * MS);
	/* Four on three CPUs, evenly, and nothing idles. */
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(
			sched_cpu_time(a->vcpu[i]), 5700 * MS, 6400 * MS);
	/* Another CPU is used at once, one that goes is left at once. */
	take_cpu(0, id, 2);
	rig_settle();
	assert_ptr_equal(cpus[2]->vcpu->domain, b);
	assert_int_equal(pool_remove_cpu(id, 3), 0);
	rig_settle();
	pool_audit();
	assert_true(cpus[3]->vcpu->is_idle);
	rig_run(50 * MS);
	assert_true(cpus[3]->vcpu->is_idle);
	fake_stop();
}

/* Affinity counts inside the pool, and comes back with the CPUs. */
static void affinity(void **state)
{
	struct domain *d;
	struct vcpu *v;
	uint32_t id;

	(void)state;
	rig_start(4);
	d = listed(1, 1);
	v = d->vcpu[0];
	rig_up(d);
	assert_int_equal(sched_set_affinity(v, 4, ~0ULL), 0);
	rig_settle();
	assert_ptr_equal(cpus[2]->vcpu, v);
	id = made();
	assert_int_equal(pool_remove_cpu(0, 2), 0);
	rig_settle();
	assert_true(v->is_running && v->processor != 2);
	assert_int_equal(v->allowed, 0xb);
	/* What stands is not refused, what is new is. */
	assert_int_equal(sched_set_affinity(v, 4, 1), 0);
	assert_int_equal(sched_set_affinity(v, 4 | 1ULL << 40, 1), -EINVAL);
	assert_int_equal(pool_add_cpu(0, 2), 0);
	rig_settle();
	assert_ptr_equal(cpus[2]->vcpu, v);
	take_cpu(0, id, 0);
	take_cpu(0, id, 2);
	assert_int_equal(pool_move_domain(d, id), 0);
	rig_settle();
	assert_ptr_equal(cpus[2]->vcpu, v);
	assert_int_equal(v->allowed, 4);
	pool_audit();
	fake_stop();
}

#define DOMAINS 3

static struct domain *load[DOMAINS];
static unsigned busy;

static void finish(void)
{
	atomic_sub(&busy, 1);
	while (atomic_read(&busy)) {
		softirq_run();
		arch_relax();
	}
	softirq_run();
}

/* dom0's tools: one change after another, wanted or not. */
static void tools(void *arg)
{
	unsigned left = *(unsigned *)arg;
	uint32_t id;

	while (left--) {
		struct domain *d = load[any(DOMAINS)];

		switch (any(6)) {
		case 0:
			id = any(4);
			if (pool_create(&id))
				arch_relax();
			break;
		case 1:
			if (pool_destroy(any(4)))
				arch_relax();
			break;
		case 2:
			if (pool_add_cpu(any(4), any(5) ? any(4) : POOL_ANY))
				arch_relax();
			break;
		case 3:
			if (pool_remove_cpu(any(4), any(5) ? any(4) : POOL_ANY))
				arch_relax();
			break;
		case 4:
			if (pool_move_domain(d, any(4)))
				arch_relax();
			break;
		case 5:
			if (sched_set_affinity(d->vcpu[any(d->vcpu_count)],
				    1 + any(15), 1 + any(15)))
				arch_relax();
			break;
		}
		pool_audit();
		softirq_run();
	}
	finish();
}

/* The guests' own doings, and time. */
static void guests(void *arg)
{
	unsigned left = *(unsigned *)arg;

	while (left--) {
		struct domain *d = load[any(DOMAINS)];
		struct vcpu *v = d->vcpu[any(d->vcpu_count)];

		switch (any(5)) {
		case 0:
			vcpu_bring_up(v);
			break;
		case 1:
			vcpu_take_down(v);
			break;
		case 2:
			if (!current->is_idle)
				sched_block();
			break;
		case 3:
			sched_unblock(v);
			break;
		case 4:
			if (!current->is_idle)
				sched_yield();
			break;
		}
		if (!any(4)) {
			fake_advance(any(5000000));
			timer_interrupt();
		}
		softirq_run();
		assert_true(current->is_running);
	}
	finish();
}

static void under_load(void **state)
{
	unsigned n = 50;

	(void)state;
	for (unsigned round = 1; round <= 100; round++) {
		seed = round * 7919;
		rig_start(4);
		for (unsigned i = 0; i < DOMAINS; i++) {
			load[i] = listed((domid_t)(1 + i), 2 + i);
			rig_up(load[i]);
		}
		busy = 4;
		fake_spawn(0, tools, &n);
		for (unsigned cpu = 1; cpu < 4; cpu++)
			fake_spawn(cpu, guests, &n);
		fake_run(any);
		rig_settle();
		pool_audit();
		for (unsigned i = 0; i < DOMAINS; i++) {
			struct vcpu *v;

			vcpu_for_each (load[i], v) {
				bool wants =
					v->is_running || v->sched.is_queued;

				assert_int_equal(vcpu_is_runnable(v), wants);
				if (wants)
					assert_true(v->allowed &
						    CPUMASK(v->processor));
			}
		}
		fake_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(shares),
		cmocka_unit_test(affinity),
		cmocka_unit_test(under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
