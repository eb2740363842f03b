/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sysctl hypercall, version 0x15: control of the machine by the tools.
 * It works as the domctl hypercall does. Fields are input unless marked
 * "out"; a count beside an array is its room, and out what is used.
 */
#ifndef PUBLIC_SYSCTL_H
#define PUBLIC_SYSCTL_H

#include "xen.h"
#include "domctl.h"
#include "physdev.h"

#define XEN_SYSCTL_INTERFACE_VERSION 0x00000015

/* xen_sysctl.cmd; the union's member, where the names differ, in brackets. */
#define XEN_SYSCTL_readconsole		  1
#define XEN_SYSCTL_tbuf_op		  2
#define XEN_SYSCTL_physinfo		  3
#define XEN_SYSCTL_sched_id		  4
#define XEN_SYSCTL_perfc_op		  5
#define XEN_SYSCTL_getdomaininfolist	  6
#define XEN_SYSCTL_debug_keys		  7
#define XEN_SYSCTL_getcpuinfo		  8
#define XEN_SYSCTL_availheap		  9
#define XEN_SYSCTL_get_pmstat		  10
#define XEN_SYSCTL_cpu_hotplug		  11
#define XEN_SYSCTL_pm_op		  12
#define XEN_SYSCTL_page_offline_op	  14 /* [page_offline] */
#define XEN_SYSCTL_lockprof_op		  15
#define XEN_SYSCTL_cputopoinfo		  16
#define XEN_SYSCTL_numainfo		  17
#define XEN_SYSCTL_cpupool_op		  18
#define XEN_SYSCTL_scheduler_op		  19
#define XEN_SYSCTL_coverage_op		  20
#define XEN_SYSCTL_psr_cmt_op		  21
#define XEN_SYSCTL_pcitopoinfo		  22
#define XEN_SYSCTL_psr_alloc		  23
#define XEN_SYSCTL_get_cpu_levelling_caps 25 /* [cpu_levelling_caps] */
#define XEN_SYSCTL_get_cpu_featureset	  26 /* [cpu_featureset] */
#define XEN_SYSCTL_livepatch_op		  27 /* [livepatch] */
#define XEN_SYSCTL_get_cpu_policy	  29 /* [cpu_policy] */

/* xen_sysctl_tbuf_op.cmd */
#define XEN_SYSCTL_TBUFOP_get_info     0
#define XEN_SYSCTL_TBUFOP_set_cpu_mask 1
#define XEN_SYSCTL_TBUFOP_set_evt_mask 2
#define XEN_SYSCTL_TBUFOP_set_size     3
#define XEN_SYSCTL_TBUFOP_enable       4
#define XEN_SYSCTL_TBUFOP_disable      5

/* xen_sysctl_physinfo.capabilities */
#define _XEN_SYSCTL_PHYSCAP_hvm		       0
#define _XEN_SYSCTL_PHYSCAP_pv		       1
#define _XEN_SYSCTL_PHYSCAP_directio	       2
#define _XEN_SYSCTL_PHYSCAP_hap		       3
#define _XEN_SYSCTL_PHYSCAP_shadow	       4
#define _XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share 5
#define XEN_SYSCTL_PHYSCAP_hvm		       0x001u
#define XEN_SYSCTL_PHYSCAP_pv		       0x002u
#define XEN_SYSCTL_PHYSCAP_directio	       0x004u /* an IOMMU is in use */
#define XEN_SYSCTL_PHYSCAP_hap		       0x008u /* nested paging */
#define XEN_SYSCTL_PHYSCAP_shadow	       0x010u /* shadow paging */
#define XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share  0x020u
#define XEN_SYSCTL_PHYSCAP_vmtrace	       0x040u
#define XEN_SYSCTL_PHYSCAP_vpmu		       0x080u
#define XEN_SYSCTL_PHYSCAP_gnttab_v1	       0x100u
#define XEN_SYSCTL_PHYSCAP_gnttab_v2	       0x200u
#define XEN_SYSCTL_PHYSCAP_MAX		       XEN_SYSCTL_PHYSCAP_gnttab_v2

/* xen_sysctl_perfc_op.cmd */
#define XEN_SYSCTL_PERFCOP_reset 1
#define XEN_SYSCTL_PERFCOP_query 2

