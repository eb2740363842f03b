/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No memory, once: every call that allocates is made again and again on a fresh
 * machine, where its first, second, ... allocation fails, until none is left
 * to fail.  It says so, the audits are clean, and free memory is what it was:
 * at once, or (where a domain keeps what was begun for its next try) when the
 * domains are gone.
 */
#define RIG_FRAMES 1024
#include "irq_rig.h"
#include <public/vcpu.h>

#define ALLOCATIONS_MAX 2000
#define FIRST_PORTS	128 /* with port 0: for which there is room at first */

static struct xen_domctl ctl;
static struct xen_sysctl sys;
static struct vcpu_guest_context context;
static uint64_t list[64];
static uint8_t buffer[1 << 16];

static long domctl(unsigned cmd, domid_t id)
{
	ctl.cmd = cmd;
	ctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	ctl.domain = id;
	return ctl_call(hc_domctl, (uintptr_t)&ctl, 0, 0);
}

static long create_domain(void)
{
	ctl.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 2,
		.max_evtchn_port = 100,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	return domctl(XEN_DOMCTL_createdomain, 3);
}

static void new_domain(void)
{
	assert_int_equal(create_domain(), 0);
}

static long make_vcpus(void)
{
	ctl.u.max_vcpus.max = 2;
	return domctl(XEN_DOMCTL_max_vcpus, 3);
}

static long set_context(void)
{
	ctl.u.vcpucontext.vcpu = 1;
	ctl.u.vcpucontext.ctxt.va = (uintptr_t)&context;
	return domctl(XEN_DOMCTL_setvcpucontext, 1);
}

static long get_context(void)
{
	ctl.u.vcpucontext.vcpu = 1;
	ctl.u.vcpucontext.ctxt.va = (uintptr_t)&context;
	return domctl(XEN_DOMCTL_getvcpucontext, 1);
}

/* Domain 1's second vcpu, so that addresses of the first are the test's. */
static void with_space(void)
{
	mfn_t frames[1 + FAKE_SPACE_TABLES];

	assert_int_equal(fake_space(dom[1]->vcpu[1], 1, frames), 0);
	dom[1]->vcpu[1]->is_initialised = true;
	assert_int_equal(get_context(), 0);
}

static long set_policy(void)
{
	ctl.u.cpu_policy = (struct xen_domctl_cpu_policy){
		.leaves = { .p = (void *)buffer }
	};
	return domctl(XEN_DOMCTL_set_cpu_policy, 1);
}

static long get_policy(void)
{
	ctl.u.cpu_policy = (struct xen_domctl_cpu_policy){ 0 };
	return domctl(XEN_DOMCTL_get_cpu_policy, 1);
}

static long machine_policy(void)
{
	memset(&sys, 0, sizeof(sys));
	sys.cmd = XEN_SYSCTL_get_cpu_policy;
	sys.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	sys.u.cpu_policy.index = XEN_SYSCTL_cpu_policy_pv_default;
	return ctl_call(hc_sysctl, (uintptr_t)&sys, 0, 0);
}

static long follow(void)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY;
	return domctl(XEN_DOMCTL_shadow_op, 1);
}

static long permit_memory(void)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.iomem_permission.first_mfn = 5;
	ctl.u.iomem_permission.nr_mfns = 2;
	ctl.u.iomem_permission.allow_access = 1;
	return domctl(XEN_DOMCTL_iomem_permission, 1);
}

/* In the middle of what is permitted: it becomes two. */
static long forbid_ports(void)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.ioport_permission.first_port = 0x60;
	ctl.u.ioport_permission.nr_ports = 1;
	return domctl(XEN_DOMCTL_ioport_permission, 0);
}

static long permit_irq(void)
{
	memset(&ctl, 0, sizeof(ctl));
	ctl.u.irq_permission.pirq = 9;
	ctl.u.irq_permission.allow_access = 1;
	return domctl(XEN_DOMCTL_irq_permission, 1);
}

static long event_op(unsigned cmd, void *arg)
{
	return ctl_call(hc_event_channel_op, cmd, (uintptr_t)arg, 0);
}

static long make_port(void)
{
	struct evtchn_alloc_unbound a = { .dom = 1, .remote_dom = 0 };

	return event_op(EVTCHNOP_alloc_unbound, &a);
}

/* The next one needs a new array. */
static void ports(void)
{
	for (unsigned i = 1; i < FIRST_PORTS; i++)
		assert_int_equal(make_port(), 0);
}

static struct page *pages[2];

static void with_pages(void)
{
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(page_alloc_domain(dom[0], 0, 0, &pages[i]), 0);
}

static long init_fifo(void)
{
	struct evtchn_init_control c = { .control_gfn = page_to_mfn(pages[0]).v,
		.vcpu = 0 };

	return event_op(EVTCHNOP_init_control, &c);
}

static void pirq_mapped(void)
{
	int pirq = 9;

	assert_int_equal(map_gsi(DOMID_SELF, 9, &pirq), 0);
}

