/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs: the callback that a kernel registers is entered, once for each that is
 * sent, with upcalls masked; without one the handler of vector 2 is.
 */
#include <public/nmi.h>
#include <public/vcpu.h>
#include "guest.h"

extern char trap_nmi[];

static unsigned nmis, by_table; /* the latter by vector 2 */
static uint8_t mask_inside;

static bool on_nmi(struct frame *f)
{
	if (f->vector != TRAP_NMI && f->vector != 2)
		return false;
	nmis++;
	by_table += f->vector == 2;
	mask_inside = shared->vcpu_info[0].evtchn_upcall_mask;
	return true;
}

static long send(unsigned id)
{
	long r = HC3(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, id, 0);

	yield();
	return r;
}

void guest_tests(void)
{
	struct xennmi_callback callback = { (uint64_t)trap_nmi, 0 };
	struct xennmi_callback bad = { 1UL << 63, 0 };

	trap_hook = on_nmi;
	expect_true("a callback at no address: refused",
		HC2(__HYPERVISOR_nmi_op, XENNMI_register_callback, &bad) < 0);
	expect_error("a callback",
		HC2(__HYPERVISOR_nmi_op, XENNMI_register_callback, &callback),
		0);
	shared->vcpu_info[0].evtchn_upcall_mask = 0;
	expect_error("one to ourselves", send(0), 0);
	expect("it came", nmis, 1);
	expect("with upcalls masked", mask_inside, 1);
	expect("which the return undoes",
		shared->vcpu_info[0].evtchn_upcall_mask, 0);
	send(0);
	expect("another", nmis, 2);
	expect_true("to no vcpu: refused", send(64) < 0);
	expect_error("none any more",
		HC2(__HYPERVISOR_nmi_op, XENNMI_unregister_callback, 0), 0);
	expect("it was no trap", by_table, 0);
	send(0);
	expect("now it comes by the table of traps", by_table, 1);
	HC1(__HYPERVISOR_set_trap_table, 0);
	send(0);
	expect("and without a table not at all", nmis, 3);
	set_traps();
	yield();
	expect("until there is one", nmis, 4);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
}
