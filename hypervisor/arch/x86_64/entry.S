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
 *
 * Three ways are so frequent that they are taken here, without C and with the
 * guest's registers where they are, when nothing is unusual:
 *
 *   user SYSCALL -----> bounce: frame on the guest kernel's stack --> SYSRET
 *   user page fault --> the same, with error code and cr2 ----------> SYSRET
 *   kernel's iret ----> to where events are open ------------------> IRETQ
 *
 *   top of the stack        the frame that bounces make, lowest first
 *     slots  rax rdx rsi ..   rcx r11 [error] rip cs|mask rflags rsp ss
 *     cpu
 *     guest  r15 .. rdi error rip cs rflags rsp ss es ds fs gs
 *
 * What is unusual falls back to the general way, from the state in which it
 * came: pv/bounce.c and pv/iret.c do the same things in full and are what
 * these paths must agree with.  Softirqs need no look here, for whoever raised
 * one meanwhile on another CPU has sent an interrupt, which waits for IF; and
 * of events only iret can open the door to one that is pending.
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

	/* Instructions that touch guests' memory. */
	.macro	STORE from, to, undo
662:	movq	\from, \to
	FIXUP	662b, \undo
	.endm
	.macro	LOAD from, to, undo
662:	movq	\from, \to
	FIXUP	662b, \undo
	.endm
	.macro	PUSH from, undo
662:	pushq	\from
	FIXUP	662b, \undo
	.endm
	.macro	TEST mask, at, undo
662:	testl	\mask, \at
	FIXUP	662b, \undo
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

/*
 * Another root for v in rdx, without PCID: a flush, of which tlb.h is told.
 * at: where rsp stands in struct cpu_top.  Uses rsi.
 */
	.macro	LOAD_ROOT root, at
	swapgs
	pushq	tlb_clock(%rip)
	movq	\root(%rdx), %rsi
	shlq	$12, %rsi
	movq	%rsi, %cr3
	movq	TOP_CPU - \at + 8(%rsp), %rsi
	popq	CPU_TLB_FLUSHED(%rsi)
	.endm

	.macro	SAVE_SLOTS at
	movq	%rdx, TOP_RDX - \at(%rsp)
	movq	%rsi, TOP_RSI - \at(%rsp)
	.endm
	.macro	RESTORE_SLOTS at
	movq	TOP_RDX - \at(%rsp), %rdx
	movq	TOP_RSI - \at(%rsp), %rsi
	.endm

/* A handler of the guest starts without them (pv/bounce.c). */
#define CLEARED_FLAGS \
	(FLAG_TF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_VM | FLAG_AC)

	/*
	 * The frame is made, at rsi: into the handler of v's kernel, whose
	 * address (checked when it was set) is at \rip of v.  rflags in r11.
	 */
	.macro	ENTER_KERNEL rip, at
	movq	%rsi, TOP_RSP - \at(%rsp)
	movq	VCPU_INFO(%rdx), %rsi
	movb	$1, VCPU_IN_KERNEL(%rdx)
	movb	$1, INFO_UPCALL_MASK(%rsi)
	movq	\rip(%rdx), %rcx
	andl	$~CLEARED_FLAGS, %r11d
	movq	TOP_RAX - \at(%rsp), %rax
	RESTORE_SLOTS \at
	movq	TOP_RSP - \at(%rsp), %rsp
	sysretq
	.endm

	/* rax: the guest's rsp; its rax, rdx and rsi in their slots. */
	.macro	SYSCALL_FRAME cs
	pushq	$SEL_USER_DS
	pushq	%rax
	pushq	%r11
	pushq	$\cs
	pushq	%rcx
	pushq	$0
	movl	$VECTOR_SYSCALL, 4(%rsp)
	movq	TOP_RAX - REGS_ERROR(%rsp), %rax
	RESTORE_SLOTS REGS_ERROR
	SAVE_REGS
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	.endm

/* rsp: top, just below guest.es; rax: the guest's rsp; its rax in its slot. */
	.globl	syscall_common
