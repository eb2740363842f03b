/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU of the fake machine.  Its TLB is filled by walks of guest tables and
 * cleared by flushes alone, as in the real thing; so is its cache of
 * level-2 entries.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <tenon/types.h>
#include <public/xen.h>

struct cpu;
struct domain;

#define FAKE_TLB_SIZE 512
#define FAKE_PDE_SIZE 64

struct fake_tlb_entry {
	bool is_valid;
	vaddr_t va;	/* page's */
	uint64_t entry; /* frame and the rights of all levels */
};

struct fake_pde_entry {
	bool is_valid;
	vaddr_t va;	/* of its 2 MiB */
	uint64_t entry; /* the table's frame, the rights of the levels above */
};

struct arch_cpu {
	bool irqs_on;
	bool has_tsd; /* RDTSC traps in ring 3 */
	mfn_t root;   /* what CR3 holds; 0: none, guest addresses are ours */
	const struct domain *root_domain; /* whose it is */
	struct fake_tlb_entry tlb[FAKE_TLB_SIZE];
	struct fake_pde_entry pde[FAKE_PDE_SIZE];
	struct cpu_user_regs regs; /* the guest's, of current */
	uint64_t timer_deadline;   /* ns, as programmed; ~0: none */
	uint64_t kicks, flushes;   /* how often */
};

/* The CPU that the test (or the running coroutine) plays. */
struct cpu *arch_this_cpu(void);

#endif
