/* SPDX-License-Identifier: BSD-2-Clause */
/* Every event channel operation, its errors, and what the guest then sees. */
#include "ctl_rig.h"

static long op(unsigned cmd, void *arg)
{
	long r = ctl_call(hc_event_channel_op, cmd, (uintptr_t)arg, 0);

	ctl_audit();
	return r;
}

static bool is_set(const unsigned long *words, uint32_t port)
{
	return words[port / 64] >> (port % 64) & 1;
}

static bool is_pending(unsigned i, uint32_t port)
{
	return is_set(dom[i]->shared_info->evtchn_pending, port);
}

/* As a guest's handler does: everything seen and done. */
static void clear_all(unsigned i)
{
	struct vcpu *v;

	memset(dom[i]->shared_info->evtchn_pending, 0, 512);
	vcpu_for_each (dom[i], v) {
		v->vcpu_info->evtchn_upcall_pending = 0;
		v->vcpu_info->evtchn_pending_sel = 0;
	}
}

static uint32_t alloc_unbound(domid_t where, domid_t remote)
{
	struct evtchn_alloc_unbound a = { .dom = where, .remote_dom = remote };

	assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
	return a.port;
}

static uint32_t bind(domid_t remote, uint32_t port)
{
	struct evtchn_bind_interdomain b = { .remote_dom = remote,
		.remote_port = port };

	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), 0);
	return b.local_port;
}

static struct evtchn_status status(domid_t where, uint32_t port)
{
	struct evtchn_status s = { .dom = where, .port = port };

	assert_int_equal(op(EVTCHNOP_status, &s), 0);
	return s;
}

static long send_port(uint32_t port)
{
	struct evtchn_send s = { port };

	return op(EVTCHNOP_send, &s);
}

static long close_port(uint32_t port)
{
	struct evtchn_close c = { port };

	return op(EVTCHNOP_close, &c);
}

static void interdomain(void **state)
{
	uint32_t theirs, mine;
	struct evtchn_status s;
	struct evtchn_bind_interdomain again;

	(void)state;
	ctl_start(1);
	/* The tools make a port in a guest for dom0, which then binds to it. */
	theirs = alloc_unbound(1, DOMID_SELF);
	s = status(1, theirs);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(s.u.unbound.dom, 0);
	mine = bind(1, theirs);
	assert_true(is_pending(0, mine));
	assert_int_equal(dom[0]->vcpu[0]->vcpu_info->evtchn_upcall_pending, 1);
	clear_all(0);
	s = status(DOMID_SELF, mine);
	assert_int_equal(s.status, EVTCHNSTAT_interdomain);
	assert_int_equal(s.u.interdomain.dom, 1);
	assert_int_equal(s.u.interdomain.port, theirs);
	s = status(1, theirs);
	assert_int_equal(s.status, EVTCHNSTAT_interdomain);
	assert_int_equal(s.u.interdomain.port, mine);

	/* Nobody can bind to it a second time. */
	again = (struct evtchn_bind_interdomain){ 1, theirs, 0 };
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &again), -EINVAL);

	assert_int_equal(send_port(mine), 0);
	assert_true(is_pending(1, theirs));
	assert_false(is_pending(0, mine));
	assert_int_equal(dom[1]->vcpu[0]->vcpu_info->evtchn_pending_sel, 1);
	ctl_play(1);
	clear_all(1);
	assert_int_equal(send_port(theirs), 0);
	assert_true(is_pending(0, mine));

	/* One end closed: the other waits for the same domain again. */
	assert_int_equal(close_port(theirs), 0);
	assert_false(is_pending(1, theirs));
	assert_int_equal(close_port(theirs), -EINVAL);
	ctl_play(0);
	s = status(DOMID_SELF, mine);
	assert_int_equal(s.status, EVTCHNSTAT_unbound);
	assert_int_equal(s.u.unbound.dom, 1);
	assert_int_equal(send_port(mine), 0);
	assert_int_equal(close_port(mine), 0);
	assert_int_equal(send_port(mine), -EINVAL);
	ctl_stop();
}

