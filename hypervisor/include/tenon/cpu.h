/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A physical CPU and what it is doing.  struct cpu is the root of all per-CPU
 * state; modules with more of it keep arrays indexed by cpu->id.
 */
#ifndef TENON_CPU_H
#define TENON_CPU_H

#include <tenon/counters.h>
#include <tenon/types.h>
#include <arch/cpu.h>

struct vcpu;

struct cpu {
	/* First, for assembly. */
	struct vcpu *vcpu;    /* on it now; written by it with irqs off */
	uint64_t softirqs;    /* pending, a bit each (softirq.h); atomic */
	uint64_t tlb_flushed; /* tlb.h; written by it */
	unsigned id;	      /* 0..NR_CPUS-1, also its bit in a cpumask_t */
	uint32_t apic_id;
	uint32_t acpi_id;
	bool is_online;
	struct vcpu *idle;
	unsigned irq_depth; /* interrupt handlers nested now */
	/* Locks held now, ascending ranks; debug builds. */
	unsigned locks_held;
	uint16_t lock_ranks[16];
	struct arch_cpu arch;
	uint32_t counts[COUNT_PLACES]; /* written by it alone, but for resets */
};

extern struct cpu *cpus[NR_CPUS]; /* NULL where there is none */
extern cpumask_t cpus_online;	  /* atomic */
extern unsigned cpu_count;	  /* highest id + 1 */

/* The CPU that runs this code; stable while interrupts are off or in a
 * hypercall (the core never moves between CPUs). */
static inline struct cpu *this_cpu(void)
{
	return arch_this_cpu();
}

/* One more of what counters.h names. */
static inline void cpu_count_event(unsigned place)
{
	this_cpu()->counts[place]++;
}

#define current (this_cpu()->vcpu)

#define cpu_for_each(id, mask)                                            \
	for (cpumask_t left_ = (mask);                                    \
		left_ && ((id) = (unsigned)__builtin_ctzll(left_), true); \
		left_ &= left_ - 1)

#endif
