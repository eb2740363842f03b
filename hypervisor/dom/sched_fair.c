/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy: each vcpu's virtual time runs at 256 / weight of real time while
 * it has a CPU, and the one that is furthest behind runs next.  (Start-time
 * fair queueing; Goyal, Guo, Vin 1996.)
 */
#include "sched_queue.h"

#include <public/xen.h>

/* Is virtual time a before b? */
static bool is_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

uint32_t fair_weight(const struct vcpu *v)
{
	uint32_t weight = READ_ONCE(v->domain->sched.weight);

	return weight ? weight : SCHED_WEIGHT_DEFAULT;
}

static uint64_t to_virtual(const struct vcpu *v, uint64_t ns)
{
	return ns * SCHED_WEIGHT_DEFAULT / fair_weight(v);
}

/* The queue's clock is the least vruntime of all that want this CPU. */
static void clock_advance(struct run_queue *q)
{
	uint64_t least;
	struct vcpu *first;

	if (q->chosen && !q->chosen->is_idle) {
		least = q->chosen->sched.vruntime;
	} else if (!list_is_empty(&q->list)) {
		least = list_first_entry(&q->list, struct vcpu, sched.link)
				->sched.vruntime;
	} else {
		return;
	}
	if (!list_is_empty(&q->list)) {
		first = list_first_entry(&q->list, struct vcpu, sched.link);
		if (is_before(first->sched.vruntime, least))
			least = first->sched.vruntime;
	}
	if (is_before(q->clock, least))
		WRITE_ONCE(q->clock, least);
}

void fair_charge(struct run_queue *q, struct vcpu *v, uint64_t now)
{
	if (v->is_idle)
		return;
	if (now > v->sched.charged) {
		v->sched.vruntime += to_virtual(v, now - v->sched.charged);
		if (READ_ONCE(v->domain->sched.cap))
			cap_charge(v->domain, now - v->sched.charged, now);
	}
	v->sched.charged = now;
	clock_advance(q);
}

static void bound(struct run_queue *q, struct vcpu *v)
{
	uint64_t least = q->clock - SCHED_SLEEPER_NS;
	uint64_t most = q->clock + SCHED_AHEAD_NS;

	if (is_before(v->sched.vruntime, least))
		v->sched.vruntime = least;
	else if (is_before(most, v->sched.vruntime))
		v->sched.vruntime = most;
}

void fair_wake(struct run_queue *q, struct vcpu *v)
{
	/* One that has never run has not slept either, and whoever made it is
	 * about to be done: a turn goes before it. */
	if (!v->sched.charged)
		v->sched.vruntime = q->clock + SCHED_SLICE_NS;
	bound(q, v);
}

void fair_enqueue(struct run_queue *q, struct vcpu *v)
{
	struct vcpu *at;

	/* From the end: who has just run goes far back. */
	for (at = list_last_entry(&q->list, struct vcpu, sched.link);
		&at->sched.link != &q->list;
		at = list_prev_entry(at, sched.link))
		if (!is_before(v->sched.vruntime, at->sched.vruntime))
			break;
	list_add(&v->sched.link, &at->sched.link);
	v->sched.is_queued = true;
	v->sched.weight = fair_weight(v);
	WRITE_ONCE(q->weight, q->weight + v->sched.weight);
	WRITE_ONCE(q->count, q->count + 1);
}

void fair_dequeue(struct run_queue *q, struct vcpu *v)
{
	list_del(&v->sched.link);
	v->sched.is_queued = false;
	WRITE_ONCE(q->weight, q->weight - v->sched.weight);
	WRITE_ONCE(q->count, q->count - 1);
}

struct vcpu *fair_pick(struct run_queue *q)
{
	if (list_is_empty(&q->list))
		return NULL;
	return list_first_entry(&q->list, struct vcpu, sched.link);
}

uint64_t fair_preempt_at(
	struct run_queue *q, const struct vcpu *v, uint64_t now)
{
	const struct vcpu *chosen = q->chosen;
	uint64_t earliest = chosen->sched.run_start + SCHED_MINIMUM_NS;
	uint64_t ran =
		now > chosen->sched.charged ? now - chosen->sched.charged : 0;
	uint64_t virtual_now = chosen->sched.vruntime + to_virtual(chosen, ran);

	if (!is_before(v->sched.vruntime, virtual_now))
		return chosen->sched.run_start + SCHED_SLICE_NS;
	return now >= earliest ? 0 : earliest;
}