/* xen_sysctl_get_pmstat.type */
#define PMSTAT_CATEGORY_MASK 0xf0
#define PMSTAT_PX	     0x10
#define PMSTAT_CX	     0x20
#define PMSTAT_get_max_px    0x11
#define PMSTAT_get_pxstat    0x12
#define PMSTAT_reset_pxstat  0x13
#define PMSTAT_get_max_cx    0x21
#define PMSTAT_get_cxstat    0x22
#define PMSTAT_reset_cxstat  0x23

/* xen_sysctl_cpu_hotplug.op; the SMT ones work on every second thread */
#define XEN_SYSCTL_CPU_HOTPLUG_ONLINE	   0
#define XEN_SYSCTL_CPU_HOTPLUG_OFFLINE	   1
#define XEN_SYSCTL_CPU_HOTPLUG_SMT_ENABLE  2
#define XEN_SYSCTL_CPU_HOTPLUG_SMT_DISABLE 3

/* xen_sysctl_pm_op.cmd */
#define PM_PARA_CATEGORY_MASK			  0xf0
#define CPUFREQ_PARA				  0x10
#define GET_CPUFREQ_PARA			  0x11
#define SET_CPUFREQ_GOV				  0x12
#define SET_CPUFREQ_PARA			  0x13
#define GET_CPUFREQ_AVGFREQ			  0x14
#define XEN_SYSCTL_pm_op_set_sched_opt_smt	  0x21
#define XEN_SYSCTL_pm_op_get_max_cstate		  0x22 /* cpuid 1: of the sub-state */
#define XEN_SYSCTL_pm_op_set_max_cstate		  0x23 /* cpuid 1: of the sub-state */
#define XEN_SYSCTL_pm_op_set_vcpu_migration_delay 0x24
#define XEN_SYSCTL_pm_op_get_vcpu_migration_delay 0x25
#define XEN_SYSCTL_pm_op_enable_turbo		  0x26
#define XEN_SYSCTL_pm_op_disable_turbo		  0x27
#define XEN_SYSCTL_CX_UNLIMITED			  0xffffffff

/* xen_set_cpufreq_para.ctrl_type, and the length of a governor's name */
#define SCALING_MAX_FREQ 1
#define SCALING_MIN_FREQ 2
#define SCALING_SETSPEED 3
#define SAMPLING_RATE	 4
#define UP_THRESHOLD	 5
#define CPUFREQ_NAME_LEN 16

/* xen_sysctl_page_offline_op.cmd */
#define sysctl_page_offline	  1
#define sysctl_page_online	  2
#define sysctl_query_page_offline 3

/* Its status words: results, whose page it was, the owner in bits 16..31. */
#define PG_OFFLINE_STATUS_MASK		  0xFFUL
#define PG_OFFLINE_INVALID		  0x01UL
#define PG_OFFLINE_OFFLINED		  0x02UL
#define PG_OFFLINE_PENDING		  0x04UL
#define PG_OFFLINE_FAILED		  0x08UL
#define PG_OFFLINE_AGAIN		  0x10UL
#define PG_ONLINE_FAILED		  PG_OFFLINE_FAILED
#define PG_ONLINE_ONLINED		  PG_OFFLINE_OFFLINED
#define PG_OFFLINE_STATUS_OFFLINED	  0x02UL
#define PG_OFFLINE_STATUS_ONLINE	  0x04UL
#define PG_OFFLINE_STATUS_OFFLINE_PENDING 0x08UL
#define PG_OFFLINE_STATUS_BROKEN	  0x10UL
#define PG_OFFLINE_MISC_MASK		  0xFF0UL
#define PG_OFFLINE_XENPAGE		  0x0100UL
#define PG_OFFLINE_DOM0PAGE		  0x0200UL
#define PG_OFFLINE_ANONYMOUS		  0x0400UL
#define PG_OFFLINE_NOT_CONV_RAM		  0x0800UL
#define PG_OFFLINE_OWNED		  0x1000UL
#define PG_OFFLINE_BROKEN		  0x2000UL
#define PG_ONLINE_BROKEN		  PG_OFFLINE_BROKEN
#define PG_OFFLINE_OWNER_SHIFT		  16

/* xen_sysctl_lockprof_op.cmd, and xen_sysctl_lockprof_data.type */
#define XEN_SYSCTL_LOCKPROF_reset 1
#define XEN_SYSCTL_LOCKPROF_query 2
#define LOCKPROF_TYPE_GLOBAL	  0
#define LOCKPROF_TYPE_PERDOM	  1
#define LOCKPROF_TYPE_N		  2

