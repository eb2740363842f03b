/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The return frame: selectors, flags and addresses in it that a CPU refuses
 * come to the failsafe callback, and privilege that it asks for is not given.
 */
#include "guest.h"

static void user_call(void)
{
	__asm__ volatile("pushfq; popq %rax; syscall");
	for (;;)
		;
}

static struct user_frame good(void)
{
	return (struct user_frame){ (uint64_t)user_call, FLAT_USER_CS, 0x202,
		(uint64_t)user_stack + sizeof(user_stack) - 8, FLAT_USER_SS };
}

static void selectors(void)
{
	static const uint16_t code[] = { 0x0003, 0x1233, 0xe02b, 0xfffb, 0xe00b,
		0x0013 };
	static const uint16_t stack[] = { 0xe033, 0x1233, 0xfffb };
	struct user_frame f;

	for (unsigned i = 0; i < sizeof(code) / sizeof(code[0]); i++) {
		f = good();
		f.cs = code[i];
		last_trap.vector = TRAP_NONE;
		run_frame(&f);
		expect("a code selector that is none: failsafe",
			last_trap.vector, TRAP_FAILSAFE);
	}
	for (unsigned i = 0; i < sizeof(stack) / sizeof(stack[0]); i++) {
		f = good();
		f.ss = stack[i];
		last_trap.vector = TRAP_NONE;
		run_frame(&f);
		expect("a stack selector that is none: failsafe",
			last_trap.vector, TRAP_FAILSAFE);
	}
}

static void addresses(void)
{
	struct user_frame f = good();

	f.rip = 1UL << 63;
	last_trap.vector = TRAP_NONE;
	run_frame(&f);
	expect_true("a return to no address: failsafe or #GP",
		last_trap.vector == TRAP_FAILSAFE || last_trap.vector == 13);
	f = good();
	f.rip = 0xffff830000000000;
	run_frame(&f);
	expect("a return into the hypervisor: #PF", last_trap.vector, 14);
	expect("as a user's fetch", last_trap.error & ~0x10UL, 4);
	f = good();
	f.rsp = 0xffff830000000000;
	run_frame(&f);
	expect_true("a stack in the hypervisor: a fault of the user",
		last_trap.vector == 14);
}

static void flags(void)
{
	struct user_frame f = good();

	/* NT alone would make IRETQ fault; IOPL 3 would open all ports. */
	f.rflags = 0x202 | 3 << 12;
	run_frame(&f);
	expect("IOPL 3 is not given", last_trap.vector, TRAP_SYSCALL);
	expect("rflags of the user: IOPL 0", last_trap.rax >> 12 & 3, 0);
	f.rflags = 0x202 | 1 << 17;
	run_frame(&f);
	expect("VM is not given", last_trap.vector, TRAP_SYSCALL);
	f.rflags = 0;
	run_frame(&f);
	expect("interrupts cannot be off", last_trap.rax >> 9 & 1, 1);
	f.rflags = 0x202 | 1 << 14;
	last_trap.vector = TRAP_NONE;
	run_frame(&f);
	expect_true("NT: carried, or failsafe",
		last_trap.vector == TRAP_SYSCALL ||
			last_trap.vector == TRAP_FAILSAFE);
	f.rflags = 0x202 | 1 << 18;
	run_frame(&f);
	expect("AC is the user's own", last_trap.vector, TRAP_SYSCALL);
	f.rflags = ~0UL & ~(1UL << 14) & ~(1UL << 8);
	last_trap.vector = TRAP_NONE;
	run_frame(&f);
	expect_true("all bits: carried without privilege, or failsafe",
		last_trap.vector == TRAP_SYSCALL ||
			last_trap.vector == TRAP_FAILSAFE);
	expect("upcalls may be unmasked by it, and are masked again",
		shared->vcpu_info[0].evtchn_upcall_mask & ~1, 0);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
	__asm__ volatile("pushfq; popq %0" : "=r"(f.rflags));
	expect("our own direction and alignment flags are clear",
		f.rflags & (1 << 10 | 1 << 18), 0);
}

extern uint64_t trap_rflags;

/* What the handler's first instruction found. */
static void handlers(void)
{
	struct user_frame f = good();

	f.rflags = 0x202 | 1 << 10 | 1 << 18;
	run_frame(&f);
	expect("a system call of a user with both set", last_trap.vector,
		TRAP_SYSCALL);
	expect("finds the kernel with both clear",
		trap_rflags & (1 << 10 | 1 << 18), 0);
}

void guest_tests(void)
{
	share_root();
	selectors();
	addresses();
	flags();
	handlers();
}
