/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grants from both sides: domain 1 and 2 grant, domain 0 maps and copies with
 * page tables of its own.
 */
#include "ctl_rig.h"
#include <tenon/pte.h>

#define SPACE 24 /* pages; the first is for arguments */

static mfn_t frames[SPACE + FAKE_SPACE_TABLES];
static struct page *granted[CTL_DOMAINS][8];

static vaddr_t va_of(unsigned page)
{
	return FAKE_SPACE_VA + page * PAGE_SIZE;
}

/* Where arguments stand: our address, and the caller's. */
static void *args(void)
{
	return mfn_to_virt(frames[0]);
}

static long op(unsigned cmd, unsigned count)
{
	long r = ctl_call(hc_grant_table_op, cmd, va_of(0), count);

	ctl_audit();
	return r;
}

static struct grant_entry_v1 *entry(unsigned i, unsigned ref)
{
	struct page *pg;

	assert_int_equal(grant_table_frame(dom[i], ref / 512, false, &pg), 0);
	return (struct grant_entry_v1 *)page_to_virt(pg) + ref % 512;
}

static void grant(unsigned i, unsigned ref, struct page *pg, unsigned flags)
{
	*entry(i, ref) = (struct grant_entry_v1){
		.flags = (uint16_t)(GTF_permit_access | flags),
		.domid = 0,
		.frame = (uint32_t)page_to_mfn(pg).v,
	};
}

static void start(void)
{
	ctl_start(1);
	assert_int_equal(fake_space(dom[0]->vcpu[0], SPACE, frames), 0);
	for (unsigned i = 1; i < CTL_DOMAINS; i++)
		for (unsigned n = 0; n < 8; n++) {
			assert_int_equal(
				page_alloc_domain(dom[i], 0, 0, &granted[i][n]),
				0);
			grant(i, 8 + n, granted[i][n], 0);
		}
	ctl_audit();
}

/* Makes room where a mapping is to go, as a guest does. */
static void clear_va(unsigned page)
{
	assert_int_equal(pt_update_va(current, dom[0], va_of(page), 0), 0);
	pt_flush(dom[0]);
	ctl_audit();
}

static struct gnttab_map_grant_ref map(
	unsigned page, domid_t granter, uint32_t ref, unsigned flags)
{
	struct gnttab_map_grant_ref *m = args();

	*m = (struct gnttab_map_grant_ref){
		.host_addr = va_of(page),
		.flags = flags,
		.ref = ref,
		.dom = granter,
		.status = 99,
	};
	assert_int_equal(op(GNTTABOP_map_grant_ref, 1), 0);
	return *m;
}

static int unmap(unsigned page, uint32_t handle, uint64_t bus)
{
	struct gnttab_unmap_grant_ref *u = args();

	*u = (struct gnttab_unmap_grant_ref){
		.host_addr = page ? va_of(page) : 0,
		.dev_bus_addr = bus,
		.handle = handle,
		.status = 99,
	};
	assert_int_equal(op(GNTTABOP_unmap_grant_ref, 1), 0);
	return u->status;
}

static void mapping(void **state)
{
	struct gnttab_map_grant_ref m;
	uint8_t *p;

	(void)state;
	start();
	clear_va(1);
	m = map(1, 1, 8, GNTMAP_host_map);
	assert_int_equal(m.status, GNTST_okay);
	assert_int_equal(
		m.dev_bus_addr, page_to_mfn(granted[1][0]).v << PAGE_SHIFT);
	assert_int_equal(entry(1, 8)->flags,
		GTF_permit_access | GTF_reading | GTF_writing);
	p = fake_guest_access(va_of(1), true, NULL);
	assert_ptr_equal(p, page_to_virt(granted[1][0]));

	/* The granter gives the page up: it lives on as long as it is mapped.
	 */
	assert_true(page_unalloc(granted[1][0]));
	assert_int_equal(page_owner(granted[1][0]), 1);
	*p = 42;

	/* A second mapping for reading, of the same frame even now. */
	entry(1, 8)->frame = 1;
	clear_va(2);
	assert_int_equal(
		map(2, 1, 8, GNTMAP_host_map | GNTMAP_readonly).status, 0);
	assert_ptr_equal(fake_guest_access(va_of(2), false, NULL), p);
	assert_null(fake_guest_access(va_of(2), true, NULL));

	assert_int_equal(unmap(1, m.handle, 0), GNTST_okay);
	assert_null(fake_guest_access(va_of(1), false, NULL));
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_reading);
	assert_int_equal(unmap(1, m.handle, 0), GNTST_bad_handle);
	assert_int_equal(unmap(2, 1, 0), GNTST_okay);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	assert_int_not_equal(page_owner(granted[1][0]), 1);
	ctl_stop();
}

