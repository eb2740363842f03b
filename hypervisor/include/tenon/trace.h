/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of what happens, each CPU's in a ring of its own that dom0 maps
 * (public/trace.h; trace_buffers.h makes the rings).  Off, a place that records
 * costs a test of one word.  A record that finds no room is counted, and the
 * next that finds some tells how many were lost before it.
 */
#ifndef TENON_TRACE_H
#define TENON_TRACE_H

#include <tenon/types.h>
#include <public/trace.h>

/* The two halves of an event's name; both must be in the mask. */
#define TRACE_CLASSES	 0x0fff0000U
#define TRACE_SUBCLASSES 0x0000f000U

/* Records that others have not: an event became pending (vcpu, port); the
 * timer interrupt of a CPU. */
#define TRACE_PV_OWN   0x00204000U /* a subclass that is free */
#define TRACE_PV_EVENT (TRACE_PV_OWN + 1)
#define TRACE_HW_TIMER (TRC_HW_IRQ + 0x81)

/* What is recorded: TRC_*, classes and subclasses; 0: nothing.  entry.S reads
 * it too. */
extern uint32_t trace_mask;

/* In a record: a vcpu; a word of 64 bits. */
#define TRACE_VCPU(v) ((uint32_t)(v)->domain->id << 16 | (v)->id)
#define TRACE_64(x)   (uint32_t)(x), (uint32_t)((uint64_t)(x) >> 32)

/* May something of these classes be recorded? */
static inline bool trace_is_on(uint32_t classes)
{
	return unlikely(READ_ONCE(trace_mask) & (classes & TRACE_CLASSES));
}

/* Any context but NMI; n at most TRACE_EXTRA_MAX. */
void trace_write(uint32_t event, const uint32_t *words, unsigned n);

/* TRACE(event, word...): a record, if it is wanted. */
#define TRACE(event, ...)                                                 \
	do {                                                              \
		if (trace_is_on(event)) {                                 \
			const uint32_t words_[] = { __VA_ARGS__ };        \
                                                                          \
			trace_write((event), words_, ARRAY_SIZE(words_)); \
		}                                                         \
	} while (0)

/*
 * What is recorded from now on, on which CPUs; when it returns no CPU records
 * by what was said before.  Interrupts are on.
 */
void trace_set(uint32_t mask, cpumask_t on);

/*
 * A CPU's ring: size bytes from page on, its head in them; NULL: none.  Nothing
 * is being recorded.
 */
void trace_set_ring(unsigned cpu, void *page, uint32_t size);
/* Panics when a ring's state is not possible. */
void trace_ring_audit(unsigned cpu);

#endif