/* Unknown, in the topology arrays. */
#define XEN_INVALID_CORE_ID   (~0U)
#define XEN_INVALID_SOCKET_ID (~0U)
#define XEN_INVALID_NODE_ID   (~0U)
#define XEN_INVALID_MEM_SZ    (~0U)
#define XEN_INVALID_NODE_DIST (~0U)
#define XEN_INVALID_DEV	      (XEN_INVALID_NODE_ID - 1)

/* xen_sysctl_cpupool_op.op, and any number will do */
#define XEN_SYSCTL_CPUPOOL_OP_CREATE	 1
#define XEN_SYSCTL_CPUPOOL_OP_DESTROY	 2
#define XEN_SYSCTL_CPUPOOL_OP_INFO	 3 /* of this pool or the next there is */
#define XEN_SYSCTL_CPUPOOL_OP_ADDCPU	 4
#define XEN_SYSCTL_CPUPOOL_OP_RMCPU	 5
#define XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN 6
#define XEN_SYSCTL_CPUPOOL_OP_FREEINFO	 7 /* cpumap: CPUs in no pool */
#define XEN_SYSCTL_CPUPOOL_PAR_ANY	 0xFFFFFFFF

/* xen_sysctl_scheduler_op.cmd, and the ranges of its parameters */
#define XEN_SYSCTL_SCHEDOP_putinfo	  0
#define XEN_SYSCTL_SCHEDOP_getinfo	  1
#define XEN_SYSCTL_SCHED_RATELIMIT_MAX	  500000 /* us */
#define XEN_SYSCTL_SCHED_RATELIMIT_MIN	  100	 /* us */
#define XEN_SYSCTL_CSCHED_TSLICE_MAX	  1000	 /* ms */
#define XEN_SYSCTL_CSCHED_TSLICE_MIN	  1	 /* ms */
#define XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US  100000
#define ARINC653_MAX_DOMAINS_PER_SCHEDULE 64

/* xen_sysctl_coverage_op.cmd, and the first word of its data */
#define XEN_SYSCTL_COVERAGE_get_size 0
#define XEN_SYSCTL_COVERAGE_read     1
#define XEN_SYSCTL_COVERAGE_reset    2
#define XEN_GCOV_FORMAT_MAGIC	     0x58434f56

/* xen_sysctl_psr_cmt_op.cmd */
#define XEN_SYSCTL_PSR_CMT_get_total_rmid	   0
#define XEN_SYSCTL_PSR_CMT_get_l3_upscaling_factor 1
#define XEN_SYSCTL_PSR_CMT_get_l3_cache_size	   2 /* KiB */
#define XEN_SYSCTL_PSR_CMT_enabled		   3
#define XEN_SYSCTL_PSR_CMT_get_l3_event_mask	   4

/* xen_sysctl_psr_alloc.cmd and flags */
#define XEN_SYSCTL_PSR_get_l3_info  0
#define XEN_SYSCTL_PSR_get_l2_info  1
#define XEN_SYSCTL_PSR_get_mba_info 2
#define XEN_SYSCTL_PSR_CAT_L3_CDP   1u
#define XEN_SYSCTL_PSR_MBA_LINEAR   1u

/* xen_sysctl_cpu_levelling_caps.caps: CPUID faults, or registers masked */
#define XEN_SYSCTL_CPU_LEVELCAP_faulting    0x001ul
#define XEN_SYSCTL_CPU_LEVELCAP_ecx	    0x002ul
#define XEN_SYSCTL_CPU_LEVELCAP_edx	    0x004ul
#define XEN_SYSCTL_CPU_LEVELCAP_extd_ecx    0x008ul
#define XEN_SYSCTL_CPU_LEVELCAP_extd_edx    0x010ul
#define XEN_SYSCTL_CPU_LEVELCAP_xsave_eax   0x020ul
#define XEN_SYSCTL_CPU_LEVELCAP_thermal_ecx 0x040ul
#define XEN_SYSCTL_CPU_LEVELCAP_l7s0_eax    0x080ul
#define XEN_SYSCTL_CPU_LEVELCAP_l7s0_ebx    0x100ul

/* xen_sysctl_cpu_featureset.index */
#define XEN_SYSCTL_cpu_featureset_raw	  0
#define XEN_SYSCTL_cpu_featureset_host	  1
#define XEN_SYSCTL_cpu_featureset_pv	  2
#define XEN_SYSCTL_cpu_featureset_hvm	  3
#define XEN_SYSCTL_cpu_featureset_pv_max  4
#define XEN_SYSCTL_cpu_featureset_hvm_max 5