static void interdomain_errors(void **state)
{
	struct evtchn_alloc_unbound a = { .dom = 2, .remote_dom = 0 };
	struct evtchn_bind_interdomain b;
	uint32_t port;

	(void)state;
	ctl_start(1);
	port = alloc_unbound(DOMID_SELF, 2);
	/* A guest may not make ports in others, nor look at theirs, nor bind
	 * to a port that waits for somebody else. */
	ctl_play(1);
	assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -EPERM);
	b = (struct evtchn_bind_interdomain){ 0, port, 0 };
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), -EINVAL);
	assert_int_equal(
		op(EVTCHNOP_status, &(struct evtchn_status){ .dom = 0 }),
		-EPERM);
	assert_int_equal(
		op(EVTCHNOP_reset, &(struct evtchn_reset){ 0 }), -EPERM);
	a.dom = 77;
	assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -ESRCH);
	b.remote_dom = 77;
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), -ESRCH);
	b.remote_dom = DOMID_IO;
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), -ESRCH);
	b = (struct evtchn_bind_interdomain){ 0, 100000, 0 };
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), -EINVAL);
	/* Loopback. */
	port = alloc_unbound(DOMID_SELF, DOMID_SELF);
	b = (struct evtchn_bind_interdomain){ DOMID_SELF, port, 0 };
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), 0);
	assert_int_equal(send_port(b.local_port), 0);
	assert_true(is_pending(1, port));
	assert_int_equal(close_port(port), 0);
	assert_int_equal(status(DOMID_SELF, b.local_port).u.unbound.dom, 1);
	/* Bad pointers, unknown operations, what is not offered. */
	assert_int_equal(op(EVTCHNOP_send, (void *)BAD_VA), -EFAULT);
	assert_int_equal(op(99, &a), -ENOSYS);
	ctl_stop();
}

static void masks(void **state)
{
	struct vcpu_info *info;
	unsigned long *mask;
	uint32_t port;
	struct evtchn_unmask u;

	(void)state;
	ctl_start(1);
	port = alloc_unbound(1, 0);
	bind(1, port);
	info = dom[1]->vcpu[0]->vcpu_info;
	mask = dom[1]->shared_info->evtchn_mask;
	clear_all(1);
	mask[port / 64] |= 1UL << (port % 64);
	event_set_limit(dom[0], 4095);
	assert_int_equal(send_port(1), 0);
	assert_true(is_pending(1, port));
	assert_int_equal(info->evtchn_upcall_pending, 0);
	/* Unmasking makes up for it. */
	ctl_play(1);
	u.port = port;
	assert_int_equal(op(EVTCHNOP_unmask, &u), 0);
	assert_false(is_set(mask, port));
	assert_int_equal(info->evtchn_upcall_pending, 1);
	assert_int_equal(info->evtchn_pending_sel, 1UL << (port / 64));
	clear_all(1);
	/* Not masked: nothing to make up for. */
	assert_int_equal(op(EVTCHNOP_unmask, &u), 0);
	assert_int_equal(info->evtchn_upcall_pending, 0);
	u.port = 5000;
	assert_int_equal(op(EVTCHNOP_unmask, &u), -EINVAL);
	u.port = ~0U;
	assert_int_equal(op(EVTCHNOP_unmask, &u), -EINVAL);
	info->evtchn_upcall_mask = 0;
	info->evtchn_upcall_pending = 1;
	assert_true(event_is_pending(dom[1]->vcpu[0]));
	info->evtchn_upcall_mask = 1;
	assert_false(event_is_pending(dom[1]->vcpu[0]));
	ctl_stop();
}