syscall_common:
	SAVE_SLOTS REGS_ES
	movq	TOP_CPU - REGS_ES(%rsp), %rdx
	movq	CPU_VCPU(%rdx), %rdx
	cmpb	$0, VCPU_IN_KERNEL(%rdx)
	jne	hypercall
	movq	VCPU_INFO(%rdx), %rsi
	cmpq	$0, VCPU_SYSCALL_FRAME(%rdx)
	je	syscall_general
	cmpb	$0, INFO_UPCALL_MASK(%rsi)
	jne	syscall_general

	LOAD_ROOT VCPU_ROOT, REGS_ES
	movq	VCPU_SYSCALL_FRAME(%rdx), %rsi
	SMAP_OPEN
	STORE	%rcx, 0(%rsi), syscall_undo
	STORE	%r11, 8(%rsi), syscall_undo
	STORE	%rcx, 16(%rsi), syscall_undo
	STORE	$SEL_USER_CS, 24(%rsi), syscall_undo
	STORE	%r11, 32(%rsi), syscall_undo
	STORE	%rax, 40(%rsi), syscall_undo
	STORE	$SEL_USER_DS, 48(%rsi), syscall_undo
	SMAP_CLOSE
	ENTER_KERNEL VCPU_SYSCALL_RIP, REGS_ES

/* The guest's stack cannot be written to. */
syscall_undo:
	SMAP_CLOSE
	LOAD_ROOT VCPU_USER_ROOT, REGS_ES
	jmp	syscall_general

hypercall:
	cmpq	$HYPERCALL_IRET, TOP_RAX - REGS_ES(%rsp)
	je	hypercall_iret
	SYSCALL_FRAME SEL_USER_CS
	sti
	call	entry_hypercall
	jmp	resume_guest

syscall_general:
	SYSCALL_FRAME SEL_USER_CS
	call	x86_syscall
	jmp	resume_guest

	.macro	LOAD_IRET
	LOAD	IRET_RCX(%rax), %rcx, iret_undo
	LOAD	IRET_R11(%rax), %r11, iret_undo
	LOAD	IRET_RAX(%rax), %rax, iret_undo
	SMAP_CLOSE
	.endm

/*
 * rax: the guest's rsp, where struct iret_context is.  It is read once, IRETQ's
 * part of it into our own frame, where it is checked; nothing is changed
 * before all of it is read.
 */
hypercall_iret:
	movabsq	$HYPERVISOR_END, %rsi
	cmpq	%rsi, %rax
	jb	syscall_general
	cmpq	$0, VCPU_USER_ROOT(%rdx)
	je	syscall_general
	cmpb	$0, VCPU_NMI_MASKED(%rdx)
	jne	syscall_general
	movq	VCPU_INFO(%rdx), %rsi
	cmpb	$0, INFO_UPCALL_PENDING(%rsi)
	jne	syscall_general
	SMAP_OPEN
	PUSH	IRET_SS(%rax), iret_undo
	PUSH	IRET_RSP(%rax), iret_undo
	PUSH	IRET_RFLAGS(%rax), iret_undo
	PUSH	IRET_CS(%rax), iret_undo
	PUSH	IRET_RIP(%rax), iret_undo
	movl	16(%rsp), %ecx
	andl	$(FLAG_IF | FLAG_IOPL | FLAG_VM | FLAG_VIF | FLAG_VIP), %ecx
	cmpl	$FLAG_IF, %ecx
	jne	iret_undo
	TEST	$IRET_IN_SYSCALL, IRET_FLAGS(%rax), iret_undo
	jnz	iret_undo
	movl	8(%rsp), %ecx
	andl	32(%rsp), %ecx
	notl	%ecx
	testb	$3, %cl
	jnz	2f
	LOAD_IRET
	movb	$0, VCPU_IN_KERNEL(%rdx)
	movb	$0, INFO_UPCALL_MASK(%rsi)
	LOAD_ROOT VCPU_USER_ROOT, REGS_RIP
	RESTORE_SLOTS REGS_RIP
1:	iretq
	FIXUP	1b, iret_to_guest

	/* To the kernel itself: RPL 0 in its view, ring 3 in ours. */