static void map_errors(void **state)
{
	struct gnttab_map_grant_ref *m;

	(void)state;
	start();
	clear_va(1);
	assert_int_equal(map(1, 1, 8, 0).status, GNTST_bad_gntref);
	assert_int_equal(
		map(1, 77, 8, GNTMAP_host_map).status, GNTST_bad_domain);
	assert_int_equal(
		map(1, DOMID_IO, 8, GNTMAP_host_map).status, GNTST_bad_domain);
	assert_int_equal(
		map(1, 1, 512, GNTMAP_host_map).status, GNTST_bad_gntref);
	assert_int_equal(
		map(1, 1, ~0U, GNTMAP_host_map).status, GNTST_bad_gntref);
	/* An entry that grants nothing, or to another. */
	assert_int_equal(
		map(1, 1, 0, GNTMAP_host_map).status, GNTST_general_error);
	entry(1, 8)->domid = 2;
	assert_int_equal(
		map(1, 1, 8, GNTMAP_host_map).status, GNTST_general_error);
	/* Read-only ones cannot be written. */
	grant(1, 8, granted[1][0], GTF_readonly);
	assert_int_equal(
		map(1, 1, 8, GNTMAP_host_map).status, GNTST_general_error);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access | GTF_readonly);
	/* Frames that are not the granter's, or not there. */
	grant(1, 8, granted[2][0], 0);
	assert_int_equal(
		map(1, 1, 8, GNTMAP_host_map).status, GNTST_general_error);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	entry(1, 8)->frame = ~0U;
	assert_int_equal(
		map(1, 1, 8, GNTMAP_host_map).status, GNTST_general_error);
	/* Nowhere to map it. */
	grant(1, 8, granted[1][0], 0);
	m = args();
	*m = (struct gnttab_map_grant_ref){
		.host_addr = 0x7f0000000000,
		.flags = GNTMAP_host_map,
		.ref = 8,
		.dom = 1,
	};
	assert_int_equal(op(GNTTABOP_map_grant_ref, 1), 0);
	assert_int_not_equal(m->status, GNTST_okay);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	m->host_addr = HYPERVISOR_VA_START;
	assert_int_equal(op(GNTTABOP_map_grant_ref, 1), 0);
	assert_int_not_equal(m->status, GNTST_okay);
	assert_int_equal(unmap(1, 0, 0), GNTST_bad_handle);
	assert_int_equal(unmap(1, ~0U, 0), GNTST_bad_handle);
	ctl_stop();
}

/* A page table may be read by a grant, never written. */
static void tables(void **state)
{
	mfn_t theirs[2 + FAKE_SPACE_TABLES];

	(void)state;
	start();
	ctl_play(1);
	assert_int_equal(fake_space(dom[1]->vcpu[0], 2, theirs), 0);
	ctl_play(0);
	grant(1, 20, mfn_to_page(theirs[2]), 0);
	clear_va(1);
	assert_int_equal(
		map(1, 1, 20, GNTMAP_host_map).status, GNTST_general_error);
	assert_int_equal(
		map(1, 1, 20, GNTMAP_host_map | GNTMAP_readonly).status, 0);
	assert_null(fake_guest_access(va_of(1), true, NULL));
	ctl_stop();
}

