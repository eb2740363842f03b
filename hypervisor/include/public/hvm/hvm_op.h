/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hvm_op hypercall, for HVM guests and their tools; that of the device
 * model is dm_op.
 */
#ifndef PUBLIC_HVM_HVM_OP_H
#define PUBLIC_HVM_HVM_OP_H

#include "../xen.h"
#include "../trace.h"

#define HVMOP_set_param		       0  /* struct xen_hvm_param */
#define HVMOP_get_param		       1  /* struct xen_hvm_param */
#define HVMOP_flush_tlbs	       5  /* no argument */
#define HVMOP_pagetable_dying	       9  /* struct xen_hvm_pagetable_dying */
#define HVMOP_get_time		       10 /* struct xen_hvm_get_time */
#define HVMOP_xentrace		       11 /* struct xen_hvm_xentrace */
#define HVMOP_set_mem_access	       12 /* obsolete */
#define HVMOP_get_mem_access	       13 /* obsolete */
#define HVMOP_get_mem_type	       15 /* struct xen_hvm_get_mem_type */
#define HVMOP_set_evtchn_upcall_vector 23
#define HVMOP_guest_request_vm_event   24 /* no argument */
#define HVMOP_altp2m		       25

/* How an ioreq server takes buffered requests; the last reads atomically. */
#define HVM_IOREQSRV_BUFIOREQ_OFF    0
#define HVM_IOREQSRV_BUFIOREQ_LEGACY 1
#define HVM_IOREQSRV_BUFIOREQ_ATOMIC 2

/* xen_hvm_get_mem_type.mem_type */
typedef enum {
	HVMMEM_ram_rw,
	HVMMEM_ram_ro,	/* writes are dropped */
	HVMMEM_mmio_dm, /* the device model's */
	HVMMEM_unused,
	HVMMEM_ioreq_server, /* writes go to an ioreq server */
} hvmmem_type_t;

struct xen_hvm_param {
	domid_t domid;
	uint16_t pad;
	uint32_t index; /* HVM_PARAM_* */
	uint64_t value; /* out of get_param */
};
PUBLIC_SIZE(struct xen_hvm_param, 16);

struct xen_hvm_pagetable_dying {
	domid_t domid;
	uint16_t pad[3];
	uint64_t gpa; /* of the root */
};
PUBLIC_SIZE(struct xen_hvm_pagetable_dying, 16);

struct xen_hvm_get_time {
	uint64_t now; /* out: system time in ns */
};
PUBLIC_SIZE(struct xen_hvm_get_time, 8);

/* Writes a record to the trace buffer. */
struct xen_hvm_xentrace {
	uint16_t event, extra_bytes;
	uint8_t extra[TRACE_EXTRA_MAX * sizeof(uint32_t)];
};
PUBLIC_SIZE(struct xen_hvm_xentrace, 32);

struct xen_hvm_get_mem_type {
	domid_t domid;
	uint16_t mem_type; /* out: hvmmem_type_t */
	uint16_t pad[2];
	uint64_t pfn;
};
PUBLIC_SIZE(struct xen_hvm_get_mem_type, 16);

/* A vcpu's own vector for upcalls, in place of HVM_PARAM_CALLBACK_IRQ. */
struct xen_hvm_evtchn_upcall_vector {
	uint32_t vcpu;
	uint8_t vector;
};
PUBLIC_SIZE(struct xen_hvm_evtchn_upcall_vector, 8);

#endif
