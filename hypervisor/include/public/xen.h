/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core of the guest interface: hypercall numbers, virtual interrupts,
 * page-table operations, special domain numbers, and the pages shared between
 * hypervisor and guest (shared_info, start_info).
 */
#ifndef PUBLIC_XEN_H
#define PUBLIC_XEN_H

#include "types.h"
#include "arch-x86/xen.h"

/*
 * Hypercall numbers. The arguments stand in rdi, rsi, rdx, r10, r8, r9; the
 * result comes in rax, a negative XEN_E* on failure. Numbers marked "old" are
 * first editions, kept for kernels of the 3.0 days.
 */
#define __HYPERVISOR_set_trap_table		   0
#define __HYPERVISOR_mmu_update			   1
#define __HYPERVISOR_set_gdt			   2
#define __HYPERVISOR_stack_switch		   3
#define __HYPERVISOR_set_callbacks		   4
#define __HYPERVISOR_fpu_taskswitch		   5
#define __HYPERVISOR_sched_op_compat		   6 /* old */
#define __HYPERVISOR_platform_op		   7
#define __HYPERVISOR_set_debugreg		   8
#define __HYPERVISOR_get_debugreg		   9
#define __HYPERVISOR_update_descriptor		   10
#define __HYPERVISOR_memory_op			   12
#define __HYPERVISOR_multicall			   13
#define __HYPERVISOR_update_va_mapping		   14
#define __HYPERVISOR_set_timer_op		   15
#define __HYPERVISOR_event_channel_op_compat	   16 /* old */
#define __HYPERVISOR_xen_version		   17
#define __HYPERVISOR_console_io			   18
#define __HYPERVISOR_physdev_op_compat		   19 /* old */
#define __HYPERVISOR_grant_table_op		   20
#define __HYPERVISOR_vm_assist			   21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret			   23
#define __HYPERVISOR_vcpu_op			   24
#define __HYPERVISOR_set_segment_base		   25
#define __HYPERVISOR_mmuext_op			   26
#define __HYPERVISOR_xsm_op			   27
#define __HYPERVISOR_nmi_op			   28
#define __HYPERVISOR_sched_op			   29
#define __HYPERVISOR_callback_op		   30
#define __HYPERVISOR_xenoprof_op		   31
#define __HYPERVISOR_event_channel_op		   32
#define __HYPERVISOR_physdev_op			   33
#define __HYPERVISOR_hvm_op			   34
#define __HYPERVISOR_sysctl			   35
#define __HYPERVISOR_domctl			   36
#define __HYPERVISOR_kexec_op			   37
#define __HYPERVISOR_tmem_op			   38
#define __HYPERVISOR_argo_op			   39
#define __HYPERVISOR_xenpmu_op			   40
#define __HYPERVISOR_dm_op			   41
#define __HYPERVISOR_hypfs_op			   42

/* Numbers that mean something else on each architecture; 0 is mca on x86. */
#define __HYPERVISOR_arch_0 48
#define __HYPERVISOR_arch_1 49
#define __HYPERVISOR_arch_2 50
#define __HYPERVISOR_arch_3 51
#define __HYPERVISOR_arch_4 52
#define __HYPERVISOR_arch_5 53
#define __HYPERVISOR_arch_6 54
#define __HYPERVISOR_arch_7 55
#define __HYPERVISOR_mca    __HYPERVISOR_arch_0

/*
 * Virtual interrupts, bound with EVTCHNOP_bind_virq. "vcpu" ones exist once
 * for each vcpu and stay on it; "global" ones exist once for the machine,
 * belong to one domain, and are bound on vcpu 0 first.
 */
