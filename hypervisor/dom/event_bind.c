/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making, breaking and moving event channels.
 *
 * Memory is allocated before the event lock is taken, so an operation that
 * finds no free port drops its locks, grows the table and starts again.  An
 * interrupt's line is bound and unbound with no event lock held (its lock ranks
 * below); meanwhile the port is busy and refuses everything else.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/hypercall.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include "event_private.h"

static uint64_t lock_both(struct domain *a, struct domain *b)
{
	uint64_t flags = arch_irq_save();

	lock_take_two(&a->events->lock, &b->events->lock);
	event_begin_change(a->events);
	if (a != b)
		event_begin_change(b->events);
	return flags;
}

static void drop_both(struct domain *a, struct domain *b, uint64_t flags)
{
	event_end_change(a->events);
	if (a != b)
		event_end_change(b->events);
	lock_drop_two(&a->events->lock, &b->events->lock);
	arch_irq_restore(flags);
}

/* Take d's lock with a free port in hand: 0 with the lock held, or an error
 * without. */
static int lock_with_free(struct domain *d, uint32_t *port, uint64_t *flags)
{
	int r;

	for (;;) {
		*flags = event_lock(d->events);
		r = event_find_free_locked(d->events, port);
		if (!r)
			return 0;
		event_unlock(d->events, *flags);
		if (r != -EAGAIN)
			return r;
		r = event_grow(d->events);
		if (r)
			return r;
	}
}

static bool vcpu_exists(const struct domain *d, unsigned vcpu)
{
	return vcpu < d->vcpu_count && atomic_read(&d->vcpu[vcpu]);
}

int event_alloc_unbound(struct domain *d, domid_t remote, uint32_t *port)
{
	uint64_t flags;
	uint32_t p;
	int r = lock_with_free(d, &p, &flags);

	if (r)
		return r;
	event_port_use_locked(d, p, EVTCHNSTAT_unbound, 0);
	event_port_locked(d->events, p)->remote_id = remote;
	event_unlock(d->events, flags);
	*port = p;
	return 0;
}

static void connect(struct domain *d, uint32_t port, struct domain *remote,
	uint32_t remote_port)
{
	struct event_port *p = event_port_locked(d->events, port);

	p->remote = remote;
	p->remote_port = remote_port;
}

/* Both domains are locked.  As event_bind_interdomain, or -EAGAIN. */
static int bind_locked(struct domain *d, struct domain *remote,
	uint32_t remote_port, uint32_t *port)
{
	struct event_port *peer =
		event_port_locked(remote->events, remote_port);
	uint32_t p;
	int r;

	if (!peer || peer->state != EVTCHNSTAT_unbound ||
		peer->remote_id != d->id || remote->life != DOMAIN_ALIVE)
		return -EINVAL;
	r = event_find_free_locked(d->events, &p);
	if (r)
		return r;
	event_port_use_locked(d, p, EVTCHNSTAT_interdomain, 0);
	connect(d, p, remote, remote_port);
	peer->state = EVTCHNSTAT_interdomain;
	connect(remote, remote_port, d, p);
	/* The peer may have sent before we were there: starts out pending. */
	event_set_pending(d, p, 0);
	*port = p;
	return 0;
}

int event_bind_interdomain(struct domain *d, domid_t remote_id,
	uint32_t remote_port, uint32_t *port)
{
	struct domain *remote = domain_get_or_self(remote_id);
	uint64_t flags;
	int r;

	if (!remote)
		return -ESRCH;
	if (!remote->events) {
		domain_put(remote);
		return -ESRCH;
	}
	if (!domain_may_talk(d, remote)) {
		domain_put(remote);
		return -EPERM;
	}
	do {
		flags = lock_both(d, remote);
		r = bind_locked(d, remote, remote_port, port);
		drop_both(d, remote, flags);
	} while (r == -EAGAIN && (r = event_grow(d->events)) == 0);
	domain_put(remote);
	return r;
}

