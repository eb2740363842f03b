/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a micro-guest has: hypercalls, console output, a trap frame and a way
 * to expect traps.
 */
#ifndef MICRO_GUEST_H
#define MICRO_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/xen.h>

struct frame {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx,
		rsi, rdi;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

long hypercall(unsigned nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
	uint64_t e);
/* To user mode; returns after the next trap from there. */
void run_user(uint64_t rip, uint64_t rsp);

#define HC0(nr)	      hypercall(nr, 0, 0, 0, 0, 0)
#define HC1(nr, a)    hypercall(nr, (uint64_t)(a), 0, 0, 0, 0)
#define HC2(nr, a, b) hypercall(nr, (uint64_t)(a), (uint64_t)(b), 0, 0, 0)
#define HC3(nr, a, b, c) \
	hypercall(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0)
#define HC4(nr, a, b, c, d)                                        \
	hypercall(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), \
		(uint64_t)(d), 0)

void print(const char *s);
void print_number(uint64_t n);

/* One line "ok NAME" or "not ok NAME: got ..., expected ...". */
void expect(const char *name, uint64_t got, uint64_t expected);

/* The last trap; trap_skip: bytes by which its handler moves rip on. */
extern struct frame last_trap;
extern volatile unsigned trap_count, upcall_count; /* apart */
extern uint64_t trap_skip;
/* Ports of the last upcall, a bit each; the upcall clears them. */
extern uint64_t last_events[64];

extern struct start_info *start_info;
extern struct shared_info *shared;

/* The machine frame of pseudo-physical frame pfn, and where it is mapped. */
uint64_t pfn_to_mfn(uint64_t pfn);
void *pfn_to_virt(uint64_t pfn);
uint64_t virt_to_pfn(const void *p);

/* The machine address of the L1 entry that maps va, by walking the tables. */
uint64_t pte_address(uint64_t va, unsigned level);

void guest_tests(void);

#endif
