/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vcpu_op hypercall (command, vcpu, argument): bringing vcpus up and
 * down, their timers, and the areas in which they find their clock and their
 * state.
 */
#ifndef PUBLIC_VCPU_H
#define PUBLIC_VCPU_H

#include "xen.h"

#define VCPUOP_initialise		      0 /* struct vcpu_guest_context; once for a vcpu */
#define VCPUOP_up			      1
#define VCPUOP_down			      2 /* done on return only for the calling vcpu itself */
#define VCPUOP_is_up			      3 /* returns 1 or 0 */
#define VCPUOP_get_runstate_info	      4 /* struct vcpu_runstate_info */
#define VCPUOP_register_runstate_memory_area  5
#define VCPUOP_set_periodic_timer	      6 /* struct vcpu_set_periodic_timer */
#define VCPUOP_stop_periodic_timer	      7
#define VCPUOP_set_singleshot_timer	      8 /* struct vcpu_set_singleshot_timer */
#define VCPUOP_stop_singleshot_timer	      9
#define VCPUOP_register_vcpu_info	      10 /* struct vcpu_register_vcpu_info */
#define VCPUOP_send_nmi			      11
#define VCPUOP_get_physid		      12 /* struct vcpu_get_physid; pinned vcpus only */
#define VCPUOP_register_vcpu_time_memory_area 13

/* vcpu_runstate_info.state */
#define RUNSTATE_running  0 /* on a CPU */
#define RUNSTATE_runnable 1 /* waits for a CPU */
#define RUNSTATE_blocked  2 /* waits for an event */
#define RUNSTATE_offline  3 /* down, paused or shut down */

/* In state_entry_time while the structure is being written, if asked for. */
#define XEN_RUNSTATE_UPDATE (1ULL << 63)

/* vcpu_set_singleshot_timer.flags: answer -ETIME when it is too late. */
#define _VCPU_SSHOTTMR_future 0
#define VCPU_SSHOTTMR_future  1U

/* How a vcpu has spent its time: ns in each RUNSTATE_*. */
struct vcpu_runstate_info {
	int state;
	uint64_t state_entry_time; /* system time in ns */
	uint64_t time[4];
};
PUBLIC_SIZE(struct vcpu_runstate_info, 48);

/* Where to keep a copy of the caller's vcpu_runstate_info up to date. */
struct vcpu_register_runstate_memory_area {
	union {
		GUEST_PTR(struct vcpu_runstate_info) h;
		struct vcpu_runstate_info *v;
		uint64_t p;
	} addr;
};
PUBLIC_SIZE(struct vcpu_register_runstate_memory_area, 8);

struct vcpu_set_periodic_timer {
	uint64_t period_ns;
};
PUBLIC_SIZE(struct vcpu_set_periodic_timer, 8);

struct vcpu_set_singleshot_timer {
	uint64_t timeout_abs_ns; /* system time */
	uint32_t flags;		 /* VCPU_SSHOTTMR_* */
};
PUBLIC_SIZE(struct vcpu_set_singleshot_timer, 16);

/* Moves vcpu_info out of shared_info; once, within one page. */
struct vcpu_register_vcpu_info {
	uint64_t mfn;
	uint32_t offset;
	uint32_t rsvd;
};
PUBLIC_SIZE(struct vcpu_register_vcpu_info, 16);

struct vcpu_get_physid {
	uint64_t phys_id; /* out: ACPI id << 32 | APIC id */
};
PUBLIC_SIZE(struct vcpu_get_physid, 8);

#define xen_vcpu_physid_to_x86_apicid(id) ((uint32_t)(id))
#define xen_vcpu_physid_to_x86_acpiid(id) ((uint32_t)((id) >> 32))

/* Where to keep a second copy of the vcpu's vcpu_time_info up to date. */
struct vcpu_register_time_memory_area {
	union {
		GUEST_PTR(struct vcpu_time_info) h;
		struct vcpu_time_info *v;
		uint64_t p;
	} addr;
};
PUBLIC_SIZE(struct vcpu_register_time_memory_area, 8);

#endif