int event_bind_ipi(struct domain *d, unsigned vcpu, uint32_t *port)
{
	uint64_t flags;
	uint32_t p;
	int r;

	if (!vcpu_exists(d, vcpu))
		return -ENOENT;
	r = lock_with_free(d, &p, &flags);
	if (r)
		return r;
	event_port_use_locked(d, p, EVTCHNSTAT_ipi, vcpu);
	event_unlock(d->events, flags);
	*port = p;
	return 0;
}

int event_bind_virq(
	struct domain *d, unsigned virq, unsigned vcpu, uint32_t *port)
{
	struct vcpu *v;
	uint64_t flags;
	uint32_t p;
	int r;

	if (virq >= NR_VIRQS || (event_virq_is_global(virq) && vcpu))
		return -EINVAL;
	if (!vcpu_exists(d, vcpu))
		return -ENOENT;
	v = d->vcpu[vcpu];
	r = lock_with_free(d, &p, &flags);
	if (r)
		return r;
	if (v->virq_port[virq]) {
		event_unlock(d->events, flags);
		return -EEXIST;
	}
	event_port_use_locked(d, p, EVTCHNSTAT_virq, vcpu);
	event_port_locked(d->events, p)->virq = (uint16_t)virq;
	v->virq_port[virq] = p;
	event_unlock(d->events, flags);
	if (virq == VIRQ_TIMER)
		time_start_periodic(v);
	*port = p;
	return 0;
}

/* The map from pirqs to ports. */
static int make_pirq_map(struct event_table *t)
{
	uint32_t *map;
	uint64_t flags;

	if (atomic_read(&t->pirq_port))
		return 0;
	map = heap_alloc_array(EVENT_PIRQS_MAX, sizeof(*map));
	if (!map)
		return -ENOMEM;
	flags = event_lock(t);
	if (!t->pirq_port) {
		atomic_write(&t->pirq_port, map);
		map = NULL;
	}
	event_unlock(t, flags);
	heap_free(map);
	return 0;
}

int event_bind_pirq(
	struct domain *d, unsigned pirq, unsigned bind_flags, uint32_t *port)
{
	struct event_table *t = d->events;
	uint64_t flags;
	uint32_t p;
	int r;

	if (pirq >= EVENT_PIRQS_MAX || !vcpu_exists(d, 0))
		return -EINVAL;
	r = make_pirq_map(t);
	if (!r)
		r = lock_with_free(d, &p, &flags);
	if (r)
		return r;
	if (t->pirq_port[pirq]) {
		event_unlock(t, flags);
		return -EEXIST;
	}
	event_port_use_locked(d, p, EVENT_STATE_BUSY, 0);
	event_port_locked(t, p)->pirq = (uint16_t)pirq;
	/* From here on an interrupt sets the port pending. */
	t->pirq_port[pirq] = p;
	event_unlock(t, flags);

	r = pirq_bind(d, pirq, bind_flags & BIND_PIRQ__WILL_SHARE);

	flags = event_lock(t);
	if (r) {
		t->pirq_port[pirq] = 0;
		event_port_free_locked(d, p);
	} else {
		event_port_locked(t, p)->state = EVTCHNSTAT_pirq;
	}
	event_unlock(t, flags);
	if (!r)
		*port = p;
	return r;
}

/* Close a port whose line must be let go first.  Locked on entry and exit. */
static void close_pirq(struct domain *d, uint32_t port, uint64_t *flags)
{
	struct event_table *t = d->events;
	struct event_port *p = event_port_locked(t, port);
	unsigned pirq = p->pirq;

	p->state = EVENT_STATE_BUSY;
	event_unlock(t, *flags);
	pirq_unbind(d, pirq);
	*flags = event_lock(t);
	t->pirq_port[pirq] = 0;
	event_port_free_locked(d, port);
}

/* Close one end; the other waits for d again.  Nothing if it changed. */
static void close_interdomain(
	struct domain *d, uint32_t port, struct domain *remote)
{
	uint64_t flags = lock_both(d, remote);
	struct event_port *p = event_port_locked(d->events, port), *peer;

