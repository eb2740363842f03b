/* SPDX-License-Identifier: BSD-2-Clause */
/* sched_op, its first edition, and set_timer_op. */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/softirq.h>
#include <public/sched.h>

#define POLL_PORTS_MAX 128
#define NS_PER_S       1000000000ULL

/* Any reason ends the guest, also one without a name: a byte of it is told. */
static long do_shutdown(struct hypercall *hc, unsigned reason)
{
	domain_shutdown(hc->d, (uint8_t)reason);
	return 0;
}

/* Upcalls are unmasked and the vcpu sleeps, in one step for its guest. */
static long do_block(struct vcpu *v)
{
	WRITE_ONCE(v->vcpu_info->evtchn_upcall_mask, 0);
	sched_block();
	return 0;
}

/*
 * First asleep, with what is polled known to senders, then look at the ports:
 * an event from here on ends the poll.
 */
static long do_poll(struct vcpu *v, const struct sched_poll *poll)
{
	evtchn_port_t port, first = 0;
	unsigned i;
	long r = 0;

	if (!poll->nr_ports || poll->nr_ports > POLL_PORTS_MAX)
		return -EINVAL;
	if (guest_read_at(&first, poll->ports, 0) != 0)
		return -EFAULT;
	/* One left from a poll that an event ended. */
	if (timer_is_set(&v->poll_timer))
		timer_stop(&v->poll_timer);
	v->poll_port = poll->nr_ports == 1 ? first : 0;
	sched_begin_poll(v);

	if (event_is_pending(v))
		goto awake;
	for (i = 0; i < poll->nr_ports; i++) {
		r = -EFAULT;
		if (guest_read_at(&port, poll->ports, i) != 0)
			goto awake;
		r = -EINVAL;
		if (port >= event_port_count(v->domain))
			goto awake;
		r = 0;
		if (event_port_is_pending(v->domain, port))
			goto awake;
	}
	if (poll->timeout) {
		if (v->poll_timer.cpu != v->processor)
			timer_migrate(&v->poll_timer, v->processor);
		timer_set(&v->poll_timer, poll->timeout);
	}
	/* Not sched_block: a sender may have ended the poll by now. */
	softirq_raise(SOFTIRQ_SCHEDULE);
	return 0;

awake:
	(void)sched_end_wait(v);
	return r;
}

static long do_remote_shutdown(
	struct hypercall *hc, const struct sched_remote_shutdown *op)
{
	struct domain *d;
	long r = -EPERM;

	if (op->reason > SHUTDOWN_MAX)
		return -EINVAL;
	d = domain_get(op->domain_id);
	if (!d)
		return -ESRCH;
	if (d->id < DOMID_FIRST_RESERVED && domain_may_control(hc->d, d)) {
		domain_shutdown(d, (uint8_t)op->reason);
		r = 0;
	}
	domain_put(d);
	return r;
}

/* Why the domain is going to stop, said before it does. */
static long do_shutdown_code(struct domain *d, unsigned reason)
{
	long r = -EINVAL;

	if (reason > SHUTDOWN_MAX)
		return r;
	lock_take(&d->lock);
	if (!d->is_shutting_down && d->shutdown_code == (uint8_t)~0U) {
		d->shutdown_code = (uint8_t)reason;
		r = 0;
	}
	lock_drop(&d->lock);
	return r;
}

/* Returns the id of a new watchdog, or 0. */
static long do_watchdog(struct domain *d, const struct sched_watchdog *op)
{
	uint64_t at = time_now() + (uint64_t)op->timeout * NS_PER_S;
	struct timer *stop = NULL;
	unsigned i;
	long r = 0;

	if (op->id > DOMAIN_WATCHDOGS)
		return -EINVAL;
	lock_take(&d->lock);
	if (!op->id) {
		for (i = 0; i < DOMAIN_WATCHDOGS; i++)
			if (!(d->watchdogs_used & 1U << i))
				break;
		if (!op->timeout) {
			r = -EINVAL;
		} else if (i == DOMAIN_WATCHDOGS) {
			r = -ENOSPC;
		} else {
			d->watchdogs_used |= 1U << i;
			timer_set(&d->watchdog[i], at);
			r = i + 1;
		}
	} else if (!(d->watchdogs_used & 1U << (op->id - 1))) {
		r = -EINVAL;
	} else if (op->timeout) {
		timer_set(&d->watchdog[op->id - 1], at);
	} else {
		d->watchdogs_used &= ~(1U << (op->id - 1));
		stop = &d->watchdog[op->id - 1];
	}
	lock_drop(&d->lock);
	if (stop)
		timer_stop(stop);
	return r;
}

