/* SPDX-License-Identifier: BSD-2-Clause */
/* The event_channel_op hypercall and its first edition. */
#include <tenon/boot.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/string.h>
#include <public/event_channel.h>

/* Any operation's argument. */
union event_arg {
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
	struct evtchn_reset reset;
	struct evtchn_init_control init_control;
	struct evtchn_expand_array expand_array;
	struct evtchn_set_priority set_priority;
};

/* By operation: bytes in, and whether they are copied back after success. */
static const struct {
	uint8_t size;
	bool has_output;
} shapes[] = {
	[EVTCHNOP_bind_interdomain] = { sizeof(struct evtchn_bind_interdomain),
		true },
	[EVTCHNOP_bind_virq] = { sizeof(struct evtchn_bind_virq), true },
	[EVTCHNOP_bind_pirq] = { sizeof(struct evtchn_bind_pirq), true },
	[EVTCHNOP_close] = { sizeof(struct evtchn_close), false },
	[EVTCHNOP_send] = { sizeof(struct evtchn_send), false },
	[EVTCHNOP_status] = { sizeof(struct evtchn_status), true },
	[EVTCHNOP_alloc_unbound] = { sizeof(struct evtchn_alloc_unbound),
		true },
	[EVTCHNOP_bind_ipi] = { sizeof(struct evtchn_bind_ipi), true },
	[EVTCHNOP_bind_vcpu] = { sizeof(struct evtchn_bind_vcpu), false },
	[EVTCHNOP_unmask] = { sizeof(struct evtchn_unmask), false },
	[EVTCHNOP_reset] = { sizeof(struct evtchn_reset), false },
	[EVTCHNOP_init_control] = { sizeof(struct evtchn_init_control), true },
	[EVTCHNOP_expand_array] = { sizeof(struct evtchn_expand_array), false },
	[EVTCHNOP_set_priority] = { sizeof(struct evtchn_set_priority), false },
};

/*
 * The domain that an operation is about: the caller's own, or another if the
 * caller may control it.  0 with a reference, -ESRCH, -EPERM.
 */
static int get_target(struct domain *caller, domid_t id, struct domain **d)
{
	*d = domain_get_or_self(id);
	if (!*d)
		return -ESRCH;
	if (*d == caller || ((*d)->events && domain_may_control(caller, *d)))
		return 0;
	domain_put(*d);
	return -EPERM;
}

/* Without a policy a port may wait for a domain that does not exist yet. */
static int may_wait_for(const struct domain *d, domid_t remote)
{
	struct domain *other;
	int r;

	if (!boot_options.is_silo || remote == d->id)
		return 0;
	other = domain_get(remote);
	if (!other)
		return -ESRCH;
	r = domain_may_talk(d, other) ? 0 : -EPERM;
	domain_put(other);
	return r;
}

static int do_alloc_unbound(
	struct domain *caller, struct evtchn_alloc_unbound *a)
{
	domid_t remote =
		a->remote_dom == DOMID_SELF ? caller->id : a->remote_dom;
	struct domain *d;
	int r = get_target(caller, a->dom, &d);

	if (r)
		return r;
	r = may_wait_for(d, remote);
	if (!r)
		r = d->life == DOMAIN_ALIVE
			    ? event_alloc_unbound(d, remote, &a->port)
			    : -EINVAL;
	domain_put(d);
	return r;
}

static int do_status(struct domain *caller, struct evtchn_status *a)
{
	struct evtchn_status out = { .dom = a->dom, .port = a->port };
	struct domain *d;
	int r = get_target(caller, a->dom, &d);

	if (r)
		return r;
	r = event_status(d, a->port, &out);
	domain_put(d);
	if (!r)
		*a = out;
	return r;
}

static int do_reset(struct domain *caller, const struct evtchn_reset *a)
{
	struct domain *d;
	int r = get_target(caller, a->dom, &d);

	if (r)
		return r;
	r = event_reset(d);
	domain_put(d);
	return r;
}

static int do_init_control(struct domain *d, struct evtchn_init_control *a)
{
	int r = event_init_control(d, a->vcpu, MFN(a->control_gfn), a->offset);

	if (!r)
		a->link_bits = EVTCHN_FIFO_LINK_BITS;
	return r;
}

static int do_op(struct domain *d, unsigned cmd, union event_arg *a)
{
	switch (cmd) {
	case EVTCHNOP_alloc_unbound:
		return do_alloc_unbound(d, &a->alloc_unbound);
	case EVTCHNOP_bind_interdomain:
		return event_bind_interdomain(d, a->bind_interdomain.remote_dom,
			a->bind_interdomain.remote_port,
			&a->bind_interdomain.local_port);
	case EVTCHNOP_bind_virq:
		return event_bind_virq(d, a->bind_virq.virq, a->bind_virq.vcpu,
			&a->bind_virq.port);
	case EVTCHNOP_bind_pirq:
		return event_bind_pirq(d, a->bind_pirq.pirq, a->bind_pirq.flags,
			&a->bind_pirq.port);
	case EVTCHNOP_bind_ipi:
		return event_bind_ipi(d, a->bind_ipi.vcpu, &a->bind_ipi.port);
	case EVTCHNOP_close:
		return event_close(d, a->close.port);
	case EVTCHNOP_send:
		return event_send(d, a->send.port);
	case EVTCHNOP_status:
		return do_status(d, &a->status);
	case EVTCHNOP_bind_vcpu:
		return event_bind_vcpu(d, a->bind_vcpu.port, a->bind_vcpu.vcpu);
	case EVTCHNOP_unmask:
		return event_unmask(d, a->unmask.port);
	case EVTCHNOP_reset:
		return do_reset(d, &a->reset);
	case EVTCHNOP_init_control:
		return do_init_control(d, &a->init_control);
	case EVTCHNOP_expand_array:
		return event_expand_array(d, MFN(a->expand_array.array_gfn));
	case EVTCHNOP_set_priority:
		return event_set_priority(
			d, a->set_priority.port, a->set_priority.priority);
	default:
		return -ENOSYS;
	}
}

static long event_op(struct domain *d, unsigned cmd, vaddr_t arg)
{
	union event_arg a;
	int r;

	if (cmd >= ARRAY_SIZE(shapes) || !shapes[cmd].size)
		return -ENOSYS;
	memset(&a, 0, sizeof(a));
	if (arch_copy_from_guest(&a, arg, shapes[cmd].size))
		return -EFAULT;
	r = do_op(d, cmd, &a);
	if (!r && shapes[cmd].has_output &&
		arch_copy_to_guest(arg, &a, shapes[cmd].size))
		r = -EFAULT;
	return r;
}

long hc_event_channel_op(struct hypercall *hc)
{
	return event_op(hc->d, (unsigned)hc->arg[0], hc->arg[1]);
}

/* The command stands in front of its argument. */
long hc_event_channel_op_compat(struct hypercall *hc)
{
	uint32_t cmd;

	if (guest_read_va(&cmd, hc->arg[0]))
		return -EFAULT;
	if (cmd >= EVTCHNOP_reset)
		return -ENOSYS;
	return event_op(hc->d, cmd, hc->arg[0] + offsetof(struct evtchn_op, u));
}
