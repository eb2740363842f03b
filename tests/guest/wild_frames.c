/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sound arguments with frame numbers that are not ours to give: of nobody, of
 * the hypervisor, of devices, beyond memory, and our own in the wrong use.
 */
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/vcpu.h>
#include "guest.h"

static uint64_t wild[12];
static unsigned wild_count;

static void list_frames(void)
{
	static const uint64_t fixed[] = { 0, 1, 0x10, 0xa0, 0x200, 0x280,
		0xfec00, 0xfee00, 0x7fffffff, ~0ULL, ~0ULL >> 12 };

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		wild[wild_count++] = fixed[i];
}

static void tables(void)
{
	uint64_t l1 = pte_address((uint64_t)page_b, 1);
	uint64_t l2 = pte_address((uint64_t)page_b, 2);
	uint64_t root = pte_address(0, 4);
	unsigned accepted = 0;

	for (unsigned i = 0; i < wild_count; i++) {
		uint64_t entry = wild[i] << 12;

		accepted += mmu_update(l1, entry | 7) == 0;
		accepted += mmu_update(l2, entry | 7) == 0;
		accepted += mmu_update(root, entry | 7) == 0;
		accepted += mmu_update(entry, 0) == 0;
		accepted += mmu_update(entry | 1, 5) == 0;
		accepted += map(page_b, entry | 7) == 0;
		for (unsigned cmd = 0; cmd < 21; cmd++) {
			struct mmuext_op op = { .cmd = cmd };

			if (cmd >= MMUEXT_TLB_FLUSH_LOCAL &&
				cmd <= MMUEXT_SET_LDT)
				continue;
			/* No root for the user is a good answer, too. */
			if (cmd == MMUEXT_NEW_USER_BASEPTR && !wild[i])
				continue;
			op.arg1.mfn = wild[i];
			op.arg2.src_mfn = wild[i];
			accepted += HC4(__HYPERVISOR_mmuext_op, &op, 1, 0,
					    DOMID_SELF) == 0;
		}
	}
	expect("page tables, pins and roots: none is accepted", accepted, 0);
}

static void reservations(void)
{
	struct xen_memory_reservation r = { .nr_extents = 1,
		.domid = DOMID_SELF };
	struct xen_memory_exchange x = { 0 };
	struct xen_add_to_physmap a = { .domid = DOMID_SELF };
	xen_pfn_t out;
	long got;
	unsigned accepted = 0;

	for (unsigned i = 0; i < wild_count; i++) {
		xen_pfn_t frame = wild[i];

		r.extent_start.p = &frame;
		r.extent_order = 0;
		got = HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
			&r);
		accepted += got != 0;
		r.extent_order = 9;
		got = HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
			&r);
		accepted += got > 0;
		frame = wild[i];
		x.in = x.out = r;
		x.in.extent_order = x.out.extent_order = 0;
		x.out.extent_start.p = &out;
		x.nr_exchanged = 0;
		got = HC2(__HYPERVISOR_memory_op, XENMEM_exchange, &x);
		accepted += got == 0 && x.nr_exchanged == 1;
		a.space = XENMAPSPACE_gmfn;
		a.idx = a.gpfn = wild[i];
		accepted += HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap,
				    &a) == 0;
	}
	expect("giving back and exchanging: none is accepted", accepted, 0);
}

static void descriptors(void)
{
	unsigned accepted = 0;

	for (unsigned i = 0; i < wild_count; i++) {
		uint64_t frames[14] = { wild[i] };

		accepted += HC2(__HYPERVISOR_set_gdt, frames, 512) == 0;
		accepted += HC2(__HYPERVISOR_update_descriptor, wild[i] << 12,
				    0) == 0;
	}
	expect("descriptor tables: none is accepted", accepted, 0);
	expect_true("15 pages of descriptors: refused",
		HC2(__HYPERVISOR_set_gdt, wild, 15 * 512) < 0);
}

static void others(void)
{
	unsigned accepted = 0;

	for (unsigned i = 0; i < wild_count; i++) {
		struct vcpu_register_vcpu_info info = { .mfn = wild[i] };
		struct gnttab_transfer t = { .mfn = wild[i], .domid = 0 };
		struct gnttab_copy c = { .len = 16 };

		accepted += HC3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info,
				    0, &info) == 0;
		HC3(__HYPERVISOR_grant_table_op, GNTTABOP_transfer, &t, 1);
		accepted += t.status == GNTST_okay;
		c.source.domid = c.dest.domid = DOMID_SELF;
		c.source.u.gmfn = wild[i];
		c.dest.u.gmfn = virt_to_mfn(page_a);
		HC3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &c, 1);
		accepted += c.status == GNTST_okay;
		c.dest.u.gmfn = wild[i];
		c.source.u.gmfn = virt_to_mfn(page_a);
		HC3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &c, 1);
		accepted += c.status == GNTST_okay;
	}
	expect("vcpu areas, transfers and copies: none is accepted", accepted,
		0);
}

/* Our own frames, where they must not be. */
static void own_frames(void)
{
	uint64_t root = virt_to_mfn((void *)start_info->pt_base);
	xen_pfn_t frame = root;
	struct xen_memory_reservation r = { .nr_extents = 1,
		.domid = DOMID_SELF };
	struct vcpu_register_vcpu_info info = { .mfn = root };
	uint64_t frames[14] = { root };
	struct gnttab_copy c = { .len = 16 };

	r.extent_start.p = &frame;
	expect_true("the root as descriptors: refused",
		HC2(__HYPERVISOR_set_gdt, frames, 512) < 0);
	expect_true("the root for the vcpu's area: refused",
		HC3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, &info) <
			0);
	c.source.domid = c.dest.domid = DOMID_SELF;
	c.source.u.gmfn = virt_to_mfn(page_a);
	c.dest.u.gmfn = root;
	HC3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &c, 1);
	expect_true("a copy into the root: refused", c.status != GNTST_okay);
	/* It may be given back: but it is in use as long as we run on it. */
	if (!is_dom0)
		HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r);
	expect("and we still run on it", *pte_of(page_a, 1) & 1, 1);
}

void guest_tests(void)
{
	unsigned before = trap_count;

	list_frames();
	tables();
	reservations();
	descriptors();
	others();
	own_frames();
	expect("no trap", trap_count, before);
}
