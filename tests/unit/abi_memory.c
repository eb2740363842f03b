/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_op: every operation, its errors, and going on after preemption. */
#include "ctl_rig.h"
#include <tenon/boot.h>
#include <tenon/pte.h>

#define MANY 300

static xen_pfn_t list[1024];

static long op(unsigned cmd, void *arg)
{
	long r = ctl_call(hc_memory_op, cmd, (uintptr_t)arg, 0);

	ctl_audit();
	return r;
}

static struct xen_memory_reservation reserve(
	domid_t d, unsigned n, unsigned order)
{
	struct xen_memory_reservation r = {
		.nr_extents = n,
		.extent_order = order,
		.domid = d,
	};

	r.extent_start.p = list;
	return r;
}

static void populate(void **state)
{
	struct xen_memory_reservation r;

	(void)state;
	ctl_start(1);
	r = reserve(1, MANY, 0);
	for (unsigned i = 0; i < MANY; i++)
		list[i] = 1000 + i;
	fake_should_yield = ctl_always;
	assert_int_equal(op(XENMEM_populate_physmap, &r), MANY);
	assert_int_equal(ctl_restarts, MANY - 1);
	fake_should_yield = NULL;
	assert_int_equal(dom[1]->page_count, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(page_owner(mfn_to_page(MFN(list[i]))), 1);
		assert_int_equal(m2p[list[i]], 1000 + i);
	}
	/* Back again, by the guest itself; a frame twice is one too many. */
	ctl_play(1);
	r.domid = DOMID_SELF;
	list[MANY - 1] = list[0];
	fake_should_yield = ctl_always;
	assert_int_equal(op(XENMEM_decrease_reservation, &r), MANY - 1);
	fake_should_yield = NULL;
	assert_int_equal(dom[1]->page_count, 1);

	/* Larger extents: the frames follow each other. */
	ctl_play(0);
	r = reserve(1, 4, 5);
	for (unsigned i = 0; i < 4; i++)
		list[i] = i * 32;
	assert_int_equal(op(XENMEM_populate_physmap, &r), 4);
	assert_int_equal(m2p[list[3] + 31], 3 * 32 + 31);
	assert_int_equal(list[2] % 32, 0);
	assert_int_equal(op(XENMEM_decrease_reservation, &r), 4);
	ctl_stop();
}

