/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of a PV vcpu and domain on x86-64.  The fake machine uses the same.
 */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <tenon/time_scale.h>
#include <tenon/types.h>
#include <public/xen.h>

struct page;
struct xen_cpuid_leaf;

/* Its time-stamp counter (dom/tsc.c); changed while the domain is paused. */
struct domain_tsc {
	uint8_t mode; /* TSC_* */
	bool is_emulated;
	uint32_t khz; /* 0: nothing was ever set */
	uint32_t incarnation;
	uint64_t zero_ns; /* the system time at which it was 0; wraps */
	struct time_scale scale;
};

struct arch_domain {
	bool is_32bit;		 /* never yet */
	uint64_t event_callback; /* unused by PV: per vcpu */
	uint16_t cf8_pad;
	uint32_t cf8; /* latched PCI configuration address */
	uint8_t cmos_index;
	struct domain_tsc tsc;
	/* What tools gave, or NULL (pv/cpuid_policy.c). */
	struct xen_cpuid_leaf *cpuid_policy;
	unsigned cpuid_count;
};

/* Callbacks registered by set_callbacks and callback_op. */
struct pv_callback {
	uint64_t rip;
	bool masks_events;
};

#define PV_GDT_FRAMES 14 /* FIRST_RESERVED_GDT_PAGE */

struct arch_vcpu {
	/* What assembly knows, up to the trap table. */
	bool in_kernel;	    /* else the user root is active */
	uint8_t nmi_masked; /* until the next iret */
	/* What CPUs load: the guest's roots, or their shadows (shadow.h). */
	mfn_t cpu_root, cpu_user_root;
	/* Where the frame of user code's next SYSCALL, of its next page fault
	 * goes, when nothing is unusual; else 0 (pv_prepare_bounce). */
	vaddr_t syscall_frame, fault_frame;
	struct pv_callback syscall;
	struct trap_info traps[256];

	/* Roots: a page and a type reference (PT_L4) each; MFN 0: none. */
	mfn_t root, user_root;
	struct cpu_user_regs regs; /* when not on a CPU */
	bool in_syscall;
	uint8_t iopl; /* virtual, 0..3 */
	/* Ports that user code may use: guest address of a bit a port, clear
	 * is allowed; how many. */
	uint64_t iobitmap;
	uint32_t iobitmap_ports;
	bool fpu_ts; /* the guest's CR0.TS */
	bool fpu_initialised;

	/* es/ds/fs/gs selectors are in regs. */
	struct pv_callback event, failsafe, syscall32, sysenter, nmi;
	uint64_t kernel_ss, kernel_sp;

	uint64_t fs_base, gs_base_kernel, gs_base_user;

	/* A page and a type reference whose dropping was preempted: pt_finish
	 * goes on with it. */
	struct page *old_table;

	uint64_t cr[8]; /* cr0, cr4 as the guest sees them; cr2 in vcpu_info */
	uint64_t dr[8];

	mfn_t gdt_frames[PV_GDT_FRAMES];
	unsigned gdt_entries;
	vaddr_t ldt_base;
	unsigned ldt_entries;
	mfn_t ldt_frames[16]; /* pages of it in use; MFN 0: not mapped yet */

	bool trap_bounce_pending;
	uint64_t xcr0;
	void *xsave; /* 64-aligned area, fpu.c */
	uint32_t tsc_aux;
};

#endif
