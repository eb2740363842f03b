/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vcpus that wait, from CPU to CPU.  An idle CPU takes one from where one
 * waits.  A busy one gives one away now and then, if the load allows it:
 * always the one that has been there longest, so that when there is one vcpu
 * too many, all share the crowded CPU in turn.
 */
#include "sched_queue.h"

#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/pool.h>

void queue_move(struct run_queue *from, struct run_queue *to, struct vcpu *v)
{
	v->sched.vruntime += READ_ONCE(to->clock) - READ_ONCE(from->clock);
	v->sched.arrived = time_now();
	atomic_write(&v->processor, (unsigned)(to - run_queues));
}

/* May v, queued somewhere, move to cpu?  Not while its registers are being
 * saved. */
static bool is_movable(const struct vcpu *v, unsigned cpu)
{
	return !atomic_read(&v->is_running) && v->allowed & CPUMASK(cpu);
}

/* Both queues are locked. */
static void move_queued(
	struct run_queue *from, struct run_queue *to, struct vcpu *v)
{
	uint64_t now = time_now();

	fair_charge(from, from->chosen, now);
	fair_charge(to, to->chosen, now);
	fair_dequeue(from, v);
	queue_move(from, to, v);
	fair_enqueue(to, v);
}

void balance_steal(struct run_queue *q)
{
	unsigned cpu = (unsigned)(q - run_queues), from;
	struct run_queue *other;
	bool has_one = false;
	uint64_t flags;
	struct vcpu *v;

	cpu_for_each (from, pool_peers(cpu) & ~CPUMASK(cpu)) {
		other = &run_queues[from];
		if (!READ_ONCE(other->count))
			continue;
		flags = arch_irq_save();
		lock_take_two(&q->lock, &other->lock);
		list_for_each_entry (v, &other->list, sched.link) {
			if (!is_movable(v, cpu))
				continue;
			move_queued(other, q, v);
			has_one = true;
			break;
		}
		lock_drop_two(&q->lock, &other->lock);
		arch_irq_restore(flags);
		if (has_one)
			return;
	}
}

/* Weight of all that want a CPU; a moment's truth unless it is locked. */
static uint64_t load(const struct run_queue *q)
{
	return READ_ONCE(q->weight) + READ_ONCE(q->chosen_weight);
}

/* Of q, the one to give to a CPU whose load is less by excess; or NULL. */
static struct vcpu *longest_here(
	struct run_queue *q, unsigned cpu, uint64_t excess)
{
	struct vcpu *v, *best = NULL;

	list_for_each_entry (v, &q->list, sched.link) {
		if (is_movable(v, cpu) && v->sched.weight <= excess &&
			(!best || v->sched.arrived < best->sched.arrived))
			best = v;
	}
	return best;
}

/*
 * Of the pool the one with least load; of several the one that has given or got
 * a vcpu longest ago, so that one vcpu too many is everybody's in turn.  q
 * itself: none has less.
 */
static struct run_queue *least_loaded(struct run_queue *q)
{
	unsigned self = (unsigned)(q - run_queues), cpu;
	struct run_queue *best = q, *other;

	cpu_for_each (cpu, pool_peers(self) & ~CPUMASK(self)) {
		other = &run_queues[cpu];
		if (load(other) < load(best) ||
			(best != q && load(other) == load(best) &&
				READ_ONCE(other->balance_at) <
					READ_ONCE(best->balance_at)))
			best = other;
	}
	return best;
}

void balance_push(struct run_queue *q)
{
	struct run_queue *to = least_loaded(q);
	struct vcpu *v = NULL;
	uint64_t flags;

	flags = arch_irq_save();
	lock_take_two(&q->lock, &to->lock);
	q->balance_at = time_now() + SCHED_BALANCE_NS;
	if (load(to) < load(q))
		v = longest_here(
			q, (unsigned)(to - run_queues), load(q) - load(to));
	if (v && q->chosen->sched.arrived < v->sched.arrived &&
		q->chosen->allowed & CPUMASK(to - run_queues)) {
		/* The one that runs has been here longer: wait for its turn
		 * to end. */
		q->balance_at = 0;
	} else if (v) {
		move_queued(q, to, v);
		queue_preempt(to, v);
		/* Not back at once; but more of them, where there are many. */
		to->balance_at = q->balance_at;
		if (load(q) > load(to) + 2 * (uint64_t)v->sched.weight)
			q->balance_at = 0;
	}
	lock_drop_two(&q->lock, &to->lock);
	arch_irq_restore(flags);
}