	if (p->state == EVTCHNSTAT_interdomain && p->remote == remote) {
		peer = event_port_locked(remote->events, p->remote_port);
		peer->state = EVTCHNSTAT_unbound;
		peer->remote = NULL;
		peer->remote_port = 0;
		peer->remote_id = d->id;
		event_port_free_locked(d, port);
	}
	drop_both(d, remote, flags);
}

int event_close(struct domain *d, uint32_t port)
{
	struct event_table *t = d->events;
	uint64_t flags = event_lock(t);
	struct event_port *p = event_port_locked(t, port);
	struct domain *remote;
	int r = 0;

	switch (p ? p->state : EVTCHNSTAT_closed) {
	case EVTCHNSTAT_interdomain:
		/* Our lock keeps the connection, and so the domain. */
		remote = p->remote;
		domain_ref(remote);
		event_unlock(t, flags);
		close_interdomain(d, port, remote);
		domain_put(remote);
		return 0;
	case EVTCHNSTAT_pirq:
		close_pirq(d, port, &flags);
		break;
	case EVTCHNSTAT_virq:
		d->vcpu[event_virq_is_global(p->virq) ? 0 : p->vcpu]
			->virq_port[p->virq] = 0;
		event_port_free_locked(d, port);
		break;
	case EVTCHNSTAT_unbound:
	case EVTCHNSTAT_ipi:
		event_port_free_locked(d, port);
		break;
	default:
		r = -EINVAL;
	}
	event_unlock(t, flags);
	return r;
}

int event_bind_vcpu(struct domain *d, uint32_t port, unsigned vcpu)
{
	struct event_table *t = d->events;
	struct event_port *p;
	uint64_t flags;
	unsigned pirq = ~0U;
	int r = 0;

	if (!vcpu_exists(d, vcpu))
		return -ENOENT;
	flags = event_lock(t);
	p = event_port_locked(t, port);
	switch (p ? p->state : EVTCHNSTAT_closed) {
	case EVTCHNSTAT_virq:
		if (event_virq_is_global(p->virq))
			p->vcpu = (uint16_t)vcpu;
		else
			r = -EINVAL;
		break;
	case EVTCHNSTAT_pirq:
		pirq = p->pirq;
		p->vcpu = (uint16_t)vcpu;
		break;
	case EVTCHNSTAT_unbound:
	case EVTCHNSTAT_interdomain:
		WRITE_ONCE(p->vcpu, (uint16_t)vcpu);
		break;
	default:
		r = -EINVAL;
	}
	event_unlock(t, flags);
	if (pirq != ~0U)
		pirq_set_vcpu(d, pirq, d->vcpu[vcpu]);
	return r;
}

/* The first open port from here on, or the end. */
static uint32_t next_open(struct event_table *t, uint32_t port)
{
	uint64_t flags = event_lock(t);

	if (!t->active)
		port = t->valid;
	while (port < t->valid &&
		event_port_at(t, port)->state == EVTCHNSTAT_closed)
		port++;
	event_unlock(t, flags);
	return port;
}

int event_reset(struct domain *d)
{
	struct event_table *t = d->events;
	uint32_t p = 0;

	while ((p = next_open(t, p + 1)) < atomic_read(&t->valid)) {
		if (event_close(d, p) == 0 && hypercall_should_yield())
			return -ERESTART_HC;
	}
	event_fifo_end(d);
	return 0;
}

int event_close_all(struct domain *d)
{
	event_forget_virqs(d);
	return d->events ? event_reset(d) : 0;
}

void event_vcpu_gone(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct event_table *t = d->events;
	uint64_t flags = event_lock(t);

	for (uint32_t port = 1; port < t->valid; port++) {
		struct event_port *p = event_port_locked(t, port);

		if (p->vcpu == v->id && p->state != EVTCHNSTAT_ipi &&
			(p->state != EVTCHNSTAT_virq ||
				event_virq_is_global(p->virq)))
			p->vcpu = 0;
	}
	event_unlock(t, flags);
}
