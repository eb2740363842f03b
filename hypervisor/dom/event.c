/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels: the table of ports, sending, and what the guest sees in the
 * two-level form (bits in shared_info).  Binding and closing: event_bind.c; the
 * FIFO form: event_fifo.c.
 *
 * Guests write the shared words at any time.  They are only changed by atomic
 * bit operations here and never steer anything but the delivery to that guest.
 */
#include <tenon/atomic.h>
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/sched.h>
#include <tenon/trace.h>
#include "event_private.h"

int event_init(struct domain *d)
{
	struct event_table *t = heap_alloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	lock_init(&t->lock, LOCK_EVENT);
	lock_init(&t->fifo_lock, LOCK_FIFO);
	t->limit = EVENT_PORTS_MAX - 1;
	t->hint = 1;
	d->events = t;
	return 0;
}

void event_set_limit(struct domain *d, uint32_t max_port)
{
	uint64_t flags = event_lock(d->events);

	d->events->limit = MIN(max_port, EVENT_PORTS_MAX - 1);
	event_unlock(d->events, flags);
}

void event_free(struct domain *d)
{
	struct event_table *t = d->events;

	event_fifo_end(d);
	d->events = NULL;
	for (uint32_t p = 0; p < t->valid; p += EVENT_BUCKET)
		heap_free(event_port_at(t, p));
	for (unsigned i = 0; i < EVENT_GROUPS; i++)
		heap_free(t->group[i]);
	heap_free(t->pirq_port);
	heap_free(t);
}

struct event_port *event_port_locked(struct event_table *t, uint32_t port)
{
	if (port >= t->valid)
		return NULL;
	return event_port_at(t, port);
}

uint32_t event_port_count(const struct domain *d)
{
	return atomic_read(&d->events->fifo) ? EVENT_PORTS_MAX : EVENT_2L_PORTS;
}

int event_find_free_locked(struct event_table *t, uint32_t *port)
{
	uint32_t last = MIN(
		t->limit, (t->fifo ? EVENT_PORTS_MAX : EVENT_2L_PORTS) - 1U);
	uint32_t p;

	for (p = t->hint; p < t->valid && p <= last; p++) {
		t->hint = p;
		if (event_port_locked(t, p)->state == EVTCHNSTAT_closed) {
			*port = p;
			return 0;
		}
	}
	return p > last ? -ENOSPC : -EAGAIN;
}

int event_grow(struct event_table *t)
{
	/* Allocated first: the heap's lock ranks below ours. */
	struct event_port *b =
		heap_alloc_array(EVENT_BUCKET, sizeof(struct event_port));
	struct event_port **g = heap_alloc_array(EVENT_GROUP, sizeof(*g));
	uint64_t flags;
	uint32_t p;

	if (!b || !g) {
		heap_free(b);
		heap_free(g);
		return -ENOMEM;
	}
	flags = event_lock(t);
	/* Another CPU may have grown it meanwhile; then one more bucket does
	 * no harm unless there is a free port again. */
	if (event_find_free_locked(t, &p) == -EAGAIN) {
		struct event_port ***group =
			&t->group[t->valid / EVENT_BUCKET / EVENT_GROUP];

		if (!*group) {
			*group = g;
			g = NULL;
		}
		(*group)[t->valid / EVENT_BUCKET % EVENT_GROUP] = b;
		/* Who sees the bound sees the bucket. */
		atomic_write(&t->valid, t->valid + EVENT_BUCKET);
		b = NULL;
	}
	event_unlock(t, flags);
	heap_free(b);
	heap_free(g);
	return 0;
}

static uint64_t *pending_words(struct shared_info *s)
{
	return (uint64_t *)s->evtchn_pending;
}

static uint64_t *mask_words(struct shared_info *s)
{
	return (uint64_t *)s->evtchn_mask;
}

/* Nothing of it is pending. */
static void clear_port(struct domain *d, uint32_t port)
{
	struct shared_info *s = atomic_read(&d->shared_info);

	if (d->events->fifo)
		event_fifo_clear_locked(d, port);
	else if (s)
		(void)bit_test_and_clear(pending_words(s), port);
}

void event_port_free_locked(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	struct event_port *p = event_port_locked(t, port);

	p->state = EVTCHNSTAT_closed;
	p->vcpu = 0;
	p->virq = 0;
	p->remote_port = 0;
	p->remote = NULL;
	t->active--;
	if (port < t->hint)
		t->hint = port;
	clear_port(d, port);
}

void event_port_use_locked(
	struct domain *d, uint32_t port, uint8_t state, unsigned vcpu)
{
	struct event_port *p = event_port_locked(d->events, port);

	p->state = state;
	p->vcpu = (uint16_t)vcpu;
	p->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	d->events->active++;
	clear_port(d, port);
}

void event_mark_pending(struct vcpu *v)
{
	/* A guest that set the byte itself has asked for no wake-up. */
	if (!atomic_swap(&v->vcpu_info->evtchn_upcall_pending, 1))
		sched_unblock(v);
}

/* Pollers wake for a masked port as well. */
static void wake_pollers(struct domain *d, uint32_t port)
{
	struct vcpu *v;

	/* The pending bit was set before: pairs with sched_begin_poll. */
	if (likely(!atomic_read(&d->pollers)))
		return;
	vcpu_for_each (d, v) {
		uint32_t polled;

		if (!(atomic_read(&v->pause_flags) & VCPU_POLLING))
			continue;
		polled = atomic_read(&v->poll_port);
		if (!polled || polled == port)
			sched_unblock(v);
	}
}