/* xen_sysctl_cpu_policy.index */
#define XEN_SYSCTL_cpu_policy_raw	  0
#define XEN_SYSCTL_cpu_policy_host	  1
#define XEN_SYSCTL_cpu_policy_pv_max	  2
#define XEN_SYSCTL_cpu_policy_hvm_max	  3
#define XEN_SYSCTL_cpu_policy_pv_default  4
#define XEN_SYSCTL_cpu_policy_hvm_default 5

/* xen_sysctl_livepatch_op.cmd, states, actions and sizes */
#define XEN_SYSCTL_LIVEPATCH_UPLOAD   0
#define XEN_SYSCTL_LIVEPATCH_GET      1
#define XEN_SYSCTL_LIVEPATCH_LIST     2
#define XEN_SYSCTL_LIVEPATCH_ACTION   3
#define LIVEPATCH_PAYLOAD_VERSION     2
#define LIVEPATCH_STATE_CHECKED	      1
#define LIVEPATCH_STATE_APPLIED	      2
#define LIVEPATCH_ACTION_UNLOAD	      1
#define LIVEPATCH_ACTION_REVERT	      2
#define LIVEPATCH_ACTION_APPLY	      3
#define LIVEPATCH_ACTION_REPLACE      4
#define LIVEPATCH_ACTION_APPLY_NODEPS 1
#define XEN_LIVEPATCH_NAME_SIZE	      128

struct xen_sysctl_readconsole {
	uint8_t clear;
	uint8_t incremental; /* from index on */
	uint8_t pad0, pad1;
	uint32_t index;		/* out: where to go on */
	GUEST_PTR(char) buffer; /* out */
	uint32_t count;
};
PUBLIC_SIZE(struct xen_sysctl_readconsole, 24);

struct xen_sysctl_tbuf_op {
	uint32_t cmd; /* XEN_SYSCTL_TBUFOP_* */
	struct xenctl_bitmap cpu_mask;
	uint32_t evt_mask;   /* TRC_* */
	uint64_t buffer_mfn; /* out */
	uint32_t size;	     /* out too: pages */
};
PUBLIC_SIZE(struct xen_sysctl_tbuf_op, 48);

/* All out. */
struct xen_sysctl_physinfo {
	uint32_t threads_per_core;
	uint32_t cores_per_socket;
	uint32_t nr_cpus;    /* online */
	uint32_t max_cpu_id; /* possible */
	uint32_t nr_nodes;
	uint32_t max_node_id;
	uint32_t cpu_khz;
	uint32_t capabilities; /* XEN_SYSCTL_PHYSCAP_* */
	uint32_t arch_capabilities;
	uint32_t pad;
	uint64_t total_pages;
	uint64_t free_pages;
	uint64_t scrub_pages;	    /* freed, not yet wiped */
	uint64_t outstanding_pages; /* claimed */
	uint64_t max_mfn;
	uint32_t hw_cap[8]; /* CPUID words, as the host's featureset */
};
PUBLIC_SIZE(struct xen_sysctl_physinfo, 112);

struct xen_sysctl_sched_id {
	uint32_t sched_id; /* out: XEN_SCHEDULER_* */
};
PUBLIC_SIZE(struct xen_sysctl_sched_id, 4);

typedef uint32_t xen_sysctl_perfc_val_t;

struct xen_sysctl_perfc_desc {
	char name[80];
	uint32_t nr_vals; /* values that it has in val */
};
PUBLIC_SIZE(struct xen_sysctl_perfc_desc, 84);

/* The hypervisor's counters; null arrays ask for the counts alone. */
struct xen_sysctl_perfc_op {
	uint32_t cmd;	      /* XEN_SYSCTL_PERFCOP_* */
	uint32_t nr_counters; /* out */
	uint32_t nr_vals;     /* out */
	GUEST_PTR(struct xen_sysctl_perfc_desc) desc;
	GUEST_PTR(xen_sysctl_perfc_val_t) val;
};
PUBLIC_SIZE(struct xen_sysctl_perfc_op, 32);

/* The domains there are, in order, from first_domain on. */
struct xen_sysctl_getdomaininfolist {
	domid_t first_domain;
	uint32_t max_domains;
	GUEST_PTR(struct xen_domctl_getdomaininfo) buffer;
	uint32_t num_domains; /* out */
};
PUBLIC_SIZE(struct xen_sysctl_getdomaininfolist, 24);

