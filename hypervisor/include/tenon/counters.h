/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of what happens, kept by each CPU for itself (struct cpu), wrapping at
 * 2^32: hypercalls by number, exceptions of guests by vector, and more.  What
 * stays in the fast ways of entry.S (system calls, faults of user code, iret)
 * is not counted.
 */
#ifndef TENON_COUNTERS_H
#define TENON_COUNTERS_H

#define COUNT_HYPERCALLS 64 /* numbers of hypercalls */
#define COUNT_VECTORS	 32 /* of exceptions */

/* Places in cpu->counts. */
enum {
	COUNT_HYPERCALL, /* and those behind it, by number */
	COUNT_EXCEPTION = COUNT_HYPERCALL + COUNT_HYPERCALLS,
	COUNT_INTERRUPT = COUNT_EXCEPTION + COUNT_VECTORS, /* of devices */
	COUNT_TIMER,  /* interrupts of the CPU's timer */
	COUNT_SWITCH, /* from one vcpu to another */
	COUNT_PLACES,
};

/* Set all to zero, in the log what is not zero; for debug keys. */
void counters_reset(void);
void counters_dump(void);

#endif