static void reservation_errors(void **state)
{
	struct xen_memory_reservation r;

	(void)state;
	ctl_start(1);
	memset(list, 0, sizeof(list));
	r = reserve(77, 1, 0);
	assert_int_equal(op(XENMEM_populate_physmap, &r), 0);
	r = reserve(DOMID_IO, 1, 0);
	assert_int_equal(op(XENMEM_increase_reservation, &r), -EPERM);
	assert_int_equal(op(XENMEM_populate_physmap, (void *)BAD_VA), 0);
	/* Going on beyond the end: the arguments were changed meanwhile. */
	r = reserve(1, 4, 0);
	assert_int_equal(op(XENMEM_populate_physmap | 5 << 6, &r), 5);
	assert_int_equal(op(XENMEM_populate_physmap | 4 << 6, &r), 4);
	r.nr_extents = ~0UL;
	assert_int_equal(op(XENMEM_populate_physmap, &r), 0);
	/* Over the domain's limit, over the order, no list. */
	dom[1]->page_max = 3;
	r = reserve(1, 10, 0);
	assert_int_equal(op(XENMEM_populate_physmap, &r), 3);
	dom[1]->page_max = 1024;
	r = reserve(1, 1, 19);
	assert_int_equal(op(XENMEM_populate_physmap, &r), 0);
	r = reserve(1, 1, ~0U);
	assert_int_equal(op(XENMEM_populate_physmap, &r), 0);
	r = reserve(1, 1, 0);
	r.extent_start.va = 0;
	assert_int_equal(op(XENMEM_populate_physmap, &r), 0);
	assert_int_equal(dom[1]->page_count, 3);
	assert_int_equal(op(XENMEM_increase_reservation, &r), 1);
	r.extent_start.va = BAD_VA;
	assert_int_equal(op(XENMEM_populate_physmap, &r), 0);
	/* Too narrow an address, one that fits, one that is no limit. */
	r = reserve(1, 1, 0);
	r.mem_flags = XENMEMF_address_bits(11);
	assert_int_equal(op(XENMEM_increase_reservation, &r), 0);
	r.mem_flags = XENMEMF_address_bits(22);
	assert_int_equal(op(XENMEM_increase_reservation, &r), 1);
	assert_true(list[0] < MIB(4) >> PAGE_SHIFT);
	r.mem_flags = XENMEMF_address_bits(64);
	assert_int_equal(op(XENMEM_increase_reservation, &r), 1);
	/* Frames of others, of nobody, beyond the end; shared ones. */
	r = reserve(1, 1, 0);
	list[0] = ~0UL;
	assert_int_equal(op(XENMEM_decrease_reservation, &r), 0);
	list[0] = 1;
	assert_int_equal(op(XENMEM_decrease_reservation, &r), 0);
	list[0] = virt_to_mfn(dom[1]->shared_info).v;
	assert_int_equal(op(XENMEM_decrease_reservation, &r), 0);
	r.extent_order = 18;
	list[0] = frame_count - 1;
	assert_int_equal(op(XENMEM_decrease_reservation, &r), 0);
	/* A guest may not change another's. */
	ctl_play(1);
	r = reserve(2, 1, 0);
	assert_int_equal(op(XENMEM_increase_reservation, &r), -EPERM);
	r = reserve(DOMID_SELF, 1, 10);
	assert_int_equal(op(XENMEM_increase_reservation, &r), 0);
	r = reserve(DOMID_SELF, 1, 0);
	assert_int_equal(op(XENMEM_claim_pages, &r), -EPERM);
	ctl_stop();
}

static void claims(void **state)
{
	struct xen_memory_reservation r;

	(void)state;
	ctl_start(1);
	r = reserve(1, 100, 0);
	assert_int_equal(op(XENMEM_claim_pages, &r), -EINVAL); /* a list */
	r.extent_start.va = 0;
	assert_int_equal(op(XENMEM_claim_pages, &r), 0);
	assert_int_equal(dom[1]->page_claim, 100);
	r.nr_extents = 1 << 20;
	dom[1]->page_max = 1 << 21;
	assert_int_equal(op(XENMEM_claim_pages, &r), -ENOMEM);
	r.nr_extents = 0;
	assert_int_equal(op(XENMEM_claim_pages, &r), 0);
	assert_int_equal(dom[1]->page_claim, 0);
	ctl_stop();
}

/* The shape of Linux' contiguous regions, and back. */
static void exchange(void **state)
{
	struct xen_memory_exchange x = { .nr_exchanged = 0 };
	struct xen_memory_reservation r;
	xen_pfn_t gpfn = 7000, got[64];
	uint64_t count;

	(void)state;
	ctl_start(1);
	r = reserve(DOMID_SELF, 64, 0);
	for (unsigned i = 0; i < 64; i++)
		list[i] = 7000 + i;
	assert_int_equal(op(XENMEM_populate_physmap, &r), 64);
	count = dom[0]->page_count;
	x.in = reserve(DOMID_SELF, 64, 0);
	x.out = reserve(DOMID_SELF, 1, 6);
	x.out.mem_flags = XENMEMF_address_bits(32);
	x.out.extent_start.p = &gpfn;
	assert_int_equal(op(XENMEM_exchange, &x), 0);
	assert_int_equal(x.nr_exchanged, 64);
	assert_int_equal(dom[0]->page_count, count);
	assert_int_equal(gpfn % 64, 0);
	for (unsigned i = 0; i < 64; i++) {
		assert_int_equal(m2p[gpfn + i], 7000 + i);
		assert_int_equal(page_owner(mfn_to_page(MFN(gpfn + i))), 0);
	}
	/* The old ones are nobody's. */
	for (unsigned i = 0; i < 64; i++)
		if (list[i] < gpfn || list[i] >= gpfn + 64)
			assert_int_not_equal(
				page_owner(mfn_to_page(MFN(list[i]))), 0);

	x = (struct xen_memory_exchange){ .nr_exchanged = 0 };
	x.in = reserve(DOMID_SELF, 1, 6);
	x.in.extent_start.p = &gpfn;
	x.out = reserve(DOMID_SELF, 64, 0);
	x.out.extent_start.p = got;
	for (unsigned i = 0; i < 64; i++)
		got[i] = 7000 + i;
	assert_int_equal(op(XENMEM_exchange, &x), 0);
	assert_int_equal(x.nr_exchanged, 1);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(m2p[got[i]], 7000 + i);

	/* Preempted after each chunk: four of 16 frames. */
	x = (struct xen_memory_exchange){ .nr_exchanged = 0 };
	x.in = reserve(0, 64, 0);
	x.in.extent_start.p = got;
	x.out = reserve(0, 4, 4);
	for (unsigned i = 0; i < 4; i++)
		list[i] = 7000 + i * 16;
	fake_should_yield = ctl_always;
	assert_int_equal(op(XENMEM_exchange, &x), 0);
	assert_int_equal(ctl_restarts, 3);
	assert_int_equal(x.nr_exchanged, 64);
	assert_int_equal(m2p[list[3] + 15], 7063);
	ctl_stop();
}