struct xen_sysctl_debug_keys {
	GUEST_PTR(const char) keys;
	uint32_t nr_keys;
};
PUBLIC_SIZE(struct xen_sysctl_debug_keys, 16);

struct xen_sysctl_cpuinfo {
	uint64_t idletime; /* ns */
};
PUBLIC_SIZE(struct xen_sysctl_cpuinfo, 8);

struct xen_sysctl_getcpuinfo {
	uint32_t max_cpus;
	GUEST_PTR(struct xen_sysctl_cpuinfo) info;
	uint32_t nr_cpus; /* out */
};
PUBLIC_SIZE(struct xen_sysctl_getcpuinfo, 24);

struct xen_sysctl_availheap {
	uint32_t min_bitwidth; /* of the addresses; 0 is any */
	uint32_t max_bitwidth;
	int32_t node;	      /* negative is any */
	uint64_t avail_bytes; /* out */
};
PUBLIC_SIZE(struct xen_sysctl_availheap, 24);

struct pm_px_val {
	uint64_t freq;	    /* MHz */
	uint64_t residency; /* ns */
	uint64_t count;	    /* changes to it */
};
PUBLIC_SIZE(struct pm_px_val, 24);

struct pm_px_stat {
	uint8_t total;
	uint8_t usable;
	uint8_t last;
	uint8_t cur;
	GUEST_PTR(uint64_t) trans_pt; /* total squared */
	GUEST_PTR(struct pm_px_val) pt;
};
PUBLIC_SIZE(struct pm_px_stat, 24);

/* pc and cc begin with PC1 and CC1; unknown states are left untouched. */
struct pm_cx_stat {
	uint32_t nr;	    /* states, C0 included */
	uint32_t last;	    /* out */
	uint64_t idle_time; /* out: ns */
	GUEST_PTR(uint64_t) triggers;
	GUEST_PTR(uint64_t) residencies;
	uint32_t nr_pc;
	uint32_t nr_cc;
	GUEST_PTR(uint64_t) pc;
	GUEST_PTR(uint64_t) cc;
};
PUBLIC_SIZE(struct pm_cx_stat, 56);

struct xen_sysctl_get_pmstat {
	uint32_t type; /* PMSTAT_* */
	uint32_t cpuid;
	union {
		struct pm_px_stat getpx;
		struct pm_cx_stat getcx;
	} u;
};
PUBLIC_SIZE(struct xen_sysctl_get_pmstat, 64);

struct xen_sysctl_cpu_hotplug {
	uint32_t cpu;
	uint32_t op; /* XEN_SYSCTL_CPU_HOTPLUG_* */
};
PUBLIC_SIZE(struct xen_sysctl_cpu_hotplug, 8);

struct xen_userspace {
	uint32_t scaling_setspeed;
};
PUBLIC_SIZE(struct xen_userspace, 4);

struct xen_ondemand {
	uint32_t sampling_rate_max;
	uint32_t sampling_rate_min;
	uint32_t sampling_rate;
	uint32_t up_threshold;
};
PUBLIC_SIZE(struct xen_ondemand, 16);

/* The files of Linux' cpufreq, by their names there. */
struct xen_get_cpufreq_para {
	uint32_t cpu_num;
	uint32_t freq_num;
	uint32_t gov_num;
	GUEST_PTR(uint32_t) affected_cpus;
	GUEST_PTR(uint32_t) scaling_available_frequencies;
	GUEST_PTR(char) scaling_available_governors;
	char scaling_driver[CPUFREQ_NAME_LEN];
	uint32_t cpuinfo_cur_freq; /* kHz, as all below */
	uint32_t cpuinfo_max_freq;
	uint32_t cpuinfo_min_freq;
	uint32_t scaling_cur_freq;
	char scaling_governor[CPUFREQ_NAME_LEN];
	uint32_t scaling_max_freq;
	uint32_t scaling_min_freq;
	union {
		struct xen_userspace userspace;
		struct xen_ondemand ondemand;
	} u;
	int32_t turbo_enabled;
};
PUBLIC_SIZE(struct xen_get_cpufreq_para, 120);

struct xen_set_cpufreq_gov {
	char scaling_governor[CPUFREQ_NAME_LEN];
};
PUBLIC_SIZE(struct xen_set_cpufreq_gov, 16);

