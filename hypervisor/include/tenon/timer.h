/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-shot timers, one queue a CPU, in absolute nanoseconds of system time
 * (time_now).  A handler runs in SOFTIRQ_TIMER on the timer's CPU, with
 * interrupts on and no lock held.
 */
#ifndef TENON_TIMER_H
#define TENON_TIMER_H

#include <tenon/types.h>

/*
 * Letters: T the queue lock of cpu.  The queue is a pairing heap through the
 * timers themselves, so that arming one needs no memory and cannot fail.
 */
struct timer {
	uint64_t expires; /* T ns */
	void (*fn)(void *arg);
	void *arg;
	unsigned cpu;	       /* T */
	bool is_queued;	       /* T */
	bool is_dead;	       /* T timer_kill came: never queued again */
	struct timer *child;   /* T first of those that expire later */
	struct timer *sibling; /* T next child of the same parent */
	struct timer **back;   /* T what points at this one */
};

/* Before any timer of this CPU is set; the first call registers the softirq. */
void timer_init_cpu(unsigned cpu);
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned cpu);
/* Arm or re-arm; a time in the past fires at once.  Any lock below
 * LOCK_TIMER. */
void timer_set(struct timer *t, uint64_t expires_ns);
/*
 * Disarm; after it returns the handler is neither queued nor running, unless
 * called from the handler itself.  The caller holds no lock that the handler
 * takes.
 */
void timer_stop(struct timer *t);
/* Disarm for good, as timer_stop: needed before the memory is freed. */
void timer_kill(struct timer *t);
/* Move to another CPU's queue, armed or not. */
void timer_migrate(struct timer *t, unsigned cpu);
/* Is it armed?  A moment's truth. */
bool timer_is_set(const struct timer *t);

/* System time: nanoseconds since boot, monotonic on and across CPUs. */
uint64_t time_now(void);

/* The arch calls this from its timer interrupt. */
void timer_interrupt(void);

/* The next timer of each CPU, in the log. */
void timer_dump(void);
/* Check the order of this CPU's queue; panics on a fault. */
void timer_audit(void);

#endif
