/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between user code and its kernel there are two ways, each in both
 * directions: the frequent one and the general one.  Here the general ones are
 * asked for, by an IOPL in the frame of iret, and by the assist that shows the
 * IOPL in flags; whichever way is taken, the same must arrive.
 */
#include <public/callback.h>
#include "guest.h"

#define FLAGS_IOPL 0x3000UL
#define NOWHERE	   0x1000UL

extern const uint64_t trap_handlers[]; /* start.S */
extern char ways_call[], ways_read[], ways_write[];
/* The handlers, and the flags with which the last one started. */
extern char ways_syscall[], ways_fault[];
uint64_t ways_flags, ways_next;
void ways_enter(uint64_t rip, uint64_t rsp, uint64_t rflags, uint64_t rdi);

static char stack[4096] __attribute__((aligned(4096)));

/*
 * ways_enter: as run_user (start.S), with these flags and patterns in the
 * registers.  The others are user code, which keeps rcx and r11 from SYSCALL.
 */
__asm__(".text\n"
	"ways_enter:\n\t"
	"pushq %rbx\n\tpushq %rbp\n\tpushq %r12\n\tpushq %r13\n\t"
	"pushq %r14\n\tpushq %r15\n\t"
	"movq %rsp, kernel_rsp(%rip)\n\t"
	"pushq $0xe02b\n\tpushq %rsi\n\tpushq %rdx\n\tpushq $0xe033\n\t"
	"pushq %rdi\n\tpushq $0\n\tpushq $0x1111\n\tpushq $0x2222\n\t"
	"pushq $0x3333\n\t"
	"movq %rcx, %rdi\n\txorl %edx, %edx\n\t"
	"xorl %r14d, %r14d\n\txorl %r15d, %r15d\n\t"
	"movl $0x44, %ebx\n\tmovl $0x55, %ebp\n\tmovl $0x66, %r8d\n\t"
	"movl $0x77, %r9d\n\tmovl $0x88, %r10d\n\tmovl $0x99, %r12d\n\t"
	"movl $0xaa, %r13d\n\tmovl $23, %eax\n\t"
	"syscall\n\tud2\n"
	"ways_call:\n\t"
	"movq %rcx, %r14\n\tmovq %r11, %r15\n\tsyscall\n"
	"ways_read:\n\t"
	"movq (%rdi), %rax\n"
	"ways_write:\n\t"
	"movq %rax, (%rdi)\n"
	"ways_syscall:\n\t"
	"pushfq\n\tpopq ways_flags(%rip)\n\tjmp trap_syscall\n"
	"ways_fault:\n\t"
	"pushfq\n\tpopq ways_flags(%rip)\n\tjmp *ways_next(%rip)\n");

static bool is_same(const struct frame *a, const struct frame *b)
{
	const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;

	for (unsigned i = 0; i < sizeof(*a) / 8; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/* All four combinations; what the first, all by the general way, shows. */
static struct frame enter(
	const char *name, const char *rip, uint64_t rflags, uint64_t rdi)
{
	struct frame first = { 0 }, now;
	uint64_t first_flags = 0;
	unsigned same = 0;

	for (unsigned way = 0; way < 4; way++) {
		HC2(__HYPERVISOR_vm_assist,
			way & 1 ? VMASST_CMD_disable : VMASST_CMD_enable,
			VMASST_TYPE_architectural_iopl);
		ways_enter((uint64_t)rip, (uint64_t)stack + sizeof(stack),
			rflags | (way & 2 ? 0 : FLAGS_IOPL), rdi);
		now = last_trap;
		if (way == 0) {
			first = now;
			first_flags = ways_flags;
		}
		same += is_same(&first, &now) && ways_flags == first_flags;
	}
	expect(name, same, 4);
	return first;
}

void guest_tests(void)
{
	struct callback_register syscall = { .type = CALLBACKTYPE_syscall,
		.flags = CALLBACKF_mask_events,
		.address = (uint64_t)ways_syscall };
	struct trap_info fault[] = {
		{ 14, 4, FLAT_KERNEL_CS, (uint64_t)ways_fault }, { 0, 0, 0, 0 }
	};
	struct frame f;

	share_root();
	ways_next = trap_handlers[14];
	HC2(__HYPERVISOR_callback_op, CALLBACKOP_register, &syscall);
	HC1(__HYPERVISOR_set_trap_table, fault);
	HC2(__HYPERVISOR_stack_switch, 0xe02b,
		(uint64_t)stack + sizeof(stack) / 2);

	f = enter("ways: system call", ways_call, 0x202, 7);
	expect("ways: rax as the frame of iret had it", f.rax, 0x3333);
	expect("ways: r11 likewise", f.r15, 0x2222);
	expect("ways: rcx likewise", f.r14, 0x1111);
	expect("ways: rdi untouched", f.rdi, 7);
	expect("ways: rcx is where SYSCALL returns to", f.rcx, f.rip);
	expect("ways: flags in r11", f.r11 & 0x3000, 0);
	enter("ways: system call with arithmetic flags", ways_call, 0xad7, 0);
	enter("ways: system call, direction down", ways_call, 0x602, 0);
	enter("ways: system call, alignment checks", ways_call, 0x40202, 0);
	enter("ways: system call, nested task flag", ways_call, 0x4202, 0);

	f = enter("ways: page fault of a read", ways_read, 0x202, NOWHERE);
	expect("ways: its error code", f.error, 4);
	expect("ways: its address", shared->vcpu_info[0].arch.cr2, NOWHERE);
	f = enter("ways: page fault of a write to a table", ways_write, 0x202,
		start_info->pt_base);
	expect("ways: its error code", f.error, 7);
	f = enter("ways: page fault at the hypervisor's", ways_read, 0x202,
		0xffff830000000000);
	expect("ways: its vector", f.vector, 14);
	f = enter("ways: beyond the canonical", ways_read, 0x202, 1UL << 60);
	expect("ways: general protection", f.vector, 13);
	HC2(__HYPERVISOR_vm_assist, VMASST_CMD_disable,
		VMASST_TYPE_architectural_iopl);
}