2:	testb	$3, 8(%rsp)
	jnz	iret_undo
	orb	$3, 8(%rsp)
	orb	$3, 32(%rsp)
	LOAD_IRET
	movb	$0, INFO_UPCALL_MASK(%rsi)
	RESTORE_SLOTS REGS_RIP
3:	iretq
	FIXUP	3b, iret_to_guest

/* To hc_iret, which replaces all that was overwritten here. */
iret_undo:
	SMAP_CLOSE
	orq	$32767, %rsp
	subq	$(TOP_SIZE - 1 - REGS_ES), %rsp
	jmp	syscall_general

	.globl	syscall32_common
syscall32_common:
	SAVE_SLOTS REGS_ES
	SYSCALL_FRAME SEL_USER_32
	call	x86_syscall32
	jmp	resume_guest

/*
 * SYSENTER brings our stack, and has lost the guest's rip and rsp; of the flags
 * it clears IF alone, and NT would spoil our IRETQ.
 */
	.globl	sysenter_common
sysenter_common:
	pushq	$SEL_USER_DS
	pushq	$0
	pushfq
	andl	$~FLAG_TF, (%rsp)
	orl	$FLAG_IF, (%rsp)
	pushq	$SEL_USER_32
	pushq	$0
	pushq	$0
	movl	$VECTOR_SYSCALL, 4(%rsp)
	pushq	$FLAGS_FIXED
	popfq
	SAVE_REGS
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	x86_sysenter
	jmp	resume_guest

/* Run the guest whose registers stand at the top of the stack. */
	.globl	x86_resume_guest
x86_resume_guest:
	orq	$32767, %rsp
	subq	$(TOP_SIZE - 1), %rsp
resume_guest:
	cli
	movq	TOP_CPU(%rsp), %rdi
	cmpq	$0, CPU_SOFTIRQS(%rdi)
	jne	1f
	movq	CPU_VCPU(%rdi), %rdi
	cmpb	$0, VCPU_NMI_PENDING(%rdi)
	jne	1f
	movq	VCPU_INFO(%rdi), %rdi
	cmpb	$0, INFO_UPCALL_PENDING(%rdi)
	je	2f
	cmpb	$0, INFO_UPCALL_MASK(%rdi)
	jne	2f
1:	xorl	%ebp, %ebp
	call	x86_exit_work
2:	RESTORE_REGS
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

/* rsp: at the error code; from a guest, that is guest.error_code. */
page_fault:
	testb	$3, REGS_CS - REGS_ERROR(%rsp)
	jz	exception_common
	movq	%rdx, TOP_RDX - REGS_ERROR(%rsp)
	movq	TOP_CPU - REGS_ERROR(%rsp), %rdx
	movq	CPU_VCPU(%rdx), %rdx
	cmpb	$0, VCPU_IN_KERNEL(%rdx)
	jne	fault_of_kernel
	movq	%rax, TOP_RAX - REGS_ERROR(%rsp)
	movq	%rsi, TOP_RSI - REGS_ERROR(%rsp)
	testl	$TRACED_FAULTS, trace_mask(%rip)
	jnz	fault_general
	cmpq	$0, VCPU_FAULT_FRAME(%rdx)
	je	fault_general
	movq	%cr2, %rax
	movq	%rax, %rsi
	shrq	$47, %rsi
	jnz	fault_general
	movq	VCPU_INFO(%rdx), %rsi
	cmpb	$0, INFO_UPCALL_MASK(%rsi)
	jne	fault_general

	movq	%rax, INFO_CR2(%rsi)
	LOAD_ROOT VCPU_ROOT, REGS_ERROR
	movq	VCPU_FAULT_FRAME(%rdx), %rsi
	SMAP_OPEN
	STORE	%rcx, 0(%rsi), fault_undo
	STORE	%r11, 8(%rsi), fault_undo
	movl	(%rsp), %eax
	STORE	%rax, 16(%rsi), fault_undo
	movq	REGS_RIP - REGS_ERROR(%rsp), %rax
	STORE	%rax, 24(%rsi), fault_undo
	movzwl	REGS_CS - REGS_ERROR(%rsp), %eax
	STORE	%rax, 32(%rsi), fault_undo
	movq	REGS_RFLAGS - REGS_ERROR(%rsp), %rax
	STORE	%rax, 40(%rsi), fault_undo
	movq	REGS_RSP - REGS_ERROR(%rsp), %rax
	STORE	%rax, 48(%rsi), fault_undo
	movzwl	REGS_SS - REGS_ERROR(%rsp), %eax
	STORE	%rax, 56(%rsi), fault_undo
	SMAP_CLOSE
	movl	REGS_RFLAGS - REGS_ERROR(%rsp), %r11d
	ENTER_KERNEL VCPU_FAULT_RIP, REGS_ERROR