static void by_entry(void **state)
{
	struct gnttab_map_grant_ref *m = NULL;
	struct gnttab_unmap_grant_ref *u;
	uint64_t pte;
	uint32_t handle;

	(void)state;
	start();
	clear_va(3);
	/* The L1 table is the first of the tables. */
	pte = (frames[SPACE].v << PAGE_SHIFT) + 3 * 8 +
	      pte_index(FAKE_SPACE_VA, 1) * 8;
	m = args();
	*m = (struct gnttab_map_grant_ref){
		.host_addr = pte,
		.flags = GNTMAP_host_map | GNTMAP_contains_pte |
			 GNTMAP_application_map,
		.ref = 9,
		.dom = 1,
	};
	assert_int_equal(op(GNTTABOP_map_grant_ref, 1), 0);
	assert_int_equal(m->status, GNTST_okay);
	handle = m->handle;
	assert_ptr_equal(fake_guest_access(va_of(3), true, NULL),
		page_to_virt(granted[1][1]));
	u = args();
	*u = (struct gnttab_unmap_grant_ref){ .host_addr = pte,
		.handle = handle };
	assert_int_equal(op(GNTTABOP_unmap_grant_ref, 1), 0);
	assert_int_equal(u->status, GNTST_okay);
	assert_null(fake_guest_access(va_of(3), false, NULL));
	ctl_stop();
}

static void for_devices(void **state)
{
	struct gnttab_map_grant_ref m;
	uint64_t bus;

	(void)state;
	start();
	clear_va(1);
	m = map(1, 1, 8, GNTMAP_host_map | GNTMAP_device_map);
	assert_int_equal(m.status, 0);
	bus = m.dev_bus_addr;
	assert_int_equal(
		unmap(0, m.handle, bus + PAGE_SIZE), GNTST_general_error);
	/* One use after the other: the handle lives until both are gone. */
	assert_int_equal(unmap(1, m.handle, 0), 0);
	assert_true(entry(1, 8)->flags & GTF_writing);
	assert_int_equal(unmap(0, m.handle, bus), 0);
	assert_false(entry(1, 8)->flags & GTF_writing);
	assert_int_equal(unmap(0, m.handle, bus), GNTST_bad_handle);
	/* Without a mapping for the CPU. */
	m = map(0, 1, 8, GNTMAP_device_map | GNTMAP_readonly);
	assert_int_equal(m.status, 0);
	assert_int_equal(unmap(0, m.handle, m.dev_bus_addr), 0);
	ctl_stop();
}

static void replace(void **state)
{
	struct gnttab_map_grant_ref m;
	struct gnttab_unmap_and_replace *u;
	void *other;

	(void)state;
	start();
	u = args();
	clear_va(1);
	m = map(1, 1, 8, GNTMAP_host_map);
	other = fake_guest_access(va_of(2), true, NULL);
	*u = (struct gnttab_unmap_and_replace){
		.host_addr = va_of(1),
		.new_addr = va_of(2),
		.handle = m.handle,
	};
	assert_int_equal(op(GNTTABOP_unmap_and_replace, 1), 0);
	assert_int_equal(u->status, 0);
	assert_ptr_equal(fake_guest_access(va_of(1), true, NULL), other);
	assert_null(fake_guest_access(va_of(2), false, NULL));
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	ctl_stop();
}