static void virqs(void **state)
{
	struct evtchn_bind_virq b = { .virq = VIRQ_TIMER, .vcpu = 1 };
	struct evtchn_bind_vcpu m;
	uint32_t timer, dom_exc;

	(void)state;
	ctl_start(1);
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), 0);
	timer = b.port;
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), -EEXIST);
	b.virq = VIRQ_DOM_EXC;
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), -EINVAL);
	b.vcpu = 0;
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), 0);
	dom_exc = b.port;
	b.virq = NR_VIRQS;
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), -EINVAL);
	b = (struct evtchn_bind_virq){ .virq = VIRQ_DEBUG, .vcpu = CTL_VCPUS };
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), -ENOENT);
	b.vcpu = ~0U;
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), -ENOENT);

	event_send_vcpu_virq(dom[0]->vcpu[1], VIRQ_TIMER);
	assert_true(is_pending(0, timer));
	assert_int_equal(dom[0]->vcpu[1]->vcpu_info->evtchn_upcall_pending, 1);
	assert_int_equal(dom[0]->vcpu[0]->vcpu_info->evtchn_upcall_pending, 0);
	event_send_vcpu_virq(dom[0]->vcpu[0], VIRQ_TIMER); /* unbound */
	event_send_global_virq(dom[1], VIRQ_DOM_EXC);
	clear_all(0);
	event_send_machine_virq(VIRQ_DOM_EXC);
	assert_true(is_pending(0, dom_exc));
	assert_int_equal(status(0, dom_exc).u.virq, VIRQ_DOM_EXC);

	/* A global one may move, one of a vcpu may not. */
	m = (struct evtchn_bind_vcpu){ dom_exc, 1 };
	assert_int_equal(op(EVTCHNOP_bind_vcpu, &m), 0);
	clear_all(0);
	event_send_machine_virq(VIRQ_DOM_EXC);
	assert_int_equal(dom[0]->vcpu[1]->vcpu_info->evtchn_upcall_pending, 1);
	m.port = timer;
	assert_int_equal(op(EVTCHNOP_bind_vcpu, &m), -EINVAL);
	event_vcpu_gone(dom[0]->vcpu[1]);
	assert_int_equal(status(0, dom_exc).vcpu, 0);
	assert_int_equal(status(0, timer).vcpu, 1);

	/* Given to another domain, until that one's end. */
	assert_int_equal(event_assign_virq(dom[1], VIRQ_TIMER), -EINVAL);
	assert_int_equal(event_assign_virq(dom[1], VIRQ_DOM_EXC), 0);
	clear_all(0);
	event_send_machine_virq(VIRQ_DOM_EXC);
	assert_false(is_pending(0, dom_exc));
	assert_int_equal(event_close_all(dom[1]), 0);
	event_send_machine_virq(VIRQ_DOM_EXC);
	assert_true(is_pending(0, dom_exc));

	assert_int_equal(close_port(dom_exc), 0);
	assert_int_equal(close_port(timer), 0);
	b = (struct evtchn_bind_virq){ .virq = VIRQ_TIMER, .vcpu = 1 };
	assert_int_equal(op(EVTCHNOP_bind_virq, &b), 0);
	ctl_stop();
}

static void ipis(void **state)
{
	struct evtchn_bind_ipi b = { .vcpu = 1 };
	struct evtchn_bind_vcpu m;

	(void)state;
	ctl_start(1);
	assert_int_equal(op(EVTCHNOP_bind_ipi, &b), 0);
	assert_int_equal(send_port(b.port), 0);
	assert_true(is_pending(0, b.port));
	assert_int_equal(dom[0]->vcpu[1]->vcpu_info->evtchn_upcall_pending, 1);
	m = (struct evtchn_bind_vcpu){ b.port, 0 };
	assert_int_equal(op(EVTCHNOP_bind_vcpu, &m), -EINVAL);
	m.vcpu = 9;
	assert_int_equal(op(EVTCHNOP_bind_vcpu, &m), -ENOENT);
	m = (struct evtchn_bind_vcpu){ 4000, 0 };
	assert_int_equal(op(EVTCHNOP_bind_vcpu, &m), -EINVAL);
	b.vcpu = 2;
	assert_int_equal(op(EVTCHNOP_bind_ipi, &b), -ENOENT);
	ctl_stop();
}

