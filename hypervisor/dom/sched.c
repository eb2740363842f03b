/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run queues: who waits where, who runs, and how a vcpu gets from one to the
 * other.
 *
 *   asleep --wake--> queued --run--> chosen --run--> queued or asleep
 *
 * is_running is set when a vcpu is chosen and cleared, with release, when its
 * registers are saved; whoever would run or look into it elsewhere reads it
 * with acquire (sched_sleep_wait) or holds both queues' locks.
 */
#include "sched_queue.h"

#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/bitmap.h>
#include <tenon/console.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/panic.h>
#include <tenon/pool.h>
#include <tenon/softirq.h>
#include <tenon/trace.h>
#include <public/vcpu.h>

struct run_queue run_queues[NR_CPUS];

/* CPUs with nothing to run.  Who wakes a vcpu clears a bit to claim the CPU
 * and then always makes it schedule; that sets the bit again. */
static cpumask_t idle_cpus;

bool vcpu_is_runnable(const struct vcpu *v)
{
	return !(atomic_read(&v->pause_flags) | atomic_read(&v->pauses) |
		       atomic_read(&v->domain->pauses)) &&
	       !READ_ONCE(v->domain->sched.is_parked);
}

static struct run_queue *queue_lock_of(struct vcpu *v, uint64_t *flags)
{
	struct run_queue *q;
	unsigned cpu;

	for (;;) {
		cpu = atomic_read(&v->processor);
		q = &run_queues[cpu];
		*flags = lock_take_irq(&q->lock);
		if (v->processor == cpu)
			return q;
		lock_drop_irq(&q->lock, *flags);
	}
}

/*
 * The same, and v is not between two: its registers are saved unless it runs.
 * The wait is for another CPU's arch_switch, which waits for nobody; on this
 * CPU interrupts are off from choosing the next until they are saved.
 */
static struct run_queue *queue_lock_settled(struct vcpu *v, uint64_t *flags)
{
	struct run_queue *q;

	for (;;) {
		q = queue_lock_of(v, flags);
		if (q->chosen == v || !atomic_read(&v->is_running))
			return q;
		lock_drop_irq(&q->lock, *flags);
		arch_relax();
	}
}

static bool may_run_on(const struct vcpu *v, unsigned cpu)
{
	return v->allowed & CPUMASK(cpu);
}

/* Claim an idle CPU out of mask; false: none is. */
static bool claim_idle(cpumask_t mask, unsigned *cpu)
{
	cpumask_t left;

	while ((left = atomic_read(&idle_cpus) & mask) != 0) {
		*cpu = (unsigned)__builtin_ctzll(left);
		if (atomic_and(&idle_cpus, ~CPUMASK(*cpu)) & CPUMASK(*cpu))
			return true;
	}
	return false;
}

/*
 * Where v is to wait: an idle CPU (its last one, one it likes, any), else its
 * last one if few wait there, else where fewest do.  *is_claimed: taken out of
 * idle_cpus.
 */
static unsigned choose_cpu(const struct vcpu *v, bool *is_claimed)
{
	cpumask_t hard = v->allowed;
	bool is_home = hard & CPUMASK(v->processor);
	unsigned cpu, best;

	*is_claimed = true;
	if (claim_idle(hard & CPUMASK(v->processor), &cpu) ||
		claim_idle(hard & v->affinity_soft, &cpu) ||
		claim_idle(hard, &cpu))
		return cpu;
	*is_claimed = false;
	best = is_home ? v->processor : (unsigned)__builtin_ctzll(hard);
	if (is_home && READ_ONCE(run_queues[best].count) < SCHED_FEW)
		return best;
	/* One fewer is no reason to leave. */
	cpu_for_each (cpu, hard) {
		if (READ_ONCE(run_queues[cpu].count) + is_home <
			READ_ONCE(run_queues[best].count))
			best = cpu;
	}
	return best;
}

void queue_preempt(struct run_queue *q, const struct vcpu *v)
{
	unsigned cpu = (unsigned)(q - run_queues);
	uint64_t at;

	if (!q->chosen || q->chosen->is_idle) {
		softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
		return;
	}
	at = fair_preempt_at(q, v, time_now());
	if (!at)
		softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
	else if (!q->slice.is_queued || at < q->slice.expires)
		timer_set(&q->slice, at);
}