/* Many at once, preempted after each batch; with bad ones among them. */
static void batches(void **state)
{
	struct gnttab_map_grant_ref *m;
	struct gnttab_unmap_grant_ref *u;
	uint32_t handle[100];

	(void)state;
	start();
	m = args();
	u = args();
	for (unsigned i = 0; i < 100; i++)
		m[i] = (struct gnttab_map_grant_ref){
			.flags = GNTMAP_device_map,
			.ref = 8 + i % 8,
			.dom = 1,
		};
	m[50].ref = 300;
	fake_should_yield = ctl_always;
	assert_int_equal(op(GNTTABOP_map_grant_ref, 100), 0);
	assert_int_equal(ctl_restarts, 99);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(
			m[i].status, i == 50 ? GNTST_general_error : 0);
		handle[i] = i == 50 ? ~0U : m[i].handle;
	}
	for (unsigned i = 0; i < 100; i++)
		u[i] = (struct gnttab_unmap_grant_ref){
			.handle = handle[i],
			.dev_bus_addr = page_to_mfn(granted[1][i % 8]).v
					<< PAGE_SHIFT,
		};
	u[99].handle = handle[98]; /* one twice */
	assert_int_equal(op(GNTTABOP_unmap_grant_ref, 100), 0);
	assert_int_equal(ctl_restarts, 3);
	fake_should_yield = NULL;
	for (unsigned i = 0; i < 99; i++)
		assert_int_equal(u[i].status, i == 50 ? GNTST_bad_handle : 0);
	assert_int_equal(u[99].status, GNTST_general_error);
	assert_int_equal(unmap(0, handle[99],
				 page_to_mfn(granted[1][3]).v << PAGE_SHIFT),
		0);
	ctl_stop();
}

/* The limit is two map-track frames: 1,024 handles. */
static void handles(void **state)
{
	struct gnttab_map_grant_ref m;
	unsigned n = 0;

	(void)state;
	start();
	for (;;) {
		struct gnttab_map_grant_ref *a = args();

		*a = (struct gnttab_map_grant_ref){
			.flags = GNTMAP_device_map, .ref = 8, .dom = 1
		};
		assert_int_equal(ctl_call(hc_grant_table_op,
					 GNTTABOP_map_grant_ref, va_of(0), 1),
			0);
		m = *a;
		if (m.status)
			break;
		assert_int_equal(m.handle, n);
		n++;
	}
	assert_int_equal(m.status, GNTST_no_device_space);
	assert_int_equal(n, 1024);
	ctl_audit();
	/* A dying mapper lets all go, in steps. */
	fake_should_yield = ctl_always;
	for (n = 0; grant_release_mappings(dom[0]) == -ERESTART_HC; n++)
		;
	assert_int_equal(n, 16);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	ctl_stop();
}

static struct gnttab_copy *copy_args(unsigned flags)
{
	struct gnttab_copy *c = args();

	*c = (struct gnttab_copy){
		.source = { .domid = DOMID_SELF },
		.dest = { .domid = DOMID_SELF },
		.len = 100,
		.flags = (uint16_t)flags,
		.status = 99,
	};
	return c;
}

static int copy(void)
{
	assert_int_equal(op(GNTTABOP_copy, 1), 0);
	return ((struct gnttab_copy *)args())->status;
}

