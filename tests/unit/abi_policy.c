/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may talk to whom: by default everybody who was asked, with xsm=silo only
 * dom0 with guests, and each domain with itself.
 */
#include "ctl_rig.h"
#include <tenon/boot.h>

static struct page *granted[CTL_DOMAINS];

static long event_op(unsigned cmd, void *arg)
{
	long r = ctl_call(hc_event_channel_op, cmd, (uintptr_t)arg, 0);

	ctl_audit();
	return r;
}

static long alloc(domid_t where, domid_t remote, uint32_t *port)
{
	struct evtchn_alloc_unbound a = { where, remote, 0 };
	long r = event_op(EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return r;
}

static long bind(domid_t remote, uint32_t port)
{
	struct evtchn_bind_interdomain b = { remote, port, 0 };

	return event_op(EVTCHNOP_bind_interdomain, &b);
}

static struct grant_entry_v1 *entry(unsigned i, unsigned ref)
{
	struct page *pg;

	assert_int_equal(grant_table_frame(dom[i], 0, false, &pg), 0);
	return (struct grant_entry_v1 *)page_to_virt(pg) + ref;
}

/* A page of each domain, granted to everybody else by the reference 8 + who. */
static void start(void)
{
	ctl_start(1);
	for (unsigned i = 0; i < CTL_DOMAINS; i++) {
		assert_int_equal(
			page_alloc_domain(dom[i], 0, 0, &granted[i]), 0);
		for (unsigned to = 0; to < CTL_DOMAINS; to++)
			*entry(i, 8 + to) = (struct grant_entry_v1){
				.flags = GTF_permit_access,
				.domid = (domid_t)to,
				.frame = (uint32_t)page_to_mfn(granted[i]).v,
			};
	}
}

static int copy_from(unsigned i)
{
	struct gnttab_copy c = { .source.domid = (domid_t)i,
		.dest.domid = DOMID_SELF,
		.len = 8,
		.flags = GNTCOPY_source_gref };

	c.source.u.ref = 8 + current->domain->id;
	c.dest.u.gmfn = page_to_mfn(granted[current->domain->id]).v;
	assert_int_equal(
		ctl_call(hc_grant_table_op, GNTTABOP_copy, (uintptr_t)&c, 1),
		0);
	ctl_audit();
	return c.status;
}

static int map_from(unsigned i)
{
	struct gnttab_map_grant_ref m = { .dom = (domid_t)i,
		.ref = 8 + current->domain->id,
		.flags = GNTMAP_device_map };
	struct gnttab_unmap_grant_ref u;

	assert_int_equal(ctl_call(hc_grant_table_op, GNTTABOP_map_grant_ref,
				 (uintptr_t)&m, 1),
		0);
	ctl_audit();
	if (m.status)
		return m.status;
	u = (struct gnttab_unmap_grant_ref){ .dev_bus_addr = m.dev_bus_addr,
		.handle = m.handle };
	assert_int_equal(ctl_call(hc_grant_table_op, GNTTABOP_unmap_grant_ref,
				 (uintptr_t)&u, 1),
		0);
	assert_int_equal(u.status, GNTST_okay);
	return 0;
}

static int give_to(unsigned i)
{
	struct gnttab_transfer t = { .domid = (domid_t)i, .ref = 16 };
	struct page *pg;

	*entry(i, 16) = (struct grant_entry_v1){
		.flags = GTF_accept_transfer,
		.domid = current->domain->id,
	};
	assert_int_equal(page_alloc_domain(current->domain, 0, 0, &pg), 0);
	t.mfn = page_to_mfn(pg).v;
	assert_int_equal(ctl_call(hc_grant_table_op, GNTTABOP_transfer,
				 (uintptr_t)&t, 1),
		0);
	ctl_audit();
	return t.status;
}

static void everybody(void **state)
{
	uint32_t port;

	(void)state;
	start();
	ctl_play(1);
	assert_int_equal(alloc(DOMID_SELF, 2, &port), 0);
	ctl_play(2);
	assert_int_equal(bind(1, port), 0);
	assert_int_equal(copy_from(1), GNTST_okay);
	assert_int_equal(map_from(1), GNTST_okay);
	assert_int_equal(give_to(1), GNTST_okay);
	/* A port may wait for a domain that is not there yet. */
	assert_int_equal(alloc(DOMID_SELF, 77, &port), 0);
	ctl_stop();
}

static void silo(void **state)
{
	uint32_t port, early;

	(void)state;
	start();
	ctl_play(1);
	assert_int_equal(alloc(DOMID_SELF, 2, &early), 0);
	boot_options.is_silo = true;
	/* Between guests: nothing, not even made by dom0 for them. */
	assert_int_equal(alloc(DOMID_SELF, 2, &port), -EPERM);
	assert_int_equal(alloc(DOMID_SELF, 77, &port), -ESRCH);
	ctl_play(2);
	assert_int_equal(bind(1, early), -EPERM);
	assert_int_equal(copy_from(1), GNTST_permission_denied);
	assert_int_equal(map_from(1), GNTST_permission_denied);
	assert_int_equal(give_to(1), GNTST_permission_denied);
	ctl_play(0);
	assert_int_equal(alloc(2, 1, &port), -EPERM);

	/* Of dom0 with guests, both ways, and with oneself: everything. */
	assert_int_equal(alloc(2, DOMID_SELF, &port), 0);
	assert_int_equal(bind(2, port), 0);
	assert_int_equal(copy_from(1), GNTST_okay);
	assert_int_equal(map_from(2), GNTST_okay);
	assert_int_equal(give_to(2), GNTST_okay);
	ctl_play(1);
	assert_int_equal(copy_from(0), GNTST_okay);
	assert_int_equal(map_from(0), GNTST_okay);
	assert_int_equal(map_from(1), GNTST_okay);
	assert_int_equal(alloc(DOMID_SELF, DOMID_SELF, &port), 0);
	assert_int_equal(bind(DOMID_SELF, port), 0);
	boot_options.is_silo = false;
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody),
		cmocka_unit_test(silo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