/* v is to run but neither queued nor chosen; q is locked and is v's. */
static void enqueue_awake(struct run_queue *q, struct vcpu *v)
{
	uint64_t now = time_now();

	/* Brings the clock up to now. */
	fair_charge(q, q->chosen, now);
	TRACE(TRC_SCHED_WAKE, v->domain->id, v->id);
	fair_wake(q, v);
	fair_enqueue(q, v);
	runstate_change(v, RUNSTATE_runnable, now);
	queue_preempt(q, v);
}

/* Choose v's CPU and, on the way there, its queue; false: it is to be chosen
 * anew. */
static bool wake_once(struct vcpu *v)
{
	bool is_claimed, is_settled = true;
	struct run_queue *q;
	uint64_t flags;
	unsigned cpu;

	q = queue_lock_settled(v, &flags);
	if (!vcpu_is_runnable(v) || v->sched.is_queued || q->chosen == v) {
		if (!v->sched.is_queued && q->chosen != v && !v->is_idle)
			runstate_change(v, runstate_asleep(v), time_now());
		lock_drop_irq(&q->lock, flags);
		return true;
	}
	cpu = choose_cpu(v, &is_claimed);
	if (cpu != v->processor)
		queue_move(q, &run_queues[cpu], v);
	lock_drop_irq(&q->lock, flags);

	/* Between the two locks another may have put it to sleep, queued it,
	 * moved it or taken that CPU from it: look again. */
	q = queue_lock_settled(v, &flags);
	if (vcpu_is_runnable(v) && !v->sched.is_queued && q->chosen != v) {
		is_settled = may_run_on(v, v->processor);
		if (is_settled)
			enqueue_awake(q, v);
	}
	lock_drop_irq(&q->lock, flags);
	if (is_claimed)
		softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
	return is_settled;
}

void sched_wake(struct vcpu *v)
{
	while (!wake_once(v))
		;
}

void sched_sleep(struct vcpu *v)
{
	struct run_queue *q;
	uint64_t flags;

	q = queue_lock_of(v, &flags);
	if (!vcpu_is_runnable(v)) {
		TRACE(TRC_SCHED_SLEEP, v->domain->id, v->id);
		if (v->sched.is_queued) {
			fair_dequeue(q, v);
			runstate_change(v, runstate_asleep(v), time_now());
		} else if (q->chosen == v) {
			softirq_raise_on(v->processor, SOFTIRQ_SCHEDULE);
		}
	}
	lock_drop_irq(&q->lock, flags);
}

void sched_sleep_wait(struct vcpu *v)
{
	sched_sleep(v);
	while (atomic_read(&v->is_running))
		arch_relax();
}

void sched_begin_poll(struct vcpu *v)
{
	atomic_add(&v->domain->pollers, 1);
	atomic_or(&v->pause_flags, VCPU_BLOCKED | VCPU_POLLING);
}

bool sched_end_wait(struct vcpu *v)
{
	uint32_t was = atomic_and(
		&v->pause_flags, ~(uint32_t)(VCPU_BLOCKED | VCPU_POLLING));

	if (was & VCPU_POLLING)
		atomic_sub(&v->domain->pollers, 1);
	return was & (VCPU_BLOCKED | VCPU_POLLING);
}

void sched_unblock(struct vcpu *v)
{
	if (atomic_read(&v->pause_flags) & (VCPU_BLOCKED | VCPU_POLLING) &&
		sched_end_wait(v))
		sched_wake(v);
	/* The pending bit was written before; the kicked CPU reads it on its
	 * way out (entry_resume), with interrupts off. */
	smp_mb();
	if (atomic_read(&v->is_running) && v != current)
		arch_kick(atomic_read(&v->processor));
}

void sched_block(void)
{
	struct vcpu *v = current;

	/* First asleep, then look: an event from here on ends it. */
	atomic_or(&v->pause_flags, VCPU_BLOCKED);
	if (event_is_pending(v)) {
		atomic_and(&v->pause_flags, ~(uint32_t)VCPU_BLOCKED);
		return;
	}
	TRACE(TRC_SCHED_BLOCK, v->domain->id, v->id);
	softirq_raise(SOFTIRQ_SCHEDULE);
}