static void copies(void **state)
{
	uint8_t *theirs, *mine;
	struct gnttab_copy *c;

	(void)state;
	start();
	theirs = page_to_virt(granted[1][0]);
	mine = mfn_to_virt(frames[5]);
	memset(theirs, 7, PAGE_SIZE);
	c = copy_args(GNTCOPY_source_gref);
	c->source.domid = 1;
	c->source.u.ref = 8;
	c->source.offset = 10;
	c->dest.u.gmfn = frames[5].v;
	c->dest.offset = PAGE_SIZE - 100;
	assert_int_equal(copy(), 0);
	assert_int_equal(mine[PAGE_SIZE - 1], 7);
	assert_int_equal(mine[PAGE_SIZE - 101], 0);
	assert_int_equal(entry(1, 8)->flags, GTF_permit_access);

	/* And back, between two grants. */
	c = copy_args(GNTCOPY_source_gref | GNTCOPY_dest_gref);
	c->source.domid = 1;
	c->source.u.ref = 8;
	c->dest.domid = 2;
	c->dest.u.ref = 9;
	assert_int_equal(copy(), 0);
	assert_int_equal(*(uint8_t *)page_to_virt(granted[2][1]), 7);

	/* Own to own, overlapping. */
	c = copy_args(0);
	c->source.u.gmfn = c->dest.u.gmfn = frames[5].v;
	c->source.offset = PAGE_SIZE - 110;
	c->dest.offset = PAGE_SIZE - 100;
	assert_int_equal(copy(), 0);

	/* Out of the page. */
	c->dest.offset = PAGE_SIZE - 99;
	assert_int_equal(copy(), GNTST_bad_copy_arg);
	c->dest.offset = 0;
	c->source.offset = UINT16_MAX;
	assert_int_equal(copy(), GNTST_bad_copy_arg);
	c->source.offset = 0;
	c->len = UINT16_MAX;
	assert_int_equal(copy(), GNTST_bad_copy_arg);

	/* Frames of others by their number, tables, nonsense. */
	c = copy_args(0);
	c->source.domid = 1;
	c->source.u.gmfn = page_to_mfn(granted[1][0]).v;
	c->dest.u.gmfn = frames[5].v;
	assert_int_equal(copy(), GNTST_permission_denied);
	c->source.domid = DOMID_SELF;
	assert_int_equal(copy(), GNTST_bad_page);
	c->source.u.gmfn = ~0ULL;
	assert_int_equal(copy(), GNTST_bad_page);
	c->source.u.gmfn = frames[5].v;
	c->dest.u.gmfn = frames[SPACE].v; /* an L1 */
	assert_int_equal(copy(), GNTST_bad_page);
	c->source.u.gmfn = frames[SPACE].v;
	c->dest.u.gmfn = frames[5].v;
	assert_int_equal(copy(), 0);
	c = copy_args(GNTCOPY_dest_gref);
	c->source.u.gmfn = frames[5].v;
	c->dest.domid = 1;
	c->dest.u.ref = 8;
	entry(1, 8)->flags |= GTF_readonly;
	assert_int_equal(copy(), GNTST_general_error);
	c->dest.domid = 99;
	assert_int_equal(copy(), GNTST_bad_domain);
	ctl_stop();
}

static void transfers(void **state)
{
	struct gnttab_transfer *t;
	struct page *pg;
	uint64_t mine, theirs;

	(void)state;
	start();
	t = args();
	assert_int_equal(page_alloc_domain(dom[0], 0, 0, &pg), 0);
	*(uint8_t *)page_to_virt(pg) = 11;
	mine = dom[0]->page_count;
	theirs = dom[1]->page_count;
	*t = (struct gnttab_transfer){
		.mfn = page_to_mfn(pg).v, .domid = 1, .ref = 30
	};
	*entry(1, 30) = (struct grant_entry_v1){ .flags = GTF_accept_transfer,
		.domid = 0 };
	assert_int_equal(op(GNTTABOP_transfer, 1), 0);
	assert_int_equal(t->status, 0);
	assert_int_equal(page_owner(pg), 1);
	assert_int_equal(dom[0]->page_count, mine - 1);
	assert_int_equal(dom[1]->page_count, theirs + 1);
	assert_int_equal(entry(1, 30)->frame, page_to_mfn(pg).v);
	assert_int_equal(entry(1, 30)->flags, GTF_accept_transfer |
						      GTF_transfer_committed |
						      GTF_transfer_completed);
	assert_int_equal(*(uint8_t *)page_to_virt(pg), 11);

	/* Not ours any more; one in use; nobody who wants it. */
	assert_int_equal(op(GNTTABOP_transfer, 1), 0);
	assert_int_equal(t->status, GNTST_bad_page);
	t->mfn = frames[4].v;
	assert_int_equal(op(GNTTABOP_transfer, 1), 0);
	assert_int_equal(t->status, GNTST_bad_page);
	t->mfn = ~0ULL;
	assert_int_equal(op(GNTTABOP_transfer, 1), 0);
	assert_int_equal(t->status, GNTST_bad_page);
	assert_int_equal(page_alloc_domain(dom[0], 0, 0, &pg), 0);
	t->mfn = page_to_mfn(pg).v;
	t->domid = 55;
	assert_int_equal(op(GNTTABOP_transfer, 1), 0);
	assert_int_equal(t->status, GNTST_bad_domain);
	assert_int_equal(page_owner(pg), 0);
	t->domid = 1; /* the entry was used */
	assert_int_equal(op(GNTTABOP_transfer, 1), 0);
	assert_int_equal(t->status, GNTST_bad_gntref);
	/* The heir is full. */
	assert_int_equal(page_alloc_domain(dom[0], 0, 0, &pg), 0);
	t->mfn = page_to_mfn(pg).v;
	*entry(1, 30) = (struct grant_entry_v1){ .flags = GTF_accept_transfer,
		.domid = 0 };
	dom[1]->page_max = dom[1]->page_count;
	assert_int_equal(op(GNTTABOP_transfer, 1), 0);
	assert_int_equal(t->status, GNTST_general_error);
	assert_int_equal(entry(1, 30)->flags, GTF_accept_transfer);
	ctl_stop();
}

