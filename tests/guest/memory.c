/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory given back and taken again, as a balloon does: it comes back clear,
 * never more than may be had, and what is in use cannot be given.
 */
#include <public/memory.h>
#include "guest.h"

#define COUNT 16

static char balloon[COUNT][4096] __attribute__((aligned(4096)));

static long pages_now(void)
{
	struct xen_memory_domain d = { .domid = DOMID_SELF };

	return HC2(__HYPERVISOR_memory_op, XENMEM_current_reservation, &d);
}

static void out_and_in(void)
{
	struct xen_memory_reservation r = { .nr_extents = COUNT,
		.domid = DOMID_SELF };
	xen_pfn_t frame[COUNT];
	unsigned dirty = 0;
	long before = pages_now();

	for (unsigned i = 0; i < COUNT; i++) {
		frame[i] = virt_to_mfn(balloon[i]);
		balloon[i][7] = 0x77;
		map(balloon[i], 0);
	}
	r.extent_start.p = frame;
	expect("giving pages back",
		(uint64_t)HC2(__HYPERVISOR_memory_op,
			XENMEM_decrease_reservation, &r),
		COUNT);
	expect("there are fewer", (uint64_t)pages_now(),
		(uint64_t)(before - COUNT));
	expect("giving them back twice: none",
		(uint64_t)HC2(__HYPERVISOR_memory_op,
			XENMEM_decrease_reservation, &r),
		0);
	expect_true("mapping one of them: refused",
		map(balloon[0], frame[0] << 12 | 7) < 0);
	for (unsigned i = 0; i < COUNT; i++)
		frame[i] = virt_to_pfn(balloon[i]);
	expect("taking pages again",
		(uint64_t)HC2(
			__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r),
		COUNT);
	expect("there are as many as before", (uint64_t)pages_now(),
		(uint64_t)before);
	for (unsigned i = 0; i < COUNT; i++) {
		((uint64_t *)start_info->mfn_list)[virt_to_pfn(balloon[i])] =
			frame[i];
		if (map(balloon[i], frame[i] << 12 | 7) ||
			mfn_to_pfn(frame[i]) != virt_to_pfn(balloon[i]))
			dirty += 1000;
		for (unsigned n = 0; n < 4096; n++)
			dirty += balloon[i][n] != 0;
	}
	expect("they are ours and clear", dirty, 0);
}

static void limits(void)
{
	struct xen_memory_domain d = { .domid = DOMID_SELF };
	struct xen_memory_reservation r = { .nr_extents = 1,
		.domid = DOMID_SELF };
	long most = HC2(__HYPERVISOR_memory_op, XENMEM_maximum_reservation, &d);
	xen_pfn_t frame = virt_to_mfn(page_b);
	unsigned got = 0;

	expect_true("there is a limit", most >= pages_now());
	r.extent_start.p = &frame;
	/* page_b is mapped: it may be given, but stays as long as it is. */
	if (is_dom0)
		return;
	for (frame = 0x100000; got < 100000; got++) {
		xen_pfn_t pfn = frame++, at = pfn;

		r.extent_start.p = &at;
		if (HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) !=
			1)
			break;
	}
	expect_true("no more than may be had", pages_now() <= most);
	r.extent_order = 18;
	r.extent_start.p = &frame;
	expect_true("a gigabyte at once: none",
		HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) <= 0);
	r.extent_order = 200;
	expect_true("an order that is none: none",
		HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) <= 0);
	r.extent_order = 0;
	r.nr_extents = ~0UL;
	expect_true("all there is: no",
		HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) <= 0);
}

static void of_others(void)
{
	struct xen_memory_domain d = { .domid = 0 };
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = 0 };
	xen_pfn_t frame = 0x1000;

	if (is_dom0)
		return;
	r.extent_start.p = &frame;
	expect_true("dom0's memory is not ours to know",
		HC2(__HYPERVISOR_memory_op, XENMEM_current_reservation, &d) <
			0);
	expect_true("nor to shrink",
		HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r) <=
			0);
	expect_true("nor to grow",
		HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) <= 0);
}

void guest_tests(void)
{
	out_and_in();
	of_others();
	limits();
}