/* For dom0's drivers of firmware that want one CPU. */
static long do_pin_override(struct hypercall *hc, int pcpu)
{
	struct vcpu *v = hc->v;
	cpumask_t saved = v->affinity_saved;
	int r;

	if (!hc->d->is_hardware)
		return -EPERM;
	if (pcpu >= NR_CPUS)
		return -EINVAL;
	if (pcpu < 0) {
		if (!saved)
			return -ENOENT;
		v->affinity_saved = 0;
		r = sched_set_affinity(v, saved, v->affinity_soft);
		/* The pool has lost them all since. */
		if (r)
			r = sched_set_affinity(v, ~0ULL, v->affinity_soft);
		return r;
	}
	if (saved)
		return -EBUSY;
	saved = v->affinity_hard;
	r = sched_set_affinity(v, CPUMASK(pcpu), v->affinity_soft);
	if (!r)
		v->affinity_saved = saved;
	return r;
}

/* Arguments: the command, its structure. */
long hc_sched_op(struct hypercall *hc)
{
	union {
		struct sched_shutdown shutdown;
		struct sched_poll poll;
		struct sched_remote_shutdown remote;
		struct sched_watchdog watchdog;
		struct sched_pin_override pin;
	} op;
	vaddr_t va = hc->arg[1];

	switch ((uint32_t)hc->arg[0]) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		return do_block(hc->v);
	case SCHEDOP_shutdown:
		if (guest_read_va(&op.shutdown, va) != 0)
			return -EFAULT;
		return do_shutdown(hc, op.shutdown.reason);
	case SCHEDOP_shutdown_code:
		if (guest_read_va(&op.shutdown, va) != 0)
			return -EFAULT;
		return do_shutdown_code(hc->d, op.shutdown.reason);
	case SCHEDOP_poll:
		if (guest_read_va(&op.poll, va) != 0)
			return -EFAULT;
		return do_poll(hc->v, &op.poll);
	case SCHEDOP_remote_shutdown:
		if (guest_read_va(&op.remote, va) != 0)
			return -EFAULT;
		return do_remote_shutdown(hc, &op.remote);
	case SCHEDOP_watchdog:
		if (guest_read_va(&op.watchdog, va) != 0)
			return -EFAULT;
		return do_watchdog(hc->d, &op.watchdog);
	case SCHEDOP_pin_override:
		if (guest_read_va(&op.pin, va) != 0)
			return -EFAULT;
		return do_pin_override(hc, op.pin.pcpu);
	default:
		return -ENOSYS;
	}
}

/* Arguments: the command, the reason itself. */
long hc_sched_op_compat(struct hypercall *hc)
{
	switch ((uint32_t)hc->arg[0]) {
	case SCHEDOP_yield:
		sched_yield();
		return 0;
	case SCHEDOP_block:
		return do_block(hc->v);
	case SCHEDOP_shutdown:
		return do_shutdown(hc, (unsigned)hc->arg[1]);
	default:
		return -ENOSYS;
	}
}

/* Argument: system time in ns, 0 for no timer.  One in the past (also as a
 * signed number) fires at once. */
long hc_set_timer_op(struct hypercall *hc)
{
	int64_t at = (int64_t)hc->arg[0];

	time_set_singleshot(hc->v, at == 0 ? ~0ULL : at < 0 ? 1 : (uint64_t)at);
	return 0;
}
