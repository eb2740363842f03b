/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every hypercall, known or not, with pointers and numbers that lead nowhere:
 * an error, no trap, and we are still there. Left out is only what ends or
 * stops the caller by its own wish: iret, blocking, shutting down, and taking
 * its only vcpu down.
 */
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include "guest.h"

static const uint64_t wild[] = { 0, 1, 0x1000, 0x7fffffffffff,
	0x8000000000000000, 0xffff800000000000, 0xffff830000000000,
	0xffff87fffffffff8, 0xffffffffffffffff, 0xffffffff7ffffff8 };

#define WILD (sizeof(wild) / sizeof(wild[0]))

static bool ends_us(unsigned nr, uint64_t op)
{
	switch (nr) {
	case __HYPERVISOR_iret:
		return true;
	case __HYPERVISOR_sched_op:
	case __HYPERVISOR_sched_op_compat:
		return (uint32_t)op == SCHEDOP_block ||
		       (uint32_t)op == SCHEDOP_shutdown ||
		       (uint32_t)op == SCHEDOP_shutdown_code;
	case __HYPERVISOR_vcpu_op:
		return (uint32_t)op == VCPUOP_down;
	default:
		return false;
	}
}

/* What a kernel says about itself is believed: say it again as it is. */
static void mend(unsigned nr)
{
	switch (nr) {
	case __HYPERVISOR_set_trap_table:
	case __HYPERVISOR_set_callbacks:
		set_traps();
		break;
	case __HYPERVISOR_fpu_taskswitch:
		HC1(nr, 0);
		break;
	case __HYPERVISOR_set_debugreg:
		for (unsigned i = 0; i < 8; i++)
			HC2(nr, i, 0);
		break;
	case __HYPERVISOR_set_timer_op:
		HC1(nr, 0);
		break;
	default:
		break;
	}
}

static void every_call(void)
{
	unsigned before = trap_count;

	for (unsigned nr = 0; nr < 64; nr++)
		for (unsigned op = 0; op < 44; op++)
			for (unsigned i = 0; i < WILD; i++) {
				if (!ends_us(nr, op))
					hypercall(nr, op, wild[i], 1, 0,
						DOMID_SELF);
				if (!ends_us(nr, wild[i]))
					hypercall(nr, wild[i], op,
						wild[WILD - 1 - i], 0,
						DOMID_SELF);
				mend(nr);
			}
	expect("wild arguments: no trap", trap_count, before);
	TRY("ud2");
	expect("traps come as before", last_trap.vector, 6);
}

static void unknown(void)
{
	expect_error("an unknown hypercall", HC0(50), XEN_ENOSYS);
	expect_error("a number beyond the table", HC0(0xffffffff), XEN_ENOSYS);
	expect_error("the first beyond it", HC0(64), XEN_ENOSYS);
	expect_error("a table of traps in nowhere",
		HC1(__HYPERVISOR_set_trap_table, 0x1000), XEN_EFAULT);
	expect_error("a batch in nowhere",
		HC2(__HYPERVISOR_multicall, 0xffff830000000000, 4), XEN_EFAULT);
	expect_true("callbacks that are no addresses",
		HC3(__HYPERVISOR_set_callbacks, 1UL << 63, 1UL << 63,
			1UL << 63) < 0);
	set_traps();
}

/* The same out of a batch, and a batch of batches. */
static void batches(void)
{
	static struct multicall_entry e[4], inner[2];
	unsigned before = trap_count;

	inner[0].op = __HYPERVISOR_multicall;
	inner[0].args[0] = (unsigned long)e;
	inner[0].args[1] = 4;
	e[0].op = __HYPERVISOR_multicall;
	e[0].args[0] = (unsigned long)inner;
	e[0].args[1] = 2;
	e[1].op = 63;
	e[2].op = __HYPERVISOR_memory_op;
	e[2].args[0] = XENMEM_current_reservation;
	e[2].args[1] = 0xffff830000000000;
	e[3].op = __HYPERVISOR_xen_version;
	expect_error("a batch", HC2(__HYPERVISOR_multicall, e, 4), 0);
	expect_true("in it no batch", (long)e[0].result < 0);
	expect("an unknown call", e[1].result, (uint64_t)-XEN_ENOSYS);
	expect_true("a wild one", (long)e[2].result < 0);
	expect("a good one", e[3].result, 4 << 16 | 17);
	for (unsigned i = 0; i < WILD; i++) {
		HC2(__HYPERVISOR_multicall, wild[i], 7);
		HC2(__HYPERVISOR_multicall, e, wild[i] << 32);
	}
	expect("no trap", trap_count, before);
}

void guest_tests(void)
{
	unknown();
	batches();
	every_call();
}