struct xen_set_cpufreq_para {
	uint32_t ctrl_type; /* SCALING_*, SAMPLING_RATE, UP_THRESHOLD */
	uint32_t ctrl_value;
};
PUBLIC_SIZE(struct xen_set_cpufreq_para, 8);

struct xen_sysctl_pm_op {
	uint32_t cmd; /* *_CPUFREQ_*, XEN_SYSCTL_pm_op_* */
	uint32_t cpuid;
	union {
		struct xen_get_cpufreq_para get_para;
		struct xen_set_cpufreq_gov set_gov;
		struct xen_set_cpufreq_para set_para;
		uint64_t get_avgfreq;
		uint32_t set_sched_opt_smt;
		uint32_t get_max_cstate;
		uint32_t set_max_cstate;
	} u;
};
PUBLIC_SIZE(struct xen_sysctl_pm_op, 128);

struct xen_sysctl_page_offline_op {
	uint32_t cmd;		    /* sysctl_page_* */
	uint32_t start;		    /* mfn */
	uint32_t end;		    /* mfn, the last one */
	GUEST_PTR(uint32_t) status; /* out: PG_* */
};
PUBLIC_SIZE(struct xen_sysctl_page_offline_op, 24);

struct xen_sysctl_lockprof_data {
	char name[40];
	int32_t type; /* LOCKPROF_TYPE_* */
	int32_t idx;  /* a domain's number */
	uint64_t lock_cnt;
	uint64_t block_cnt;
	uint64_t lock_time;  /* ns */
	uint64_t block_time; /* ns */
};
PUBLIC_SIZE(struct xen_sysctl_lockprof_data, 80);

struct xen_sysctl_lockprof_op {
	uint32_t cmd; /* XEN_SYSCTL_LOCKPROF_* */
	uint32_t max_elem;
	uint32_t nr_elem; /* out: there are */
	uint64_t time;	  /* out: ns */
	GUEST_PTR(struct xen_sysctl_lockprof_data) data;
};
PUBLIC_SIZE(struct xen_sysctl_lockprof_op, 32);

struct xen_sysctl_cputopo {
	uint32_t core;
	uint32_t socket;
	uint32_t node;
};
PUBLIC_SIZE(struct xen_sysctl_cputopo, 12);

/* A null array asks for the count; too small a one is filled. */
struct xen_sysctl_cputopoinfo {
	uint32_t num_cpus;
	GUEST_PTR(struct xen_sysctl_cputopo) cputopo;
};
PUBLIC_SIZE(struct xen_sysctl_cputopoinfo, 16);

struct xen_sysctl_meminfo {
	uint64_t memsize; /* bytes */
	uint64_t memfree; /* bytes */
};
PUBLIC_SIZE(struct xen_sysctl_meminfo, 16);

/* As for CPUs; distance[i * num_nodes + j], num_nodes as returned. */
struct xen_sysctl_numainfo {
	uint32_t num_nodes;
	GUEST_PTR(struct xen_sysctl_meminfo) meminfo;
	GUEST_PTR(uint32_t) distance;
};
PUBLIC_SIZE(struct xen_sysctl_numainfo, 24);

/*
 * Errors: -ENOENT no such pool, -EEXIST it is there already, -EBUSY it has
 * domains, -ENODEV the CPU is not free or not in it, -EADDRINUSE a vcpu is
 * pinned to the CPU, -EAGAIN try again, -EADDRNOTAVAIL such a retry is due.
 */
struct xen_sysctl_cpupool_op {
	uint32_t op;		     /* XEN_SYSCTL_CPUPOOL_OP_* */
	uint32_t cpupool_id;	     /* out of CREATE and INFO */
	uint32_t sched_id;	     /* for CREATE; out of INFO */
	uint32_t domid;		     /* for MOVEDOMAIN */
	uint32_t cpu;		     /* for ADDCPU and RMCPU */
	uint32_t n_dom;		     /* out of INFO */
	struct xenctl_bitmap cpumap; /* out of INFO and FREEINFO */
};
PUBLIC_SIZE(struct xen_sysctl_cpupool_op, 40);

struct xen_sysctl_arinc653_schedule {
	uint64_t major_frame; /* ns */
	uint8_t num_sched_entries;
	struct {
		xen_domain_handle_t dom_handle;
		uint32_t vcpu_id;
		uint64_t runtime; /* ns of each major frame */
	} sched_entries[ARINC653_MAX_DOMAINS_PER_SCHEDULE];
};
PUBLIC_SIZE(struct xen_sysctl_arinc653_schedule, 2064);