static void exchange_errors(void **state)
{
	struct xen_memory_exchange x = { .nr_exchanged = 0 }, saved;
	struct xen_memory_reservation r;
	xen_pfn_t gpfn = 1, in[8];
	struct page *busy;
	uint64_t owned;

	(void)state;
	ctl_start(1);
	r = reserve(DOMID_SELF, 8, 0);
	memset(list, 0, sizeof(list));
	assert_int_equal(op(XENMEM_populate_physmap, &r), 8);
	memcpy(in, list, sizeof(in));
	owned = dom[0]->page_count;
	x.in = reserve(DOMID_SELF, 8, 0);
	x.in.extent_start.p = in;
	x.out = reserve(DOMID_SELF, 1, 3);
	x.out.extent_start.p = &gpfn;
	saved = x;

	x.out.nr_extents = 2;
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	x = saved;
	x.out.domid = 1;
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	x = saved;
	x.nr_exchanged = 9;
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	x.nr_exchanged = 3; /* in the middle of a chunk */
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	x = saved;
	x.in.extent_order = 40;
	assert_int_equal(op(XENMEM_exchange, &x), -EPERM);
	x = saved;
	x.in.nr_extents = x.out.nr_extents = ~0UL;
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	x = saved;
	x.out.mem_flags = XENMEMF_address_bits(13);
	assert_int_equal(op(XENMEM_exchange, &x), -ENOMEM);
	x = saved;
	x.in.domid = x.out.domid = 99;
	assert_int_equal(op(XENMEM_exchange, &x), -ESRCH);
	assert_int_equal(op(XENMEM_exchange, (void *)BAD_VA), -EFAULT);
	x = saved;
	x.in.extent_start.va = BAD_VA;
	assert_int_equal(op(XENMEM_exchange, &x), -EFAULT);
	x = saved;
	x.out.extent_start.va = BAD_VA;
	assert_int_equal(op(XENMEM_exchange, &x), -EFAULT);

	/* One in the middle is in use, is twice there, or is not ours. */
	busy = mfn_to_page(MFN(in[5]));
	assert_true(page_get_and_type(busy, dom[0], PT_WRITABLE));
	x = saved;
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	page_put_and_type(busy);
	in[6] = in[5];
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	in[6] = virt_to_mfn(dom[0]->shared_info).v;
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	in[6] = ~0UL;
	assert_int_equal(op(XENMEM_exchange, &x), -EINVAL);
	assert_int_equal(x.nr_exchanged, 0);
	/* All of that left them where they were. */
	assert_int_equal(dom[0]->page_count, owned);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(page_owner(mfn_to_page(MFN(list[i]))), 0);
	assert_int_equal(m2p[in[0]], 0);

	/* No memory at any step. */
	memcpy(in, list, sizeof(in));
	for (unsigned n = 0; n < 4; n++) {
		x = saved;
		fake_fail_alloc_after(n);
		if (op(XENMEM_exchange, &x) == 0)
			break;
		assert_int_equal(dom[0]->page_count, owned);
	}
	fake_fail_alloc_after(~0ULL);
	ctl_stop();
}