static void tell_vcpu(struct domain *d, uint32_t port, unsigned vcpu)
{
	struct vcpu *v = d->vcpu[vcpu];
	uint64_t *selector = (uint64_t *)&v->vcpu_info->evtchn_pending_sel;

	if (!bit_test_and_set(selector, port / 64))
		event_mark_pending(v);
}

void event_set_pending(struct domain *d, uint32_t port, unsigned vcpu)
{
	struct event_table *t = d->events;
	struct shared_info *s;

	TRACE(TRACE_PV_EVENT, (uint32_t)d->id << 16 | vcpu, port);
	if (!atomic_read(&t->fifo)) {
		s = atomic_read(&d->shared_info);
		if (!s || bit_test_and_set(pending_words(s), port))
			return;
		if (!bit_test(mask_words(s), port))
			tell_vcpu(d, port, vcpu);
		/* Queues that came meanwhile may not have seen the bit:
		 * pairs with the scan in event_fifo.c. */
		if (atomic_read(&t->fifo))
			(void)event_fifo_raise(d, port, vcpu);
	} else if (!event_fifo_raise(d, port, vcpu)) {
		return;
	}
	wake_pollers(d, port);
}

int event_send(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	struct event_hold h = event_hold(t);
	struct event_port *p = event_port_locked(t, port), *peer;
	int r = 0;

	switch (p ? p->state : EVTCHNSTAT_closed) {
	case EVTCHNSTAT_interdomain:
		/* Our lock keeps the pair together, and with it the peer's
		 * domain; its port's vcpu may change, but always exists. */
		peer = event_port_at(p->remote->events, p->remote_port);
		event_set_pending(
			p->remote, p->remote_port, READ_ONCE(peer->vcpu));
		break;
	case EVTCHNSTAT_ipi:
		event_set_pending(d, port, READ_ONCE(p->vcpu));
		break;
	case EVTCHNSTAT_unbound:
		break;
	default:
		r = -EINVAL;
	}
	event_release(t, h);
	return r;
}

int event_unmask(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	struct shared_info *s = d->shared_info;
	struct event_hold h = event_hold(t);
	struct event_port *p = event_port_locked(t, port);
	int r = 0;

	/* Port 0 is there from the beginning, for nobody. */
	if (!p)
		r = port ? -EINVAL : 0;
	else if (t->fifo)
		event_fifo_unmask_held(d, port);
	else if (bit_test_and_clear(mask_words(s), port) &&
		 bit_test(pending_words(s), port))
		tell_vcpu(d, port, p->vcpu);
	event_release(t, h);
	return r;
}

void event_unmask_pirq(struct domain *d, unsigned pirq)
{
	struct event_table *t = d->events;
	struct event_hold h;
	uint32_t port;

	h = event_hold(t);
	port = t->pirq_port ? t->pirq_port[pirq] : 0;
	event_release(t, h);
	/* Closed meanwhile, it is not there. */
	if (port)
		(void)!event_unmask(d, port);
}

bool event_port_is_pending(struct domain *d, uint32_t port)
{
	struct shared_info *s = atomic_read(&d->shared_info);

	if (atomic_read(&d->events->fifo))
		return event_fifo_is_pending(d, port);
	return s && port < EVENT_2L_PORTS && bit_test(pending_words(s), port);
}

int event_status(struct domain *d, uint32_t port, struct evtchn_status *out)
{
	struct event_table *t = d->events;
	uint64_t flags = event_lock(t);
	struct event_port *p = event_port_locked(t, port);

	if (!p) {
		event_unlock(t, flags);
		return -EINVAL;
	}
	out->status = p->state;
	out->vcpu = p->vcpu;
	switch (p->state) {
	case EVTCHNSTAT_unbound:
		out->u.unbound.dom = p->remote_id;
		break;
	case EVTCHNSTAT_interdomain:
		out->u.interdomain.dom = p->remote->id;
		out->u.interdomain.port = p->remote_port;
		break;
	case EVTCHNSTAT_pirq:
		out->u.pirq = p->pirq;
		break;
	case EVTCHNSTAT_virq:
		out->u.virq = p->virq;
		break;
	case EVENT_STATE_BUSY:
		out->status = EVTCHNSTAT_closed;
		break;
	}
	event_unlock(t, flags);
	return 0;
}

void event_send_vcpu_virq(struct vcpu *v, unsigned virq)
{
	struct event_table *t = v->domain->events;
	struct event_hold h;
	uint32_t port;

	if (!t)
		return;
	h = event_hold(t);
	port = v->virq_port[virq];
	if (port)
		event_set_pending(
			v->domain, port, event_port_locked(t, port)->vcpu);
	event_release(t, h);
}

void event_send_global_virq(struct domain *d, unsigned virq)
{
	struct vcpu *v = d->vcpu ? atomic_read(&d->vcpu[0]) : NULL;

	if (v)
		event_send_vcpu_virq(v, virq);
}

void event_send_pirq(struct domain *d, unsigned pirq)
{
	struct event_table *t = d->events;
	struct event_hold h;
	uint32_t port;

	if (!t || pirq >= EVENT_PIRQS_MAX)
		return;
	h = event_hold(t);
	port = t->pirq_port ? t->pirq_port[pirq] : 0;
	if (port)
		event_set_pending(d, port, event_port_locked(t, port)->vcpu);
	event_release(t, h);
}
