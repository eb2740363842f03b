/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that assembly and C of this architecture share: addresses of the
 * image, selectors, vectors, and offsets into the CPU's stack top.
 */
#ifndef X86_LAYOUT_H
#define X86_LAYOUT_H

#define IMAGE_BASE  0xffff82d000000000 /* plus the physical address */
#define IMAGE_PHYS  0x200000

#define WINDOW_BASE 0xffff82c000000000 /* + cpu * 2 MiB: GDT and LDT */
#define MMIO_BASE   0xffff82b000000000 /* device registers of ours */

/* Selectors in our page of every GDT; 0xe023 to 0xe033 are ABI. */
#define SEL_HV_CS	 0xe008
#define SEL_HV_DS	 0xe010
#define SEL_USER_32	 0xe023
#define SEL_USER_DS	 0xe02b
#define SEL_USER_CS	 0xe033
#define SEL_TSS		 0xe040
#define SEL_LDT		 0xe050

#define VECTOR_FIRST_IRQ 0x20
#define VECTOR_INT80	 0x80
#define VECTOR_SYSCALL	 0x100 /* in entry_vector: not a real one */
#define VECTOR_TIMER	 0xf8
#define VECTOR_KICK	 0xf9
#define VECTOR_CALL	 0xfa
#define VECTOR_ERROR	 0xfe
#define VECTOR_SPURIOUS	 0xff

/* IST slots of the TSS. */
#define IST_DF	1
#define IST_NMI 2
#define IST_MC	3
#define IST_DB	4

/* struct cpu_user_regs, public/xen.h (asserted in traps.c). */
#define REGS_R15    0
#define REGS_RAX    80
#define REGS_ERROR  120
#define REGS_VECTOR 124
#define REGS_RIP    128
#define REGS_CS	    136
#define REGS_RFLAGS 144
#define REGS_RSP    152
#define REGS_SS	    160
#define REGS_ES	    168
#define REGS_SIZE   200
#define TOP_CPU	    200
#define TOP_RAX	    208
#define TOP_RDX	    216
#define TOP_RSI	    224
#define TOP_RSP	    232
#define TOP_SIZE    248

/* struct cpu, struct vcpu, struct vcpu_info, struct iret_context. */
#define CPU_VCPU	    0
#define CPU_SOFTIRQS	    8
#define CPU_TLB_FLUSHED	    16
#define VCPU_INFO	    0
#define VCPU_NMI_PENDING    8
#define VCPU_IN_KERNEL	    16
#define VCPU_NMI_MASKED	    17
#define VCPU_ROOT	    24
#define VCPU_USER_ROOT	    32
#define VCPU_SYSCALL_FRAME  40
#define VCPU_FAULT_FRAME    48
#define VCPU_SYSCALL_RIP    56
#define VCPU_FAULT_RIP	    304
#define INFO_UPCALL_PENDING 0
#define INFO_UPCALL_MASK    1
#define INFO_CR2	    16
#define IRET_RAX	    0
#define IRET_R11	    8
#define IRET_RCX	    16
#define IRET_FLAGS	    24
#define IRET_RIP	    32
#define IRET_CS		    40
#define IRET_RFLAGS	    48
#define IRET_RSP	    56
#define IRET_SS		    64

/* rflags; as in x86.h, for assembly. */
#define FLAGS_FIXED	2
#define FLAG_TF		(1 << 8)
#define FLAG_IF		(1 << 9)
#define FLAG_DF		(1 << 10)
#define FLAG_IOPL	(3 << 12)
#define FLAG_NT		(1 << 14)
#define FLAG_RF		(1 << 16)
#define FLAG_VM		(1 << 17)
#define FLAG_AC		(1 << 18)
#define FLAG_VIF	(1 << 19)
#define FLAG_VIP	(1 << 20)

#define HYPERCALL_IRET	23	  /* public/xen.h */
#define TRACED_FAULTS	(1 << 21) /* the class TRC_PV */
#define IRET_IN_SYSCALL 0x100	  /* VGCF_in_syscall */
#define HYPERVISOR_END	0xffff880000000000

#endif
