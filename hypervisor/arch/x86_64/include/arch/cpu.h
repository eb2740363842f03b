/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-CPU state of an x86-64 CPU, and the layout of its stack. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <tenon/types.h>
#include <public/xen.h>

struct cpu;

#define STACK_ORDER 3 /* pages: 8 */
#define STACK_SIZE  (4096UL << STACK_ORDER)

/*
 * The top of each CPU's stack.  An exception from a guest pushes its frame
 * exactly into guest.  Size congruent to 8 mod 16, so that &guest.es, where
 * TSS.rsp0 points, is aligned to 16 (SDM vol. 3A, 6.14.2).
 */
struct cpu_top {
	struct cpu_user_regs guest;
	struct cpu *cpu;
	uint64_t slots[5]; /* rax, rdx, rsi, rsp: of entry.S */
};

_Static_assert(sizeof(struct cpu_top) % 16 == 8, "frame alignment");

static inline struct cpu_top *arch_cpu_top(void)
{
	uint64_t rsp;

	__asm__("movq %%rsp, %0" : "=r"(rsp));
	return (struct cpu_top *)((rsp | (STACK_SIZE - 1)) + 1) - 1;
}

static inline struct cpu *arch_this_cpu(void)
{
	return arch_cpu_top()->cpu;
}

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* 1..7 */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap_base;
} __attribute__((packed));

struct arch_cpu {
	struct tss *tss;
	uint64_t *gdt;	     /* our own page of the GDT */
	uint64_t *window;    /* the L1 table of its GDT and LDT window */
	uint8_t *stack;	     /* lowest address */
	uint64_t xcr0;	     /* loaded now */
	uint32_t tsc_aux;    /* loaded now */
	bool has_tsd;	     /* CR4.TSD now */
	uint64_t tsc_offset; /* added to rdtsc to agree with CPU 0 */
	bool is_idle_loop;
};

#endif
