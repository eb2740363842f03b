/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the boot loader (multiboot2; multiboot1 for quick tests) in 32-bit
 * protected mode without paging to hv_main in long mode, on the first CPU's
 * stack, with these tables (mm.c adds the rest):
 *   slot 0         identity, 4 GiB; dropped after start
 *   slot 261       the image at IMAGE_BASE, first GiB of memory
 *   slot 262       direct map, first 4 GiB
 */
#include "../layout.h"

#define PHYS(x) ((x) - IMAGE_BASE)

	.section .boot, "ax", @progbits
	.code32
	.balign 8
multiboot2_header:
	.long	0xe85250d6, 0, mb2_end - multiboot2_header
	.long	-(0xe85250d6 + 0 + (mb2_end - multiboot2_header))
	/* Tags: entry address, modules on page boundaries, end. */
	.balign 8
	.short	3, 0
	.long	12, PHYS(start)
	.balign 8
	.short	6, 0
	.long	8
	.balign 8
	.short	0, 0
	.long	8
mb2_end:
	.balign 4
	/* multiboot1: page-aligned modules, memory information. */
	.long	0x1badb002, 3, -(0x1badb002 + 3)

	.globl	start
start:	cli
	cld
	movl	%eax, PHYS(boot_magic)
	movl	%ebx, PHYS(boot_address)
	movl	$PHYS(boot_stack_end), %esp

	/* Long mode? CPUID 0x80000001 edx bit 29. */
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	no_long_mode

	/* Four L2 tables of 2 MiB pages map the first 4 GiB. */
	movl	$PHYS(boot_l2), %edi
	movl	$0x83, %eax		/* present, writable, 2 MiB */
	movl	$2048, %ecx
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b

	movl	$PHYS(boot_l2) + 3, %eax
	movl	$PHYS(boot_l3_low), %edi
	movl	$PHYS(l3_directmap), %esi
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	movl	%eax, (%esi)
	addl	$0x1000, %eax
	addl	$8, %edi
	addl	$8, %esi
	loop	1b
	/* IMAGE_BASE is entry 320 of slot 261. */
	movl	$PHYS(boot_l2) + 3, PHYS(l3_image) + 320 * 8
	movl	$PHYS(boot_l3_low) + 3, PHYS(idle_root)
	movl	$PHYS(l3_image) + 3, PHYS(idle_root) + 261 * 8
	movl	$PHYS(l3_directmap) + 3, PHYS(idle_root) + 262 * 8

	movl	$PHYS(idle_root), %eax
	call	enter_long_mode
	ljmp	$8, $PHYS(start64)

no_long_mode:
	movl	$PHYS(no_long_mode_text), %esi
	movl	$0xb8000, %edi
1:	lodsb
	testb	%al, %al
	jz	2f
	movb	$0x4f, %ah
	stosw
	movb	%al, %bl
	movw	$0x3fd, %dx
3:	inb	%dx, %al
	testb	$0x20, %al
	jz	3b
	movb	%bl, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	1b
2:	hlt
	jmp	2b

no_long_mode_text:
	.asciz	"Tenon: this CPU has no 64-bit mode (AMD64); Tenon cannot run here.\r\n"

/*
 * eax: physical root table.  PAE, long mode with SYSCALL and NX where there
 * is NX, paging and write protection on; loads the boot GDT.
 */
	.balign 4
enter_long_mode:
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x6a0, %eax	/* PAE PGE OSFXSR OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$0x80000001, %eax
	cpuid
	movl	%edx, %edi
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x101, %eax	/* LME SCE */
	btl	$20, %edi
	jnc	1f
	orl	$0x800, %eax	/* NXE */
1:	wrmsr
	movl	$0x80010033, %eax /* PG WP NE ET MP PE */
	movl	%eax, %cr0
	lgdt	PHYS(boot_gdt_pointer)
	ret

	.balign 8
	.globl	boot_gdt
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff /* 64-bit code */
	.quad	0x00cf93000000ffff /* data */
boot_gdt_pointer:
	.short	23
	.long	PHYS(boot_gdt), 0

	.code64
start64:
	movabsq	$start_high, %rax
	jmp	*%rax

	.text
start_high:
	movl	$16, %eax
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	leaq	cpu0_stack + 32768 - TOP_SIZE(%rip), %rsp
	pushq	$0
	movl	boot_magic(%rip), %edi
	movl	boot_address(%rip), %esi
	xorl	%ebp, %ebp
	call	hv_main
	ud2

/*
 * Start of another CPU.  Copied to a page below 1 MiB; begins in real mode at
 * its first byte with cs = page >> 4.  smp.c fills the words at the end.
 */
	.section .trampoline, "ax", @progbits
	.globl	trampoline_start, trampoline_end, trampoline_cr3
	.globl	trampoline_stack, trampoline_entry, trampoline_gdt_base
	.globl	trampoline_jump
	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movzwl	%ax, %esi
	shll	$4, %esi	/* esi: physical address of this page */
	lgdtl	trampoline_gdt_pointer - trampoline_start
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	.byte	0x66, 0xea	/* ljmpl $8, (smp.c adds the page) */
trampoline_jump:
	.long	trampoline_32 - trampoline_start
	.short	8
	.balign 8
trampoline_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff /* 32-bit code */
	.quad	0x00cf93000000ffff /* data */
	.quad	0x00af9b000000ffff /* 64-bit code */
trampoline_gdt_pointer:
	.short	31
trampoline_gdt_base:
	.long	trampoline_gdt - trampoline_start
	.code32
trampoline_32:
	movw	$16, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	leal	trampoline_small_stack - trampoline_start(%esi), %esp
	movl	%cr4, %eax
	orl	$0x6a0, %eax
	movl	%eax, %cr4
	movl	trampoline_cr3 - trampoline_start(%esi), %eax
	movl	%eax, %cr3
	movl	$0x80000001, %eax
	cpuid
	movl	%edx, %edi
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x101, %eax
	btl	$20, %edi
	jnc	2f
	orl	$0x800, %eax
2:	wrmsr
	movl	$0x80010033, %eax
	movl	%eax, %cr0
	pushl	$24
	leal	trampoline_64 - trampoline_start(%esi), %eax
	pushl	%eax
	lret
	.code64
trampoline_64:
	movl	$16, %eax
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movq	trampoline_stack(%rip), %rsp
	xorl	%ebp, %ebp
	movq	trampoline_entry(%rip), %rax
	callq	*%rax
	ud2
	.balign 8
trampoline_cr3:
	.quad	0
trampoline_stack:
	.quad	0
trampoline_entry:
	.quad	0
	/* A small stack for the 32-bit part. */
	.skip	64
	.globl	trampoline_small_stack
trampoline_small_stack:
trampoline_end:

	.section .bss.boot, "aw", @nobits
	.balign 4096
	.globl	idle_root, l3_image, l3_directmap
idle_root:	.skip 4096
l3_image:	.skip 4096
l3_directmap:	.skip 4096
boot_l3_low:	.skip 4096
	.globl	boot_l2
boot_l2:	.skip 4096 * 4
boot_stack:	.skip 256
boot_stack_end:
	.globl	boot_magic, boot_address
boot_magic:	.skip 4
boot_address:	.skip 4
	.balign 32768
	.globl	cpu0_stack
cpu0_stack:	.skip 32768

	.section .note.GNU-stack, "", @progbits