#define VIRQ_TIMER	0  /* vcpu: a timer went off */
#define VIRQ_DEBUG	1  /* vcpu: the operator asks for a dump */
#define VIRQ_CONSOLE	2  /* global: input on the emergency console */
#define VIRQ_DOM_EXC	3  /* global: a domain stopped or died */
#define VIRQ_TBUF	4  /* global: trace records are waiting */
#define VIRQ_DEBUGGER	6  /* global: a domain hit a breakpoint */
#define VIRQ_XENOPROF	7  /* vcpu: a profiling sample is there */
#define VIRQ_CON_RING	8  /* global: the console ring has grown */
#define VIRQ_PCPU_STATE 9  /* global: a CPU came or went */
#define VIRQ_MEM_EVENT	10 /* global: a memory event is waiting */
#define VIRQ_ARGO	11 /* global: an Argo message is waiting */
#define VIRQ_ENOMEM	12 /* global: memory runs low */
#define VIRQ_XENPMU	13 /* vcpu: a performance counter interrupt */
#define VIRQ_ARCH_0	16 /* global on x86: a machine check */
#define VIRQ_ARCH_1	17
#define VIRQ_ARCH_2	18
#define VIRQ_ARCH_3	19
#define VIRQ_ARCH_4	20
#define VIRQ_ARCH_5	21
#define VIRQ_ARCH_6	22
#define VIRQ_ARCH_7	23
#define VIRQ_MCA	VIRQ_ARCH_0
#define NR_VIRQS	24

/*
 * mmu_update: what the low two bits of mmu_update.ptr ask for. The other bits
 * are a machine address. The fourth argument holds the owner of the frames
 * mapped in bits 0..15 and, plus one, the owner of the table in bits 16..31
 * (0 there is the caller).
 */
#define MMU_NORMAL_PT_UPDATE	   0 /* write val to a table entry */
#define MMU_MACHPHYS_UPDATE	   1 /* val is the frame's new pfn */
#define MMU_PT_UPDATE_PRESERVE_AD  2 /* as 0, keeping accessed and dirty */
#define MMU_PT_UPDATE_NO_TRANSLATE 3 /* as 0, val is never translated */

/* mmuext_op: mmuext_op.cmd. What each takes stands in brackets. */
#define MMUEXT_PIN_L1_TABLE	  0  /* [mfn] */
#define MMUEXT_PIN_L2_TABLE	  1  /* [mfn] */
#define MMUEXT_PIN_L3_TABLE	  2  /* [mfn] */
#define MMUEXT_PIN_L4_TABLE	  3  /* [mfn] */
#define MMUEXT_UNPIN_TABLE	  4  /* [mfn] */
#define MMUEXT_NEW_BASEPTR	  5  /* [mfn] the kernel's root */
#define MMUEXT_TLB_FLUSH_LOCAL	  6  /* [] */
#define MMUEXT_INVLPG_LOCAL	  7  /* [linear_addr] */
#define MMUEXT_TLB_FLUSH_MULTI	  8  /* [vcpumask] */
#define MMUEXT_INVLPG_MULTI	  9  /* [linear_addr, vcpumask] */
#define MMUEXT_TLB_FLUSH_ALL	  10 /* [] */
#define MMUEXT_INVLPG_ALL	  11 /* [linear_addr] */
#define MMUEXT_FLUSH_CACHE	  12 /* [] write back and invalidate here */
#define MMUEXT_SET_LDT		  13 /* [linear_addr, nr_ents] page-aligned */
#define MMUEXT_NEW_USER_BASEPTR	  15 /* [mfn] the root for user mode */
#define MMUEXT_CLEAR_PAGE	  16 /* [mfn] */
#define MMUEXT_COPY_PAGE	  17 /* [mfn to, src_mfn from] */
#define MMUEXT_FLUSH_CACHE_GLOBAL 18 /* [] as 12 on every CPU */
#define MMUEXT_MARK_SUPER	  19 /* [mfn] */
#define MMUEXT_UNMARK_SUPER	  20 /* [mfn] */

/*
 * update_va_mapping: the flags argument. What is flushed, or-ed with where.
 * With UVMF_MULTI the rest of the word is the address of a vcpu bit map; a
 * null map is UVMF_LOCAL.
 */
#define UVMF_NONE	    0
#define UVMF_TLB_FLUSH	    1
#define UVMF_INVLPG	    2
#define UVMF_FLUSHTYPE_MASK 3
#define UVMF_MULTI	    0
#define UVMF_LOCAL	    0
#define UVMF_ALL	    4

/* console_io: the command; the count and the buffer follow. */
#define CONSOLEIO_write 0 /* 0 or an error */
#define CONSOLEIO_read	1 /* the number of bytes read, or an error */

/* vm_assist: the command, then the type. */
#define VMASST_CMD_enable		 0
#define VMASST_CMD_disable		 1

