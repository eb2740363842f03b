/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sizes that are promised: 64 CPUs, 512 domains, one of them with 64
 * vcpus.  All run, share, move between pools, are audited and die, and their
 * frames are free again, to the page.
 */
#include "sched_rig.h"

#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/grant.h>
#include <tenon/pagetype.h>
#include <tenon/pool.h>
#include <public/domctl.h>

#define CPUS	64
#define DOMAINS 512
#define WIDE	64 /* vcpus of domain 1 */
#define FRAMES	32768

static struct domain *control, *guest[DOMAINS];

static struct domain *make(domid_t id, unsigned vcpu_n, bool is_privileged)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = vcpu_n,
		.max_evtchn_port = 1023,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
	};
	struct domain *d;

	assert_int_equal(domain_create(id, &config, is_privileged, &d), 0);
	for (unsigned i = 0; i < vcpu_n; i++)
		assert_int_equal(vcpu_create(d, i), 0);
	d->page_max = 16;
	/* Guests keep off the CPU that dom0 calls from. */
	for (unsigned i = 0; !is_privileged && i < vcpu_n; i++)
		assert_int_equal(
			sched_set_affinity(d->vcpu[i], ~1ULL, ~0ULL), 0);
	assert_int_equal(domain_unpause_by_controller(d), 0);
	rig_up(d);
	return d;
}

static uint64_t total(const struct domain *d)
{
	uint64_t sum = 0;
	struct vcpu *v;

	vcpu_for_each (d, v)
		sum += sched_cpu_time(v);
	return sum;
}

/* Stopped first: nobody has to be waited for. */
static void kill_all(void)
{
	struct vcpu *v;

	for (unsigned i = 0; i < DOMAINS; i++)
		vcpu_for_each (guest[i], v)
			vcpu_take_down(v);
	rig_settle();
	for (unsigned i = 0; i < DOMAINS; i++) {
		struct domain *d = guest[i];
		int r;

		do {
			r = domain_kill(d);
		} while (r == -ERESTART_HC);
		assert_int_equal(r, 0);
		domain_put(d);
	}
}

static void start(void)
{
	fake_start(FRAMES, CPUS);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		timer_init_cpu(cpu);
	domain_init();
	sched_init();
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		sched_init_cpu(cpu);
	/* dom0 alone on CPU 0; what the first guest makes stays. */
	control = make(0, 1, true);
	assert_int_equal(sched_set_affinity(control->vcpu[0], 1, 1), 0);
	rig_settle();
	assert_ptr_equal(cpus[0]->vcpu, control->vcpu[0]);
}

static void make_all(void)
{
	for (unsigned i = 0; i < DOMAINS; i++) {
		guest[i] = make((domid_t)(i + 1), i ? 1 : WIDE, false);
		assert_ptr_equal(domain_get((domid_t)(i + 1)), guest[i]);
	}
}

static void audit(void)
{
	sched_audit();
	pool_audit();
	page_audit();
	pagetype_audit(NULL);
	for (unsigned i = 0; i < DOMAINS; i++) {
		event_audit(guest[i]);
		grant_audit(guest[i]);
	}
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		fake_play(cpu);
		timer_audit();
	}
	fake_play(0);
}

/* 575 vcpus on 63 CPUs, and dom0 on its own. */
static void share(void)
{
	uint64_t before[DOMAINS], sum = 0, least = ~0ULL, most = 0, got;

	rig_run(200 * MS);
	for (unsigned i = 0; i < DOMAINS; i++)
		before[i] = total(guest[i]);
	rig_run(1000 * MS);
	for (unsigned i = 0; i < DOMAINS; i++) {
		got = total(guest[i]) - before[i];
		sum += got;
		least = i ? MIN(least, got) : least;
		most = i ? MAX(most, got) : most;
	}
	/* No CPU idles, nobody starves. */
	assert_int_equal(sum, 63000 * MS);
	assert_true(least > 1000 * MS * 63 / 575 * 8 / 10);
	assert_true(most < 1000 * MS * 63 / 575 * 12 / 10);
}

static void halves(void)
{
	uint32_t id = POOL_ANY;

	assert_int_equal(pool_create(&id), 0);
	for (unsigned cpu = 32; cpu < CPUS; cpu++) {
		assert_int_equal(pool_remove_cpu(0, cpu), 0);
		assert_int_equal(pool_add_cpu(id, cpu), 0);
	}
	for (unsigned i = 0; i < DOMAINS; i += 2)
		assert_int_equal(pool_move_domain(guest[i], id), 0);
	rig_settle();
	audit();
	rig_run(50 * MS);
	for (unsigned i = 0; i < DOMAINS; i++) {
		struct vcpu *v;

		vcpu_for_each (guest[i], v)
			assert_int_equal(v->processor >= 32, i % 2 == 0);
	}
	for (unsigned i = 0; i < DOMAINS; i += 2)
		assert_int_equal(pool_move_domain(guest[i], 0), 0);
	for (unsigned cpu = 32; cpu < CPUS; cpu++)
		assert_int_equal(pool_remove_cpu(id, cpu), 0);
	assert_int_equal(pool_destroy(id), 0);
}

static void everything(void **state)
{
	uint64_t frames;
	size_t heap;

	(void)state;
	start();
	for (unsigned round = 0; round < 2; round++) {
		frames = page_free_count();
		heap = heap_used();
		make_all();
		rig_settle();
		audit();
		if (!round) {
			share();
			halves();
		}
		kill_all();
		rig_settle();
		assert_null(domain_get(1));
	}
	/* The first round made what stays. */
	assert_int_equal(page_free_count(), frames);
	assert_int_equal(heap_used(), heap);
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
