/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels, 2-level ABI.  A port once valid stays valid; bounds only
 * grow.  All state of a domain's ports is under its event lock (LOCK_EVENT,
 * irq-safe); an interdomain pair takes both, lower domid first.
 */
#ifndef TENON_EVENT_H
#define TENON_EVENT_H

#include <tenon/types.h>

struct domain;
struct vcpu;

#define EVENT_PORTS_MAX 4096 /* EVTCHN_2L_NR_CHANNELS on 64 bits */

must_check int event_init(struct domain *d); /* 0 or -ENOMEM */
/* Close all: -ERESTART_HC until done.  Then event_free. */
must_check int event_close_all(struct domain *d);
void event_free(struct domain *d);

/* The operations, as EVTCHNOP_*; results by pointer; negative errno. */
must_check int event_alloc_unbound(
	struct domain *d, domid_t remote, uint32_t *port);
must_check int event_bind_interdomain(
	struct domain *d, domid_t remote, uint32_t remote_port, uint32_t *port);
must_check int event_bind_virq(
	struct domain *d, unsigned virq, unsigned vcpu, uint32_t *port);
must_check int event_bind_ipi(struct domain *d, unsigned vcpu, uint32_t *port);
must_check int event_bind_pirq(
	struct domain *d, unsigned pirq, unsigned flags, uint32_t *port);
must_check int event_close(struct domain *d, uint32_t port);
must_check int event_send(struct domain *d, uint32_t port);
must_check int event_bind_vcpu(struct domain *d, uint32_t port, unsigned vcpu);
must_check int event_unmask(struct domain *d, uint32_t port);
must_check int event_reset(struct domain *d);

/* Raise a VIRQ: of a vcpu, or a global one of d.  Nothing if unbound. */
void event_send_vcpu_virq(struct vcpu *v, unsigned virq);
void event_send_global_virq(struct domain *d, unsigned virq);
/* A physical interrupt for d's pirq arrived: irq context. */
void event_send_pirq(struct domain *d, unsigned pirq);

/* True when v has an upcall to take: pending and not masked. */
bool event_is_pending(const struct vcpu *v);
/* Mark the upcall pending and kick: for a vcpu whose info moved. */
void event_mark_pending(struct vcpu *v);
/* A vcpu goes: unbind its ports to vcpu 0. */
void event_vcpu_gone(struct vcpu *v);

void event_audit(const struct domain *d);

#endif