#define VMASST_TYPE_4gb_segments	 0  /* 32-bit guests only */
#define VMASST_TYPE_4gb_segments_notify	 1  /* 32-bit guests only */
#define VMASST_TYPE_writable_pagetables	 2  /* plain stores to L1 entries */
#define VMASST_TYPE_pae_extended_cr3	 3  /* 32-bit guests only */
#define VMASST_TYPE_architectural_iopl	 4  /* IOPL shows in EFLAGS */
#define VMASST_TYPE_runstate_update_flag 5  /* XEN_RUNSTATE_UPDATE is used */
#define VMASST_TYPE_m2p_strict		 32 /* no M2P in the user root */

/* Numbers that name no ordinary domain. */
#define DOMID_FIRST_RESERVED 0x7FF0U
#define DOMID_SELF	     0x7FF0U /* the caller */
#define DOMID_IO	     0x7FF1U /* owner of device memory */
#define DOMID_XEN	     0x7FF2U /* owner of the hypervisor's shared pages */
#define DOMID_COW	     0x7FF3U /* owner of shared copy-on-write pages */
#define DOMID_INVALID	     0x7FF4U /* nobody */
#define DOMID_IDLE	     0x7FFFU /* the idle vcpus */
#define DOMID_MASK	     0x7FFFU

/* vcpu_time_info.flags */
#define XEN_PVCLOCK_TSC_STABLE_BIT 1 /* all vcpus' values agree */
#define XEN_PVCLOCK_GUEST_STOPPED  2 /* the guest was stopped by its host */

/* start_info.flags, hvm_start_info.flags */
#define SIF_PRIVILEGED	    0x1	   /* may control the machine */
#define SIF_INITDOMAIN	    0x2	   /* is domain 0 */
#define SIF_MULTIBOOT_MOD   0x4	   /* mod_start is a module list */
#define SIF_MOD_START_PFN   0x8	   /* mod_start is a pfn and is not mapped */
#define SIF_VIRT_P2M_4TOOLS 0x10   /* tools follow a linear p2m list */
#define SIF_PM_MASK	    0xFF00 /* a byte of power management options */

/* dom0_vga_console_info.video_type */
#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB	0x23
#define XEN_VGATYPE_EFI_LFB	0x70

#define MAX_GUEST_CMDLINE	1024

#ifndef __ASSEMBLER__

/* One request to mmu_update. */
struct mmu_update {
	uint64_t ptr; /* machine address, or-ed with an MMU_* */
	uint64_t val;
};
PUBLIC_SIZE(struct mmu_update, 16);

/* One request to mmuext_op. */
struct mmuext_op {
	unsigned int cmd; /* MMUEXT_* */
	union {
		xen_pfn_t mfn;
		unsigned long linear_addr;
	} arg1;
	union {
		unsigned int nr_ents;
		GUEST_PTR(const void) vcpumask;
		xen_pfn_t src_mfn;
	} arg2;
};
PUBLIC_SIZE(struct mmuext_op, 24);

/* One call of a multicall; result is filled for each call made. */
struct multicall_entry {
	xen_ulong_t op, result;
	xen_ulong_t args[6];
};
PUBLIC_SIZE(struct multicall_entry, 64);

/*
 * The clock of one vcpu. version is odd while the rest is being written. The
 * time since boot in nanoseconds is
 * system_time + (((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul
 * >> 32), where a negative tsc_shift shifts right.
 */
struct vcpu_time_info {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time; /* ns */
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags; /* XEN_PVCLOCK_* */
	uint8_t pad1[2];
};
PUBLIC_SIZE(struct vcpu_time_info, 32);

/*
 * What a vcpu and the hypervisor tell each other. The hypervisor sets
 * evtchn_upcall_pending, the guest clears it before it scans; while
 * evtchn_upcall_mask is set no upcall is made. Bit n of evtchn_pending_sel
 * says that word n of shared_info.evtchn_pending is worth a look.
 */