static void queries(void **state)
{
	struct xen_memory_domain d = { DOMID_SELF };
	struct xen_machphys_mapping map;
	struct xen_machphys_mfn_list frames = { .max_extents = 8 };
	struct xen_reserved_device_memory_map rdm = { .nr_entries = 5 };
	struct xen_add_to_physmap add = { .domid = DOMID_SELF };
	struct xen_add_to_physmap_batch batch = { .domid = DOMID_SELF };
	struct xen_remove_from_physmap rem = { .domid = DOMID_SELF };

	(void)state;
	ctl_start(1);
	assert_int_equal(op(XENMEM_current_reservation, &d), 0);
	assert_int_equal(op(XENMEM_maximum_reservation, &d), 1024);
	dom[0]->page_max = ~0ULL;
	assert_true(op(XENMEM_maximum_reservation, &d) > 0);
	dom[0]->shared_info->arch.max_pfn = 512;
	assert_int_equal(op(XENMEM_maximum_gpfn, &d), 511);
	dom[0]->shared_info->arch.max_pfn = 0;
	assert_int_equal(op(XENMEM_maximum_gpfn, &d), 0);
	d.domid = 5;
	assert_int_equal(op(XENMEM_current_reservation, &d), -ESRCH);
	assert_int_equal(op(XENMEM_maximum_ram_page, NULL), 4096);
	assert_int_equal(op(XENMEM_machphys_mapping, &map), 0);
	assert_int_equal(map.v_start, HYPERVISOR_VA_START);
	frames.extent_start.p = list;
	assert_int_equal(op(XENMEM_machphys_mfn_list, &frames), 0);
	assert_int_equal(frames.nr_extents, 1);
	assert_int_equal(op(XENMEM_reserved_device_memory_map, &rdm), 0);
	assert_int_equal(rdm.nr_entries, 0);
	rdm.flags = 2;
	assert_int_equal(op(XENMEM_reserved_device_memory_map, &rdm), -EINVAL);
	assert_int_equal(op(XENMEM_add_to_physmap, &add), -EACCES);
	assert_int_equal(op(XENMEM_add_to_physmap_batch, &batch), -EACCES);
	assert_int_equal(op(XENMEM_remove_from_physmap, &rem), -EACCES);
	rem.gpfn = virt_to_mfn(dom[0]->shared_info).v;
	assert_int_equal(op(XENMEM_remove_from_physmap, &rem), -EACCES);
	assert_int_equal(op(XENMEM_get_vnumainfo, &d), -EOPNOTSUPP);
	assert_int_equal(op(XENMEM_access_op, &d), -ENOSYS);
	assert_int_equal(op(XENMEM_set_pod_target, &d), -EINVAL);
	assert_int_equal(op(63, &d), -ENOSYS);
	ctl_stop();
}

