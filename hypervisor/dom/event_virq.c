/* SPDX-License-Identifier: BSD-2-Clause */
/* Who receives the machine's global VIRQs, and the audit of all ports. */
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/panic.h>
#include <tenon/string.h>
#include "event_private.h"

/* The domain that set_virq_handler named for it, by number + 1; 0: dom0.  A
 * number, not a reference: a handler that died gives its VIRQs back. */
static uint32_t handlers[NR_VIRQS];

bool event_virq_is_global(unsigned virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
	case VIRQ_XENOPROF:
	case VIRQ_XENPMU:
		return false;
	default:
		return true;
	}
}

int event_assign_virq(struct domain *d, unsigned virq)
{
	if (virq >= NR_VIRQS || !event_virq_is_global(virq))
		return -EINVAL;
	atomic_write(&handlers[virq], d->id + 1U);
	return 0;
}

void event_forget_virqs(const struct domain *d)
{
	for (unsigned virq = 0; virq < NR_VIRQS; virq++) {
		uint32_t mine = d->id + 1U;

		(void)atomic_cas(&handlers[virq], &mine, 0U);
	}
}

void event_send_machine_virq(unsigned virq)
{
	uint32_t handler = atomic_read(&handlers[virq]);
	struct domain *d;

	if (!handler) {
		if (dom0)
			event_send_global_virq(dom0, virq);
		return;
	}
	d = domain_get((domid_t)(handler - 1));
	if (d) {
		event_send_global_virq(d, virq);
		domain_put(d);
	}
}

void event_dump(struct domain *d)
{
	struct event_table *t = d->events;
	struct evtchn_status st;

	for (uint32_t port = 1; t && port < atomic_read(&t->valid); port++) {
		memset(&st, 0, sizeof(st));
		if (event_status(d, port, &st) ||
			st.status == EVTCHNSTAT_closed)
			continue;
		log_info("d%u port %u: kind %u, vcpu %u, %u:%u%s", d->id, port,
			st.status, st.vcpu, st.u.interdomain.dom,
			st.u.interdomain.port,
			event_port_is_pending(d, port) ? ", pending" : "");
	}
}

static void audit_port(const struct domain *d, uint32_t port)
{
	const struct event_table *t = d->events;
	const struct event_port *p = event_port_at(t, port);
	const struct event_port *peer;

	if (p->state != EVTCHNSTAT_closed) {
		BUG_ON(port == 0 || p->vcpu >= d->vcpu_count);
		/* Unbound ports may wait on a domain without vcpus yet. */
		BUG_ON(p->vcpu && !d->vcpu[p->vcpu]);
	}
	switch (p->state) {
	case EVTCHNSTAT_closed:
		BUG_ON(port && port < t->hint);
		break;
	case EVTCHNSTAT_unbound:
	case EVTCHNSTAT_ipi:
	case EVENT_STATE_BUSY:
		break;
	case EVTCHNSTAT_interdomain:
		BUG_ON(p->remote_port >= p->remote->events->valid);
		peer = event_port_at(p->remote->events, p->remote_port);
		BUG_ON(peer->state != EVTCHNSTAT_interdomain ||
			peer->remote != d || peer->remote_port != port);
		break;
	case EVTCHNSTAT_virq:
		BUG_ON(p->virq >= NR_VIRQS);
		BUG_ON(d->vcpu[event_virq_is_global(p->virq) ? 0 : p->vcpu]
				->virq_port[p->virq] != port);
		break;
	case EVTCHNSTAT_pirq:
		BUG_ON(t->pirq_port[p->pirq] != port);
		break;
	default:
		BUG();
	}
}

/* Who polls is counted: first the count, for a poll may end meanwhile. */
static void audit_pollers(const struct domain *d)
{
	uint32_t pollers = atomic_read(&d->pollers);
	const struct vcpu *v;

	vcpu_for_each (d, v)
		if (atomic_read(&v->pause_flags) & VCPU_POLLING)
			BUG_ON(!pollers--);
}

/* What a map says must be so in the port. */
static void audit_backwards(const struct domain *d)
{
	const struct event_table *t = d->events;
	const struct event_port *p;
	struct vcpu *v;

	vcpu_for_each (d, v)
		for (unsigned virq = 0; virq < NR_VIRQS; virq++) {
			uint32_t port = v->virq_port[virq];

			if (!port)
				continue;
			BUG_ON(port >= t->valid);
			p = event_port_at(t, port);
			BUG_ON(p->state != EVTCHNSTAT_virq || p->virq != virq);
		}
	for (unsigned i = 0; t->pirq_port && i < EVENT_PIRQS_MAX; i++) {
		uint32_t port = t->pirq_port[i];

		if (!port)
			continue;
		BUG_ON(port >= t->valid);
		p = event_port_at(t, port);
		BUG_ON((p->state != EVTCHNSTAT_pirq &&
			       p->state != EVENT_STATE_BUSY) ||
			p->pirq != i);
	}
}

void event_audit(const struct domain *d)
{
	const struct event_table *t = d->events;
	uint32_t active = 0;

	if (!t)
		return;
	BUG_ON(t->valid > EVENT_PORTS_MAX || t->valid % EVENT_BUCKET);
	for (uint32_t port = 0; port < t->valid; port++) {
		audit_port(d, port);
		active += event_port_at(t, port)->state != EVTCHNSTAT_closed;
	}
	BUG_ON(active != t->active);
	audit_backwards(d);
	audit_pollers(d);
	event_fifo_audit(d);
}
