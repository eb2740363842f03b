/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two vcpus of one domain map, unmap and copy the same grants at the same time,
 * while the granter changes its entries: each handle ends once, every use is
 * given back, and no translation outlives its mapping.
 */
#include "ctl_rig.h"
#include <tenon/pte.h>

static unsigned seed;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

#define REFS  3
#define SPACE 16

static mfn_t frames[SPACE + FAKE_SPACE_TABLES];
static struct page *granted[REFS];
static struct grant_entry_v1 *entries;
static unsigned maps, unmaps;

static void map_one(struct vcpu *v)
{
	struct gnttab_map_grant_ref m = {
		.host_addr = FAKE_SPACE_VA + any(SPACE) * PAGE_SIZE,
		.flags = (any(2) ? GNTMAP_host_map : 0) |
			 (any(2) ? GNTMAP_device_map : 0) |
			 (any(2) ? GNTMAP_readonly : 0),
		.ref = any(REFS),
		.dom = 1,
	};

	grant_map(v, &m);
	maps += m.status == GNTST_okay;
}

static void unmap_some(struct vcpu *v)
{
	struct grant_unmap u[2];

	for (unsigned i = 0; i < 2; i++) {
		u[i] = (struct grant_unmap){
			.handle = any(6),
			.host_addr = FAKE_SPACE_VA + any(SPACE) * PAGE_SIZE,
			.bus_addr = any(2) ? page_to_mfn(granted[any(REFS)]).v
						     << PAGE_SHIFT
					   : 0,
		};
		unmaps += grant_unmap_start(v, &u[i]) == GNTST_okay;
	}
	grant_unmap_finish(v, u, 2);
}

static void copy_one(struct domain *d)
{
	struct gnttab_copy c = {
		.source = { .u.ref = any(REFS), .domid = 1 },
		.dest = { .u.ref = any(REFS), .domid = 1 },
		.len = 16,
		.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref,
	};

	grant_copy(d, &c);
}

static void user(void *arg)
{
	struct vcpu *v = arg;

	for (unsigned i = 0; i < 40; i++) {
		switch (any(4)) {
		case 0:
		case 1:
			map_one(v);
			break;
		case 2:
			unmap_some(v);
			break;
		default:
			copy_one(v->domain);
		}
	}
}

static void granter(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 60; i++) {
		struct grant_entry_v1 *e = &entries[any(REFS)];

		switch (any(5)) {
		case 0:
			atomic_write(&e->flags, (uint16_t)any(8));
			break;
		case 1:
			atomic_write(&e->frame,
				(uint32_t)page_to_mfn(granted[any(REFS)]).v);
			break;
		case 2:
			atomic_write(&e->domid, (domid_t)(any(4) == 3));
			break;
		case 3:
			(void)grant_swap(dom[1], any(REFS), any(REFS));
			break;
		default:
			atomic_write(&e->flags, (uint16_t)GTF_permit_access);
		}
	}
}

/* The references on a frame: its owner's, and one for each use. */
static void check_frames(void)
{
	while (grant_release_mappings(dom[0]) == -ERESTART_HC)
		;
	for (unsigned i = 0; i < REFS; i++) {
		assert_int_equal(granted[i]->ref & PAGE_REF_COUNT, 1);
		assert_false(pagetype_is_used(granted[i]));
	}
	assert_int_equal(dom[1]->refs, 2);
}

static void round_of(unsigned n)
{
	struct page *pg;

	seed = n;
	ctl_start(3);
	/* Both vcpus use one address space. */
	assert_int_equal(fake_space(dom[0]->vcpu[0], SPACE, frames), 0);
	assert_int_equal(
		pt_new_root(dom[0]->vcpu[1], frames[SPACE + 3], false), 0);
	assert_int_equal(grant_table_frame(dom[1], 0, false, &pg), 0);
	entries = page_to_virt(pg);
	for (unsigned i = 0; i < REFS; i++) {
		assert_int_equal(
			page_alloc_domain(dom[1], 0, 0, &granted[i]), 0);
		entries[i] = (struct grant_entry_v1){
			.flags = GTF_permit_access,
			.frame = (uint32_t)page_to_mfn(granted[i]).v,
		};
	}
	fake_enter(dom[0]->vcpu[1], 1);
	fake_enter(dom[1]->vcpu[0], 2);
	fake_play(0);
	for (unsigned i = 0; i < SPACE; i++)
		assert_int_equal(pt_update_va(dom[0]->vcpu[0], dom[0],
					 FAKE_SPACE_VA + i * PAGE_SIZE, 0),
			0);
	pt_flush(dom[0]);
	fake_spawn(0, user, dom[0]->vcpu[0]);
	fake_spawn(1, user, dom[0]->vcpu[1]);
	fake_spawn(2, granter, NULL);
	fake_run(any);
	ctl_audit();
	fake_enter(NULL, 1);
	fake_enter(NULL, 2);
	fake_play(0);
	/* What is mapped yet stays in the tables: nobody looks any more. */
	fake_enter(NULL, 0);
	pt_flush(dom[0]);
	check_frames();
	memset(dom, 0, sizeof(dom));
	fake_stop();
}

static void everything_at_once(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 200; n++)
		round_of(n);
	/* It was about something. */
	assert_true(maps > 500 && unmaps > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
