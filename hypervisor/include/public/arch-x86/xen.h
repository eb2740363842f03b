/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86-64 part of the guest interface: selectors, the reserved address
 * range, register frames, trap tables and the state of a vcpu.
 */
#ifndef PUBLIC_ARCH_X86_XEN_H
#define PUBLIC_ARCH_X86_XEN_H

#include "../types.h"

/*
 * Selectors of the flat segments in the reserved end of every descriptor
 * table. Kernel and user of a 64-bit guest both run in ring 3.
 */
#define FLAT_RING3_CS32	 0xe023
#define FLAT_RING3_CS64	 0xe033
#define FLAT_RING3_DS32	 0xe02b
#define FLAT_RING3_DS64	 0x0000
#define FLAT_RING3_SS32	 0xe02b
#define FLAT_RING3_SS64	 0xe02b

#define FLAT_KERNEL_DS64 FLAT_RING3_DS64
#define FLAT_KERNEL_DS32 FLAT_RING3_DS32
#define FLAT_KERNEL_DS	 FLAT_KERNEL_DS64
#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_CS32 FLAT_RING3_CS32
#define FLAT_KERNEL_CS	 FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_SS32 FLAT_RING3_SS32
#define FLAT_KERNEL_SS	 FLAT_KERNEL_SS64

#define FLAT_USER_DS64	 FLAT_RING3_DS64
#define FLAT_USER_DS32	 FLAT_RING3_DS32
#define FLAT_USER_DS	 FLAT_USER_DS64
#define FLAT_USER_CS64	 FLAT_RING3_CS64
#define FLAT_USER_CS32	 FLAT_RING3_CS32
#define FLAT_USER_CS	 FLAT_USER_CS64
#define FLAT_USER_SS64	 FLAT_RING3_SS64
#define FLAT_USER_SS32	 FLAT_RING3_SS32
#define FLAT_USER_SS	 FLAT_USER_SS64

/* A guest's table may use 14 pages; the rest of the GDT is reserved. */
#define FIRST_RESERVED_GDT_PAGE	 14
#define FIRST_RESERVED_GDT_BYTE	 (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

/*
 * The hypervisor's range in a guest's address space (top-level slots 256 to
 * 271), and at its start the read-only machine-to-physical table: one 8-byte
 * pfn for each machine frame.
 */
#define __HYPERVISOR_VIRT_START 0xFFFF800000000000
#define __HYPERVISOR_VIRT_END	0xFFFF880000000000
#define __MACH2PHYS_VIRT_START	0xFFFF800000000000
#define __MACH2PHYS_VIRT_END	0xFFFF804000000000

#define HYPERVISOR_VIRT_START	__HYPERVISOR_VIRT_START
#define HYPERVISOR_VIRT_END	__HYPERVISOR_VIRT_END
#define MACH2PHYS_VIRT_START	__MACH2PHYS_VIRT_START
#define MACH2PHYS_VIRT_END	__MACH2PHYS_VIRT_END
#define MACH2PHYS_NR_ENTRIES	((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)

/* set_segment_base: which base; with the last the value is a selector. */
#define SEGBASE_FS	    0
#define SEGBASE_GS_USER	    1
#define SEGBASE_GS_KERNEL   2
#define SEGBASE_GS_USER_SEL 3

/* vcpu_guest_context.flags; the bit numbers have a leading underscore. */
#define _VGCF_i387_valid	       0
#define _VGCF_in_kernel		       2
#define _VGCF_failsafe_disables_events 3
#define _VGCF_syscall_disables_events  4
#define _VGCF_online		       5
#define VGCF_i387_valid		       0x01 /* fpu_ctxt holds a state */
#define VGCF_in_kernel		       0x04 /* starts in kernel mode */
#define VGCF_failsafe_disables_events  0x08
#define VGCF_syscall_disables_events   0x10
#define VGCF_online		       0x20 /* is up */
#define VGCF_I387_VALID		       VGCF_i387_valid
#define VGCF_IN_KERNEL		       VGCF_in_kernel

