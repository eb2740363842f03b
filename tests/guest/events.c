/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels: one upcall an event, ports that exist and ports that do not,
 * channels to oneself, and the virtual interrupts that a guest may have.
 */
#include <public/event_channel.h>
#include "guest.h"

static long op(unsigned cmd, void *arg)
{
	return HC2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static void unmask_port(unsigned port)
{
	__atomic_and_fetch(&shared->evtchn_mask[port / 64], ~(1UL << port % 64),
		__ATOMIC_SEQ_CST);
}

static bool is_pending(unsigned port)
{
	return shared->evtchn_pending[port / 64] >> port % 64 & 1;
}

static void ipis(void)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_send send;
	struct evtchn_close end;
	struct evtchn_unmask un;
	unsigned before;

	expect_error("an IPI port", op(EVTCHNOP_bind_ipi, &ipi), 0);
	unmask_port(ipi.port);
	shared->vcpu_info[0].evtchn_upcall_mask = 0;
	before = upcall_count;
	send.port = ipi.port;
	expect_error("sending to it", op(EVTCHNOP_send, &send), 0);
	expect("one upcall came", upcall_count, before + 1);
	expect("the port was pending",
		last_events[ipi.port / 64] >> ipi.port % 64 & 1, 1);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
	op(EVTCHNOP_send, &send);
	expect("masked upcalls wait", upcall_count, before + 1);
	expect_true("but it is pending", is_pending(ipi.port));
	/* Any way into the hypervisor brings it, once unmasked. */
	shared->vcpu_info[0].evtchn_upcall_mask = 0;
	yield();
	expect("until they are unmasked", upcall_count, before + 2);
	__atomic_or_fetch(&shared->evtchn_mask[ipi.port / 64],
		1UL << ipi.port % 64, __ATOMIC_SEQ_CST);
	op(EVTCHNOP_send, &send);
	expect("a masked port brings none", upcall_count, before + 2);
	un.port = ipi.port;
	expect_error("unmasking it", op(EVTCHNOP_unmask, &un), 0);
	expect("brings it", upcall_count, before + 3);
	end.port = ipi.port;
	expect_error("closing it", op(EVTCHNOP_close, &end), 0);
	expect_true("closing it twice: refused", op(EVTCHNOP_close, &end) < 0);
	expect_true("sending to it: refused", op(EVTCHNOP_send, &send) < 0);
	ipi.vcpu = 5;
	expect_true(
		"an IPI to no vcpu: refused", op(EVTCHNOP_bind_ipi, &ipi) < 0);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
}

static void to_oneself(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF,
		.remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	struct evtchn_status st = { .dom = DOMID_SELF };
	struct evtchn_close end;
	struct evtchn_send send;

	expect_error("a port for ourselves", op(EVTCHNOP_alloc_unbound, &a), 0);
	b.remote_port = a.port;
	expect_error(
		"bound by ourselves", op(EVTCHNOP_bind_interdomain, &b), 0);
	send.port = b.local_port;
	expect_error("sending by one", op(EVTCHNOP_send, &send), 0);
	expect_true("reaches the other", is_pending(a.port));
	st.port = a.port;
	expect_error("its status", op(EVTCHNOP_status, &st), 0);
	expect("interdomain", st.status, EVTCHNSTAT_interdomain);
	expect("with the other end", st.u.interdomain.port, b.local_port);
	expect_true(
		"bound twice: refused", op(EVTCHNOP_bind_interdomain, &b) < 0);
	end.port = a.port;
	expect_error("closing one end", op(EVTCHNOP_close, &end), 0);
	st.port = b.local_port;
	op(EVTCHNOP_status, &st);
	expect("leaves the other unbound", st.status, EVTCHNSTAT_unbound);
	end.port = b.local_port;
	op(EVTCHNOP_close, &end);
}

static void refused(void)
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
	struct evtchn_alloc_unbound a = { .dom = 0, .remote_dom = DOMID_SELF };
	struct evtchn_status st = { .dom = 0, .port = 1 };
	struct evtchn_bind_pirq pirq = { .pirq = 4 };
	struct evtchn_bind_interdomain b = { .remote_dom = 77 };
	struct evtchn_send send = { .port = 4096 };
	struct evtchn_bind_vcpu bv = { .port = 1, .vcpu = 64 };
	struct evtchn_close end;

	expect_error("the timer's port", op(EVTCHNOP_bind_virq, &virq), 0);
	end.port = virq.port;
	expect_true("a second one: refused", op(EVTCHNOP_bind_virq, &virq) < 0);
	op(EVTCHNOP_close, &end);
	virq.virq = 24;
	expect_true("a virtual interrupt that is none: refused",
		op(EVTCHNOP_bind_virq, &virq) < 0);
	expect_true("port 4096: refused", op(EVTCHNOP_send, &send) < 0);
	send.port = ~0U;
	expect_true(
		"the last port number: refused", op(EVTCHNOP_send, &send) < 0);
	send.port = 0;
	expect_true("port 0: refused", op(EVTCHNOP_send, &send) < 0);
	expect_true("no vcpu: refused", op(EVTCHNOP_bind_vcpu, &bv) < 0);
	expect_true("a domain that is not there: refused",
		op(EVTCHNOP_bind_interdomain, &b) < 0);
	expect_true("an unknown operation: refused", op(60, &send) < 0);
	if (is_dom0)
		return;
	expect_true(
		"a port in dom0: refused", op(EVTCHNOP_alloc_unbound, &a) < 0);
	expect_true("the status of a port of dom0: refused",
		op(EVTCHNOP_status, &st) < 0);
	expect_true("a device's interrupt: refused",
		op(EVTCHNOP_bind_pirq, &pirq) < 0);
	b.remote_dom = 0;
	b.remote_port = 1;
	expect_true("a port of dom0 that waits for another: refused",
		op(EVTCHNOP_bind_interdomain, &b) < 0);
}

/* As many ports as there are, and all of them back. */
static void all_ports(void)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_close end;
	unsigned count = 0, closed = 0;
	static uint16_t port[4096];

	while (count < 4096 && op(EVTCHNOP_bind_ipi, &ipi) == 0)
		port[count++] = (uint16_t)ipi.port;
	expect_true("there is an end of ports", count >= 100 && count < 4096);
	for (unsigned i = 0; i < count; i++) {
		end.port = port[i];
		closed += op(EVTCHNOP_close, &end) == 0;
	}
	expect("all can be closed", closed, count);
}

void guest_tests(void)
{
	ipis();
	to_oneself();
	refused();
	all_ports();
}
