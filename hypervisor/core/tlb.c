/* SPDX-License-Identifier: BSD-2-Clause */
/* Flushing only the CPUs that have not flushed by themselves: see tlb.h. */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/tlb.h>

uint64_t tlb_clock;

cpumask_t tlb_stale_cpus(cpumask_t mask, uint64_t stamp)
{
	cpumask_t stale = 0;
	unsigned cpu;

	cpu_for_each (cpu, mask & READ_ONCE(cpus_online))
		if (atomic_read(&cpus[cpu]->tlb_flushed) < stamp)
			stale |= CPUMASK(cpu);
	return stale;
}

bool tlb_flush_since(cpumask_t mask, uint64_t stamp)
{
	cpumask_t stale = tlb_stale_cpus(mask, stamp);

	if (!stale)
		return true;
	if (stale & ~CPUMASK(this_cpu()->id) && !arch_irq_enabled())
		return false;
	arch_tlb_flush(stale, TLB_ALL, 0);
	return true;
}