/*
 * iret_context.flags: the frame came from SYSCALL, so rcx and r11 need not be
 * restored and SYSRET may be used.
 */
#define _VGCF_in_syscall 8
#define VGCF_in_syscall	 0x100
#define VGCF_IN_SYSCALL	 VGCF_in_syscall

/* vcpu_info structures that shared_info has room for. */
#define XEN_LEGACY_MAX_VCPUS 32

/* xen_arch_domainconfig.emulation_flags: devices emulated by the hypervisor. */
#define _XEN_X86_EMU_LAPIC    0
#define _XEN_X86_EMU_HPET     1
#define _XEN_X86_EMU_PM	      2
#define _XEN_X86_EMU_RTC      3
#define _XEN_X86_EMU_IOAPIC   4
#define _XEN_X86_EMU_PIC      5
#define _XEN_X86_EMU_VGA      6
#define _XEN_X86_EMU_IOMMU    7
#define _XEN_X86_EMU_PIT      8
#define _XEN_X86_EMU_USE_PIRQ 9
#define _XEN_X86_EMU_VPCI     10
#define XEN_X86_EMU_LAPIC     0x001U
#define XEN_X86_EMU_HPET      0x002U
#define XEN_X86_EMU_PM	      0x004U
#define XEN_X86_EMU_RTC	      0x008U
#define XEN_X86_EMU_IOAPIC    0x010U
#define XEN_X86_EMU_PIC	      0x020U
#define XEN_X86_EMU_VGA	      0x040U
#define XEN_X86_EMU_IOMMU     0x080U
#define XEN_X86_EMU_PIT	      0x100U
#define XEN_X86_EMU_USE_PIRQ  0x200U
#define XEN_X86_EMU_VPCI      0x400U
#define XEN_X86_EMU_ALL	      0x7ffU

/* xen_arch_domainconfig.misc_flags: unknown MSRs read as 0, ignore writes. */
#define XEN_X86_MSR_RELAXED    1U
#define XEN_X86_MISC_FLAGS_MAX XEN_X86_MSR_RELAXED

/* xen_cpuid_leaf.subleaf of a leaf that has none. */
#define XEN_CPUID_NO_SUBLEAF 0xffffffffU

/* Port 0xe9: each byte written goes to the hypervisor's console. */
#define XEN_HVM_DEBUGCONS_IOPORT 0xe9

/*
 * The bytes ud2a and "xen": put before an instruction that does not trap,
 * they make the hypervisor emulate it. Only CPUID is known.
 */
#ifdef __ASSEMBLER__
#define XEN_EMULATE_PREFIX .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e;
#define XEN_CPUID	   XEN_EMULATE_PREFIX cpuid
#else
#define XEN_EMULATE_PREFIX  ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID	    XEN_EMULATE_PREFIX "cpuid"

/*
 * An entry of set_trap_table's array, which an entry with address 0 ends.
 * flags: bits 0..1 the lowest privilege that may raise it by software (0
 * nobody, 1 and 2 the kernel, 3 everyone), bit 2 masks events on entry.
 */
struct trap_info {
	uint8_t vector;
	uint8_t flags;
	uint16_t cs;
	unsigned long address;
};
PUBLIC_SIZE(struct trap_info, 16);

#define TI_GET_DPL(ti)	    ((ti)->flags & 3)
#define TI_GET_IF(ti)	    ((ti)->flags & 4)
#define TI_SET_DPL(ti, dpl) ((ti)->flags |= (dpl))
#define TI_SET_IF(ti, on)   ((ti)->flags |= (on) ? 4 : 0)

/*
 * What the iret hypercall finds at the kernel's rsp. Ring 1 or 2 in cs is the
 * kernel, ring 3 is user mode. With VGCF_in_syscall, rcx, r11, cs and ss are
 * not restored.
 */
struct iret_context {
	uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};
PUBLIC_SIZE(struct iret_context, 72);

