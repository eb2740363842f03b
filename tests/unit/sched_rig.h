/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fake CPUs under the real scheduler: time jumps from timer to timer, and
 * every CPU runs its softirqs until none is pending.  Guests' work is what the
 * test does between the jumps.
 */
#ifndef SCHED_RIG_H
#define SCHED_RIG_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/sched.h>
#include <tenon/softirq.h>
#include <tenon/timer.h>
#include <arch/fake.h>
#include <public/vcpu.h>

#define MS 1000000ULL

/* Of the machine; a test may ask for fewer. */
#ifndef RIG_FRAMES
#define RIG_FRAMES 4096
#endif

static inline void rig_start(unsigned cpu_n)
{
	fake_start(RIG_FRAMES, cpu_n);
	for (unsigned cpu = 0; cpu < cpu_n; cpu++)
		timer_init_cpu(cpu);
	domain_init();
	sched_init();
	for (unsigned cpu = 0; cpu < cpu_n; cpu++)
		sched_init_cpu(cpu);
}

/* Softirqs of every CPU, until none is pending. */
static inline void rig_settle(void)
{
	bool was_busy;

	do {
		was_busy = false;
		for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
			fake_play(cpu);
			if (!softirq_pending())
				continue;
			softirq_run();
			was_busy = true;
		}
	} while (was_busy);
	fake_play(0);
	sched_audit();
}

/* To the next timer, but no further than until (ns); false: until is here. */
static inline bool rig_step(uint64_t until)
{
	uint64_t next = until;

	rig_settle();
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		next = MIN(next, cpus[cpu]->arch.timer_deadline);
	if (next > time_now())
		fake_advance(next - time_now());
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		if (cpus[cpu]->arch.timer_deadline > time_now())
			continue;
		cpus[cpu]->arch.timer_deadline = ~0ULL;
		fake_play(cpu);
		timer_interrupt();
	}
	rig_settle();
	return time_now() < until;
}

static inline void rig_run(uint64_t ns)
{
	uint64_t until = time_now() + ns;

	while (rig_step(until))
		;
}

/* Call fn(arg) on CPU 0 while the others run their softirqs: for what waits
 * until a vcpu is off its CPU. */
static bool rig_is_done;
static void (*rig_fn)(void *arg);

static inline void rig_first(void *arg)
{
	rig_fn(arg);
	rig_is_done = true;
}

static inline void rig_others(void *arg)
{
	(void)arg;
	while (!rig_is_done) {
		softirq_run();
		arch_relax();
	}
}

static inline void rig_call(void (*fn)(void *arg), void *arg)
{
	rig_fn = fn;
	rig_is_done = false;
	fake_spawn(0, rig_first, arg);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++)
		fake_spawn(cpu, rig_others, NULL);
	fake_run(NULL);
	rig_settle();
}

/* A domain of vcpus that wait to be woken. */
static inline struct domain *rig_domain(
	domid_t id, unsigned vcpu_n, uint32_t weight)
{
	struct domain *d = fake_domain(id, 16, vcpu_n);

	sched_domain_init(d);
	sched_set_weight(d, weight, 0);
	for (unsigned i = 0; i < vcpu_n; i++) {
		sched_vcpu_init(d->vcpu[i]);
		time_vcpu_init(d->vcpu[i]);
		d->vcpu[i]->pause_flags = VCPU_DOWN;
	}
	return d;
}

/* Everything stops, so that the domains can be freed. */
static inline void rig_free(struct domain *d)
{
	atomic_add(&d->pauses, 1);
	sched_domain_stop(d);
	for (unsigned i = 0; i < d->vcpu_count; i++) {
		sched_sleep(d->vcpu[i]);
		time_vcpu_stop(d->vcpu[i]);
	}
	rig_settle();
	for (unsigned i = 0; i < d->vcpu_count; i++)
		sched_vcpu_destroy(d->vcpu[i]);
	fake_domain_free(d);
}

static inline void rig_up(struct domain *d)
{
	for (unsigned i = 0; i < d->vcpu_count; i++)
		vcpu_bring_up(d->vcpu[i]);
}

#endif