void sched_yield(void)
{
	TRACE(TRC_SCHED_YIELD, current->domain->id, current->id);
	current->sched.is_yielding = true;
	softirq_raise(SOFTIRQ_SCHEDULE);
}

/*
 * The registers of prev are saved.  If it waits here but may not run here any
 * more, hand it on while is_running still keeps it ours; then let it go.
 */
static void release(struct vcpu *prev, unsigned cpu)
{
	struct run_queue *q = &run_queues[cpu], *to;
	bool is_claimed;
	unsigned dest;

	if (prev->is_idle || may_run_on(prev, cpu)) {
		atomic_write(&prev->is_running, false);
		return;
	}
	dest = choose_cpu(prev, &is_claimed);
	to = &run_queues[dest];
	lock_take_two(&q->lock, &to->lock);
	if (to != q) {
		if (prev->sched.is_queued) {
			fair_dequeue(q, prev);
			queue_move(q, to, prev);
			fair_enqueue(to, prev);
			queue_preempt(to, prev);
		} else if (q->chosen != prev) {
			queue_move(q, to, prev);
		}
	}
	atomic_write(&prev->is_running, false);
	lock_drop_two(&q->lock, &to->lock);
	if (is_claimed)
		softirq_raise_on(dest, SOFTIRQ_SCHEDULE);
}

/* The first in q that may run still; those that may not fall asleep. */
static struct vcpu *first_runnable(struct run_queue *q, uint64_t now)
{
	struct vcpu *v;

	while ((v = fair_pick(q)) != NULL && !vcpu_is_runnable(v)) {
		fair_dequeue(q, v);
		runstate_change(v, runstate_asleep(v), now);
	}
	return v;
}

/* Who runs next on this CPU; takes it off the queue.  q is locked. */
static struct vcpu *choose(
	struct run_queue *q, struct vcpu *prev, struct vcpu *idle, uint64_t now)
{
	bool is_awake = !prev->is_idle && vcpu_is_runnable(prev);
	bool may_stay = is_awake && may_run_on(prev, idle->id);
	bool is_yielding = prev->sched.is_yielding;
	struct vcpu *next = first_runnable(q, now);

	prev->sched.is_yielding = false;
	if (may_stay && !next)
		return prev;
	if (may_stay && !is_yielding &&
		now - prev->sched.run_start < SCHED_MINIMUM_NS)
		return prev;
	if (is_awake) {
		/* Who yields goes behind the first of the others. */
		if (is_yielding && next &&
			(int64_t)(next->sched.vruntime -
				  prev->sched.vruntime) >= 0)
			prev->sched.vruntime = next->sched.vruntime + 1;
		fair_enqueue(q, prev);
		/* Where prev may not stay, release moves it. */
		if (may_stay)
			next = fair_pick(q);
	}
	if (!next)
		return idle;
	fair_dequeue(q, next);
	return next;
}

/* Is there nothing for this CPU but to idle?  q is locked. */
static bool is_empty(const struct run_queue *q, const struct vcpu *prev)
{
	return list_is_empty(&q->list) &&
	       (prev->is_idle || !vcpu_is_runnable(prev));
}

/* When v, which gets or keeps the CPU, is looked at again: at the end of its
 * slice if others wait, or when its domain's cap may be reached. */
static void set_slice(
	struct run_queue *q, const struct vcpu *v, uint64_t now, uint64_t end)
{
	uint64_t at = cap_look_at(v, now);

	if (q->count && !v->is_idle)
		at = MIN(at, end);
	if (at != ~0ULL)
		timer_set(&q->slice, at);
}

/* next gets the CPU from prev: the accounts.  q is locked. */
static void hand_over(struct run_queue *q, struct vcpu *prev, struct vcpu *next,
	uint64_t now, unsigned cpu)
{
	q->chosen = next;
	WRITE_ONCE(q->chosen_weight, next->is_idle ? 0 : fair_weight(next));
	next->sched.run_start = now;
	next->sched.charged = now;
	if (next != prev) {
		atomic_write(&next->is_running, true);
		runstate_change(next, RUNSTATE_running, now);
		runstate_change(prev,
			prev->sched.is_queued || prev->is_idle
				? RUNSTATE_runnable
				: runstate_asleep(prev),
			now);
	}
	if (next->is_idle)
		atomic_or(&idle_cpus, CPUMASK(cpu));
	else
		atomic_and(&idle_cpus, ~CPUMASK(cpu));
	set_slice(q, next, now, now + SCHED_SLICE_NS);
}

