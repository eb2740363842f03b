/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels: the table of ports, sending, and what the guest sees (the
 * two-level bits in shared_info).  Binding and closing: event_bind.c.
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
#include "event_private.h"

int event_init(struct domain *d)
{
	struct event_table *t = heap_alloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	lock_init(&t->lock, LOCK_EVENT);
	t->limit = EVENT_PORTS_MAX - 1;
	t->hint = 1;
	d->events = t;
	return 0;
}

void event_set_limit(struct domain *d, uint32_t max_port)
{
	uint64_t flags = lock_take_irq(&d->events->lock);

	d->events->limit = MIN(max_port, EVENT_PORTS_MAX - 1);
	lock_drop_irq(&d->events->lock, flags);
}

void event_free(struct domain *d)
{
	struct event_table *t = d->events;

	d->events = NULL;
	for (unsigned i = 0; i < EVENT_BUCKETS; i++)
		heap_free(t->bucket[i]);
	heap_free(t->pirq_port);
	heap_free(t);
}

struct event_port *event_port_locked(struct event_table *t, uint32_t port)
{
	if (port >= t->valid)
		return NULL;
	return &t->bucket[port / EVENT_BUCKET][port % EVENT_BUCKET];
}

int event_find_free_locked(struct event_table *t, uint32_t *port)
{
	uint32_t p;

	for (p = t->hint; p < t->valid && p <= t->limit; p++) {
		t->hint = p;
		if (event_port_locked(t, p)->state == EVTCHNSTAT_closed) {
			*port = p;
			return 0;
		}
	}
	return p > t->limit ? -ENOSPC : -EAGAIN;
}

int event_grow(struct event_table *t)
{
	/* Allocated first: the heap's lock ranks below ours. */
	struct event_port *b =
		heap_alloc_array(EVENT_BUCKET, sizeof(struct event_port));
	uint64_t flags;
	uint32_t p;

	if (!b)
		return -ENOMEM;
	flags = lock_take_irq(&t->lock);
	/* Another CPU may have grown it meanwhile; then one more bucket does
	 * no harm unless there is a free port again. */
	if (event_find_free_locked(t, &p) == -EAGAIN) {
		t->bucket[t->valid / EVENT_BUCKET] = b;
		t->valid += EVENT_BUCKET;
		b = NULL;
	}
	lock_drop_irq(&t->lock, flags);
	heap_free(b);
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

void event_port_free_locked(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	struct shared_info *s = atomic_read(&d->shared_info);

	*event_port_locked(t, port) = (struct event_port){ .state = 0 };
	if (port < t->hint)
		t->hint = port;
	if (s)
		(void)bit_test_and_clear(pending_words(s), port);
}

void event_port_use_locked(
	struct domain *d, uint32_t port, uint8_t state, unsigned vcpu)
{
	struct event_port *p = event_port_locked(d->events, port);
	struct shared_info *s = atomic_read(&d->shared_info);

	p->state = state;
	p->vcpu = (uint16_t)vcpu;
	if (s)
		(void)bit_test_and_clear(pending_words(s), port);
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
	struct shared_info *s = atomic_read(&d->shared_info);

	if (!s || bit_test_and_set(pending_words(s), port))
		return;
	if (!bit_test(mask_words(s), port))
		tell_vcpu(d, port, vcpu);
	wake_pollers(d, port);
}

int event_send(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	uint64_t flags = lock_take_irq(&t->lock);
	struct event_port *p = event_port_locked(t, port), *peer;
	int r = 0;

	switch (p ? p->state : EVTCHNSTAT_closed) {
	case EVTCHNSTAT_interdomain:
		/* Our lock keeps the pair together, and with it the peer's
		 * domain; its port's vcpu may change, but always exists. */
		peer = &p->remote->events
				->bucket[p->remote_port / EVENT_BUCKET]
					[p->remote_port % EVENT_BUCKET];
		event_set_pending(
			p->remote, p->remote_port, READ_ONCE(peer->vcpu));
		break;
	case EVTCHNSTAT_ipi:
		event_set_pending(d, port, p->vcpu);
		break;
	case EVTCHNSTAT_unbound:
		break;
	default:
		r = -EINVAL;
	}
	lock_drop_irq(&t->lock, flags);
	return r;
}

int event_unmask(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	struct shared_info *s = d->shared_info;
	uint64_t flags = lock_take_irq(&t->lock);
	struct event_port *p = event_port_locked(t, port);
	int r = 0;

	if (!p || p->state == EVTCHNSTAT_closed)
		r = -EINVAL;
	else if (bit_test_and_clear(mask_words(s), port) &&
		 bit_test(pending_words(s), port))
		tell_vcpu(d, port, p->vcpu);
	lock_drop_irq(&t->lock, flags);
	return r;
}

bool event_port_is_pending(struct domain *d, uint32_t port)
{
	struct shared_info *s = atomic_read(&d->shared_info);

	return s && port < EVENT_PORTS_MAX && bit_test(pending_words(s), port);
}

int event_status(struct domain *d, uint32_t port, struct evtchn_status *out)
{
	struct event_table *t = d->events;
	uint64_t flags = lock_take_irq(&t->lock);
	struct event_port *p = event_port_locked(t, port);

	if (!p) {
		lock_drop_irq(&t->lock, flags);
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
	lock_drop_irq(&t->lock, flags);
	return 0;
}

void event_send_vcpu_virq(struct vcpu *v, unsigned virq)
{
	struct event_table *t = v->domain->events;
	uint64_t flags;
	uint32_t port;

	if (!t)
		return;
	flags = lock_take_irq(&t->lock);
	port = v->virq_port[virq];
	if (port)
		event_set_pending(
			v->domain, port, event_port_locked(t, port)->vcpu);
	lock_drop_irq(&t->lock, flags);
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
	uint64_t flags;
	uint32_t port;

	if (!t || pirq >= EVENT_PIRQS_MAX)
		return;
	flags = lock_take_irq(&t->lock);
	port = t->pirq_port ? t->pirq_port[pirq] : 0;
	if (port)
		event_set_pending(d, port, event_port_locked(t, port)->vcpu);
	lock_drop_irq(&t->lock, flags);
}
