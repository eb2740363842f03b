/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work put off from interrupt handlers to the way out to the guest (or the
 * idle loop).  A softirq runs on its CPU with interrupts on and no lock held.
 */
#ifndef TENON_SOFTIRQ_H
#define TENON_SOFTIRQ_H

#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/types.h>

enum softirq {
	SOFTIRQ_TIMER,	  /* run expired timers */
	SOFTIRQ_SCHEDULE, /* choose the next vcpu */
	SOFTIRQ_SCRUB,	  /* scrub freed pages (idle only) */
	SOFTIRQ_CONSOLE,  /* tell dom0 of input */
	SOFTIRQ_DOMAIN,	  /* free dead domains, tell dom0 of them */
	SOFTIRQ_TRACE,	  /* tell the reader of trace records */
	SOFTIRQ_NMI,	  /* log and pass on NMIs of the machine */
	SOFTIRQ_PARK,	  /* stand still while another CPU audits */
	SOFTIRQ_AUDIT,	  /* look at everything (debug_audit.c) */
	SOFTIRQ_COUNT,
};

void softirq_register(enum softirq nr, void (*fn)(void));
/* Mark pending on this CPU, or on another (kicked if it was not yet). */
void softirq_raise(enum softirq nr);
void softirq_raise_on(unsigned cpu, enum softirq nr);
static inline bool softirq_pending(void)
{
	return atomic_read(&this_cpu()->softirqs) != 0;
}
/* Run all that are pending.  May switch `current` (see sched.h). */
void softirq_run(void);

#endif
