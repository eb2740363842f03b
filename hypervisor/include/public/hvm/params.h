/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameters of an HVM guest, by HVMOP_set_param and HVMOP_get_param: an
 * index and 64 bits each.
 */
#ifndef PUBLIC_HVM_PARAMS_H
#define PUBLIC_HVM_PARAMS_H

#include "hvm_op.h"

/* How upcalls are delivered: the type in bits 56..63; 0 is not at all. */
#define HVM_PARAM_CALLBACK_IRQ		 0
#define HVM_PARAM_CALLBACK_IRQ_TYPE_MASK 0xFF00000000000000ULL
#define HVM_PARAM_CALLBACK_TYPE_GSI	 0
/* segment in bits 32..47, bus 16..31, devfn 8..15, pin 0..1 */
#define HVM_PARAM_CALLBACK_TYPE_PCI_INTX   1
#define HVM_PARAM_CALLBACK_TYPE_VECTOR	   2

#define HVM_PARAM_STORE_PFN		   1
#define HVM_PARAM_STORE_EVTCHN		   2
#define HVM_PARAM_PAE_ENABLED		   4 /* deprecated */
#define HVM_PARAM_IOREQ_PFN		   5
#define HVM_PARAM_BUFIOREQ_PFN		   6
#define HVM_PARAM_VIRIDIAN		   9  /* HVMPV_* */
#define HVM_PARAM_TIMER_MODE		   10 /* HVMPTM_* */
#define HVM_PARAM_HPET_ENABLED		   11
#define HVM_PARAM_IDENT_PT		   12 /* a page directory, for no paging */
#define HVM_PARAM_DM_DOMAIN		   13 /* deprecated */
#define HVM_PARAM_ACPI_S_STATE		   14 /* 0 or 3 */
#define HVM_PARAM_VM86_TSS		   15 /* for real mode on old hardware */
#define HVM_PARAM_VPT_ALIGN		   16 /* timers go off together */
#define HVM_PARAM_CONSOLE_PFN		   17
#define HVM_PARAM_CONSOLE_EVTCHN	   18
#define HVM_PARAM_ACPI_IOPORTS_LOCATION	   19 /* 0: at 0x1f40; 1: at 0xb000 */
#define HVM_PARAM_MEMORY_EVENT_CR0	   20 /* deprecated, as those below */
#define HVM_PARAM_MEMORY_EVENT_CR3	   21
#define HVM_PARAM_MEMORY_EVENT_CR4	   22
#define HVM_PARAM_MEMORY_EVENT_INT3	   23
#define HVM_PARAM_NESTEDHVM		   24
#define HVM_PARAM_MEMORY_EVENT_SINGLE_STEP 25
#define HVM_PARAM_BUFIOREQ_EVTCHN	   26
#define HVM_PARAM_PAGING_RING_PFN	   27
#define HVM_PARAM_MONITOR_RING_PFN	   28
#define HVM_PARAM_SHARING_RING_PFN	   29
#define HVM_PARAM_MEMORY_EVENT_MSR	   30 /* deprecated */
#define HVM_PARAM_TRIPLE_FAULT_REASON	   31 /* SHUTDOWN_* */
#define HVM_PARAM_IOREQ_SERVER_PFN	   32
#define HVM_PARAM_NR_IOREQ_SERVER_PAGES	   33
#define HVM_PARAM_VM_GENERATION_ID_ADDR	   34
#define HVM_PARAM_ALTP2M		   35 /* XEN_ALTP2M_* */
#define HVM_PARAM_X87_FIP_WIDTH		   36 /* 8, 4, or 0 for either */
#define HVM_PARAM_VM86_TSS_SIZED	   37 /* size in the high half */
#define HVM_PARAM_MCA_CAP		   38 /* XEN_HVM_MCA_CAP_* */
#define HVM_NR_PARAMS			   39

#define XEN_HVM_MCA_CAP_LMCE		   1ULL
#define XEN_HVM_MCA_CAP_MASK		   XEN_HVM_MCA_CAP_LMCE

#define XEN_ALTP2M_disabled		   0
#define XEN_ALTP2M_mixed		   1
#define XEN_ALTP2M_external		   2
#define XEN_ALTP2M_limited		   3

/* What becomes of timer ticks that a vcpu was not there to take. */
#define HVMPTM_delay_for_missed_ticks	 0 /* time waits for them */
#define HVMPTM_no_delay_for_missed_ticks 1
#define HVMPTM_no_missed_ticks_pending	 2
#define HVMPTM_one_missed_tick_pending	 3

/* Parts of Microsoft's guest interface to show. */
#define _HVMPV_base_freq	      0
#define _HVMPV_no_freq		      1
#define _HVMPV_time_ref_count	      2
#define _HVMPV_reference_tsc	      3
#define _HVMPV_hcall_remote_tlb_flush 4
#define _HVMPV_apic_assist	      5
#define _HVMPV_crash_ctl	      6
#define _HVMPV_synic		      7
#define _HVMPV_stimer		      8
#define _HVMPV_hcall_ipi	      9
#define _HVMPV_ex_processor_masks     10
#define _HVMPV_no_vp_limit	      11
#define _HVMPV_cpu_hotplug	      12
#define HVMPV_base_freq		      0x0001
#define HVMPV_no_freq		      0x0002
#define HVMPV_time_ref_count	      0x0004
#define HVMPV_reference_tsc	      0x0008
#define HVMPV_hcall_remote_tlb_flush  0x0010
#define HVMPV_apic_assist	      0x0020
#define HVMPV_crash_ctl		      0x0040
#define HVMPV_synic		      0x0080
#define HVMPV_stimer		      0x0100
#define HVMPV_hcall_ipi		      0x0200
#define HVMPV_ex_processor_masks      0x0400
#define HVMPV_no_vp_limit	      0x0800
#define HVMPV_cpu_hotplug	      0x1000
#define HVMPV_feature_mask	      0x1fff

#endif
