/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grants to oneself, for they take every path: mapping, copying, the bits that
 * say in use, and references, handles and addresses that are none.
 */
#include <public/grant_table.h>
#include "guest.h"

#define REF 20

static struct grant_entry_v1 *entries;
static char window[4096] __attribute__((aligned(4096)));

static long op(unsigned cmd, void *arg)
{
	return HC3(__HYPERVISOR_grant_table_op, cmd, arg, 1);
}

static void grant(unsigned ref, const void *page, uint16_t flags)
{
	entries[ref].frame = (uint32_t)virt_to_mfn(page);
	entries[ref].domid = own_domid();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	entries[ref].flags = flags;
}

static int16_t map_ref(uint32_t ref, uint32_t flags, uint64_t at, uint16_t dom,
	grant_handle_t *handle)
{
	struct gnttab_map_grant_ref m = {
		.host_addr = at, .flags = flags, .ref = ref, .dom = dom
	};

	if (op(GNTTABOP_map_grant_ref, &m))
		return 1;
	*handle = m.handle;
	return m.status;
}

static int16_t unmap(uint64_t at, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref u = { .host_addr = at, .handle = handle };

	return op(GNTTABOP_unmap_grant_ref, &u) ? 1 : u.status;
}

static bool set_up(void)
{
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 1 };
	static char table_va[4096] __attribute__((aligned(4096)));
	xen_pfn_t frame = 0;

	s.frame_list.p = &frame;
	expect_error("setting the table up", op(GNTTABOP_setup_table, &s), 0);
	expect("its status", (uint64_t)s.status, GNTST_okay);
	expect_error("mapping it", map(table_va, frame << 12 | 7), 0);
	entries = (struct grant_entry_v1 *)table_va;
	return frame != 0;
}

static void map_and_unmap(void)
{
	grant_handle_t handle = ~0U, second = ~0U;
	uint64_t old = virt_to_mfn(window) << 12 | 7;
	int16_t status;

	page_a[0] = 0x5a;
	grant(REF, page_a, GTF_permit_access);
	map(window, 0);
	status = map_ref(
		REF, GNTMAP_host_map, (uint64_t)window, DOMID_SELF, &handle);
	if (status != GNTST_okay) {
		/* Nobody grants to himself by number: take the real one. */
		expect("mapping our own grant", (uint64_t)status, GNTST_okay);
		map(window, old);
		return;
	}
	expect("what the window shows", (uint64_t)window[0], 0x5a);
	window[1] = 0x6b;
	expect("and writes", (uint64_t)page_a[1], 0x6b);
	expect_true("the entry is in use",
		entries[REF].flags & GTF_writing &&
			entries[REF].flags & GTF_reading);
	expect_true("the wrong address: refused",
		unmap((uint64_t)page_b, handle) != GNTST_okay);
	expect("unmapping it", (uint64_t)unmap((uint64_t)window, handle),
		GNTST_okay);
	expect("the entry is not in use",
		entries[REF].flags & (GTF_writing | GTF_reading), 0);
	expect_true("unmapping it twice: refused",
		unmap((uint64_t)window, handle) != GNTST_okay);
	TRY("movb $1, %0", : "=m"(window[0])::);
	expect("nothing is mapped there", last_trap.vector, 14);
	grant(REF, page_a, GTF_permit_access | GTF_readonly);
	expect_true("a writable mapping of a read-only grant: refused",
		map_ref(REF, GNTMAP_host_map, (uint64_t)window, DOMID_SELF,
			&second) != GNTST_okay);
	map(window, old);
}

static void refused(void)
{
	static const uint32_t refs[] = { 9, 511, 512, 100000, ~0U };
	uint64_t old = virt_to_mfn(window) << 12 | 7;
	grant_handle_t h;

	map(window, 0);
	for (unsigned i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		expect_true("a reference that grants nothing: refused",
			map_ref(refs[i], GNTMAP_host_map, (uint64_t)window,
				DOMID_SELF, &h) != GNTST_okay);
	expect_true("a domain that is not there: refused",
		map_ref(REF, GNTMAP_host_map, (uint64_t)window, 77, &h) !=
			GNTST_okay);
	grant(REF, page_a, GTF_permit_access);
	entries[REF].frame = 0x200;
	expect_true("a frame that is not ours: refused",
		map_ref(REF, GNTMAP_host_map, (uint64_t)window, DOMID_SELF,
			&h) != GNTST_okay);
	entries[REF].frame = ~0U;
	expect_true("a frame that is none: refused",
		map_ref(REF, GNTMAP_host_map, (uint64_t)window, DOMID_SELF,
			&h) != GNTST_okay);
	grant(REF, (void *)start_info->pt_base, GTF_permit_access);
	expect_true("the root, writable: refused",
		map_ref(REF, GNTMAP_host_map, (uint64_t)window, DOMID_SELF,
			&h) != GNTST_okay);
	grant(REF, page_a, GTF_permit_access);
	expect_true("mapped in the hypervisor: refused",
		map_ref(REF, GNTMAP_host_map, 0xffff830000000000, DOMID_SELF,
			&h) != GNTST_okay);
	expect_true("mapped at no address: refused",
		map_ref(REF, GNTMAP_host_map, 1UL << 63, DOMID_SELF, &h) !=
			GNTST_okay);
	expect_true("mapped into an entry that is data: refused",
		map_ref(REF, GNTMAP_host_map | GNTMAP_contains_pte,
			virt_to_mfn(page_b) << 12, DOMID_SELF,
			&h) != GNTST_okay);
	expect_true("a handle that is none: refused",
		unmap((uint64_t)window, 1234567) != GNTST_okay);
	expect_true("nothing of it is in use",
		!(entries[REF].flags & (GTF_writing | GTF_reading)));
	map(window, old);
}

static void copies(void)
{
	struct gnttab_copy c = { .len = 32, .flags = GNTCOPY_source_gref };

	page_a[100] = 0x11;
	page_b[200] = 0;
	grant(REF, page_a, GTF_permit_access | GTF_readonly);
	c.source.u.ref = REF;
	c.source.domid = DOMID_SELF;
	c.source.offset = 100;
	c.dest.u.gmfn = virt_to_mfn(page_b);
	c.dest.domid = DOMID_SELF;
	c.dest.offset = 200;
	expect_error("a copy", op(GNTTABOP_copy, &c), 0);
	expect("its status", (uint64_t)c.status, GNTST_okay);
	expect("it is done", (uint64_t)page_b[200], 0x11);
	c.source.offset = 4080;
	op(GNTTABOP_copy, &c);
	expect_true("past the page's end: refused", c.status != GNTST_okay);
	c.source.offset = 0xffff;
	op(GNTTABOP_copy, &c);
	expect_true("far past it: refused", c.status != GNTST_okay);
	c.source.offset = 0;
	c.dest.u.gmfn = virt_to_mfn((void *)start_info->pt_base);
	op(GNTTABOP_copy, &c);
	expect_true("onto the root: refused", c.status != GNTST_okay);
	c.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref;
	c.dest.u.ref = REF;
	op(GNTTABOP_copy, &c);
	expect_true("into a read-only grant: refused", c.status != GNTST_okay);
	expect("nothing is in use",
		entries[REF].flags & (GTF_writing | GTF_reading), 0);
}

void guest_tests(void)
{
	if (!set_up())
		return;
	map_and_unmap();
	refused();
	copies();
}