struct xen_sysctl_credit_schedule {
	uint32_t tslice_ms;
	uint32_t ratelimit_us;
	uint32_t vcpu_migr_delay_us;
};
PUBLIC_SIZE(struct xen_sysctl_credit_schedule, 12);

struct xen_sysctl_credit2_schedule {
	uint32_t ratelimit_us;
};
PUBLIC_SIZE(struct xen_sysctl_credit2_schedule, 4);

struct xen_sysctl_scheduler_op {
	uint32_t cpupool_id;
	uint32_t sched_id; /* XEN_SCHEDULER_* */
	uint32_t cmd;	   /* XEN_SYSCTL_SCHEDOP_* */
	union {
		struct xen_sysctl_sched_arinc653 {
			GUEST_PTR(struct xen_sysctl_arinc653_schedule) schedule;
		} sched_arinc653;
		struct xen_sysctl_credit_schedule sched_credit;
		struct xen_sysctl_credit2_schedule sched_credit2;
	} u;
};
PUBLIC_SIZE(struct xen_sysctl_scheduler_op, 32);

struct xen_sysctl_coverage_op {
	uint32_t cmd;		/* XEN_SYSCTL_COVERAGE_* */
	uint32_t size;		/* bytes; out too */
	GUEST_PTR(char) buffer; /* out */
};
PUBLIC_SIZE(struct xen_sysctl_coverage_op, 16);

struct xen_sysctl_psr_cmt_op {
	uint32_t cmd; /* XEN_SYSCTL_PSR_CMT_* */
	uint32_t flags;
	union {
		uint64_t data; /* out */
		struct {
			uint32_t cpu;
			uint32_t rsvd;
		} l3_cache;
	} u;
};
PUBLIC_SIZE(struct xen_sysctl_psr_cmt_op, 16);

/* nodes: XEN_INVALID_NODE_ID unknown, XEN_INVALID_DEV no such device. */
struct xen_sysctl_pcitopoinfo {
	uint32_t num_devs; /* out: those done */
	GUEST_PTR(struct physdev_pci_device) devs;
	GUEST_PTR(uint32_t) nodes; /* out */
};
PUBLIC_SIZE(struct xen_sysctl_pcitopoinfo, 24);

struct xen_sysctl_psr_alloc {
	uint32_t cmd;	 /* XEN_SYSCTL_PSR_get_* */
	uint32_t target; /* socket */
	union {
		struct {
			uint32_t cbm_len;
			uint32_t cos_max;
			uint32_t flags; /* XEN_SYSCTL_PSR_CAT_L3_CDP */
		} cat_info;
		struct {
			uint32_t thrtl_max;
			uint32_t cos_max;
			uint32_t flags; /* XEN_SYSCTL_PSR_MBA_LINEAR */
		} mba_info;
	} u; /* out */
};
PUBLIC_SIZE(struct xen_sysctl_psr_alloc, 20);

struct xen_sysctl_cpu_levelling_caps {
	uint32_t caps; /* out: XEN_SYSCTL_CPU_LEVELCAP_* */
};
PUBLIC_SIZE(struct xen_sysctl_cpu_levelling_caps, 4);

/* A null array asks for the count. */
struct xen_sysctl_cpu_featureset {
	uint32_t index;	      /* XEN_SYSCTL_cpu_featureset_* */
	uint32_t nr_features; /* words */
	GUEST_PTR(uint32_t) features;
};
PUBLIC_SIZE(struct xen_sysctl_cpu_featureset, 16);

struct xen_livepatch_name {
	GUEST_PTR(char) name;
	uint16_t size; /* at most XEN_LIVEPATCH_NAME_SIZE, with the zero */
	uint16_t pad[3];
};
PUBLIC_SIZE(struct xen_livepatch_name, 16);

struct xen_sysctl_livepatch_upload {
	struct xen_livepatch_name name;
	uint64_t size; /* bytes */
	GUEST_PTR(uint8_t) payload;
};
PUBLIC_SIZE(struct xen_sysctl_livepatch_upload, 32);

struct xen_livepatch_status {
	uint32_t state; /* LIVEPATCH_STATE_* */
	int32_t rc;	/* 0, or a negative error; -EAGAIN while at work */
};
PUBLIC_SIZE(struct xen_livepatch_status, 8);

