/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event_channel_op hypercall, and both ways in which pending events are
 * shown to a guest: two levels of bits in shared_info, or queues of event
 * words (FIFO). Ports named "out" are the caller's own.
 */
#ifndef PUBLIC_EVENT_CHANNEL_H
#define PUBLIC_EVENT_CHANNEL_H

#include "xen.h"

#define EVTCHNOP_bind_interdomain 0
#define EVTCHNOP_bind_virq	  1
#define EVTCHNOP_bind_pirq	  2
#define EVTCHNOP_close		  3
#define EVTCHNOP_send		  4
#define EVTCHNOP_status		  5
#define EVTCHNOP_alloc_unbound	  6
#define EVTCHNOP_bind_ipi	  7
#define EVTCHNOP_bind_vcpu	  8
#define EVTCHNOP_unmask		  9
#define EVTCHNOP_reset		  10
#define EVTCHNOP_init_control	  11
#define EVTCHNOP_expand_array	  12
#define EVTCHNOP_set_priority	  13

/* evtchn_bind_pirq.flags */
#define BIND_PIRQ__WILL_SHARE 1

/* evtchn_status.status */
#define EVTCHNSTAT_closed      0
#define EVTCHNSTAT_unbound     1 /* waits for u.unbound.dom to bind */
#define EVTCHNSTAT_interdomain 2 /* connected to u.interdomain */
#define EVTCHNSTAT_pirq	       3
#define EVTCHNSTAT_virq	       4
#define EVTCHNSTAT_ipi	       5

/* Ports that the two-level ABI can show. */
#define EVTCHN_2L_NR_CHANNELS (sizeof(xen_ulong_t) * sizeof(xen_ulong_t) * 64)

/* The FIFO ABI: priorities, 0 the most urgent, one queue for each. */
#define EVTCHN_FIFO_PRIORITY_MAX     0
#define EVTCHN_FIFO_PRIORITY_DEFAULT 7
#define EVTCHN_FIFO_PRIORITY_MIN     15
#define EVTCHN_FIFO_MAX_QUEUES	     16

/* Bit numbers in an event word; the low bits link to the next port. */
#define EVTCHN_FIFO_PENDING	31
#define EVTCHN_FIFO_MASKED	30
#define EVTCHN_FIFO_LINKED	29
#define EVTCHN_FIFO_BUSY	28
#define EVTCHN_FIFO_LINK_BITS	17
#define EVTCHN_FIFO_LINK_MASK	0x1ffff
#define EVTCHN_FIFO_NR_CHANNELS 0x20000

typedef uint32_t event_word_t;

/* A port in dom (privileged, or DOMID_SELF) that remote_dom may bind to. */
struct evtchn_alloc_unbound {
	domid_t dom, remote_dom;
	evtchn_port_t port; /* out */
};
PUBLIC_SIZE(struct evtchn_alloc_unbound, 8);

/* Connects to a peer's unbound port; the new port starts out pending. */
struct evtchn_bind_interdomain {
	domid_t remote_dom;
	evtchn_port_t remote_port;
	evtchn_port_t local_port; /* out */
};
PUBLIC_SIZE(struct evtchn_bind_interdomain, 12);

struct evtchn_bind_virq {
	uint32_t virq;	    /* VIRQ_* */
	uint32_t vcpu;	    /* 0 for a global one */
	evtchn_port_t port; /* out */
};
PUBLIC_SIZE(struct evtchn_bind_virq, 12);

struct evtchn_bind_pirq {
	uint32_t pirq;
	uint32_t flags;	    /* BIND_PIRQ__* */
	evtchn_port_t port; /* out */
};
PUBLIC_SIZE(struct evtchn_bind_pirq, 12);

/* A port by which vcpus of the domain signal the given one. */
struct evtchn_bind_ipi {
	uint32_t vcpu;
	evtchn_port_t port; /* out */
};
PUBLIC_SIZE(struct evtchn_bind_ipi, 8);

/* Frees a port; the peer's end becomes unbound. */
struct evtchn_close {
	evtchn_port_t port;
};
PUBLIC_SIZE(struct evtchn_close, 4);

struct evtchn_send {
	evtchn_port_t port;
};
PUBLIC_SIZE(struct evtchn_send, 4);

/* What the port of a domain is. */
struct evtchn_status {
	domid_t dom;
	evtchn_port_t port;
	uint32_t status; /* out: EVTCHNSTAT_* */
	uint32_t vcpu;	 /* out: the vcpu it notifies */
	union {
		struct {
			domid_t dom;
		} unbound;
		struct {
			domid_t dom;
			evtchn_port_t port;
		} interdomain;
		uint32_t pirq;
		uint32_t virq;
	} u; /* out */
};
PUBLIC_SIZE(struct evtchn_status, 24);

/* Moves a port to another vcpu; not for IPIs and VIRQs of one vcpu. */
struct evtchn_bind_vcpu {
	evtchn_port_t port;
	uint32_t vcpu;
};
PUBLIC_SIZE(struct evtchn_bind_vcpu, 8);

/* Clears the mask and makes up for an event that came meanwhile. */
struct evtchn_unmask {
	evtchn_port_t port;
};
PUBLIC_SIZE(struct evtchn_unmask, 4);

/* Closes every port of a domain and goes back to the two-level ABI. */
struct evtchn_reset {
	domid_t dom;
};
PUBLIC_SIZE(struct evtchn_reset, 2);

/* Gives a vcpu its control block; the first call turns the FIFO ABI on. */
struct evtchn_init_control {
	uint64_t control_gfn;
	uint32_t offset; /* in the page */
	uint32_t vcpu;
	uint8_t link_bits; /* out */
	uint8_t _pad[7];
};
PUBLIC_SIZE(struct evtchn_init_control, 24);

/* Adds a page of event words. */
struct evtchn_expand_array {
	uint64_t array_gfn;
};
PUBLIC_SIZE(struct evtchn_expand_array, 8);

struct evtchn_set_priority {
	evtchn_port_t port;
	uint32_t priority; /* EVTCHN_FIFO_PRIORITY_* */
};
PUBLIC_SIZE(struct evtchn_set_priority, 8);

/* The argument of the old event_channel_op_compat. */
struct evtchn_op {
	uint32_t cmd;
	union {
		struct evtchn_alloc_unbound alloc_unbound;
		struct evtchn_bind_interdomain bind_interdomain;
		struct evtchn_bind_virq bind_virq;
		struct evtchn_bind_pirq bind_pirq;
		struct evtchn_bind_ipi bind_ipi;
		struct evtchn_close close;
		struct evtchn_send send;
		struct evtchn_status status;
		struct evtchn_bind_vcpu bind_vcpu;
		struct evtchn_unmask unmask;
	} u;
};
PUBLIC_SIZE(struct evtchn_op, 28);

/* One vcpu's queues: ready has a bit for each that is not empty. */
struct evtchn_fifo_control_block {
	uint32_t ready;
	uint32_t _rsvd;
	uint32_t head[EVTCHN_FIFO_MAX_QUEUES];
};
PUBLIC_SIZE(struct evtchn_fifo_control_block, 72);

#endif
