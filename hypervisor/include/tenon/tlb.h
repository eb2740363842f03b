/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may still hold a stale translation: a clock that ticks whenever a frame
 * loses a use, and for each CPU the clock's value at its last full flush.  A
 * CPU whose flush began before the tick may remember the old use.
 */
#ifndef TENON_TLB_H
#define TENON_TLB_H

#include <tenon/cpu.h>
#include <tenon/types.h>

extern uint64_t tlb_clock; /* atomic; only grows */

/*
 * The arch tells of each flush of all guest translations of a CPU, on that CPU:
 * begin before, end after it.  Of one that nobody asked for (a load of CR3
 * without PCID) it may: not telling costs needless flushes, nothing else.
 */
static inline uint64_t tlb_flush_begin(void)
{
	return __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
}

static inline void tlb_flush_end(unsigned cpu, uint64_t begun)
{
	__atomic_store_n(&cpus[cpu]->tlb_flushed, begun, __ATOMIC_RELEASE);
}

/*
 * A CPU that has flushed and walks no table of a guest, for it idles on one of
 * the hypervisor's, has nothing to flush until it says that it does so again,
 * before it loads a guest's root.  For the CPU itself.
 */
#define TLB_EMPTY (~0ULL)

static inline bool tlb_is_empty(unsigned cpu)
{
	return __atomic_load_n(&cpus[cpu]->tlb_flushed, __ATOMIC_RELAXED) ==
	       TLB_EMPTY;
}

static inline void tlb_empty_end(unsigned cpu)
{
	/* Seen by all before the first walk: who does not see it yet has taken
	 * his frame's use away, and the walk finds that. */
	if (tlb_is_empty(cpu))
		__atomic_store_n(&cpus[cpu]->tlb_flushed, tlb_flush_begin(),
			__ATOMIC_SEQ_CST);
}

/* A frame has just lost a use: the stamp for it.  All accesses by which it was
 * taken away come before. */
static inline uint64_t tlb_stamp(void)
{
	return __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);
}

/* The CPUs of mask that have not flushed since stamp. */
cpumask_t tlb_stale_cpus(cpumask_t mask, uint64_t stamp);

/*
 * Flush those.  False, and nothing done, when others than this CPU would be
 * needed while interrupts are off.
 */
must_check bool tlb_flush_since(cpumask_t mask, uint64_t stamp);

#endif