/* The general registers of a vcpu. error_code and entry_vector are private. */
struct cpu_user_regs {
	uint64_t r15, r14, r13, r12;
	uint64_t rbp, rbx;
	uint64_t r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint32_t error_code;
	uint32_t entry_vector;
	uint64_t rip;
	uint16_t cs, _pad0[1];
	uint8_t saved_upcall_mask;
	uint8_t _pad1[3];
	uint64_t rflags; /* IF is the inverse of saved_upcall_mask */
	uint64_t rsp;
	uint16_t ss, _pad2[3];
	uint16_t es, _pad3[3];
	uint16_t ds, _pad4[3];
	uint16_t fs, _pad5[3];
	uint16_t gs, _pad6[3];
};
PUBLIC_SIZE(struct cpu_user_regs, 200);
PUBLIC_OFFSET(struct cpu_user_regs, error_code, 120);
PUBLIC_OFFSET(struct cpu_user_regs, rip, 128);
PUBLIC_OFFSET(struct cpu_user_regs, rsp, 152);

/*
 * The whole state of a paravirtual vcpu, for VCPUOP_initialise and the
 * setvcpucontext and getvcpucontext domctls. ctrlreg[1] is the user root;
 * ctrlreg[3] and [1] are xen_pfn_to_cr3 of a machine frame. Of an HVM vcpu
 * only fpu_ctxt, flags, user_regs and debugreg count.
 */
struct vcpu_guest_context {
	struct {
		char x[512]; /* an FXSAVE image */
	} fpu_ctxt;
	unsigned long flags; /* VGCF_* */
	struct cpu_user_regs user_regs;
	struct trap_info trap_ctxt[256];
	unsigned long ldt_base, ldt_ents;	/* linear, entries */
	unsigned long gdt_frames[16], gdt_ents; /* machine, entries */
	unsigned long kernel_ss, kernel_sp;
	unsigned long ctrlreg[8];
	unsigned long debugreg[8];
	unsigned long event_callback_eip;
	unsigned long failsafe_callback_eip;
	unsigned long syscall_callback_eip;
	unsigned long vm_assist; /* bit map of VMASST_TYPE_* */
	uint64_t fs_base;
	uint64_t gs_base_kernel;
	uint64_t gs_base_user;
};
PUBLIC_SIZE(struct vcpu_guest_context, 5168);

/* A frame number in the form of cr3, and back. */
#define xen_pfn_to_cr3(pfn) ((unsigned long)(pfn) << 12)
#define xen_cr3_to_pfn(cr3) ((unsigned long)(cr3) >> 12)

/* In vcpu_info: the faulting address of the last page fault. */
struct arch_vcpu_info {
	unsigned long cr2;
	unsigned long pad;
};
PUBLIC_SIZE(struct arch_vcpu_info, 16);

/*
 * In shared_info: where the guest keeps its p2m list, for those that save or
 * dump it. A tree of three levels at pfn_to_mfn_frame_list_list (0 not there
 * yet, all ones never), or a linear list at p2m_vaddr in the address space
 * p2m_cr3, with p2m_generation odd while it is being changed.
 */
struct arch_shared_info {
	unsigned long max_pfn; /* entries in the list */
	xen_pfn_t pfn_to_mfn_frame_list_list;
	unsigned long nmi_reason; /* XEN_NMIREASON_* */
	unsigned long p2m_cr3;
	unsigned long p2m_vaddr;
	unsigned long p2m_generation;
};
PUBLIC_SIZE(struct arch_shared_info, 48);

/* In xen_domctl_createdomain. */
struct xen_arch_domainconfig {
	uint32_t emulation_flags; /* XEN_X86_EMU_* */
	uint32_t misc_flags;	  /* XEN_X86_MSR_* */
};
PUBLIC_SIZE(struct xen_arch_domainconfig, 8);

/* One CPUID leaf of a policy. */
struct xen_cpuid_leaf {
	uint32_t leaf, subleaf;
	uint32_t a, b, c, d;
};
PUBLIC_SIZE(struct xen_cpuid_leaf, 24);

/* One MSR of a policy. */
struct xen_msr_entry {
	uint32_t idx;
	uint32_t flags; /* 0 */
	uint64_t val;
};
PUBLIC_SIZE(struct xen_msr_entry, 16);

#endif
#endif
