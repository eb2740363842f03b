/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a micro-guest has: hypercalls, a console, traps that it may expect, its
 * memory and page tables. Each .c file beside this one but guest.c is a kernel
 * of its own, with guest_tests(); it runs as dom0 or as a guest.
 */
#ifndef MICRO_GUEST_H
#define MICRO_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/xen.h>
#include <public/errno.h>

struct frame {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx,
		rsi, rdi;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Vectors of last_trap beyond the CPU's. */
#define TRAP_NONE     0xfff
#define TRAP_EVENT    0x200
#define TRAP_SYSCALL  0x201
#define TRAP_FAILSAFE 0x202
#define TRAP_NMI      0x203
#define TRAP_SYSENTER 0x204

long hypercall(unsigned nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
	uint64_t e);

#define HC0(nr)	      hypercall(nr, 0, 0, 0, 0, 0)
#define HC1(nr, a)    hypercall(nr, (uint64_t)(a), 0, 0, 0, 0)
#define HC2(nr, a, b) hypercall(nr, (uint64_t)(a), (uint64_t)(b), 0, 0, 0)
#define HC3(nr, a, b, c) \
	hypercall(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0)
#define HC4(nr, a, b, c, d)                                        \
	hypercall(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), \
		(uint64_t)(d), 0)

/* The console: the hypervisor's as dom0, else the ring. */
void print(const char *s);
void print_number(uint64_t n);

/* One line "ok NAME" or "not ok NAME: got ..., expected ...". */
void expect(const char *name, uint64_t got, uint64_t expected);
/* The same for what only must be true. */
void expect_true(const char *name, bool is_true);
/* A hypercall's result: 0, or this XEN_E* as a negative number. */
void expect_error(const char *name, long got, int error);

/*
 * Runs instructions of which one may trap: after the trap they are left.
 * last_trap tells which, vector TRAP_NONE none. Operands as in asm volatile;
 * rsp must not be changed.
 */
#define TRY(code, ...)                                                       \
	do {                                                                 \
		last_trap.vector = TRAP_NONE;                                \
		__asm__ volatile("movq $77f, trap_resume\n\t" code           \
				 "\n77:\tmovq $0, trap_resume" __VA_ARGS__); \
	} while (0)

extern volatile struct frame last_trap;
extern uint64_t trap_resume;
extern volatile unsigned trap_count, upcall_count; /* apart */
/* Called for a trap in the kernel if set; true: go on as the frame says. */
extern bool (*trap_hook)(struct frame *f);
/* Ports of the last upcall, a bit each; the upcall clears them. */
extern uint64_t last_events[64];
/* Tells the hypervisor our traps and callbacks (again). */
void set_traps(void);

/* To user mode with this frame; returns after the next trap from there. */
struct user_frame {
	uint64_t rip, cs, rflags, rsp, ss;
};
void run_frame(const struct user_frame *f);
/* The same with flat selectors and a stack of its own. */
void run_user(void (*fn)(void));
/* The kernel's page tables are the user's, too; once before run_user. */
void share_root(void);
extern char user_stack[4096];

extern struct start_info *start_info;
extern struct shared_info *shared;
extern bool is_dom0;
/* A page of plain memory, mapped writable, that a test may spoil. */
extern char page_a[4096], page_b[4096];

/* The machine frame of pseudo-physical frame pfn, and where it is mapped. */
uint64_t pfn_to_mfn(uint64_t pfn);
uint64_t mfn_to_pfn(uint64_t mfn);
void *pfn_to_virt(uint64_t pfn);
uint64_t virt_to_pfn(const void *p);
uint64_t virt_to_mfn(const void *p);

/* The machine address of the entry of that level for va, by walking. */
uint64_t pte_address(uint64_t va, unsigned level);
/* That entry itself, as the kernel maps its tables: read-only. */
volatile uint64_t *pte_of(const void *va, unsigned level);
long mmu_update(uint64_t ptr, uint64_t val);
/* Maps another frame (and flags) at va. */
long map(const void *va, uint64_t entry);

uint64_t system_time(void);
/* Our own number, as others see it. */
domid_t own_domid(void);
/* Sleeps for so many ns with events masked, or until one is pending. */
void sleep_ns(uint64_t ns);
void yield(void);
void stop(unsigned reason) __attribute__((noreturn));
/* Has the command line this word? */
bool has_word(const char *word);

void guest_tests(void);

#endif
