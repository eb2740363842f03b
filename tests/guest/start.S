/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A micro-guest's first instructions, its ELF notes, its trap entries. One
 * trap frame form for C (struct frame in guest.h): general registers, vector,
 * error code, then what the hypervisor pushed.
 */
#include <public/elfnote.h>

	.macro	NOTE type, data:vararg
	.pushsection .note.Xen, "a", @note
	.balign	4
	.long	4, 2f - 1f, \type
	.asciz	"Xen"
1:	\data
2:	.balign	4
	.popsection
	.endm

	NOTE	XEN_ELFNOTE_GUEST_OS, .asciz "micro"
	NOTE	XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
	NOTE	XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	NOTE	XEN_ELFNOTE_VIRT_BASE, .quad 0xffffffff80000000
	NOTE	XEN_ELFNOTE_ENTRY, .quad start
	NOTE	XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
	NOTE	XEN_ELFNOTE_FEATURES, .asciz ""
	NOTE	XEN_ELFNOTE_PAE_MODE, .asciz "yes"
	NOTE	XEN_ELFNOTE_LOADER, .asciz "generic"

	.text
	.globl	start
start:	movq	%rax, first_registers(%rip)
	movq	%rbx, first_registers + 8(%rip)
	movq	%rcx, first_registers + 16(%rip)
	movq	%rdx, first_registers + 24(%rip)
	movq	%rdi, first_registers + 32(%rip)
	movq	%rbp, first_registers + 40(%rip)
	movq	%r8, first_registers + 48(%rip)
	movq	%r9, first_registers + 56(%rip)
	movq	%r10, first_registers + 64(%rip)
	movq	%r11, first_registers + 72(%rip)
	movq	%r12, first_registers + 80(%rip)
	movq	%r13, first_registers + 88(%rip)
	movq	%r14, first_registers + 96(%rip)
	movq	%r15, first_registers + 104(%rip)
	leaq	stack_end(%rip), %rsp
	movq	%rsi, %rdi
	xorl	%ebp, %ebp
	call	guest_main
	ud2

	.balign	4096
	.globl	hypercall_page
hypercall_page:
	.skip	4096

/* long hypercall(nr, a, b, c, d, e) by the instruction itself. */
	.globl	hypercall
hypercall:
	movl	%edi, %eax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	syscall
	ret

/* One handler a vector; those for which the CPU pushes an error code keep it. */
	.macro	TRAP n
trap_\n:
	popq	%rcx
	popq	%r11
	.if	\n == 8 || (\n >= 10 && \n <= 14) || \n == 17 || \n == 21
	.else
	pushq	$0
	.endif
	pushq	$\n
	jmp	trap_common
	.pushsection .rodata
	.quad	trap_\n
	.popsection
	.endm
	.pushsection .rodata
	.balign	8
	.globl	trap_handlers
trap_handlers:
	.popsection
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	TRAP	\n
	.endr
	.irp	n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	TRAP	\n
	.endr
	.irp	n, 128, 129, 130
	TRAP	\n
	.endr

	.globl	trap_event, trap_failsafe, trap_syscall, trap_nmi
	.globl	trap_sysenter
trap_nmi:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$0x203
	jmp	trap_common
trap_event:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$0x200
	jmp	trap_common
trap_syscall:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$0x201
	jmp	trap_common
trap_sysenter:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$0x204
	jmp	trap_common
trap_failsafe:
	addq	$32, %rsp	/* ds es fs gs */
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$0x202

trap_common:
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushfq
	popq	trap_rflags(%rip)
	cld
	movq	%rsp, %rdi
	call	trap
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$16, %rsp
	/* The iret hypercall's frame: rax r11 rcx flags above the CPU's. */
	pushq	$0
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movl	$23, %eax
	syscall
	ud2

/*
 * void run_frame(const struct user_frame *f): to user mode; returns after the
 * next trap, which trap() sends to run_user_end on the stack kept in kernel_rsp.
 */
	.globl	run_frame, run_user_end
run_frame:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, kernel_rsp(%rip)
	pushq	32(%rdi)
	pushq	24(%rdi)
	pushq	16(%rdi)
	pushq	8(%rdi)
	pushq	(%rdi)
	pushq	$0		/* flags, rcx, r11, rax */
	pushq	$0
	pushq	$0
	pushq	$0
	movl	$23, %eax
	syscall
	ud2
run_user_end:
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	.data
	.globl	first_registers	/* what a vcpu starts with, but rsi and rsp */
first_registers:
	.skip	14 * 8

	.bss
	.globl	trap_rflags	/* the flags in the last handler */
trap_rflags:
	.quad	0
	.globl	kernel_rsp
kernel_rsp:
	.quad	0
	.balign	4096
	.skip	16384
	.globl	stack_end
stack_end:
	.section .note.GNU-stack, "", @progbits
