/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercall page, which every micro-guest's notes ask for: each of its
 * stubs makes the call of its number and keeps what a call must keep.
 */
#include <public/version.h>
#include "guest.h"

extern char hypercall_page[4096];

/* Calls stub nr; checks that the callee-saved registers are as before. */
static long by_page(unsigned nr, uint64_t a, uint64_t b)
{
	uint64_t rbx = 0x11, r12 = 0x22;
	long r;

	__asm__ volatile("movq %3, %%rbx; movq %4, %%r12; call *%5\n\t"
			 "movq %%rbx, %1; movq %%r12, %2"
			 : "=a"(r), "=&g"(rbx), "=&g"(r12)
			 : "i"(0x11), "i"(0x22), "r"(hypercall_page + nr * 32),
			 "D"(a), "S"(b)
			 : "rcx", "r11", "rdx", "r10", "r8", "r9", "rbx", "r12",
			 "memory");
	expect("registers are kept", rbx == 0x11 && r12 == 0x22, 1);
	return r;
}

/* Returns by the stub of iret instead of the instruction. */
static uint64_t iret_by_page(void)
{
	uint64_t v = 0;

	__asm__ volatile("movq %%rsp, %%r13\n\t"
			 "pushq %1; pushq %%r13; pushq $0x202\n\t"
			 "pushq $0xe030; pushq $1f\n\t"
			 "movl $0x4321, %%eax\n\t"
			 "pushq $0\n\t" /* flags; the stub pushes the rest */
			 "jmp hypercall_page + 23 * 32\n"
			 "1:\tmovq %%rax, %0"
			 : "=r"(v)
			 : "i"(FLAT_KERNEL_SS)
			 : "r13", "rax", "rcx", "r11", "memory");
	return v;
}

void guest_tests(void)
{
	static char extra[16];
	uint8_t any = 0;

	for (unsigned i = 0; i < 32; i++)
		any |= (uint8_t)hypercall_page[i];
	expect_true("the page is filled", any);
	expect("the version",
		(uint64_t)by_page(__HYPERVISOR_xen_version, XENVER_version, 0),
		4 << 16 | 17);
	expect_error("a call with a buffer",
		by_page(__HYPERVISOR_xen_version, XENVER_extraversion,
			(uint64_t)extra),
		0);
	expect_true("which is filled", extra[0]);
	expect_error("a call that is none", by_page(50, 0, 0), XEN_ENOSYS);
	expect("iret gives rax back", iret_by_page(), 0x4321);
}
