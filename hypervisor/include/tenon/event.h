/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels, shown to a guest as two levels of bits or, when it asks for
 * them, as FIFO queues.  A port once valid stays valid; bounds only grow.  All
 * state of a domain's ports is under its event lock (LOCK_EVENT, irq-safe); an
 * interdomain pair takes both, lower domid first.
 */
#ifndef TENON_EVENT_H
#define TENON_EVENT_H

#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/types.h>

struct domain;
struct page;
struct vcpu;
struct evtchn_status;

#define EVENT_2L_PORTS	4096	/* EVTCHN_2L_NR_CHANNELS on 64 bits */
#define EVENT_PORTS_MAX 0x20000 /* EVTCHN_FIFO_NR_CHANNELS */
#define EVENT_PIRQS_MAX 1024	/* pirqs 0.. that a domain can bind */

must_check int event_init(struct domain *d); /* 0 or -ENOMEM */
/* Only ports 1..max_port from now on (createdomain's max_evtchn_port); those
 * in use stay. */
void event_set_limit(struct domain *d, uint32_t max_port);
/* Close all: -ERESTART_HC until done.  Then event_free, when the structure of
 * d is freed. */
must_check int event_close_all(struct domain *d);
void event_free(struct domain *d);

/*
 * The operations, as EVTCHNOP_*; results by pointer.  Errors: -EINVAL no such
 * port, pirq or VIRQ, or the port is of another kind; -ENOSPC all ports used;
 * -ENOMEM; -ENOENT no such vcpu; -ESRCH no such domain; -EEXIST bound already;
 * -EPERM domain_may_talk forbids it.
 */
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
/* The same for the port of a pirq, below EVENT_PIRQS_MAX, if it has one. */
void event_unmask_pirq(struct domain *d, unsigned pirq);
/* Fills status, vcpu and u of *out, which the caller has zeroed. */
must_check int event_status(
	struct domain *d, uint32_t port, struct evtchn_status *out);
/* Close all and stay usable, with two levels: -ERESTART_HC until done. */
must_check int event_reset(struct domain *d);
/* How many ports, 0 included, d's present form can show. */
uint32_t event_port_count(const struct domain *d);

/*
 * FIFO queues.  init_control: frame and offset of a vcpu's control block; the
 * first one changes d to FIFO.  expand_array: one more page of words.
 * -EINVAL: not a writable frame of d, misplaced, or given already; -ENOENT no
 * such vcpu; -EOPNOTSUPP (expand) and -ENOSYS (priority) without FIFO; -ENOSPC
 * all pages given; -ENOMEM.
 */
must_check int event_init_control(
	struct domain *d, unsigned vcpu, mfn_t frame, unsigned offset);
must_check int event_expand_array(struct domain *d, mfn_t frame);
must_check int event_set_priority(
	struct domain *d, uint32_t port, unsigned priority);
/* fn for each page that d gave for queues, as often as it was given: each
 * holds a reference and the writable type.  For audits. */
void event_for_each_page(const struct domain *d, void (*fn)(struct page *pg));
/* Is the guest's pending bit set?  For polls; any number may be asked. */
bool event_port_is_pending(struct domain *d, uint32_t port);

/* Raise a VIRQ: of a vcpu, or a global one of d.  Nothing if unbound. */
void event_send_vcpu_virq(struct vcpu *v, unsigned virq);
void event_send_global_virq(struct domain *d, unsigned virq);
/*
 * Raise a global VIRQ of the machine to whom it is assigned: dom0, or the
 * domain that set_virq_handler named, as long as it lives.  assign: 0, -EINVAL
 * if virq is not global.
 */
void event_send_machine_virq(unsigned virq);
must_check int event_assign_virq(struct domain *d, unsigned virq);
/* A physical interrupt for d's pirq arrived: irq context. */
void event_send_pirq(struct domain *d, unsigned pirq);

/* True when v has an upcall to take: pending and not masked. */
static inline bool event_is_pending(const struct vcpu *v)
{
	const struct vcpu_info *info = atomic_read(&v->vcpu_info);

	return atomic_read(&info->evtchn_upcall_pending) &&
	       !atomic_read(&info->evtchn_upcall_mask);
}
/* Mark the upcall pending and kick: for a vcpu whose info moved. */
void event_mark_pending(struct vcpu *v);
/* A vcpu goes: unbind its ports to vcpu 0. */
void event_vcpu_gone(struct vcpu *v);

/* Every port in use, a line each, in the log. */
void event_dump(struct domain *d);
/* Recheck every port against its peer, its VIRQ and its pirq; panics. */
void event_audit(const struct domain *d);

#endif
