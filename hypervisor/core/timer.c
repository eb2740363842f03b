/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers.  Each CPU has a pairing heap (Fredman, Sedgewick, Sleator, Tarjan
 * 1986) of its armed timers: the root expires first, no child before its
 * parent.  back points at the link that points at the timer, whichever it is,
 * so that any timer can be cut out.
 */
#include <tenon/timer.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/lock.h>
#include <tenon/panic.h>
#include <tenon/softirq.h>
#include <tenon/trace.h>

struct timer_queue {
	struct lock lock;
	struct timer *root;
	struct timer *running; /* its handler runs on this CPU */
	uint64_t programmed; /* ns, what the hardware waits for; ~0: nothing */
} cache_aligned;

static struct timer_queue queues[NR_CPUS];

/* Join two heaps; both roots have no siblings. */
static struct timer *heap_join(struct timer *a, struct timer *b)
{
	struct timer *swap;

	if (!a)
		return b;
	if (!b)
		return a;
	if (b->expires < a->expires) {
		swap = a;
		a = b;
		b = swap;
	}
	b->sibling = a->child;
	if (b->sibling)
		b->sibling->back = &b->sibling;
	a->child = b;
	b->back = &a->child;
	return a;
}

/* Make one heap of a list of siblings: in pairs, then from the last back. */
static struct timer *heap_join_list(struct timer *list)
{
	struct timer *pairs = NULL, *a, *b, *root = NULL;

	while (list) {
		a = list;
		b = a->sibling;
		list = b ? b->sibling : NULL;
		a->sibling = NULL;
		if (b)
			b->sibling = NULL;
		a = heap_join(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	while (pairs) {
		a = pairs;
		pairs = a->sibling;
		a->sibling = NULL;
		root = heap_join(root, a);
	}
	return root;
}

static void queue_set_root(struct timer_queue *q, struct timer *t)
{
	q->root = t;
	if (t)
		t->back = &q->root;
}

static void queue_insert(struct timer_queue *q, struct timer *t)
{
	t->child = t->sibling = NULL;
	t->is_queued = true;
	queue_set_root(q, heap_join(q->root, t));
}

static void queue_remove(struct timer_queue *q, struct timer *t)
{
	struct timer *rest;

	if (!t->is_queued)
		return;
	t->is_queued = false;
	*t->back = t->sibling;
	if (t->sibling)
		t->sibling->back = t->back;
	rest = heap_join_list(t->child);
	t->child = t->sibling = NULL;
	queue_set_root(q, heap_join(q->root, rest));
}

/* Program the hardware for the earliest; on the queue's own CPU only. */
static void queue_program(struct timer_queue *q)
{
	uint64_t next = q->root ? q->root->expires : ~0ULL;

	if (next != q->programmed) {
		q->programmed = next;
		arch_timer_program(next);
	}
}

/* Lock the queue that t belongs to now. */
static struct timer_queue *queue_lock_of(struct timer *t, uint64_t *flags)
{
	struct timer_queue *q;
	unsigned cpu;

	for (;;) {
		cpu = atomic_read(&t->cpu);
		q = &queues[cpu];
		*flags = lock_take_irq(&q->lock);
		if (t->cpu == cpu)
			return q;
		lock_drop_irq(&q->lock, *flags);
	}
}

/* After a change of the root: let the queue's CPU know. */
static void queue_changed(struct timer_queue *q)
{
	unsigned cpu = (unsigned)(q - queues);

	if (cpu == this_cpu()->id)
		queue_program(q);
	else if (q->root && q->root->expires < q->programmed)
		softirq_raise_on(cpu, SOFTIRQ_TIMER);
}

/* SOFTIRQ_TIMER. */
static void timer_run(void)
{
	struct timer_queue *q = &queues[this_cpu()->id];
	uint64_t flags = lock_take_irq(&q->lock);
	struct timer *t;

	/* The interrupt used up what was programmed. */
	q->programmed = ~0ULL;
	while ((t = q->root) && t->expires <= time_now()) {
		queue_remove(q, t);
		atomic_write(&q->running, t);
		lock_drop_irq(&q->lock, flags);
		t->fn(t->arg);
		flags = lock_take_irq(&q->lock);
		atomic_write(&q->running, NULL);
	}
	queue_program(q);
	lock_drop_irq(&q->lock, flags);
}

void timer_init_cpu(unsigned cpu)
{
	struct timer_queue *q = &queues[cpu];

	lock_init(&q->lock, LOCK_TIMER);
	q->root = q->running = NULL;
	q->programmed = ~0ULL;
	softirq_register(SOFTIRQ_TIMER, timer_run);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned cpu)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .cpu = cpu };
}

