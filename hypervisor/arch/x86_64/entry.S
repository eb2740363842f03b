/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways in and out.  Every way in leaves a struct cpu_user_regs:
 *
 *   from a guest      at the top of the CPU's stack (struct cpu_top); out by
 *                     resume_guest, which runs what waits (softirqs, a
 *                     scheduler switch, upcalls) and returns by IRETQ
 *   from ourselves    on the stack in use; straight back
 *
 * SYSCALL brings no stack: each CPU's stub (desc.c) saves rax and loads the
 * CPU's stack, then comes to syscall_common.
 */
#include "layout.h"

	.macro	SAVE_REGS
	cld
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
	.endm

	/* Leaves rsp at the error code's slot; then drops it. */
	.macro	RESTORE_REGS
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
	addq	$8, %rsp
	.endm

	/* An instruction at \from may fault: go on at \to instead. */
	.macro	FIXUP from, to
	.pushsection .extable, "a"
	.quad	\from, \to
	.popsection
	.endm

	/*
	 * With CR4.SMAP guests' memory is touched between these two alone, and
	 * every way in but SYSCALL, which masks AC, closes it.  Without SMAP
	 * boot makes no-ops of them (features.c).
	 */
	.macro	SMAP_OPEN
	.pushsection .smap_places, "a"
	.quad	661f
	.popsection
661:	stac
	.endm
	.macro	SMAP_CLOSE
	.pushsection .smap_places, "a"
	.quad	661f
	.popsection
661:	clac
	.endm

	.text

/* rsp: top, just below guest.es; rax: the guest's rsp; its rax in scratch. */
	.globl	syscall_common
syscall_common:
	pushq	$SEL_USER_DS
	pushq	%rax
	pushq	%r11
	pushq	$SEL_USER_CS
	pushq	%rcx
	pushq	$0
	movl	$VECTOR_SYSCALL, 4(%rsp)
	movq	TOP_SCRATCH - REGS_ERROR(%rsp), %rax
	SAVE_REGS
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	x86_syscall
	jmp	resume_guest

	.globl	syscall32_common
syscall32_common:
	pushq	$SEL_USER_DS
	pushq	%rax
	pushq	%r11
	pushq	$SEL_USER_32
	pushq	%rcx
	pushq	$0
	movl	$VECTOR_SYSCALL, 4(%rsp)
	movq	TOP_SCRATCH - REGS_ERROR(%rsp), %rax
	SAVE_REGS
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	x86_syscall32
	jmp	resume_guest

/* Run the guest whose registers stand at the top of the stack. */
	.globl	x86_resume_guest
x86_resume_guest:
	orq	$32767, %rsp
	subq	$(TOP_SIZE - 1), %rsp
resume_guest:
	cli
	xorl	%ebp, %ebp
	call	x86_exit_work
	RESTORE_REGS
	.globl	iret_to_guest
iret_to_guest:
	iretq
	FIXUP	iret_to_guest, iret_to_guest

	.globl	x86_idle_enter
x86_idle_enter:
	orq	$32767, %rsp
	subq	$(TOP_SIZE - 1), %rsp
	xorl	%ebp, %ebp
	call	x86_idle_loop
	ud2

exception_common:
	SMAP_CLOSE
	SAVE_REGS
	movq	%rsp, %rdi
	testb	$3, REGS_CS(%rsp)
	jz	1f
exception_from_guest:
	xorl	%ebp, %ebp
	call	x86_exception
	jmp	resume_guest
1:	call	x86_exception_hv
	RESTORE_REGS
	iretq

interrupt_common:
	SMAP_CLOSE
	SAVE_REGS
	movq	%rsp, %rdi
	testb	$3, REGS_CS(%rsp)
	jz	1f
	xorl	%ebp, %ebp
	call	x86_interrupt
	jmp	resume_guest
1:	call	x86_interrupt
	RESTORE_REGS
	iretq

	/* NMI, machine check, double fault: on a stack of their own. */
	.macro	IST_ENTRY name, vector, code
	.globl	\name
\name:
	.if	\code == 0
	pushq	$0
	.endif
	movl	$\vector, 4(%rsp)
	SMAP_CLOSE
	SAVE_REGS
	movq	%rsp, %rdi
	call	x86_\name
	RESTORE_REGS
	iretq
	.endm

	IST_ENTRY ist_nmi, 2, 0
	IST_ENTRY ist_double_fault, 8, 1
	IST_ENTRY ist_machine_check, 18, 0

/*
 * #DB: on a stack of its own, for a breakpoint delayed by MOV SS can fire at
 * the first instruction after SYSCALL, when rsp is still the guest's.  From a
 * guest the frame moves to the CPU's stack.
 */
	.globl	ist_debug
