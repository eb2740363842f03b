/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The domctl hypercall, version 0x15: control of one domain by the tools.
 *
 * The caller fills struct xen_domctl (cmd, interface_version, domain and the
 * union's member for the command); the hypervisor answers -EACCES for another
 * version and copies the structure back when the command has output. Fields
 * are input unless marked "out".
 */
#ifndef PUBLIC_DOMCTL_H
#define PUBLIC_DOMCTL_H

#include "xen.h"
#include "event_channel.h"
#include "grant_table.h"
#include "memory.h"
#include "arch-x86/hvm/save.h"

#define XEN_DOMCTL_INTERFACE_VERSION 0x00000015

/* xen_domctl.cmd; the union's member, where the names differ, in brackets. */
#define XEN_DOMCTL_createdomain		   1
#define XEN_DOMCTL_destroydomain	   2 /* [] */
#define XEN_DOMCTL_pausedomain		   3 /* [] pauses count */
#define XEN_DOMCTL_unpausedomain	   4 /* [] */
#define XEN_DOMCTL_getdomaininfo	   5
#define XEN_DOMCTL_setvcpuaffinity	   9 /* [vcpuaffinity] */
#define XEN_DOMCTL_shadow_op		   10
#define XEN_DOMCTL_max_mem		   11
#define XEN_DOMCTL_setvcpucontext	   12 /* [vcpucontext] */
#define XEN_DOMCTL_getvcpucontext	   13 /* [vcpucontext] */
#define XEN_DOMCTL_getvcpuinfo		   14
#define XEN_DOMCTL_max_vcpus		   15
#define XEN_DOMCTL_scheduler_op		   16
#define XEN_DOMCTL_setdomainhandle	   17
#define XEN_DOMCTL_setdebugging		   18
#define XEN_DOMCTL_irq_permission	   19
#define XEN_DOMCTL_iomem_permission	   20
#define XEN_DOMCTL_ioport_permission	   21
#define XEN_DOMCTL_hypercall_init	   22
#define XEN_DOMCTL_settimeoffset	   24
#define XEN_DOMCTL_getvcpuaffinity	   25 /* [vcpuaffinity] */
#define XEN_DOMCTL_real_mode_area	   26 /* never on x86 */
#define XEN_DOMCTL_resumedomain		   27 /* [] */
#define XEN_DOMCTL_sendtrigger		   28
#define XEN_DOMCTL_subscribe		   29
#define XEN_DOMCTL_gethvmcontext	   33 /* [hvmcontext] */
#define XEN_DOMCTL_sethvmcontext	   34 /* [hvmcontext] */
#define XEN_DOMCTL_set_address_size	   35 /* [address_size] */
#define XEN_DOMCTL_get_address_size	   36 /* [address_size] */
#define XEN_DOMCTL_assign_device	   37
#define XEN_DOMCTL_bind_pt_irq		   38
#define XEN_DOMCTL_memory_mapping	   39
#define XEN_DOMCTL_ioport_mapping	   40
#define XEN_DOMCTL_set_ext_vcpucontext	   42 /* [ext_vcpucontext] */
#define XEN_DOMCTL_get_ext_vcpucontext	   43 /* [ext_vcpucontext] */
#define XEN_DOMCTL_set_opt_feature	   44 /* never on x86 */
#define XEN_DOMCTL_test_assign_device	   45 /* [assign_device] */
#define XEN_DOMCTL_set_target		   46
#define XEN_DOMCTL_deassign_device	   47 /* [assign_device] */
#define XEN_DOMCTL_unbind_pt_irq	   48 /* [bind_pt_irq] */
#define XEN_DOMCTL_get_device_group	   50
#define XEN_DOMCTL_debug_op		   54
#define XEN_DOMCTL_gethvmcontext_partial   55 /* [hvmcontext_partial] */
#define XEN_DOMCTL_vm_event_op		   56
#define XEN_DOMCTL_mem_sharing_op	   57
#define XEN_DOMCTL_gettscinfo		   59 /* [tsc_info] */
#define XEN_DOMCTL_settscinfo		   60 /* [tsc_info] */
#define XEN_DOMCTL_getpageframeinfo3	   61
#define XEN_DOMCTL_setvcpuextstate	   62 /* [vcpuextstate] */
#define XEN_DOMCTL_getvcpuextstate	   63 /* [vcpuextstate] */
#define XEN_DOMCTL_set_access_required	   64 /* [access_required] */
#define XEN_DOMCTL_audit_p2m		   65
#define XEN_DOMCTL_set_virq_handler	   66
#define XEN_DOMCTL_set_broken_page_p2m	   67
#define XEN_DOMCTL_setnodeaffinity	   68 /* [nodeaffinity] */
#define XEN_DOMCTL_getnodeaffinity	   69 /* [nodeaffinity] */
#define XEN_DOMCTL_cacheflush		   71 /* never on x86 */
#define XEN_DOMCTL_get_vcpu_msrs	   72 /* [vcpu_msrs] */
#define XEN_DOMCTL_set_vcpu_msrs	   73 /* [vcpu_msrs] */
#define XEN_DOMCTL_setvnumainfo		   74 /* [vnuma] */
#define XEN_DOMCTL_psr_cmt_op		   75
#define XEN_DOMCTL_monitor_op		   77
#define XEN_DOMCTL_psr_alloc		   78
#define XEN_DOMCTL_soft_reset		   79 /* [] */
#define XEN_DOMCTL_vuart_op		   81 /* never on x86 */
#define XEN_DOMCTL_get_cpu_policy	   82 /* [cpu_policy] */
#define XEN_DOMCTL_set_cpu_policy	   83 /* [cpu_policy] */
#define XEN_DOMCTL_vmtrace_op		   84
#define XEN_DOMCTL_get_paging_mempool_size 85	/* [paging_mempool] */
#define XEN_DOMCTL_set_paging_mempool_size 86	/* [paging_mempool] */
#define XEN_DOMCTL_gdbsx_guestmemio	   1000 /* [gdbsx_guest_memio] */
#define XEN_DOMCTL_gdbsx_pausevcpu	   1001 /* [gdbsx_pauseunp_vcpu] */
#define XEN_DOMCTL_gdbsx_unpausevcpu	   1002 /* [gdbsx_pauseunp_vcpu] */
#define XEN_DOMCTL_gdbsx_domstatus	   1003

/* xen_domctl_createdomain.flags */
#define _XEN_DOMCTL_CDF_hvm	     0
#define _XEN_DOMCTL_CDF_hap	     1
#define _XEN_DOMCTL_CDF_s3_integrity 2
#define _XEN_DOMCTL_CDF_oos_off	     3
#define _XEN_DOMCTL_CDF_xs_domain    4
#define _XEN_DOMCTL_CDF_iommu	     5
#define _XEN_DOMCTL_CDF_nested_virt  6
#define XEN_DOMCTL_CDF_hvm	     0x01U /* not paravirtual */
#define XEN_DOMCTL_CDF_hap	     0x02U /* nested paging */
#define XEN_DOMCTL_CDF_s3_integrity  0x04U
#define XEN_DOMCTL_CDF_oos_off	     0x08U
#define XEN_DOMCTL_CDF_xs_domain     0x10U /* runs the store */
#define XEN_DOMCTL_CDF_iommu	     0x20U
#define XEN_DOMCTL_CDF_nested_virt   0x40U
#define XEN_DOMCTL_CDF_vpmu	     0x80U
#define XEN_DOMCTL_CDF_MAX	     XEN_DOMCTL_CDF_vpmu

/* xen_domctl_createdomain.iommu_opts */
#define _XEN_DOMCTL_IOMMU_no_sharept 0
#define XEN_DOMCTL_IOMMU_no_sharept  1U
#define XEN_DOMCTL_IOMMU_MAX	     XEN_DOMCTL_IOMMU_no_sharept

/* xen_domctl_createdomain.grant_opts: the newest table version allowed. */
#define XEN_DOMCTL_GRANT_version_mask 0xf
#define XEN_DOMCTL_GRANT_version(v)   ((v)&XEN_DOMCTL_GRANT_version_mask)

/* xen_domctl_getdomaininfo.flags; the reason of a shutdown in bits 16..23 */
#define _XEN_DOMINF_dying	 0
#define _XEN_DOMINF_hvm_guest	 1
#define _XEN_DOMINF_shutdown	 2
#define _XEN_DOMINF_paused	 3
#define _XEN_DOMINF_blocked	 4
#define _XEN_DOMINF_running	 5
#define _XEN_DOMINF_debugged	 6
#define _XEN_DOMINF_xs_domain	 7
#define _XEN_DOMINF_hap		 8
#define XEN_DOMINF_dying	 0x001U
#define XEN_DOMINF_hvm_guest	 0x002U
#define XEN_DOMINF_shutdown	 0x004U
#define XEN_DOMINF_paused	 0x008U /* by the tools */
#define XEN_DOMINF_blocked	 0x010U /* every vcpu */
#define XEN_DOMINF_running	 0x020U /* some vcpu */
#define XEN_DOMINF_debugged	 0x040U
#define XEN_DOMINF_xs_domain	 0x080U
#define XEN_DOMINF_hap		 0x100U
#define XEN_DOMINF_shutdownmask	 255
#define XEN_DOMINF_shutdownshift 16

/* xen_domctl_getdomaininfo.max_vcpu_id of a domain without vcpus. */
#define XEN_INVALID_MAX_VCPU_ID (~0U)

/* getpageframeinfo3: each entry, in its bits 28..31 */
#define XEN_DOMCTL_PFINFO_LTAB_SHIFT	28
#define XEN_DOMCTL_PFINFO_NOTAB		0x00000000U
#define XEN_DOMCTL_PFINFO_L1TAB		0x10000000U
#define XEN_DOMCTL_PFINFO_L2TAB		0x20000000U
#define XEN_DOMCTL_PFINFO_L3TAB		0x30000000U
#define XEN_DOMCTL_PFINFO_L4TAB		0x40000000U
#define XEN_DOMCTL_PFINFO_LTABTYPE_MASK 0x70000000U
#define XEN_DOMCTL_PFINFO_LPINTAB	0x80000000U /* pinned; with a level */
#define XEN_DOMCTL_PFINFO_BROKEN	0xd0000000U
#define XEN_DOMCTL_PFINFO_XALLOC	0xe0000000U /* exists, contents do not */
#define XEN_DOMCTL_PFINFO_XTAB		0xf0000000U /* no page there */
#define XEN_DOMCTL_PFINFO_LTAB_MASK	0xf0000000U

/* xen_domctl_shadow_op.op; the first three are legacy or log-dirty modes */
#define XEN_DOMCTL_SHADOW_OP_OFF	     0
#define XEN_DOMCTL_SHADOW_OP_ENABLE_TEST     1
#define XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY 2
#define XEN_DOMCTL_SHADOW_OP_CLEAN	     11 /* read the dirty map and clear it */
#define XEN_DOMCTL_SHADOW_OP_PEEK	     12 /* read it alone */
#define XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION  30
#define XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION  31
#define XEN_DOMCTL_SHADOW_OP_ENABLE	     32

/* xen_domctl_shadow_op.mode with ENABLE, then with CLEAN and PEEK */
#define XEN_DOMCTL_SHADOW_ENABLE_REFCOUNT  0x02
#define XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY 0x04
#define XEN_DOMCTL_SHADOW_ENABLE_TRANSLATE 0x08
#define XEN_DOMCTL_SHADOW_ENABLE_EXTERNAL  0x10
#define XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL   0x01 /* the last round */

/* xen_domctl_vcpuaffinity.flags */
#define _XEN_VCPUAFFINITY_HARD	0
#define _XEN_VCPUAFFINITY_SOFT	1
#define _XEN_VCPUAFFINITY_FORCE 2
#define XEN_VCPUAFFINITY_HARD	1U
#define XEN_VCPUAFFINITY_SOFT	2U
#define XEN_VCPUAFFINITY_FORCE	4U /* ends SCHEDOP_pin_override */

/* xen_domctl_scheduler_op.sched_id and .cmd */
#define XEN_SCHEDULER_CREDIT	       5
#define XEN_SCHEDULER_CREDIT2	       6
#define XEN_SCHEDULER_ARINC653	       7
#define XEN_SCHEDULER_RTDS	       8
#define XEN_SCHEDULER_NULL	       9
#define XEN_DOMCTL_SCHEDOP_putinfo     0
#define XEN_DOMCTL_SCHEDOP_getinfo     1
#define XEN_DOMCTL_SCHEDOP_putvcpuinfo 2 /* [v] */
#define XEN_DOMCTL_SCHEDOP_getvcpuinfo 3 /* [v] */

/* xen_domctl_sched_rtds.flags */
#define _XEN_DOMCTL_SCHEDRT_extra 0
#define XEN_DOMCTL_SCHEDRT_extra  1U

/* xen_domctl_sendtrigger.trigger */
#define XEN_DOMCTL_SENDTRIGGER_NMI   0
#define XEN_DOMCTL_SENDTRIGGER_RESET 1
#define XEN_DOMCTL_SENDTRIGGER_INIT  2
#define XEN_DOMCTL_SENDTRIGGER_POWER 3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP 4

/* xen_domctl_assign_device.dev and .flags */
#define XEN_DOMCTL_DEV_PCI	   0
#define XEN_DOMCTL_DEV_DT	   1
#define XEN_DOMCTL_DEV_RDM_RELAXED 1

/* xen_domctl_bind_pt_irq.u.msi.gflags */
#define XEN_DOMCTL_VMSI_X86_DEST_ID_MASK 0x0000ff
#define XEN_DOMCTL_VMSI_X86_RH_MASK	 0x000100
#define XEN_DOMCTL_VMSI_X86_DM_MASK	 0x000200
#define XEN_DOMCTL_VMSI_X86_DELIV_MASK	 0x007000
#define XEN_DOMCTL_VMSI_X86_TRIG_MASK	 0x008000
#define XEN_DOMCTL_VMSI_X86_UNMASKED	 0x010000

/* xen_domctl_memory_mapping.add_mapping and that of the ports */
#define DPCI_REMOVE_MAPPING 0
#define DPCI_ADD_MAPPING    1

/* Cache types, as in the MTRRs; shared with the device model's interface. */
#define XEN_DOMCTL_MEM_CACHEATTR_UC	0
#define XEN_DOMCTL_MEM_CACHEATTR_WC	1
#define XEN_DOMCTL_MEM_CACHEATTR_WT	4
#define XEN_DOMCTL_MEM_CACHEATTR_WP	5
#define XEN_DOMCTL_MEM_CACHEATTR_WB	6
#define XEN_DOMCTL_MEM_CACHEATTR_UCM	7
#define XEN_DOMCTL_DELETE_MEM_CACHEATTR (~(uint32_t)0)

/* A CPUID register that is not an input. */
#define XEN_CPUID_INPUT_UNUSED 0xFFFFFFFF

/* xen_domctl_debug_op.op */
#define XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF 0
#define XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON  1

/* xen_domctl_vm_event_op.op and .mode */
#define XEN_VM_EVENT_ENABLE	       0
#define XEN_VM_EVENT_DISABLE	       1
#define XEN_VM_EVENT_RESUME	       2
#define XEN_VM_EVENT_GET_VERSION       3
#define XEN_DOMCTL_VM_EVENT_OP_PAGING  1
#define XEN_DOMCTL_VM_EVENT_OP_MONITOR 2
#define XEN_DOMCTL_VM_EVENT_OP_SHARING 3

/* xen_domctl_mem_sharing_op.op */
#define XEN_DOMCTL_MEM_SHARING_CONTROL 0

/* xen_domctl_psr_cmt_op.cmd */
#define XEN_DOMCTL_PSR_CMT_OP_DETACH	 0
#define XEN_DOMCTL_PSR_CMT_OP_ATTACH	 1
#define XEN_DOMCTL_PSR_CMT_OP_QUERY_RMID 2

/* xen_domctl_monitor_op.op and .event */
#define XEN_DOMCTL_MONITOR_OP_ENABLE		     0
#define XEN_DOMCTL_MONITOR_OP_DISABLE		     1
#define XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES	     2 /* event: out, a map */
#define XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP	     3
#define XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS	     4
#define XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG	     0
#define XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR	     1
#define XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP	     2
#define XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT 3
#define XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST	     4
#define XEN_DOMCTL_MONITOR_EVENT_DEBUG_EXCEPTION     5
#define XEN_DOMCTL_MONITOR_EVENT_CPUID		     6
#define XEN_DOMCTL_MONITOR_EVENT_PRIVILEGED_CALL     7
#define XEN_DOMCTL_MONITOR_EVENT_INTERRUPT	     8
#define XEN_DOMCTL_MONITOR_EVENT_DESC_ACCESS	     9
#define XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED  10
#define XEN_DOMCTL_MONITOR_EVENT_INGUEST_PAGEFAULT   11
#define XEN_DOMCTL_MONITOR_EVENT_VMEXIT		     12

/* xen_domctl_psr_alloc.cmd */
#define XEN_DOMCTL_PSR_SET_L3_CBM    0
#define XEN_DOMCTL_PSR_GET_L3_CBM    1
#define XEN_DOMCTL_PSR_SET_L3_CODE   2
#define XEN_DOMCTL_PSR_SET_L3_DATA   3
#define XEN_DOMCTL_PSR_GET_L3_CODE   4
#define XEN_DOMCTL_PSR_GET_L3_DATA   5
#define XEN_DOMCTL_PSR_SET_L2_CBM    6
#define XEN_DOMCTL_PSR_GET_L2_CBM    7
#define XEN_DOMCTL_PSR_SET_MBA_THRTL 8
#define XEN_DOMCTL_PSR_GET_MBA_THRTL 9

/* xen_domctl_vuart_op.cmd and .type */
#define XEN_DOMCTL_VUART_OP_INIT     0
#define XEN_DOMCTL_VUART_TYPE_VPL011 0

/* xen_domctl_vmtrace_op.cmd */
#define XEN_DOMCTL_vmtrace_enable	    1
#define XEN_DOMCTL_vmtrace_disable	    2
#define XEN_DOMCTL_vmtrace_reset_and_enable 3
#define XEN_DOMCTL_vmtrace_output_position  4 /* fills value */
#define XEN_DOMCTL_vmtrace_get_option	    5 /* key is an MSR */
#define XEN_DOMCTL_vmtrace_set_option	    6

/*
 * xen_domctl.domain is the number wanted, and out the number given; 0 or a
 * reserved number leave the choice to the hypervisor.
 */
struct xen_domctl_createdomain {
	uint32_t ssidref; /* security label */
	xen_domain_handle_t handle;
	uint32_t flags;	     /* XEN_DOMCTL_CDF_* */
	uint32_t iommu_opts; /* XEN_DOMCTL_IOMMU_* */
	uint32_t max_vcpus;
	uint32_t max_evtchn_port;
	int32_t max_grant_frames;    /* pages; negative is the default */
	int32_t max_maptrack_frames; /* pages; negative is the default */
	uint32_t grant_opts;	     /* XEN_DOMCTL_GRANT_version() */
	uint32_t vmtrace_size;	     /* bytes for each vcpu; 0 none */
	uint32_t cpupool_id;
	struct xen_arch_domainconfig arch;
};
PUBLIC_SIZE(struct xen_domctl_createdomain, 64);

/* All out. Asked for an unused number, getdomaininfo fails with -ESRCH. */
struct xen_domctl_getdomaininfo {
	domid_t domain;
	uint16_t pad1;
	uint32_t flags; /* XEN_DOMINF_* */
	uint64_t tot_pages;
	uint64_t max_pages;
	uint64_t outstanding_pages; /* claimed, not yet allocated */
	uint64_t shr_pages;
	uint64_t paged_pages;
	uint64_t shared_info_frame; /* gmfn */
	uint64_t cpu_time;	    /* ns, of all vcpus */
	uint32_t nr_online_vcpus;
	uint32_t max_vcpu_id;
	uint32_t ssidref;
	xen_domain_handle_t handle;
	uint32_t cpupool;
	uint8_t gpaddr_bits; /* width of guest physical addresses */
	uint8_t pad2[7];
	struct xen_arch_domainconfig arch_config;
};
PUBLIC_SIZE(struct xen_domctl_getdomaininfo, 112);

/* array holds gfns, and out XEN_DOMCTL_PFINFO_*; both may move on. */
struct xen_domctl_getpageframeinfo3 {
	uint64_t num;
	GUEST_PTR(xen_pfn_t) array;
};
PUBLIC_SIZE(struct xen_domctl_getpageframeinfo3, 16);

struct xen_domctl_shadow_op_stats {
	uint32_t fault_count;
	uint32_t dirty_count;
};
PUBLIC_SIZE(struct xen_domctl_shadow_op_stats, 8);

struct xen_domctl_shadow_op {
	uint32_t op;   /* XEN_DOMCTL_SHADOW_OP_* */
	uint32_t mode; /* XEN_DOMCTL_SHADOW_ENABLE_* or _LOGDIRTY_* */
	uint32_t mb;   /* of the allocation operations: MiB */
	GUEST_PTR(uint8_t) dirty_bitmap; /* out */
	uint64_t pages;			 /* bits in the map; out: bits filled */
	struct xen_domctl_shadow_op_stats stats; /* out */
};
PUBLIC_SIZE(struct xen_domctl_shadow_op, 40);

struct xen_domctl_max_mem {
	uint64_t max_memkb; /* KiB */
};
PUBLIC_SIZE(struct xen_domctl_max_mem, 8);

struct xen_domctl_vcpucontext {
	uint32_t vcpu;
	GUEST_PTR(struct vcpu_guest_context) ctxt;
};
PUBLIC_SIZE(struct xen_domctl_vcpucontext, 16);

/* All out but vcpu. */
struct xen_domctl_getvcpuinfo {
	uint32_t vcpu;
	uint8_t online;
	uint8_t blocked;
	uint8_t running;
	uint64_t cpu_time; /* ns */
	uint32_t cpu;	   /* the CPU it is on */
};
PUBLIC_SIZE(struct xen_domctl_getvcpuinfo, 24);

struct xen_domctl_nodeaffinity {
	struct xenctl_bitmap nodemap;
};
PUBLIC_SIZE(struct xen_domctl_nodeaffinity, 16);

/* Setting gives back what is in effect, getting what was asked for. */
struct xen_domctl_vcpuaffinity {
	uint32_t vcpu;
	uint32_t flags; /* XEN_VCPUAFFINITY_* */
	struct xenctl_bitmap cpumap_hard;
	struct xenctl_bitmap cpumap_soft;
};
PUBLIC_SIZE(struct xen_domctl_vcpuaffinity, 40);

/* Allocates the vcpus; max is that of createdomain. */
struct xen_domctl_max_vcpus {
	uint32_t max;
};
PUBLIC_SIZE(struct xen_domctl_max_vcpus, 4);

struct xen_domctl_sched_credit {
	uint16_t weight;
	uint16_t cap; /* percent of a CPU; 0 none */
};
PUBLIC_SIZE(struct xen_domctl_sched_credit, 4);

struct xen_domctl_sched_credit2 {
	uint16_t weight;
	uint16_t cap; /* percent of a CPU; 0 none */
};
PUBLIC_SIZE(struct xen_domctl_sched_credit2, 4);

struct xen_domctl_sched_rtds {
	uint32_t period; /* us */
	uint32_t budget; /* us */
	uint32_t flags;	 /* XEN_DOMCTL_SCHEDRT_* */
};
PUBLIC_SIZE(struct xen_domctl_sched_rtds, 12);

struct xen_domctl_schedparam_vcpu {
	union {
		struct xen_domctl_sched_credit credit;
		struct xen_domctl_sched_credit2 credit2;
		struct xen_domctl_sched_rtds rtds;
	} u;
	uint32_t vcpuid;
};
PUBLIC_SIZE(struct xen_domctl_schedparam_vcpu, 16);

struct xen_domctl_scheduler_op {
	uint32_t sched_id; /* XEN_SCHEDULER_* */
	uint32_t cmd;	   /* XEN_DOMCTL_SCHEDOP_* */
	union {
		struct xen_domctl_sched_credit credit;
		struct xen_domctl_sched_credit2 credit2;
		struct xen_domctl_sched_rtds rtds;
		struct {
			GUEST_PTR(struct xen_domctl_schedparam_vcpu) vcpus;
			uint32_t nr_vcpus; /* out: those done */
			uint32_t padding;
		} v;
	} u;
};
PUBLIC_SIZE(struct xen_domctl_scheduler_op, 24);

struct xen_domctl_setdomainhandle {
	xen_domain_handle_t handle;
};
PUBLIC_SIZE(struct xen_domctl_setdomainhandle, 16);

struct xen_domctl_setdebugging {
	uint8_t enable;
};
PUBLIC_SIZE(struct xen_domctl_setdebugging, 1);

struct xen_domctl_irq_permission {
	uint32_t pirq;
	uint8_t allow_access;
	uint8_t pad[3];
};
PUBLIC_SIZE(struct xen_domctl_irq_permission, 8);

struct xen_domctl_iomem_permission {
	uint64_t first_mfn;
	uint64_t nr_mfns;
	uint8_t allow_access;
};
PUBLIC_SIZE(struct xen_domctl_iomem_permission, 24);

struct xen_domctl_ioport_permission {
	uint32_t first_port;
	uint32_t nr_ports;
	uint8_t allow_access;
};
PUBLIC_SIZE(struct xen_domctl_ioport_permission, 12);

/* Writes the hypercall page. */
struct xen_domctl_hypercall_init {
	uint64_t gmfn;
};
PUBLIC_SIZE(struct xen_domctl_hypercall_init, 8);

struct xen_domctl_settimeoffset {
	int64_t time_offset_seconds; /* of the domain's time of day */
};
PUBLIC_SIZE(struct xen_domctl_settimeoffset, 8);

/* A null buffer asks for the size. */
struct xen_domctl_hvmcontext {
	uint32_t size; /* out: bytes needed or written */
	GUEST_PTR(uint8_t) buffer;
};
PUBLIC_SIZE(struct xen_domctl_hvmcontext, 16);

struct xen_domctl_address_size {
	uint32_t size; /* 32 or 64 */
};
PUBLIC_SIZE(struct xen_domctl_address_size, 4);

struct xen_domctl_sendtrigger {
	uint32_t trigger; /* XEN_DOMCTL_SENDTRIGGER_* */
	uint32_t vcpu;
};
PUBLIC_SIZE(struct xen_domctl_sendtrigger, 8);

/* machine_sbdf: segment << 16 | bus << 8 | devfn. */
struct xen_domctl_assign_device {
	uint32_t dev;	/* XEN_DOMCTL_DEV_PCI */
	uint32_t flags; /* XEN_DOMCTL_DEV_RDM_RELAXED */
	union {
		struct {
			uint32_t machine_sbdf;
		} pci;
		struct {
			uint32_t size;
			GUEST_PTR(char) path;
		} dt;
	} u;
};
PUBLIC_SIZE(struct xen_domctl_assign_device, 24);

/* The devices that the IOMMU cannot tell apart from this one. */
struct xen_domctl_get_device_group {
	uint32_t machine_sbdf;
	uint32_t max_sdevs;
	uint32_t num_sdevs;		/* out */
	GUEST_PTR(uint32_t) sdev_array; /* out */
};
PUBLIC_SIZE(struct xen_domctl_get_device_group, 24);

enum pt_irq_type {
	PT_IRQ_TYPE_PCI,
	PT_IRQ_TYPE_ISA,
	PT_IRQ_TYPE_MSI,
	PT_IRQ_TYPE_MSI_TRANSLATE,
	PT_IRQ_TYPE_SPI,
};

/* Delivers a real interrupt to an HVM guest's virtual device. */
struct xen_domctl_bind_pt_irq {
	uint32_t machine_irq;
	uint32_t irq_type; /* enum pt_irq_type */
	union {
		struct {
			uint8_t isa_irq;
		} isa;
		struct {
			uint8_t bus;
			uint8_t device;
			uint8_t intx;
		} pci;
		struct {
			uint8_t gvec;
			uint32_t gflags; /* XEN_DOMCTL_VMSI_X86_* */
			uint64_t gtable;
		} msi;
		struct {
			uint16_t spi;
		} spi;
	} u;
};
PUBLIC_SIZE(struct xen_domctl_bind_pt_irq, 24);

/*
 * Shows device memory to an HVM guest. Returns 0, or how many pages were done
 * when the caller must go on, or -E2BIG for too many at once.
 */
struct xen_domctl_memory_mapping {
	uint64_t first_gfn;
	uint64_t first_mfn;
	uint64_t nr_mfns;
	uint32_t add_mapping; /* DPCI_* */
	uint32_t padding;
};
PUBLIC_SIZE(struct xen_domctl_memory_mapping, 32);

struct xen_domctl_ioport_mapping {
	uint32_t first_gport;
	uint32_t first_mport;
	uint32_t nr_ports;
	uint32_t add_mapping; /* DPCI_* */
};
PUBLIC_SIZE(struct xen_domctl_ioport_mapping, 16);

/* What struct vcpu_guest_context has no room for. */
struct xen_domctl_ext_vcpucontext {
	uint32_t vcpu;
	uint32_t size; /* bytes, counted from vcpu; out when getting */
	uint64_t syscall32_callback_eip;
	uint64_t sysenter_callback_eip;
	uint16_t syscall32_callback_cs;
	uint16_t sysenter_callback_cs;
	uint8_t syscall32_disables_events;
	uint8_t sysenter_disables_events;
	union {
		uint64_t mcg_cap;
		struct hvm_vmce_vcpu vmce;
	};
};
PUBLIC_SIZE(struct xen_domctl_ext_vcpucontext, 64);

/* The domain whose device model this one is. */
struct xen_domctl_set_target {
	domid_t target;
};
PUBLIC_SIZE(struct xen_domctl_set_target, 2);

/* err_*: out, what a set refused, all ones where nothing. */
struct xen_domctl_cpu_policy {
	uint32_t nr_leaves; /* out: those written */
	uint32_t nr_msrs;   /* out: those written */
	GUEST_PTR(struct xen_cpuid_leaf) leaves;
	GUEST_PTR(struct xen_msr_entry) msrs;
	uint32_t err_leaf, err_subleaf, err_msr;
};
PUBLIC_SIZE(struct xen_domctl_cpu_policy, 40);

/* A port of the caller to signal, once, when the domain suspends. */
struct xen_domctl_subscribe {
	uint32_t port;
};
PUBLIC_SIZE(struct xen_domctl_subscribe, 4);

struct xen_domctl_debug_op {
	uint32_t op; /* XEN_DOMCTL_DEBUG_OP_* */
	uint32_t vcpu;
};
PUBLIC_SIZE(struct xen_domctl_debug_op, 8);

/* One record of the HVM context. */
struct xen_domctl_hvmcontext_partial {
	uint32_t type;
	uint32_t instance;
	uint64_t bufsz;		   /* bytes */
	GUEST_PTR(uint8_t) buffer; /* out */
};
PUBLIC_SIZE(struct xen_domctl_hvmcontext_partial, 24);

struct xen_domctl_tsc_info {
	uint32_t tsc_mode; /* 0 default, 1 always and 2 never emulated */
	uint32_t gtsc_khz;
	uint32_t incarnation; /* migrations */
	uint32_t pad;
	uint64_t elapsed_nsec;
};
PUBLIC_SIZE(struct xen_domctl_tsc_info, 24);

/* Copies between the guest's and the caller's virtual memory. */
struct xen_domctl_gdbsx_memio {
	uint64_t pgd3val;
	uint64_t gva;
	uint64_t uva;
	uint32_t len;	 /* bytes */
	uint8_t gwr;	 /* 1 writes to the guest */
	uint32_t remain; /* out: bytes not copied */
};
PUBLIC_SIZE(struct xen_domctl_gdbsx_memio, 40);

struct xen_domctl_gdbsx_pauseunp_vcpu {
	uint32_t vcpu;
};
PUBLIC_SIZE(struct xen_domctl_gdbsx_pauseunp_vcpu, 4);

/* All out. */
struct xen_domctl_gdbsx_domstatus {
	uint8_t paused;
	uint32_t vcpu_id; /* the vcpu with an event, or all ones */
	uint32_t vcpu_ev; /* the event */
};
PUBLIC_SIZE(struct xen_domctl_gdbsx_domstatus, 12);

struct xen_domctl_vm_event_op {
	uint32_t op;   /* XEN_VM_EVENT_* */
	uint32_t mode; /* XEN_DOMCTL_VM_EVENT_OP_* */
	union {
		struct {
			uint32_t port; /* out */
		} enable;
		uint32_t version; /* out */
	} u;
};
PUBLIC_SIZE(struct xen_domctl_vm_event_op, 12);

struct xen_domctl_mem_sharing_op {
	uint8_t op; /* XEN_DOMCTL_MEM_SHARING_CONTROL */
	union {
		uint8_t enable;
	} u;
};
PUBLIC_SIZE(struct xen_domctl_mem_sharing_op, 2);

/* All out: errors found. */
struct xen_domctl_audit_p2m {
	uint64_t orphans;
	uint64_t m2p_bad;
	uint64_t p2m_bad;
};
PUBLIC_SIZE(struct xen_domctl_audit_p2m, 24);

/* Makes the domain the receiver of a global VIRQ. */
struct xen_domctl_set_virq_handler {
	uint32_t virq;
};
PUBLIC_SIZE(struct xen_domctl_set_virq_handler, 4);

/* The XSAVE image, after its xcr0 and xcr0_accum; a null buffer asks. */
struct xen_domctl_vcpuextstate {
	uint32_t vcpu;
	uint64_t xfeature_mask; /* out when getting */
	uint64_t size;		/* bytes; out when getting */
	GUEST_PTR(uint64_t) buffer;
};
PUBLIC_SIZE(struct xen_domctl_vcpuextstate, 32);

struct xen_domctl_set_access_required {
	uint8_t access_required; /* no monitor, no access */
};
PUBLIC_SIZE(struct xen_domctl_set_access_required, 1);

struct xen_domctl_set_broken_page_p2m {
	uint64_t pfn;
};
PUBLIC_SIZE(struct xen_domctl_set_broken_page_p2m, 8);

struct xen_domctl_cacheflush {
	xen_pfn_t start_pfn, nr_pfns;
};
PUBLIC_SIZE(struct xen_domctl_cacheflush, 16);

/* Memory for the domain's nested or shadow page tables. */
struct xen_domctl_paging_mempool {
	uint64_t size; /* bytes */
};
PUBLIC_SIZE(struct xen_domctl_paging_mempool, 8);

struct xen_domctl_vcpu_msr {
	uint32_t index;
	uint32_t reserved;
	uint64_t value;
};
PUBLIC_SIZE(struct xen_domctl_vcpu_msr, 16);

/*
 * A null msrs asks for the greatest count. Getting into too small an array
 * fails with -ENOBUFS and the count needed; setting a bad one with -EINVAL
 * and its index.
 */
struct xen_domctl_vcpu_msrs {
	uint32_t vcpu;
	uint32_t msr_count;
	GUEST_PTR(struct xen_domctl_vcpu_msr) msrs;
};
PUBLIC_SIZE(struct xen_domctl_vcpu_msrs, 16);

/* A virtual NUMA topology: arrays as long as their counts. */
struct xen_domctl_vnuma {
	uint32_t nr_vnodes;
	uint32_t nr_vmemranges;
	uint32_t nr_vcpus;
	uint32_t pad;
	GUEST_PTR(unsigned int) vdistance; /* nr_vnodes squared */
	GUEST_PTR(unsigned int) vcpu_to_vnode;
	GUEST_PTR(unsigned int) vnode_to_pnode;
	GUEST_PTR(struct xen_vmemrange) vmemrange;
};
PUBLIC_SIZE(struct xen_domctl_vnuma, 48);

struct xen_domctl_psr_cmt_op {
	uint32_t cmd; /* XEN_DOMCTL_PSR_CMT_OP_* */
	uint32_t data;
};
PUBLIC_SIZE(struct xen_domctl_psr_cmt_op, 8);

/* Which events a monitor hears of; sync pauses the vcpu for its answer. */
struct xen_domctl_monitor_op {
	uint32_t op;	/* XEN_DOMCTL_MONITOR_OP_* */
	uint32_t event; /* XEN_DOMCTL_MONITOR_EVENT_* */
	union {
		struct {
			uint8_t index;
			uint8_t sync;
			uint8_t onchangeonly;
			uint8_t pad1;
			uint32_t pad2;
			uint64_t bitmask; /* changes to ignore */
		} mov_to_cr;
		struct {
			uint32_t msr;
			uint8_t onchangeonly;
		} mov_to_msr;
		struct {
			uint8_t sync;
			uint8_t allow_userspace;
		} guest_request;
		struct {
			uint8_t sync;
		} debug_exception;
		struct {
			uint8_t sync;
		} vmexit;
	} u;
};
PUBLIC_SIZE(struct xen_domctl_monitor_op, 24);

struct xen_domctl_psr_alloc {
	uint32_t cmd;	 /* XEN_DOMCTL_PSR_* */
	uint32_t target; /* socket */
	uint64_t data;	 /* out when getting */
};
PUBLIC_SIZE(struct xen_domctl_psr_alloc, 16);

struct xen_domctl_vuart_op {
	uint32_t cmd;
	uint32_t type;
	uint64_t gfn;
	domid_t console_domid;
	uint8_t pad[2];
	evtchn_port_t evtchn; /* out */
};
PUBLIC_SIZE(struct xen_domctl_vuart_op, 24);

struct xen_domctl_vmtrace_op {
	uint32_t cmd; /* XEN_DOMCTL_vmtrace_* */
	uint32_t vcpu;
	uint64_t key;
	uint64_t value;
};
PUBLIC_SIZE(struct xen_domctl_vmtrace_op, 24);

struct xen_domctl {
	uint32_t cmd;		    /* XEN_DOMCTL_* */
	uint32_t interface_version; /* XEN_DOMCTL_INTERFACE_VERSION */
	domid_t domain;
	uint16_t _pad[3];
	union {
		struct xen_domctl_createdomain createdomain;
		struct xen_domctl_getdomaininfo getdomaininfo;
		struct xen_domctl_getpageframeinfo3 getpageframeinfo3;
		struct xen_domctl_nodeaffinity nodeaffinity;
		struct xen_domctl_vcpuaffinity vcpuaffinity;
		struct xen_domctl_shadow_op shadow_op;
		struct xen_domctl_max_mem max_mem;
		struct xen_domctl_vcpucontext vcpucontext;
		struct xen_domctl_getvcpuinfo getvcpuinfo;
		struct xen_domctl_max_vcpus max_vcpus;
		struct xen_domctl_scheduler_op scheduler_op;
		struct xen_domctl_setdomainhandle setdomainhandle;
		struct xen_domctl_setdebugging setdebugging;
		struct xen_domctl_irq_permission irq_permission;
		struct xen_domctl_iomem_permission iomem_permission;
		struct xen_domctl_ioport_permission ioport_permission;
		struct xen_domctl_hypercall_init hypercall_init;
		struct xen_domctl_settimeoffset settimeoffset;
		struct xen_domctl_tsc_info tsc_info;
		struct xen_domctl_hvmcontext hvmcontext;
		struct xen_domctl_hvmcontext_partial hvmcontext_partial;
		struct xen_domctl_address_size address_size;
		struct xen_domctl_sendtrigger sendtrigger;
		struct xen_domctl_get_device_group get_device_group;
		struct xen_domctl_assign_device assign_device;
		struct xen_domctl_bind_pt_irq bind_pt_irq;
		struct xen_domctl_memory_mapping memory_mapping;
		struct xen_domctl_ioport_mapping ioport_mapping;
		struct xen_domctl_ext_vcpucontext ext_vcpucontext;
		struct xen_domctl_set_target set_target;
		struct xen_domctl_subscribe subscribe;
		struct xen_domctl_debug_op debug_op;
		struct xen_domctl_vm_event_op vm_event_op;
		struct xen_domctl_mem_sharing_op mem_sharing_op;
		struct xen_domctl_cpu_policy cpu_policy;
		struct xen_domctl_vcpuextstate vcpuextstate;
		struct xen_domctl_vcpu_msrs vcpu_msrs;
		struct xen_domctl_set_access_required access_required;
		struct xen_domctl_audit_p2m audit_p2m;
		struct xen_domctl_set_virq_handler set_virq_handler;
		struct xen_domctl_gdbsx_memio gdbsx_guest_memio;
		struct xen_domctl_set_broken_page_p2m set_broken_page_p2m;
		struct xen_domctl_cacheflush cacheflush;
		struct xen_domctl_gdbsx_pauseunp_vcpu gdbsx_pauseunp_vcpu;
		struct xen_domctl_gdbsx_domstatus gdbsx_domstatus;
		struct xen_domctl_vnuma vnuma;
		struct xen_domctl_psr_cmt_op psr_cmt_op;
		struct xen_domctl_monitor_op monitor_op;
		struct xen_domctl_psr_alloc psr_alloc;
		struct xen_domctl_vuart_op vuart_op;
		struct xen_domctl_vmtrace_op vmtrace_op;
		struct xen_domctl_paging_mempool paging_mempool;
		uint8_t pad[128];
	} u;
};
PUBLIC_OFFSET(struct xen_domctl, u, 16);
PUBLIC_SIZE(struct xen_domctl, 144);

#endif