void timer_set(struct timer *t, uint64_t expires_ns)
{
	uint64_t flags;
	struct timer_queue *q = queue_lock_of(t, &flags);

	queue_remove(q, t);
	if (!t->is_dead) {
		t->expires = expires_ns;
		queue_insert(q, t);
	}
	queue_changed(q);
	lock_drop_irq(&q->lock, flags);
}

/* Take t off its queue and wait for its handler; true: it was set again
 * meanwhile, by the handler perhaps. */
static bool timer_end(struct timer *t, bool is_dead)
{
	uint64_t flags;
	struct timer_queue *q = queue_lock_of(t, &flags);
	unsigned cpu;

	queue_remove(q, t);
	if (is_dead)
		t->is_dead = true;
	/* An interrupt too early does no harm: nothing to reprogram. */
	lock_drop_irq(&q->lock, flags);

	/* A handler on this CPU can only be our caller.  All the others are
	 * looked at, for t may have been moved while its handler ran. */
	for (cpu = 0; cpu < cpu_count; cpu++) {
		if (cpu == this_cpu()->id)
			continue;
		while (atomic_read(&queues[cpu].running) == t)
			arch_relax();
	}
	return timer_is_set(t);
}

void timer_stop(struct timer *t)
{
	while (timer_end(t, false))
		;
}

void timer_kill(struct timer *t)
{
	while (timer_end(t, true))
		;
}

void timer_migrate(struct timer *t, unsigned cpu)
{
	uint64_t flags;
	struct timer_queue *q = queue_lock_of(t, &flags);
	bool was_queued = t->is_queued;

	queue_remove(q, t);
	atomic_write(&t->cpu, cpu);
	lock_drop_irq(&q->lock, flags);
	if (was_queued)
		timer_set(t, t->expires);
}

bool timer_is_set(const struct timer *t)
{
	return atomic_read(&t->is_queued);
}

void timer_interrupt(void)
{
	cpu_count_event(COUNT_TIMER);
	if (trace_is_on(TRC_HW))
		trace_write(TRACE_HW_TIMER, NULL, 0);
	softirq_raise(SOFTIRQ_TIMER);
}

void timer_dump(void)
{
	uint64_t now = time_now();
	unsigned cpu;

	cpu_for_each (cpu, atomic_read(&cpus_online)) {
		struct timer_queue *q = &queues[cpu];
		uint64_t flags = lock_take_irq(&q->lock);
		const struct timer *t = q->root;

		if (t)
			log_info("CPU %u: next timer %p in %ld us", cpu,
				(const void *)t,
				(long)(t->expires - now) / 1000);
		else
			log_info("CPU %u: no timer", cpu);
		lock_drop_irq(&q->lock, flags);
	}
}

static void heap_check(
	const struct timer_queue *q, struct timer *const *back, unsigned depth)
{
	const struct timer *t, *child;

	for (; (t = *back) != NULL; back = &t->sibling) {
		BUG_ON(t->back != back || !t->is_queued || t->is_dead);
		BUG_ON(&queues[t->cpu] != q);
		for (child = t->child; child; child = child->sibling)
			BUG_ON(child->expires < t->expires);
		if (depth)
			heap_check(q, &t->child, depth - 1);
	}
}

void timer_audit(void)
{
	struct timer_queue *q = &queues[this_cpu()->id];
	uint64_t flags = lock_take_irq(&q->lock);

	BUG_ON(q->root && q->root->sibling);
	/* Deeper levels than the stack has room for are left out. */
	heap_check(q, &q->root, 64);
	lock_drop_irq(&q->lock, flags);
}
