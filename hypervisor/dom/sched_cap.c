/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Caps: a domain with a cap of n percent gets n percent of a period as CPU time
 * for all its vcpus together, in each period.  When that is used up the domain
 * is parked (none of its vcpus is runnable) until a later period has paid what
 * it took too much.  Nothing ticks: what was not used in a period is renewed
 * when it is asked for, and only a parked domain has a timer.
 */
#include "sched_queue.h"

#include <tenon/atomic.h>
#include <tenon/softirq.h>

#define PERIOD_NS 10000000ULL
/* Between looks at a budget that several vcpus use up. */
#define LOOK_NS 100000ULL

static int64_t quota_of(const struct sched_domain *s)
{
	return (int64_t)(PERIOD_NS / 100 * s->cap);
}

/* The periods since the last look are paid. */
static void renew(struct sched_domain *s, uint64_t now)
{
	uint64_t n = now > s->period ? (now - s->period) / PERIOD_NS : 0;

	s->period += n * PERIOD_NS;
	/* A long sleep saves no more than one quota. */
	if (n > PERIOD_NS)
		s->budget = quota_of(s);
	else
		s->budget =
			MIN(quota_of(s), s->budget + (int64_t)n * quota_of(s));
}

/* The beginning of the period in which there is some budget again. */
static uint64_t paid_at(const struct sched_domain *s)
{
	uint64_t n = (uint64_t)(-s->budget / quota_of(s)) + 1;

	return s->period + n * PERIOD_NS;
}

static void wake_all(struct domain *d)
{
	struct vcpu *v;

	vcpu_for_each (d, v)
		sched_wake(v);
}

static void refill(void *arg)
{
	struct domain *d = arg;
	struct sched_domain *s = &d->sched;
	uint64_t flags = lock_take_irq(&s->lock);
	bool is_paid = !s->cap;

	if (s->cap) {
		renew(s, time_now());
		is_paid = s->budget > 0;
		if (!is_paid)
			timer_set(&s->refill, paid_at(s));
	}
	if (is_paid)
		WRITE_ONCE(s->is_parked, false);
	lock_drop_irq(&s->lock, flags);
	if (is_paid)
		wake_all(d);
}

void cap_charge(struct domain *d, uint64_t ns, uint64_t now)
{
	struct sched_domain *s = &d->sched;
	bool must_park;
	struct vcpu *v;

	lock_take(&s->lock);
	renew(s, now);
	s->budget -= (int64_t)ns;
	must_park = s->cap && s->budget <= 0 && !s->is_parked;
	if (must_park) {
		WRITE_ONCE(s->is_parked, true);
		timer_set(&s->refill, paid_at(s));
	}
	lock_drop(&s->lock);
	if (!must_park)
		return;
	vcpu_for_each (d, v)
		if (atomic_read(&v->is_running))
			softirq_raise_on(
				atomic_read(&v->processor), SOFTIRQ_SCHEDULE);
}

uint64_t cap_look_at(const struct vcpu *v, uint64_t now)
{
	struct domain *d = v->domain;
	struct sched_domain *s = &d->sched;
	uint64_t left;

	if (v->is_idle || !READ_ONCE(s->cap))
		return ~0ULL;
	lock_take(&s->lock);
	renew(s, now);
	left = s->budget > 0 ? (uint64_t)s->budget / d->vcpu_count : 0;
	lock_drop(&s->lock);
	return now + MAX(left, LOOK_NS);
}

void sched_domain_init(struct domain *d)
{
	struct sched_domain *s = &d->sched;

	s->weight = SCHED_WEIGHT_DEFAULT;
	lock_init(&s->lock, LOCK_CAP);
	timer_init(&s->refill, refill, d, 0);
}

void sched_domain_stop(struct domain *d)
{
	sched_set_weight(d, d->sched.weight, 0);
	timer_kill(&d->sched.refill);
}

void sched_set_weight(struct domain *d, uint32_t weight, uint32_t cap)
{
	struct sched_domain *s = &d->sched;
	bool is_changed = cap != s->cap;
	uint64_t flags;

	WRITE_ONCE(s->weight, weight);
	if (!is_changed)
		return;
	flags = lock_take_irq(&s->lock);
	WRITE_ONCE(s->cap, cap);
	s->period = time_now();
	s->budget = quota_of(s);
	WRITE_ONCE(s->is_parked, false);
	lock_drop_irq(&s->lock, flags);
	wake_all(d);
}