/* As above; and the general way asks for cr2 again. */
fault_undo:
	SMAP_CLOSE
	movq	VCPU_INFO(%rdx), %rsi
	movq	INFO_CR2(%rsi), %rax
	movq	%rax, %cr2
	LOAD_ROOT VCPU_USER_ROOT, REGS_ERROR
fault_general:
	movq	TOP_RAX - REGS_ERROR(%rsp), %rax
	movq	TOP_RSI - REGS_ERROR(%rsp), %rsi
fault_of_kernel:
	movq	TOP_RDX - REGS_ERROR(%rsp), %rdx
	SMAP_CLOSE
	SAVE_REGS
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	call	x86_page_fault
	jmp	resume_guest

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
	.if	n == 14
	jmp	page_fault
	.else
	jmp	exception_common
	.endif
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
 * int x86_copy_in(void *dst, vaddr_t src, size_t n)
 * int x86_copy_out(vaddr_t dst, const void *src, size_t n)
 *
 * To and from the guest: 0, or, where a fault was, what entry_copy_guest says
 * of the rest.
 */
	.macro	COPY_GUEST
	movq	%rdx, %rcx
	shrq	$3, %rcx
	SMAP_OPEN
1:	rep movsq
	andl	$7, %edx
	jnz	3f
2:	SMAP_CLOSE
	xorl	%eax, %eax
	ret
3:	movl	%edx, %ecx
4:	rep movsb
	jmp	2b
5:	andl	$7, %edx
	leaq	(%rdx, %rcx, 8), %rcx
6:	SMAP_CLOSE
	FIXUP	1b, 5b
	FIXUP	4b, 6b
	.endm

	.globl	x86_copy_in
x86_copy_in:
	COPY_GUEST
	xchgq	%rsi, %rdi
	xorl	%edx, %edx
	jmp	entry_copy_guest

	.globl	x86_copy_out
x86_copy_out:
	COPY_GUEST
	movq	%rsi, %rdx
	xorl	%esi, %esi
	jmp	entry_copy_guest

fault:
	movl	$-14, %eax
	ret

/* int x86_clear(void *dst, size_t n) */
	.globl	x86_clear
x86_clear:
	movq	%rsi, %rcx
	xorl	%eax, %eax
	SMAP_OPEN
1:	rep stosb
	SMAP_CLOSE
	ret
2:	SMAP_CLOSE
	jmp	fault
	FIXUP	1b, 2b

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
	FIXUP	1b, fault

	.globl	x86_wrmsr_safe
x86_wrmsr_safe:
	movl	%edi, %ecx
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
1:	wrmsr
	xorl	%eax, %eax
	ret
	FIXUP	1b, fault

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
	FIXUP	1b, fault

/* int x86_xrstor_safe(void *area, uint64_t mask); x86_fxrstor_safe(area) */
	.globl	x86_xrstor_safe
x86_xrstor_safe:
	movl	%esi, %eax
	movq	%rsi, %rdx
	shrq	$32, %rdx
1:	xrstor64 (%rdi)
	xorl	%eax, %eax
	ret
	FIXUP	1b, fault

	.globl	x86_fxrstor_safe
x86_fxrstor_safe:
1:	fxrstor64 (%rdi)
	xorl	%eax, %eax
	ret
	FIXUP	1b, fault

/* 64 bytes a CPU: code that SYSCALL enters, written by desc.c. */
	.balign	4096
	.globl	syscall_stubs
syscall_stubs:
	.fill	64 * 128, 1, 0xcc

	.section .note.GNU-stack, "", @progbits