static void moved_ports(void **state)
{
	struct evtchn_bind_vcpu m;
	uint32_t theirs;

	(void)state;
	ctl_start(1);
	theirs = alloc_unbound(1, 0);
	bind(1, theirs);
	ctl_play(1);
	m = (struct evtchn_bind_vcpu){ theirs, 1 };
	assert_int_equal(op(EVTCHNOP_bind_vcpu, &m), 0);
	clear_all(1);
	ctl_play(0);
	assert_int_equal(send_port(1), 0);
	assert_int_equal(dom[1]->vcpu[0]->vcpu_info->evtchn_upcall_pending, 0);
	assert_int_equal(dom[1]->vcpu[1]->vcpu_info->evtchn_upcall_pending, 1);
	ctl_stop();
}

static void wake_ups(void **state)
{
	struct evtchn_bind_ipi b = { .vcpu = 1 };
	struct vcpu *v;

	(void)state;
	ctl_start(2);
	assert_int_equal(op(EVTCHNOP_bind_ipi, &b), 0);
	v = dom[0]->vcpu[1];
	v->pause_flags = VCPU_BLOCKED | VCPU_DOWN;
	assert_int_equal(send_port(b.port), 0);
	assert_int_equal(v->pause_flags, VCPU_DOWN);

	/* Masked: only who polls for it, or for anything, wakes. */
	dom[0]->shared_info->evtchn_mask[0] = ~0UL;
	clear_all(0);
	v->pause_flags = VCPU_BLOCKED | VCPU_DOWN;
	assert_int_equal(send_port(b.port), 0);
	assert_int_equal(v->pause_flags, VCPU_BLOCKED | VCPU_DOWN);
	clear_all(0);
	v->poll_port = b.port + 1;
	sched_begin_poll(v);
	assert_int_equal(send_port(b.port), 0);
	assert_true(v->pause_flags & VCPU_POLLING);
	clear_all(0);
	v->poll_port = b.port;
	assert_int_equal(send_port(b.port), 0);
	assert_int_equal(v->pause_flags, VCPU_DOWN);
	clear_all(0);
	v->poll_port = 0;
	sched_begin_poll(v);
	assert_int_equal(send_port(b.port), 0);
	assert_int_equal(v->pause_flags, VCPU_DOWN);
	assert_true(event_port_is_pending(dom[0], b.port));
	assert_false(event_port_is_pending(dom[0], b.port + 1));
	assert_false(event_port_is_pending(dom[0], 4096));
	assert_false(event_port_is_pending(dom[0], ~0U));

	/* On another CPU: that one is made to look. */
	clear_all(0);
	dom[0]->shared_info->evtchn_mask[0] = 0;
	v->pause_flags = 0;
	fake_enter(v, 1);
	fake_play(0);
	cpus[1]->arch.kicks = 0;
	assert_int_equal(send_port(b.port), 0);
	assert_int_equal(cpus[1]->arch.kicks, 1);
	/* Told already. */
	assert_int_equal(send_port(b.port), 0);
	assert_int_equal(cpus[1]->arch.kicks, 1);
	fake_enter(NULL, 1);
	fake_play(0);
	ctl_stop();
}

