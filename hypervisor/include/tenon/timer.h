/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-shot timers, one queue a CPU, in absolute nanoseconds of system time
 * (time_now).  A handler runs in SOFTIRQ_TIMER on the timer's CPU, with
 * interrupts on and no lock held.
 */
#ifndef TENON_TIMER_H
#define TENON_TIMER_H

#include <tenon/list.h>
#include <tenon/types.h>

struct timer {
	uint64_t expires; /* ns; T: queue lock of cpu */
	void (*fn)(void *arg);
	void *arg;
	unsigned cpu;
	unsigned heap_index; /* 0: not queued */
};

void timer_init_cpu(unsigned cpu);
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned cpu);
/* Arm or re-arm; a time in the past fires at once. */
void timer_set(struct timer *t, uint64_t expires_ns);
/* Disarm; after it returns the handler is neither queued nor running, unless
 * called from the handler itself. */
void timer_stop(struct timer *t);
/* Disarm and forget: needed before the memory is freed. */
void timer_kill(struct timer *t);
/* Move to another CPU's queue, armed or not. */
void timer_migrate(struct timer *t, unsigned cpu);

/* System time: nanoseconds since boot, monotonic on and across CPUs. */
uint64_t time_now(void);

/* The arch calls this from its timer interrupt. */
void timer_interrupt(void);

#endif