ist_debug:
	pushq	$0
	movl	$1, 4(%rsp)
	SMAP_CLOSE
	SAVE_REGS
	movq	%rsp, %rdi
	testb	$3, REGS_CS(%rsp)
	jz	1f
	movq	%rsp, %rsi
	movq	%rsp, %rdi
	orq	$32767, %rdi
	subq	$(TOP_SIZE - 1), %rdi
	movq	%rdi, %rsp
	movl	$(REGS_ES / 8), %ecx
	rep movsq
	movq	%rsp, %rdi
	jmp	exception_from_guest
1:	call	x86_exception_hv
	RESTORE_REGS
	iretq

/* Vectors 0 to 31; those with an error code push none of ours. */
	.balign	16
	.globl	exception_stubs
exception_stubs:
	.set	n, 0
	.rept	32
	.balign	16
	.if	n == 8 || n == 10 || n == 11 || n == 12 || n == 13 || n == 14 || n == 17 || n == 21 || n == 29 || n == 30
	.else
	pushq	$0
	.endif
	movl	$n, 4(%rsp)
	jmp	exception_common
	.set	n, n + 1
	.endr

/* Vectors 32 to 255. */
	.balign	16
	.globl	interrupt_stubs
interrupt_stubs:
	.rept	224
	.balign	16
	pushq	$0
	movl	$n, 4(%rsp)
	jmp	interrupt_common
	.set	n, n + 1
	.endr

	.globl	entry_int80
entry_int80:
	pushq	$0
	movl	$VECTOR_INT80, 4(%rsp)
	jmp	exception_common

/*
 * int x86_copy(void *dst, const void *src, size_t n): 0, or -EFAULT when one
 * of the two cannot be touched.
 */
	.globl	x86_copy
x86_copy:
	movq	%rdx, %rcx
	shrq	$3, %rcx
	SMAP_OPEN
1:	rep movsq
	movl	%edx, %ecx
	andl	$7, %ecx
	jz	3f
2:	rep movsb
3:	SMAP_CLOSE
	xorl	%eax, %eax
	ret
copy_fault:
	SMAP_CLOSE
	movl	$-14, %eax
	ret
	FIXUP	1b, copy_fault
	FIXUP	2b, copy_fault

/* int x86_clear(void *dst, size_t n) */
	.globl	x86_clear
x86_clear:
	movq	%rsi, %rcx
	xorl	%eax, %eax
	SMAP_OPEN
1:	rep stosb
	SMAP_CLOSE
	ret
	FIXUP	1b, copy_fault

/* Load a selector; a bad one becomes null. */
	.macro	LOAD_SELECTOR seg
	.globl	x86_load_\seg
x86_load_\seg:
1:	movl	%edi, %\seg
	ret
2:	xorl	%edi, %edi
	movl	%edi, %\seg
	ret
	FIXUP	1b, 2b
	.endm
	LOAD_SELECTOR ds
	LOAD_SELECTOR es
	LOAD_SELECTOR fs

	/* GS between two SWAPGS, so that the base of now is not lost. */
	.globl	x86_load_gs
x86_load_gs:
1:	movl	%edi, %gs
	ret
2:	xorl	%edi, %edi
	movl	%edi, %gs
	ret
	FIXUP	1b, 2b

/* int x86_rdmsr_safe(uint32_t msr, uint64_t *value); int x86_wrmsr_safe(...) */
	.globl	x86_rdmsr_safe
x86_rdmsr_safe:
	movl	%edi, %ecx
1:	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, (%rsi)
	xorl	%eax, %eax
	ret
	FIXUP	1b, copy_fault

	.globl	x86_wrmsr_safe
x86_wrmsr_safe:
	movl	%edi, %ecx
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
1:	wrmsr
	xorl	%eax, %eax
	ret
	FIXUP	1b, copy_fault

/* int x86_xsetbv_safe(uint64_t value) */
	.globl	x86_xsetbv_safe
x86_xsetbv_safe:
	xorl	%ecx, %ecx
	movl	%edi, %eax
	movq	%rdi, %rdx
	shrq	$32, %rdx
1:	xsetbv
	xorl	%eax, %eax
	ret
	FIXUP	1b, copy_fault

/* int x86_xrstor_safe(void *area, uint64_t mask); x86_fxrstor_safe(area) */
	.globl	x86_xrstor_safe
x86_xrstor_safe:
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
1:	xrstor64 (%rdi)
	xorl	%eax, %eax
	ret
	FIXUP	1b, copy_fault

	.globl	x86_fxrstor_safe
x86_fxrstor_safe:
1:	fxrstor64 (%rdi)
	xorl	%eax, %eax
	ret
	FIXUP	1b, copy_fault

/* 64 bytes a CPU: code that SYSCALL enters, written by desc.c. */
	.balign	4096
	.globl	syscall_stubs
syscall_stubs:
	.fill	64 * 128, 1, 0xcc

	.section .note.GNU-stack, "", @progbits