static void table_ops(void **state)
{
	struct gnttab_setup_table *s;
	struct gnttab_query_size *q;
	struct gnttab_set_version *v;
	struct gnttab_get_version *g;
	struct gnttab_swap_grant_ref *w;
	struct gnttab_get_status_frames *f;
	xen_pfn_t *list;
	struct page *pg;

	(void)state;
	start();
	s = args();
	q = args();
	v = args();
	g = args();
	w = args();
	f = args();
	list = mfn_to_virt(frames[1]);
	*s = (struct gnttab_setup_table){ .dom = DOMID_SELF, .nr_frames = 3 };
	s->frame_list.va = va_of(1);
	assert_int_equal(op(GNTTABOP_setup_table, 1), 0);
	assert_int_equal(s->status, 0);
	assert_int_equal(grant_table_frame(dom[0], 2, false, &pg), 0);
	assert_int_equal(list[2], page_to_mfn(pg).v);
	assert_int_equal(dom[0]->shared_count, 1 + 3);
	s->nr_frames = 5;
	assert_int_equal(op(GNTTABOP_setup_table, 1), 0);
	assert_int_equal(s->status, GNTST_general_error);
	s->nr_frames = ~0U;
	assert_int_equal(op(GNTTABOP_setup_table, 1), 0);
	assert_int_equal(s->status, GNTST_general_error);
	s->nr_frames = 2;
	s->frame_list.va = BAD_VA;
	assert_int_equal(op(GNTTABOP_setup_table, 1), 0);
	assert_int_equal(s->status, GNTST_bad_virt_addr);
	assert_int_equal(op(GNTTABOP_setup_table, 2), -EINVAL);
	s->dom = 66;
	assert_int_equal(op(GNTTABOP_setup_table, 1), 0);
	assert_int_equal(s->status, GNTST_bad_domain);

	*q = (struct gnttab_query_size){ .dom = DOMID_SELF };
	assert_int_equal(op(GNTTABOP_query_size, 1), 0);
	assert_int_equal(q->status, 0);
	assert_int_equal(q->nr_frames, 3);
	assert_int_equal(q->max_nr_frames, 4);

	v->version = 1;
	assert_int_equal(op(GNTTABOP_set_version, 1), 0);
	v->version = 2;
	assert_int_equal(op(GNTTABOP_set_version, 1), -ENOSYS);
	assert_int_equal(v->version, 1);
	v->version = 3;
	assert_int_equal(op(GNTTABOP_set_version, 1), -EINVAL);
	*g = (struct gnttab_get_version){ .dom = 1 };
	assert_int_equal(op(GNTTABOP_get_version, 1), 0);
	assert_int_equal(g->version, 1);
	g->dom = 66;
	assert_int_equal(op(GNTTABOP_get_version, 1), -ESRCH);
	*f = (struct gnttab_get_status_frames){ .dom = DOMID_SELF };
	assert_int_equal(op(GNTTABOP_get_status_frames, 1), 0);
	assert_int_equal(f->status, GNTST_general_error);

	/* Swapping: only what is not in use. */
	entry(0, 8)->frame = 80;
	entry(0, 600)->frame = 6000;
	*w = (struct gnttab_swap_grant_ref){ 8, 600, 99 };
	assert_int_equal(op(GNTTABOP_swap_grant_ref, 1), 0);
	assert_int_equal(w->status, 0);
	assert_int_equal(entry(0, 8)->frame, 6000);
	assert_int_equal(entry(0, 600)->frame, 80);
	w->ref_b = 512 * 4;
	assert_int_equal(op(GNTTABOP_swap_grant_ref, 1), 0);
	assert_int_equal(w->status, GNTST_bad_gntref);

	assert_int_equal(op(GNTTABOP_cache_flush, 1), -EOPNOTSUPP);
	assert_int_equal(op(77, 1), -ENOSYS);
	assert_int_equal(op(GNTTABOP_copy, 0x80000000U), -EINVAL);
	assert_int_equal(
		ctl_call(hc_grant_table_op, GNTTABOP_copy, BAD_VA, 1), -EFAULT);
	assert_int_equal(ctl_call(hc_grant_table_op, GNTTABOP_unmap_grant_ref,
				 BAD_VA, 1),
		-EFAULT);

	/* A guest may ask about itself alone. */
	ctl_play(1);
	{
		struct gnttab_query_size other = { .dom = 0 };

		assert_int_equal(
			ctl_call(hc_grant_table_op, GNTTABOP_query_size,
				(uintptr_t)&other, 1),
			0);
		assert_int_equal(other.status, GNTST_permission_denied);
	}
	assert_int_equal(grant_set_limits(dom[1], 0, 1), -EINVAL);
	assert_int_equal(grant_set_limits(dom[1], 8, 1), 0);
	assert_int_equal(grant_table_frame(dom[1], 7, false, &pg), 0);
	assert_int_equal(grant_table_frame(dom[1], 7, true, &pg), -EINVAL);
	assert_int_equal(grant_set_limits(dom[1], 7, 1), -EBUSY);
	ctl_stop();
}

