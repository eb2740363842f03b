/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of the event channels: the table of a domain's ports.
 *
 * Ports live in buckets of EVENT_BUCKET that are made when needed and stay
 * until the domain is freed: a port once valid stays valid.  All fields are
 * under the table's lock; of an interdomain pair both domains' locks are held
 * to make or break it, so either one alone keeps it as it is.
 */
#ifndef EVENT_PRIVATE_H
#define EVENT_PRIVATE_H

#include <tenon/lock.h>
#include <tenon/types.h>
#include <tenon/event.h>
#include <public/event_channel.h>

struct domain;

#define EVENT_BUCKET  128
#define EVENT_BUCKETS (EVENT_PORTS_MAX / EVENT_BUCKET)

/* Being bound to or unbound from an interrupt line: nobody else's business.
 * Beside EVTCHNSTAT_*. */
#define EVENT_STATE_BUSY 7

struct event_port {
	uint8_t state; /* EVTCHNSTAT_* or EVENT_STATE_BUSY */
	uint16_t vcpu; /* whom it tells */
	union {
		domid_t remote_id; /* unbound: who may bind */
		uint16_t virq;
		uint16_t pirq;
	};
	uint32_t remote_port; /* interdomain */
	struct domain *remote;
};

struct event_table {
	struct lock lock;
	uint32_t valid;	     /* ports 0..valid-1 have a structure */
	uint32_t limit;	     /* ports 1..limit may be used */
	uint32_t hint;	     /* no port below is free */
	uint16_t *pirq_port; /* EVENT_PIRQS_MAX, 0: none; made when needed */
	struct event_port *bucket[EVENT_BUCKETS];
};

/* The port, or NULL if it is not valid.  The lock is held. */
struct event_port *event_port_locked(struct event_table *t, uint32_t port);

/*
 * A free port, its state unchanged.  0; -ENOSPC; -EAGAIN: the caller drops its
 * locks, calls event_grow and starts again.
 */
must_check int event_find_free_locked(struct event_table *t, uint32_t *port);
must_check int event_grow(struct event_table *t); /* 0 or -ENOMEM */

/* It is free and no guest bit of it is set. */
void event_port_free_locked(struct domain *d, uint32_t port);
/* A fresh port of this state that tells vcpu; its mask bit is cleared. */
void event_port_use_locked(
	struct domain *d, uint32_t port, uint8_t state, unsigned vcpu);

bool event_virq_is_global(unsigned virq);
/* d handles no VIRQ of the machine any more. */
void event_forget_virqs(const struct domain *d);

/* Set pending and tell the vcpu: any context, no lock needed. */
void event_set_pending(struct domain *d, uint32_t port, unsigned vcpu);

#endif
