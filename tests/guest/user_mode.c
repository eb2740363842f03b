/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User code: its system calls, its faults with the user bit in them, and what
 * its kernel may and it may not.
 */
#include <public/callback.h>
#include <public/physdev.h>
#include "guest.h"

extern char trap_sysenter[];

#define USER(name, code)                \
	static void name(void)          \
	{                               \
		__asm__ volatile(code); \
		for (;;)                \
			;               \
	}

USER(do_syscall, "movl $0x1234, %eax; movl $0x77, %edi; syscall")
USER(do_int80, "int $0x80")
USER(do_int81, "int $0x81")
USER(do_int3, "int3")
USER(do_ud2, "ud2")
USER(do_hlt, "hlt")
USER(do_rdmsr, "movl $0xc0000080, %ecx; rdmsr")
USER(do_cr0, "movq %cr0, %rax")
USER(do_clts, "clts")
USER(do_in, "inb $0x64, %al; syscall")
USER(do_cli, "cli")
USER(do_hypervisor, "movabsq $0xffff830000000000, %rax; movq (%rax), %rax")
USER(do_nowhere, "movl $0x5000, %eax; movb $1, (%rax)")
USER(do_forced_cpuid, ".byte 0x0f, 0x0b, 'x', 'e', 'n'; cpuid; syscall")

/* SYSENTER loses where it came from; AMD's CPUs have none in long mode.  What
 * user code has in its flags must not hurt us. */
USER(do_sysenter, "movl $0x1234, %eax; movl $0x77, %edi; sysenter")
USER(do_bad_flags, "movl $0x99, %eax; pushq $0x44102; popfq; sysenter")

static void sysenter(void)
{
	struct callback_register c = { .type = CALLBACKTYPE_sysenter,
		.flags = CALLBACKF_mask_events,
		.address = (uint64_t)trap_sysenter };
	uint32_t vendor, leaf = 0;

	__asm__("cpuid" : "+a"(leaf), "=b"(vendor) : : "ecx", "edx");
	run_user(do_sysenter);
	if (vendor != 0x756e6547) { /* "Genu" */
		expect("no SYSENTER: #UD", last_trap.vector, 6);
		return;
	}
	expect("SYSENTER without a callback: #GP", last_trap.vector, 13);
	expect_error("a callback for it",
		HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &c), 0);
	run_user(do_sysenter);
	expect("SYSENTER: its entry", last_trap.vector, TRAP_SYSENTER);
	expect("from ring 3", last_trap.cs & 3, 3);
	expect("rax comes through", last_trap.rax, 0x1234);
	expect("rdi comes through", last_trap.rdi, 0x77);
	run_user(do_bad_flags);
	expect("with TF, NT and AC: its entry", last_trap.vector,
		TRAP_SYSENTER);
	expect("rax comes through", last_trap.rax, 0x99);
	expect("TF is not seen", last_trap.rflags >> 8 & 1, 0);
}

static void faults(void)
{
	run_user(do_int80);
	expect("int 0x80 where users may: vector", last_trap.vector, 128);
	run_user(do_int81);
	expect("int 0x81 where they may not: #GP", last_trap.vector, 13);
	expect("its error code names the gate", last_trap.error, 0x81 * 8 + 2);
	run_user(do_int3);
	expect("int3: vector", last_trap.vector, 3);
	run_user(do_ud2);
	expect("ud2: vector", last_trap.vector, 6);
	expect("from ring 3", last_trap.cs & 3, 3);
	run_user(do_hypervisor);
	expect("the hypervisor's memory: #PF", last_trap.vector, 14);
	expect("error: a user's read of nothing", last_trap.error, 4);
	run_user(do_nowhere);
	expect("error: a user's write of nothing", last_trap.error, 6);
	expect("cr2", shared->vcpu_info[0].arch.cr2, 0x5000);
}

static void privileges(void)
{
	struct physdev_set_iopl op = { .iopl = 3 };

	run_user(do_hlt);
	expect("hlt: #GP", last_trap.vector, 13);
	run_user(do_rdmsr);
	expect("rdmsr: #GP", last_trap.vector, 13);
	run_user(do_cr0);
	expect("mov from cr0: #GP", last_trap.vector, 13);
	run_user(do_clts);
	expect("clts: #GP", last_trap.vector, 13);
	run_user(do_cli);
	expect("cli: #GP", last_trap.vector, 13);
	run_user(do_in);
	expect("a port: #GP", last_trap.vector, 13);
	HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &op);
	run_user(do_in);
	expect("a port at IOPL 3: carried out", last_trap.vector, TRAP_SYSCALL);
	op.iopl = 0;
	HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &op);
}

void guest_tests(void)
{
	share_root();
	run_user(do_syscall);
	expect("a system call: its entry", last_trap.vector, TRAP_SYSCALL);
	expect("from ring 3", last_trap.cs & 3, 3);
	expect("rax comes through", last_trap.rax, 0x1234);
	expect("rdi comes through", last_trap.rdi, 0x77);
	expect("rcx is the return address", last_trap.rcx, last_trap.rip);
	expect("the stack is the user's",
		last_trap.rsp - (uint64_t)user_stack < sizeof(user_stack), 1);
	run_user(do_forced_cpuid);
	expect("cpuid by the prefix is for users, too", last_trap.vector,
		TRAP_SYSCALL);
	sysenter();
	faults();
	privileges();
}