/* The granter dies first: its frame and its number stay until the unmapping. */
static void granter_dies(void **state)
{
	struct gnttab_map_grant_ref m;
	uint8_t *p;

	(void)state;
	start();
	clear_va(1);
	m = map(1, 1, 8, GNTMAP_host_map);
	assert_int_equal(m.status, 0);
	p = fake_guest_access(va_of(1), true, NULL);
	while (domain_kill(dom[1]) == -ERESTART_HC)
		;
	assert_int_equal(dom[1]->page_count, 1);
	*p = 9;
	assert_int_equal(
		map(2, 1, 9, GNTMAP_host_map).status, GNTST_bad_gntref);
	dom[1] = NULL;
	assert_int_equal(unmap(1, m.handle, 0), 0);
	softirq_run();
	assert_null(domain_get(1));
	ctl_stop();
}

/* No memory, at each step of mapping: nothing stays behind. */
static void no_memory(void **state)
{
	(void)state;
	start();
	clear_va(1);
	for (unsigned n = 0; n < 8; n++) {
		struct gnttab_map_grant_ref m;

		fake_fail_alloc_after(n);
		m = map(1, 1, 8, GNTMAP_host_map);
		fake_fail_alloc_after(~0ULL);
		if (!m.status) {
			assert_int_equal(unmap(1, m.handle, 0), 0);
			break;
		}
		assert_int_equal(entry(1, 8)->flags, GTF_permit_access);
	}
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapping),
		cmocka_unit_test(map_errors),
		cmocka_unit_test(tables),
		cmocka_unit_test(by_entry),
		cmocka_unit_test(for_devices),
		cmocka_unit_test(replace),
		cmocka_unit_test(batches),
		cmocka_unit_test(handles),
		cmocka_unit_test(copies),
		cmocka_unit_test(transfers),
		cmocka_unit_test(table_ops),
		cmocka_unit_test(granter_dies),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