static long bind_interrupt(void)
{
	struct evtchn_bind_pirq b = { .pirq = 9 };

	return event_op(EVTCHNOP_bind_pirq, &b);
}

static long grow_grants(void)
{
	struct gnttab_setup_table s = {
		.dom = DOMID_SELF, .nr_frames = 3, .frame_list = { .p = list }
	};
	long r = ctl_call(
		hc_grant_table_op, GNTTABOP_setup_table, (uintptr_t)&s, 1);

	return r ? r : s.status == GNTST_okay ? 0 : -ENOMEM;
}

static void granted(void)
{
	struct grant_entry_v1 *e;
	struct page *pg;

	with_space();
	assert_int_equal(page_alloc_domain(dom[2], 0, 0, &pages[0]), 0);
	assert_int_equal(grant_table_frame(dom[2], 0, false, &pg), 0);
	e = page_to_virt(pg);
	e[1] = (struct grant_entry_v1){ GTF_permit_access, 0,
		(uint32_t)page_to_mfn(pages[0]).v };
}

static long map_grant(void)
{
	struct gnttab_map_grant_ref m = {
		.dom = 2, .ref = 1, .flags = GNTMAP_device_map
	};
	long r = ctl_call(
		hc_grant_table_op, GNTTABOP_map_grant_ref, (uintptr_t)&m, 1);

	return r ? r : m.status == GNTST_okay ? 0 : -ENOMEM;
}

static struct xen_memory_reservation reserve;

static long populate(void)
{
	long r;

	reserve = (struct xen_memory_reservation){
		.extent_start = { .p = list }, .nr_extents = 2, .domid = 1
	};
	r = ctl_call(
		hc_memory_op, XENMEM_populate_physmap, (uintptr_t)&reserve, 0);
	if (r == 2)
		return 0;
	/* It tells how far it came: give that back. */
	assert_in_range(r, 0, 1);
	reserve.nr_extents = (uint64_t)r;
	assert_int_equal(ctl_call(hc_memory_op, XENMEM_decrease_reservation,
				 (uintptr_t)&reserve, 0),
		r);
	return -ENOMEM;
}

static long exchange(void)
{
	struct xen_memory_exchange x = {
		.in = { .extent_start = { .p = list },
			.nr_extents = 2,
			.domid = DOMID_SELF },
		.out = { .extent_start = { .p = list + 8 },
			.nr_extents = 1,
			.extent_order = 1,
			.domid = DOMID_SELF },
	};

	for (unsigned i = 0; i < 2; i++)
		list[i] = page_to_mfn(pages[i]).v;
	return ctl_call(hc_memory_op, XENMEM_exchange, (uintptr_t)&x, 0);
}

static long set_map(void)
{
	struct xen_foreign_memory_map m = { .domid = 1,
		.map = { 1, { .p = buffer } } };

	return ctl_call(hc_memory_op, XENMEM_set_memory_map, (uintptr_t)&m, 0);
}

static void map_set(void)
{
	assert_int_equal(set_map(), 0);
	ctl_play(1);
}

static long get_map(void)
{
	struct xen_memory_map m = { 1, { .p = buffer } };

	return ctl_call(hc_memory_op, XENMEM_memory_map, (uintptr_t)&m, 0);
}

static long acquire(void)
{
	struct xen_mem_acquire_resource a = { .domid = 1,
		.type = XENMEM_resource_grant_table,
		.frame = 2,
		.nr_frames = 1,
		.frame_list = { .p = list } };

	return ctl_call(
		hc_memory_op, XENMEM_acquire_resource, (uintptr_t)&a, 0);
}

static void as_guest(void)
{
	with_space();
	dom[1]->vcpu[1]->is_initialised = false;
	ctl_play(1);
}

static long initialise(void)
{
	return ctl_call(hc_vcpu_op, VCPUOP_initialise, 1, (uintptr_t)&context);
}

static long print(void)
{
	return ctl_call(hc_console_io, 0, 2, (uintptr_t) "x\n");
}

static long map_gsi_9(void)
{
	int pirq = 9;

	return map_gsi(DOMID_SELF, 9, &pirq);
}

static long map_messages(uint16_t bdf, uint64_t table)
{
	struct physdev_map_pirq m = { .domid = DOMID_SELF,
		.type = MAP_PIRQ_TYPE_MSI_SEG,
		.index = -1,
		.pirq = -1,
		.devfn = bdf & 0xff,
		.table_base = table };

	return physdev(PHYSDEVOP_map_pirq, &m);
}

static long map_msi(void)
{
	return map_messages(MSI_BDF, 0);
}

static long map_msix(void)
{
	return map_messages(MSIX_BDF, BAR_BASE);
}

static long add_function(void)
{
	struct physdev_manage_pci p = { 0, MSI_BDF & 0xff };

	return physdev(PHYSDEVOP_manage_pci_add, &p);
}

