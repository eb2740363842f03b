/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A micro-guest's first instructions, its ELF notes, its trap entries.  One
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
start:	leaq	stack_end(%rip), %rsp
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

	.macro	TRAP n, code
	.globl	trap_\n
trap_\n:
	popq	%rcx
	popq	%r11
	.if	\code == 0
	pushq	$0
	.endif
	pushq	$\n
	jmp	trap_common
	.endm
	TRAP	0, 0
	TRAP	1, 0
	TRAP	3, 0
	TRAP	6, 0
	TRAP	7, 0
	TRAP	13, 1
	TRAP	14, 1
	TRAP	128, 0
	TRAP	129, 0

	.globl	trap_event, trap_failsafe, trap_syscall
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
 * void run_user(rip, rsp): to user mode; returns after the next trap, which
 * trap() sends to run_user_end on the stack kept in kernel_rsp.
 */
	.globl	run_user, run_user_end
run_user:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, kernel_rsp(%rip)
	pushq	$0xe02b		/* ss */
	pushq	%rsi
	pushq	$0x202
	pushq	$0xe033
	pushq	%rdi
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

	.bss
	.globl	kernel_rsp
kernel_rsp:
	.quad	0
	.balign	4096
	.skip	16384
	.globl	stack_end
stack_end:
	.section .note.GNU-stack, "", @progbits