struct vcpu_info {
	uint8_t evtchn_upcall_pending;
	uint8_t evtchn_upcall_mask;
	xen_ulong_t evtchn_pending_sel;
	struct arch_vcpu_info arch;
	struct vcpu_time_info time;
};
PUBLIC_SIZE(struct vcpu_info, 64);
PUBLIC_OFFSET(struct vcpu_info, evtchn_pending_sel, 8);
PUBLIC_OFFSET(struct vcpu_info, arch, 16);
PUBLIC_OFFSET(struct vcpu_info, time, 32);

/*
 * The page that a guest shares with the hypervisor. The two event arrays are
 * those of the two-level ABI; wc_* is the time of day at system time 0, under
 * wc_version as in vcpu_time_info.
 */
struct shared_info {
	struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
	xen_ulong_t evtchn_pending[64];
	xen_ulong_t evtchn_mask[64];
	uint32_t wc_version;
	uint32_t wc_sec; /* low half of the seconds since 1970 */
	uint32_t wc_nsec;
	uint32_t wc_sec_hi;
	struct arch_shared_info arch;
};
PUBLIC_OFFSET(struct shared_info, evtchn_pending, 2048);
PUBLIC_OFFSET(struct shared_info, evtchn_mask, 2560);
PUBLIC_OFFSET(struct shared_info, wc_version, 3072);
PUBLIC_OFFSET(struct shared_info, arch, 3088);
PUBLIC_SIZE(struct shared_info, 3136);

/*
 * The page that a paravirtual kernel finds in rsi. After a resume only the
 * fields down to console are valid. In memory follow, from low to high: the
 * kernel, the initrd, the p2m list, this page, for a guest the store's and the
 * console's ring, the page tables, the stack; then at least 512 KiB free, up
 * to a multiple of 4 MiB.
 */
struct start_info {
	char magic[32];		   /* "xen-<version>-<platform>" */
	unsigned long nr_pages;	   /* pages that the domain has */
	unsigned long shared_info; /* machine address */
	uint32_t flags;		   /* SIF_* */
	xen_pfn_t store_mfn;
	uint32_t store_evtchn;
	union {
		struct {
			xen_pfn_t mfn;
			uint32_t evtchn;
		} domU;
		struct {
			uint32_t info_off; /* of dom0_vga_console_info */
			uint32_t info_size;
		} dom0;
	} console;
	unsigned long pt_base; /* virtual address of the L4 table */
	unsigned long nr_pt_frames;
	unsigned long mfn_list;	 /* virtual address of the p2m list */
	unsigned long mod_start; /* virtual address or pfn: see flags */
	unsigned long mod_len;	 /* bytes */
	int8_t cmd_line[MAX_GUEST_CMDLINE];
	unsigned long first_p2m_pfn; /* of the frames that hold the list */
	unsigned long nr_p2m_frames;
};
PUBLIC_SIZE(struct start_info, 1168);

/* One module, with SIF_MULTIBOOT_MOD; mod_start 0 ends the list. */
struct xen_multiboot_mod_list {
	uint32_t mod_start; /* offset of the first byte */
	uint32_t mod_end;   /* offset of the last byte */
	uint32_t cmdline;   /* offset of a string */
	uint32_t pad;	    /* 0 */
};
PUBLIC_SIZE(struct xen_multiboot_mod_list, 16);

/* What domain 0 needs to draw on the screen. */
struct dom0_vga_console_info {
	uint8_t video_type; /* XEN_VGATYPE_* */
	union {
		struct {
			uint16_t font_height; /* pixels */
			uint16_t cursor_x, cursor_y;
			uint16_t rows, columns;
		} text_mode_3;
		struct {
			uint16_t width, height; /* pixels */
			uint16_t bytes_per_line;
			uint16_t bits_per_pixel;
			uint32_t lfb_base; /* physical, low half */
			uint32_t lfb_size; /* in 64 KiB */
			uint8_t red_pos, red_size;
			uint8_t green_pos, green_size;
			uint8_t blue_pos, blue_size;
			uint8_t rsvd_pos, rsvd_size;
			uint32_t gbl_caps;   /* VBE 4f00, offset 0xa */
			uint16_t mode_attrs; /* VBE 4f01, offset 0 */
			uint16_t pad;
			uint32_t ext_lfb_base; /* physical, high half */
		} vesa_lfb;
	} u;
};
PUBLIC_SIZE(struct dom0_vga_console_info, 40);

#endif
#endif