struct xen_sysctl_livepatch_get {
	struct xen_livepatch_name name;
	struct xen_livepatch_status status; /* out */
};
PUBLIC_SIZE(struct xen_sysctl_livepatch_get, 24);

/* Arrays of nr entries; the names and metadata stand one after another. */
struct xen_sysctl_livepatch_list {
	uint32_t version; /* out: changes with the list */
	uint32_t idx;
	uint32_t nr; /* out: those left */
	uint32_t pad;
	uint32_t name_total_size;     /* out: bytes */
	uint32_t metadata_total_size; /* out: bytes */
	GUEST_PTR(struct xen_livepatch_status) status;
	GUEST_PTR(char) name;
	GUEST_PTR(uint32_t) len;
	GUEST_PTR(char) metadata;
	GUEST_PTR(uint32_t) metadata_len;
};
PUBLIC_SIZE(struct xen_sysctl_livepatch_list, 64);

struct xen_sysctl_livepatch_action {
	struct xen_livepatch_name name;
	uint32_t cmd;	  /* LIVEPATCH_ACTION_* */
	uint32_t timeout; /* ns; 0 is the default */
	uint32_t flags;	  /* LIVEPATCH_ACTION_APPLY_NODEPS */
	uint32_t pad;
};
PUBLIC_SIZE(struct xen_sysctl_livepatch_action, 32);

struct xen_sysctl_livepatch_op {
	uint32_t cmd; /* XEN_SYSCTL_LIVEPATCH_* */
	uint32_t pad;
	union {
		struct xen_sysctl_livepatch_upload upload;
		struct xen_sysctl_livepatch_list list;
		struct xen_sysctl_livepatch_get get;
		struct xen_sysctl_livepatch_action action;
	} u;
};
PUBLIC_SIZE(struct xen_sysctl_livepatch_op, 72);

/* A null array asks for its count. */
struct xen_sysctl_cpu_policy {
	uint32_t index; /* XEN_SYSCTL_cpu_policy_* */
	uint32_t nr_leaves;
	uint32_t nr_msrs;
	uint32_t _rsvd;
	GUEST_PTR(struct xen_cpuid_leaf) leaves;
	GUEST_PTR(struct xen_msr_entry) msrs;
};
PUBLIC_SIZE(struct xen_sysctl_cpu_policy, 32);

struct xen_sysctl {
	uint32_t cmd;		    /* XEN_SYSCTL_* */
	uint32_t interface_version; /* XEN_SYSCTL_INTERFACE_VERSION */
	union {
		struct xen_sysctl_readconsole readconsole;
		struct xen_sysctl_tbuf_op tbuf_op;
		struct xen_sysctl_physinfo physinfo;
		struct xen_sysctl_cputopoinfo cputopoinfo;
		struct xen_sysctl_pcitopoinfo pcitopoinfo;
		struct xen_sysctl_numainfo numainfo;
		struct xen_sysctl_sched_id sched_id;
		struct xen_sysctl_perfc_op perfc_op;
		struct xen_sysctl_getdomaininfolist getdomaininfolist;
		struct xen_sysctl_debug_keys debug_keys;
		struct xen_sysctl_getcpuinfo getcpuinfo;
		struct xen_sysctl_availheap availheap;
		struct xen_sysctl_get_pmstat get_pmstat;
		struct xen_sysctl_cpu_hotplug cpu_hotplug;
		struct xen_sysctl_pm_op pm_op;
		struct xen_sysctl_page_offline_op page_offline;
		struct xen_sysctl_lockprof_op lockprof_op;
		struct xen_sysctl_cpupool_op cpupool_op;
		struct xen_sysctl_scheduler_op scheduler_op;
		struct xen_sysctl_coverage_op coverage_op;
		struct xen_sysctl_psr_cmt_op psr_cmt_op;
		struct xen_sysctl_psr_alloc psr_alloc;
		struct xen_sysctl_cpu_levelling_caps cpu_levelling_caps;
		struct xen_sysctl_cpu_featureset cpu_featureset;
		struct xen_sysctl_livepatch_op livepatch;
		struct xen_sysctl_cpu_policy cpu_policy;
		uint8_t pad[128];
	} u;
};
PUBLIC_OFFSET(struct xen_sysctl, u, 8);
PUBLIC_SIZE(struct xen_sysctl, 136);

#endif