static void limits(void **state)
{
	struct evtchn_alloc_unbound a = { .dom = 1, .remote_dom = 0 };
	unsigned n = 0;
	long r;

	(void)state;
	ctl_start(1);
	event_set_limit(dom[1], 200);
	while ((r = ctl_call(hc_event_channel_op, EVTCHNOP_alloc_unbound,
			(uintptr_t)&a, 0)) == 0) {
		n++;
		assert_in_range(a.port, 1, 200);
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(n, 200);
	ctl_audit();
	/* All of them. */
	event_set_limit(dom[1], ~0U);
	while (!ctl_call(
		hc_event_channel_op, EVTCHNOP_alloc_unbound, (uintptr_t)&a, 0))
		n++;
	assert_int_equal(n, EVENT_2L_PORTS - 1);
	ctl_audit();
	/* The lowest free one is next. */
	ctl_play(1);
	assert_int_equal(close_port(17), 0);
	a.dom = DOMID_SELF;
	assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
	assert_int_equal(a.port, 17);
	/* A reset in as many steps as it takes. */
	fake_should_yield = ctl_always;
	assert_int_equal(
		op(EVTCHNOP_reset, &(struct evtchn_reset){ DOMID_SELF }), 0);
	assert_int_equal(ctl_restarts, EVENT_2L_PORTS - 1);
	fake_should_yield = NULL;
	assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
	assert_int_equal(a.port, 1);
	ctl_stop();
}

static void no_memory(void **state)
{
	struct evtchn_alloc_unbound a = { .dom = 1, .remote_dom = 0 };
	struct evtchn_bind_interdomain b = { .remote_dom = 1 };

	(void)state;
	ctl_start(1);
	b.remote_port = alloc_unbound(1, 0);
	fake_fail_alloc_after(0);
	/* No page can be had; small pieces may be left in one. */
	for (unsigned i = 0; i < 2 * EVENT_2L_PORTS; i++) {
		long r = ctl_call(hc_event_channel_op, EVTCHNOP_alloc_unbound,
			(uintptr_t)&a, 0);

		assert_true(r == 0 || r == -ENOMEM);
		if (r)
			break;
	}
	fake_fail_alloc_after(~0ULL);
	assert_int_equal(op(EVTCHNOP_bind_interdomain, &b), 0);
	/* The result cannot be written: the port stays, as documented. */
	fake_fail_copy_after(1);
	assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -EFAULT);
	fake_fail_copy_after(~0ULL);
	ctl_stop();
}

static void first_edition(void **state)
{
	struct evtchn_op o = { .cmd = EVTCHNOP_alloc_unbound };

	(void)state;
	ctl_start(1);
	o.u.alloc_unbound = (struct evtchn_alloc_unbound){ DOMID_SELF, 1, 0 };
	assert_int_equal(
		ctl_call(hc_event_channel_op_compat, (uintptr_t)&o, 0, 0), 0);
	assert_int_equal(o.u.alloc_unbound.port, 1);
	o.cmd = EVTCHNOP_send;
	o.u.send.port = 1;
	assert_int_equal(
		ctl_call(hc_event_channel_op_compat, (uintptr_t)&o, 0, 0), 0);
	o.cmd = EVTCHNOP_reset;
	assert_int_equal(
		ctl_call(hc_event_channel_op_compat, (uintptr_t)&o, 0, 0),
		-ENOSYS);
	assert_int_equal(
		ctl_call(hc_event_channel_op_compat, BAD_VA, 0, 0), -EFAULT);
	ctl_stop();
}

/* A domain dies with channels to another: the other's ends wait again. */
static void death(void **state)
{
	uint32_t mine[40];

	(void)state;
	ctl_start(1);
	for (unsigned i = 0; i < 40; i++)
		mine[i] = bind(1, alloc_unbound(1, 0));
	fake_should_yield = ctl_always;
	while (event_close_all(dom[1]) == -ERESTART_HC)
		ctl_audit();
	fake_should_yield = NULL;
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(status(0, mine[i]).status, EVTCHNSTAT_unbound);
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interdomain),
		cmocka_unit_test(interdomain_errors),
		cmocka_unit_test(masks),
		cmocka_unit_test(virqs),
		cmocka_unit_test(ipis),
		cmocka_unit_test(moved_ports),
		cmocka_unit_test(wake_ups),
		cmocka_unit_test(limits),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(first_edition),
		cmocka_unit_test(death),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
