/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All audits on a machine that runs.  They hold for state at rest, so first
 * every vcpu is stopped with its state saved, and every other CPU waits in a
 * softirq, where it holds no lock.  The CPU that audits is idle by then: it
 * begins again in its idle vcpu, lest somebody wait for the one it had.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/debug_key.h>
#include <tenon/domain.h>
#include <tenon/event.h>
#include <tenon/grant.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pool.h>
#include <tenon/sched.h>
#include <tenon/softirq.h>
#include <tenon/timer.h>
#include <tenon/trace_buffers.h>

static bool is_under_way; /* one at a time */
static bool must_park;
static cpumask_t parked;

static void for_each_vcpu(void (*fn)(struct vcpu *v))
{
	uint32_t next = 0;
	struct domain *d;
	struct vcpu *v;

	while (next < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)next)) != NULL) {
		next = d->id + 1U;
		vcpu_for_each (d, v)
			fn(v);
		domain_put(d);
	}
}

static void stop_vcpu(struct vcpu *v)
{
	if (!(atomic_or(&v->pause_flags, VCPU_AUDITED) & VCPU_AUDITED))
		sched_sleep(v);
}

static void await_vcpu(struct vcpu *v)
{
	while (atomic_read(&v->is_running))
		arch_relax();
}

static void release_vcpu(struct vcpu *v)
{
	if (atomic_and(&v->pause_flags, ~VCPU_AUDITED) & VCPU_AUDITED)
		sched_wake(v);
}

/* SOFTIRQ_PARK */
static void park(void)
{
	cpumask_t me = CPUMASK(this_cpu()->id);

	atomic_or(&parked, me);
	while (atomic_read(&must_park))
		arch_relax();
	atomic_and(&parked, ~me);
}

static void park_others(bool is_on)
{
	cpumask_t others = atomic_read(&cpus_online) & ~CPUMASK(this_cpu()->id);
	unsigned cpu;

	atomic_write(&must_park, is_on);
	if (is_on)
		cpu_for_each (cpu, others)
			softirq_raise_on(cpu, SOFTIRQ_PARK);
	while (atomic_read(&parked) != (is_on ? others : 0))
		arch_relax();
}

static void audit_all(void)
{
	uint32_t next = 0;
	struct domain *d;

	while (next < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)next)) != NULL) {
		next = d->id + 1U;
		event_audit(d);
		grant_audit(d);
		domain_put(d);
	}
	page_audit();
	pagetype_audit(NULL);
	irq_audit();
	sched_audit();
	pool_audit();
	timer_audit();
	trace_buffers_audit();
}

/* SOFTIRQ_AUDIT */
static void audit(void)
{
	uint64_t start;

	for_each_vcpu(stop_vcpu);
	if (!current->is_idle) {
		/* SOFTIRQ_SCHEDULE comes first and brings the idle vcpu. */
		softirq_raise(SOFTIRQ_SCHEDULE);
		softirq_raise(SOFTIRQ_AUDIT);
		return;
	}
	start = time_now();
	for_each_vcpu(await_vcpu);
	park_others(true);
	audit_all();
	park_others(false);
	for_each_vcpu(release_vcpu);
	log_info("audit: clean, in %lu ms",
		(unsigned long)((time_now() - start) / 1000000));
	atomic_write(&is_under_way, false);
}

void audit_request(void)
{
	if (!atomic_swap(&is_under_way, true))
		softirq_raise(SOFTIRQ_AUDIT);
}

void audit_init(void)
{
	softirq_register(SOFTIRQ_PARK, park);
	softirq_register(SOFTIRQ_AUDIT, audit);
	is_under_way = false;
}
