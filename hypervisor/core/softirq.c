/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Softirqs: a word of pending bits for each CPU.  A bit is cleared before its
 * handler starts, so that what is raised meanwhile runs it again.
 */
#include <tenon/softirq.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/panic.h>

static void (*handlers[SOFTIRQ_COUNT])(void);

void softirq_register(enum softirq nr, void (*fn)(void))
{
	handlers[nr] = fn;
}

void softirq_raise(enum softirq nr)
{
	atomic_or(&this_cpu()->softirqs, 1ULL << nr);
}

void softirq_raise_on(unsigned cpu, enum softirq nr)
{
	struct cpu *c = cpus[cpu];

	if (!c)
		return;
	if (atomic_or(&c->softirqs, 1ULL << nr) & (1ULL << nr))
		return; /* whoever set it has kicked */
	if (c != this_cpu())
		arch_kick(cpu);
}

void softirq_run(void)
{
	struct cpu *c = this_cpu();
	uint64_t pending;
	unsigned nr;

	while ((pending = atomic_read(&c->softirqs)) != 0) {
		nr = (unsigned)__builtin_ctzll(pending);
		atomic_and(&c->softirqs, ~(1ULL << nr));
		if (nr < SOFTIRQ_COUNT && handlers[nr])
			handlers[nr]();
	}
}