/* As the E820 interface has it. */
struct entry {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

static void maps(void **state)
{
	struct entry e[160] = { { 0, 1 << 20, 1 }, { 1 << 20, 4096, 2 } };
	struct xen_foreign_memory_map set = { .domid = 1,
		.map = { .nr_entries = 2 } };
	struct xen_memory_map get = { .nr_entries = 160 };

	(void)state;
	ctl_start(1);
	set.map.buffer.p = e;
	get.buffer.p = e;
	ctl_play(1);
	assert_int_equal(op(XENMEM_memory_map, &get), -ENOSYS);
	assert_int_equal(op(XENMEM_set_memory_map, &set), -EPERM);
	assert_int_equal(op(XENMEM_machine_memory_map, &get), -EPERM);
	ctl_play(0);
	assert_int_equal(op(XENMEM_set_memory_map, &set), 0);
	set.map.nr_entries = 129;
	assert_int_equal(op(XENMEM_set_memory_map, &set), -EINVAL);
	set.map.nr_entries = 2;
	set.map.buffer.va = BAD_VA;
	assert_int_equal(op(XENMEM_set_memory_map, &set), -EFAULT);
	set.domid = 9;
	assert_int_equal(op(XENMEM_set_memory_map, &set), -ESRCH);
	ctl_play(1);
	memset(e, 0, sizeof(e));
	assert_int_equal(op(XENMEM_memory_map, &get), 0);
	assert_int_equal(get.nr_entries, 2);
	assert_int_equal(e[1].type, 2);
	get.nr_entries = 1;
	assert_int_equal(op(XENMEM_memory_map, &get), 0);
	assert_int_equal(get.nr_entries, 1);
	get.buffer.va = 0;
	assert_int_equal(op(XENMEM_memory_map, &get), 0);
	assert_int_equal(get.nr_entries, 2);

	/* The machine's: the firmware's ranges, then what is ours. */
	ctl_play(0);
	boot_info.e820_count = 2;
	boot_info.e820[0] = (struct boot_range){ 0, MIB(16), 1 };
	boot_info.e820[1] = (struct boot_range){ 0xfec00000, 4096, 2 };
	assert_int_equal(rangeset_remove(dom[0]->iomem, 0xfec00, 0xfec00), 0);
	assert_int_equal(rangeset_remove(dom[0]->iomem, 0xfee00, 0xfeeff), 0);
	get.buffer.p = e;
	get.nr_entries = 160;
	assert_int_equal(op(XENMEM_machine_memory_map, &get), 0);
	assert_int_equal(get.nr_entries, 3);
	assert_true(e[2].start == 0xfee00000 && e[2].size == 0x100000);
	assert_int_equal(e[2].type, 2);
	get.nr_entries = 1;
	assert_int_equal(op(XENMEM_machine_memory_map, &get), 0);
	assert_int_equal(get.nr_entries, 1);
	get.nr_entries = 9;
	get.buffer.va = BAD_VA;
	assert_int_equal(op(XENMEM_machine_memory_map, &get), -EFAULT);
	ctl_stop();
}

static void resources(void **state)
{
	struct xen_mem_acquire_resource a = {
		.domid = 1,
		.type = XENMEM_resource_grant_table,
	};
	struct page *pg;

	(void)state;
	ctl_start(1);
	assert_int_equal(op(XENMEM_acquire_resource, &a), 0);
	assert_int_equal(a.nr_frames, 4);
	a.frame_list.p = list;
	fake_should_yield = ctl_always;
	assert_int_equal(op(XENMEM_acquire_resource, &a), 0);
	assert_int_equal(ctl_restarts, 3);
	fake_should_yield = NULL;
	assert_int_equal(grant_table_frame(dom[1], 3, false, &pg), 0);
	assert_int_equal(list[3], page_to_mfn(pg).v);
	a.nr_frames = 5;
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EINVAL);
	a.nr_frames = 1;
	a.frame = ~0ULL;
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EINVAL);
	a.frame = 0;
	a.id = 1;
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EINVAL);
	a.id = 0;
	a.pad = 1;
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EINVAL);
	a.pad = 0;
	a.type = XENMEM_resource_ioreq_server;
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EOPNOTSUPP);
	a.type = XENMEM_resource_grant_table;
	assert_int_equal(op(XENMEM_acquire_resource | 2 << 6, &a), -EINVAL);
	a.frame_list.va = BAD_VA;
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EFAULT);
	ctl_play(1);
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EPERM);
	a.domid = 0;
	assert_int_equal(op(XENMEM_acquire_resource, &a), -EPERM);
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(populate),
		cmocka_unit_test(reservation_errors),
		cmocka_unit_test(claims),
		cmocka_unit_test(exchange),
		cmocka_unit_test(exchange_errors),
		cmocka_unit_test(queries),
		cmocka_unit_test(maps),
		cmocka_unit_test(resources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