/* Each call; keeps: until the domain's end. */
static const struct {
	const char *name;
	void (*prepare)(void);
	long (*call)(void);
	bool keeps;
} cases[] = {
	{ "createdomain", NULL, create_domain, false },
	{ "max_vcpus", new_domain, make_vcpus, true },
	{ "setvcpucontext", with_space, set_context, false },
	{ "getvcpucontext", with_space, get_context, false },
	{ "set_cpu_policy", NULL, set_policy, false },
	{ "get_cpu_policy", NULL, get_policy, false },
	{ "sysctl get_cpu_policy", NULL, machine_policy, false },
	{ "shadow_op", with_space, follow, true },
	{ "iomem_permission", NULL, permit_memory, false },
	{ "ioport_permission", NULL, forbid_ports, false },
	{ "irq_permission", NULL, permit_irq, false },
	{ "alloc_unbound", ports, make_port, false },
	{ "init_control", with_pages, init_fifo, false },
	{ "bind_pirq", pirq_mapped, bind_interrupt, true },
	{ "setup_table", NULL, grow_grants, true },
	{ "map_grant_ref", granted, map_grant, true },
	{ "populate_physmap", NULL, populate, true },
	{ "exchange", with_pages, exchange, false },
	{ "set_memory_map", NULL, set_map, false },
	{ "memory_map", map_set, get_map, false },
	{ "acquire_resource", NULL, acquire, true },
	{ "initialise", as_guest, initialise, false },
	{ "console_io", as_guest, print, false },
	{ "map_pirq", NULL, map_gsi_9, true },
	{ "map_pirq, MSI", NULL, map_msi, true },
	{ "map_pirq, MSI-X", NULL, map_msix, true },
	{ "manage_pci_add", NULL, add_function, false },
};

static void kill_all(void)
{
	uint32_t id = 0;
	struct domain *d;
	int r;

	fake_enter(NULL, 0);
	dom0 = NULL;
	while (id < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)id)) != NULL) {
		id = d->id + 1U;
		d->is_hardware = false;
		do
			r = domain_kill(d);
		while (r == -ERESTART_HC);
		assert_int_equal(r, 0);
		domain_put(d);
	}
	memset(dom, 0, sizeof(dom));
	rig_settle();
	assert_int_not_equal(pci_remove(0, MSI_BDF), -EBUSY);
	assert_int_not_equal(pci_remove(0, MSIX_BDF), -EBUSY);
	msi_free_spare();
}

/* All domains are gone: frames in use, and bytes of the heap. */
struct used {
	uint64_t frames;
	size_t heap;
};

static struct used used_at_end(void)
{
	struct used used;

	kill_all();
	used.frames = page_total_count() - page_free_count();
	used.heap = heap_used();
	irq_rig_stop();
	return used;
}

static void begin(unsigned i)
{
	irq_rig_start(1);
	memset(&ctl, 0, sizeof(ctl));
	memset(&context, 0, sizeof(context));
	if (cases[i].prepare)
		cases[i].prepare();
}

/* The n-th allocation of case i fails; false: there were not so many. */
static bool fails_at(unsigned i, uint64_t n, struct used *used)
{
	uint64_t free_frames;
	size_t heap;
	bool was_hit;
	long r;

	begin(i);
	free_frames = page_free_count();
	heap = heap_used();
	fake_fail_alloc_at(n);
	r = cases[i].call();
	was_hit = fake_alloc_has_failed();
	fake_fail_alloc_at(~0ULL);
	if (r < 0 ? !was_hit : was_hit)
		fail_msg("%s: allocation %lu failed: %d, result %ld",
			cases[i].name, n, was_hit, r);
	irq_audit();
	ctl_audit();
	if (was_hit && !cases[i].keeps &&
		(free_frames != page_free_count() || heap != heap_used()))
		fail_msg("%s: allocation %lu failed, and %ld frames and %ld "
			 "bytes are left",
			cases[i].name, n,
			(long)(free_frames - page_free_count()),
			(long)(heap_used() - heap));
	/* And then it works. */
	if (was_hit && cases[i].call() < 0)
		fail_msg("%s: fails for ever after allocation %lu did",
			cases[i].name, n);
	*used = used_at_end();
	return was_hit;
}

static void every_allocation_fails_once(void **state)
{
	struct used used, wanted;

	(void)state;
	irq_rig_start(1);
	wanted = used_at_end();
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t n = 0;

		do {
			bool was_hit = fails_at(i, n, &used);

			if (used.frames != wanted.frames ||
				used.heap != wanted.heap)
				fail_msg("%s: %ld frames and %ld bytes are "
					 "lost with allocation %lu",
					cases[i].name,
					(long)(used.frames - wanted.frames),
					(long)(used.heap - wanted.heap), n);
			if (!was_hit)
				break;
		} while (++n < ALLOCATIONS_MAX);
		print_message("%s: %lu allocations\n", cases[i].name, n);
		assert_in_range(n, 1, ALLOCATIONS_MAX - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