/*
 * Nobody is to wait while a CPU idles: who looked before prev could be taken,
 * or before this CPU showed itself idle, is made to look again.  waits: where
 * prev may run, if it waits.
 */
static void invite(struct run_queue *q, cpumask_t waits, struct vcpu *next)
{
	cpumask_t others = ~CPUMASK(next->processor);
	unsigned cpu;

	if (next->is_idle) {
		cpu_for_each (cpu, pool_peers(next->processor) & others) {
			if (READ_ONCE(run_queues[cpu].count))
				softirq_raise(SOFTIRQ_SCHEDULE);
		}
	} else if (READ_ONCE(q->count) && waits &&
		   claim_idle(waits & others, &cpu)) {
		softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
	}
}

void sched_run(void)
{
	struct cpu *c = this_cpu();
	struct run_queue *q = &run_queues[c->id];
	struct vcpu *prev = c->vcpu, *next;
	struct vcpu_runstate_info left;
	uint64_t flags, now;
	cpumask_t waits;

	flags = lock_take_irq(&q->lock);
	if (is_empty(q, prev)) {
		lock_drop_irq(&q->lock, flags);
		balance_steal(q);
		flags = lock_take_irq(&q->lock);
	} else if (q->count && time_now() >= q->balance_at) {
		lock_drop_irq(&q->lock, flags);
		balance_push(q);
		flags = lock_take_irq(&q->lock);
	}
	now = time_now();
	fair_charge(q, prev, now);
	next = choose(q, prev, c->idle, now);
	if (next == prev && now - prev->sched.run_start < SCHED_SLICE_NS &&
		!prev->is_idle) {
		set_slice(q, prev, now, prev->sched.run_start + SCHED_SLICE_NS);
		atomic_and(&idle_cpus, ~CPUMASK(c->id));
		lock_drop_irq(&q->lock, flags);
		return;
	}
	hand_over(q, prev, next, now, c->id);
	left = prev->runstate;
	waits = prev->sched.is_queued ? prev->allowed : 0;
	lock_drop(&q->lock);

	if (next == prev) {
		arch_irq_restore(flags);
		return;
	}
	cpu_count_event(COUNT_SWITCH);
	TRACE(TRC_SCHED_SWITCH, prev->domain->id, prev->id, next->domain->id,
		next->id);
	runstate_switching_out(prev, &left);
	arch_switch(prev, next);
	release(prev, c->id);
	invite(q, waits, next);
	arch_irq_restore(flags);
	runstate_switched_in(next);
}

static cpumask_t allowed_cpus(const struct vcpu *v)
{
	cpumask_t pool = pool_cpus(READ_ONCE(v->domain->cpupool));
	cpumask_t hard = v->affinity_hard & pool;

	return hard ? hard : pool;
}

/* Where v may run has changed; if it may not stay it leaves its queue, for
 * sched_wake to choose another, or its CPU (release). */
static void leave_forbidden(struct run_queue *q, struct vcpu *v)
{
	v->allowed = allowed_cpus(v);
	if (may_run_on(v, v->processor))
		return;
	if (q->chosen == v)
		softirq_raise_on(v->processor, SOFTIRQ_SCHEDULE);
	else if (v->sched.is_queued)
		fair_dequeue(q, v);
}

int sched_set_affinity(struct vcpu *v, cpumask_t hard, cpumask_t soft)
{
	struct run_queue *q;
	uint64_t flags;

	if (hard != v->affinity_hard &&
		!(hard & pool_cpus(READ_ONCE(v->domain->cpupool))))
		return -EINVAL;
	q = queue_lock_settled(v, &flags);
	v->affinity_hard = hard;
	v->affinity_soft = soft;
	leave_forbidden(q, v);
	lock_drop_irq(&q->lock, flags);
	sched_wake(v);
	return 0;
}

