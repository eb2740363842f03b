/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions of the kernel come to its own handlers, with the vector, the
 * error code, cr2 and the frame that a CPU would give; the kernel's ring 3 is
 * hidden from it.
 */
#include "guest.h"

static void by_instruction(void)
{
	TRY("ud2");
	expect("ud2: vector", last_trap.vector, 6);
	expect("ud2: the frame's code selector is a kernel's", last_trap.cs & 3,
		0);
	expect("ud2: interrupts in the frame as upcalls are masked",
		last_trap.rflags >> 9 & 1,
		!shared->vcpu_info[0].evtchn_upcall_mask);
	expect("ud2: the saved mask", last_trap.cs >> 32 & 1,
		shared->vcpu_info[0].evtchn_upcall_mask);
	TRY("xorl %%ecx, %%ecx; xorl %%edx, %%edx; divl %%ecx", ::
			: "rax", "rcx", "rdx");
	expect("divide: vector", last_trap.vector, 0);
	last_trap.vector = TRAP_NONE;
	__asm__ volatile("int3");
	expect("int3: vector", last_trap.vector, 3);
	TRY("hlt");
	expect("hlt: #GP", last_trap.vector, 13);
	expect("hlt: error code 0", last_trap.error, 0);
	TRY("movl %0, %%ss", ::"r"(0x28));
	expect("a selector of the hypervisor in ss: #GP", last_trap.vector, 13);
	expect("its error code is the selector", last_trap.error, 0x28);
}

static void by_address(void)
{
	uint64_t v;

	TRY("movq (%1), %0", : "=r"(v) : "r"(0x1000UL));
	expect("nothing mapped: #PF", last_trap.vector, 14);
	expect("error of a kernel's read", last_trap.error, 0);
	expect("cr2", shared->vcpu_info[0].arch.cr2, 0x1000);
	TRY("movq %0, (%1)", ::"r"(1UL), "r"(0x2008UL) : "memory");
	expect("error of a kernel's write", last_trap.error, 2);
	expect("cr2 of it", shared->vcpu_info[0].arch.cr2, 0x2008);
	TRY("movq (%1), %0", : "=r"(v) : "r"(0xffff830000000000UL));
	expect("the hypervisor's memory: #PF", last_trap.vector, 14);
	expect("as if nothing were there", last_trap.error, 0);
	TRY("movq %0, (%1)", ::"r"(1UL), "r"(0xffff800000000000UL) : "memory");
	expect("a write to the machine-to-physical table: #PF",
		last_trap.vector, 14);
	TRY("movq (%1), %0", : "=r"(v) : "r"(0x8000000000000000UL));
	expect("not canonical: #GP", last_trap.vector, 13);
}

static void __attribute__((noinline)) by_stack_segment(void)
{
	uint64_t v, old;

	__asm__ volatile("movq %%rbp, %0" : "=r"(old));
	last_trap.vector = TRAP_NONE;
	__asm__ volatile("movq $77f, trap_resume\n\t"
			 "movq %2, %%rbp\n\tmovq (%%rbp), %0\n"
			 "77:\tmovq %1, %%rbp\n\tmovq $0, trap_resume"
			 : "=&r"(v)
			 : "r"(old), "r"(0x8000000000000000UL));
	/* QEMU's emulation says #GP. */
	expect_true("not canonical by the stack: #SS",
		last_trap.vector == 12 || last_trap.vector == 13);
	expect("its error code", last_trap.error, 0);
}

static void by_software(void)
{
	last_trap.vector = TRAP_NONE;
	__asm__ volatile("int $0x80");
	expect("int 0x80: vector", last_trap.vector, 128);
	last_trap.vector = TRAP_NONE;
	__asm__ volatile("int $0x81");
	expect("int 0x81: vector", last_trap.vector, 129);
	TRY("int $0x90");
	expect("int 0x90, for which there is no handler: #GP", last_trap.vector,
		13);
	expect("its error code names the gate", last_trap.error, 0x90 * 8 + 2);
}

static void no_execute(void)
{
	uint64_t mfn = virt_to_mfn(page_a);

	page_a[0] = (char)0xc3; /* ret */
	expect_error("a page that is not to be executed",
		map(page_a, mfn << 12 | 7 | 1ULL << 63), 0);
	last_trap.vector = TRAP_NONE;
	__asm__ volatile(
		"movq $77f, trap_resume\n\tcall *%0\n\tjmp 78f\n"
		"77:\taddq $8, %%rsp\n78:\tmovq $0, trap_resume" ::"r"(page_a)
		: "memory");
	expect("executing it: #PF", last_trap.vector, 14);
	expect("error: present, a fetch", last_trap.error, 0x11);
	map(page_a, mfn << 12 | 7);
}

void guest_tests(void)
{
	by_instruction();
	by_address();
	by_stack_segment();
	by_software();
	no_execute();
}