void sched_update_pool(struct vcpu *v)
{
	uint64_t flags;
	struct run_queue *q = queue_lock_settled(v, &flags);

	leave_forbidden(q, v);
	lock_drop_irq(&q->lock, flags);
	sched_wake(v);
}

void sched_vcpu_init(struct vcpu *v)
{
	unsigned count, skip, cpu;

	v->affinity_hard = v->affinity_soft = ~(cpumask_t)0;
	v->allowed = allowed_cpus(v);
	/* Spread a domain's vcpus; waking refines it. */
	count = (unsigned)bitmap_weight(&v->allowed, NR_CPUS);
	skip = count ? v->id % count : 0;
	cpu_for_each (cpu, v->allowed) {
		v->processor = cpu;
		if (!skip--)
			break;
	}
	list_init(&v->sched.link);
	v->sched.vruntime = READ_ONCE(run_queues[v->processor].clock);
	v->runstate.state = RUNSTATE_offline;
	v->runstate.state_entry_time = time_now();
}

void sched_vcpu_destroy(struct vcpu *v)
{
	BUG_ON(v->sched.is_queued || atomic_read(&v->is_running));
}

static void slice_end(void *arg)
{
	(void)arg;
	softirq_raise(SOFTIRQ_SCHEDULE);
}

void sched_init(void)
{
	softirq_register(SOFTIRQ_SCHEDULE, sched_run);
	pool_init();
}

void sched_init_cpu(unsigned cpu)
{
	struct run_queue *q = &run_queues[cpu];
	struct vcpu *idle;

	*q = (struct run_queue){ .clock = SCHED_AHEAD_NS };
	lock_init(&q->lock, LOCK_SCHED);
	list_init(&q->list);
	timer_init(&q->slice, slice_end, NULL, cpu);
	vcpu_create_idle(cpu);
	idle = cpus[cpu]->idle;
	idle->processor = cpu;
	idle->affinity_hard = idle->allowed = CPUMASK(cpu);
	idle->is_running = true;
	idle->runstate.state = RUNSTATE_running;
	q->chosen = idle;
	cpus[cpu]->vcpu = idle;
	atomic_or(&idle_cpus, CPUMASK(cpu));
}

void sched_dump(void)
{
	const struct vcpu *v;
	struct run_queue *q;
	uint64_t flags;
	unsigned cpu;

	cpu_for_each (cpu, atomic_read(&cpus_online)) {
		q = &run_queues[cpu];
		flags = lock_take_irq(&q->lock);
		log_info("CPU %u: runs d%uv%u, %u wait%s", cpu,
			q->chosen->domain->id, q->chosen->id, q->count,
			q->chosen->is_idle ? " (idle)" : "");
		list_for_each_entry (v, &q->list, sched.link)
			log_info("  d%uv%u: %ld us behind, weight %u",
				v->domain->id, v->id,
				(long)(q->clock - v->sched.vruntime) / 1000,
				v->sched.weight);
		lock_drop_irq(&q->lock, flags);
	}
}

void sched_audit(void)
{
	const struct vcpu *v, *before;
	struct run_queue *q;
	uint64_t flags;
	unsigned cpu, n;

	cpu_for_each (cpu, atomic_read(&cpus_online)) {
		q = &run_queues[cpu];
		flags = lock_take_irq(&q->lock);
		n = 0;
		before = NULL;
		list_for_each_entry (v, &q->list, sched.link) {
			n++;
			BUG_ON(!v->sched.is_queued || v->is_idle);
			BUG_ON(v->processor != cpu || v == q->chosen);
			BUG_ON(!may_run_on(v, cpu) &&
				!atomic_read(&v->is_running));
			BUG_ON(v->runstate.state != RUNSTATE_runnable);
			BUG_ON(before && (int64_t)(v->sched.vruntime -
						   before->sched.vruntime) < 0);
			before = v;
		}
		BUG_ON(n != q->count);
		BUG_ON(!q->chosen || !q->chosen->is_running ||
			q->chosen->processor != cpu ||
			q->chosen->sched.is_queued ||
			q->chosen->runstate.state != RUNSTATE_running);
		lock_drop_irq(&q->lock, flags);
	}
}
