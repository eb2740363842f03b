/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl: every command as the tools give it, and its errors. */
#include "ctl_rig.h"
#include <tenon/debug_key.h>
#include <tenon/console.h>
#include <tenon/entry.h>
#include <tenon/pool.h>

static struct xen_sysctl ctl;

static long op(unsigned cmd)
{
	long r;

	ctl.cmd = cmd;
	ctl.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	r = ctl_call(hc_sysctl, (uintptr_t)&ctl, 0, 0);
	ctl_audit();
	return r;
}

static void clear(void)
{
	memset(&ctl, 0, sizeof(ctl));
}

static void machine(void **state)
{
	struct xen_sysctl_cpuinfo info[4];
	struct xen_sysctl_cputopo topo[4];
	struct xen_sysctl_meminfo mem;
	uint32_t distance = 0, nodes[3] = { 0 };
	struct physdev_pci_device devs[3];
	struct page *pg;

	(void)state;
	ctl_start(2);
	memset(&ctl, 0xff, sizeof(ctl));
	assert_int_equal(op(XEN_SYSCTL_physinfo), 0);
	assert_int_equal(ctl.u.physinfo.nr_cpus, 2);
	assert_int_equal(ctl.u.physinfo.max_cpu_id, 1);
	assert_int_equal(ctl.u.physinfo.nr_nodes, 1);
	assert_int_equal(ctl.u.physinfo.threads_per_core, 1);
	assert_int_equal(ctl.u.physinfo.cores_per_socket, 1);
	assert_int_equal(ctl.u.physinfo.total_pages, 4095);
	assert_int_equal(ctl.u.physinfo.free_pages, page_free_count());
	assert_int_equal(ctl.u.physinfo.max_mfn, 4095);
	assert_int_equal(ctl.u.physinfo.scrub_pages, 0);
	assert_true(ctl.u.physinfo.capabilities & XEN_SYSCTL_PHYSCAP_pv);

	clear();
	ctl.u.getcpuinfo.max_cpus = 4;
	ctl.u.getcpuinfo.info.p = info;
	assert_int_equal(op(XEN_SYSCTL_getcpuinfo), 0);
	assert_int_equal(ctl.u.getcpuinfo.nr_cpus, 2);
	ctl.u.getcpuinfo.info.va = BAD_VA;
	assert_int_equal(op(XEN_SYSCTL_getcpuinfo), -EFAULT);

	clear();
	assert_int_equal(op(XEN_SYSCTL_availheap), 0);
	assert_int_equal(
		ctl.u.availheap.avail_bytes, page_free_count() * PAGE_SIZE);
	pg = page_alloc(4, 0);
	ctl.u.availheap.node = -1;
	ctl.u.availheap.max_bitwidth = 32;
	assert_int_equal(op(XEN_SYSCTL_availheap), 0);
	assert_int_equal(
		ctl.u.availheap.avail_bytes, page_free_count() * PAGE_SIZE);
	ctl.u.availheap.min_bitwidth = 32;
	ctl.u.availheap.max_bitwidth = 0;
	assert_int_equal(op(XEN_SYSCTL_availheap), 0);
	assert_int_equal(ctl.u.availheap.avail_bytes, 0);
	ctl.u.availheap.node = 1;
	assert_int_equal(op(XEN_SYSCTL_availheap), -EINVAL);
	page_free(pg, 4);

	clear();
	assert_int_equal(op(XEN_SYSCTL_cputopoinfo), 0);
	assert_int_equal(ctl.u.cputopoinfo.num_cpus, 2);
	ctl.u.cputopoinfo.cputopo.p = topo;
	ctl.u.cputopoinfo.num_cpus = 4;
	assert_int_equal(op(XEN_SYSCTL_cputopoinfo), 0);
	assert_int_equal(ctl.u.cputopoinfo.num_cpus, 2);
	assert_int_equal(topo[1].socket, 1);
	assert_int_equal(topo[1].node, 0);

	clear();
	assert_int_equal(op(XEN_SYSCTL_numainfo), 0);
	assert_int_equal(ctl.u.numainfo.num_nodes, 1);
	ctl.u.numainfo.num_nodes = 4;
	ctl.u.numainfo.meminfo.p = &mem;
	ctl.u.numainfo.distance.p = &distance;
	assert_int_equal(op(XEN_SYSCTL_numainfo), 0);
	assert_int_equal(ctl.u.numainfo.num_nodes, 1);
	assert_int_equal(distance, 10);
	assert_int_equal(mem.memsize, 4095 * PAGE_SIZE);

	clear();
	ctl.u.pcitopoinfo.num_devs = 3;
	ctl.u.pcitopoinfo.devs.p = devs;
	ctl.u.pcitopoinfo.nodes.p = nodes;
	assert_int_equal(op(XEN_SYSCTL_pcitopoinfo), 0);
	assert_int_equal(ctl.u.pcitopoinfo.num_devs, 3);
	assert_int_equal(nodes[2], XEN_INVALID_NODE_ID);
	ctl_stop();
}

static void features(void **state)
{
	uint32_t words[24];
	struct xen_cpuid_leaf leaves[160];
	struct xen_msr_entry msrs[4];

	(void)state;
	ctl_start(1);
	clear();
	assert_int_equal(op(XEN_SYSCTL_get_cpu_levelling_caps), 0);
	assert_int_equal(ctl.u.cpu_levelling_caps.caps, 0);
	for (unsigned i = 0; i < 7; i++) {
		bool is_pv = i != XEN_SYSCTL_cpu_featureset_hvm &&
			     i != XEN_SYSCTL_cpu_featureset_hvm_max && i < 6;

		clear();
		ctl.u.cpu_featureset.index = i;
		ctl.u.cpu_featureset.nr_features = 24;
		ctl.u.cpu_featureset.features.p = words;
		assert_int_equal(
			op(XEN_SYSCTL_get_cpu_featureset), is_pv   ? 0
							   : i < 6 ? -EOPNOTSUPP
								   : -EINVAL);
		if (!is_pv)
			continue;
		assert_int_equal(ctl.u.cpu_featureset.nr_features, 19);
		ctl.u.cpu_featureset.nr_features = 3;
		assert_int_equal(op(XEN_SYSCTL_get_cpu_featureset), -ENOBUFS);
		ctl.u.cpu_featureset.nr_features = 0;
		ctl.u.cpu_featureset.features.va = 0;
		assert_int_equal(op(XEN_SYSCTL_get_cpu_featureset), 0);
		assert_int_equal(ctl.u.cpu_featureset.nr_features, 19);
		ctl.u.cpu_featureset.features.va = BAD_VA;
		ctl.u.cpu_featureset.nr_features = 19;
		assert_int_equal(op(XEN_SYSCTL_get_cpu_featureset), -EFAULT);
	}
	for (unsigned i = 0; i < 7; i++) {
		bool is_pv = i != XEN_SYSCTL_cpu_policy_hvm_max &&
			     i != XEN_SYSCTL_cpu_policy_hvm_default && i < 6;

		clear();
		ctl.u.cpu_policy.index = i;
		assert_int_equal(
			op(XEN_SYSCTL_get_cpu_policy), is_pv   ? 0
						       : i < 6 ? -EOPNOTSUPP
							       : -EINVAL);
		if (!is_pv)
			continue;
		assert_int_equal(ctl.u.cpu_policy.nr_leaves, 160);
		ctl.u.cpu_policy.leaves.p = leaves;
		ctl.u.cpu_policy.msrs.p = msrs;
		assert_int_equal(op(XEN_SYSCTL_get_cpu_policy), 0);
		assert_in_range(ctl.u.cpu_policy.nr_leaves, 1, 160);
		assert_int_equal(ctl.u.cpu_policy.nr_msrs, 1);
		assert_int_equal(leaves[0].leaf, 0);
		assert_int_equal(leaves[0].subleaf, XEN_CPUID_NO_SUBLEAF);
		ctl.u.cpu_policy.nr_leaves = 0;
		assert_int_equal(op(XEN_SYSCTL_get_cpu_policy), -ENOBUFS);
		ctl.u.cpu_policy.nr_leaves = 160;
		ctl.u.cpu_policy.leaves.va = BAD_VA;
		assert_int_equal(op(XEN_SYSCTL_get_cpu_policy), -EFAULT);
		ctl.u.cpu_policy._rsvd = 1;
		assert_int_equal(op(XEN_SYSCTL_get_cpu_policy), -EINVAL);
	}
	ctl_stop();
}

static void control(void **state)
{
	struct xen_domctl_getdomaininfo info[8];

	(void)state;
	ctl_start(2);
	clear();
	ctl.u.getdomaininfolist.max_domains = 8;
	ctl.u.getdomaininfolist.buffer.p = info;
	assert_int_equal(op(XEN_SYSCTL_getdomaininfolist), 0);
	assert_int_equal(ctl.u.getdomaininfolist.num_domains, 3);
	assert_int_equal(info[2].domain, 2);
	ctl.u.getdomaininfolist.first_domain = 1;
	ctl.u.getdomaininfolist.max_domains = 1;
	assert_int_equal(op(XEN_SYSCTL_getdomaininfolist), 0);
	assert_int_equal(ctl.u.getdomaininfolist.num_domains, 1);
	assert_int_equal(info[0].domain, 1);
	ctl.u.getdomaininfolist.first_domain = 3;
	assert_int_equal(op(XEN_SYSCTL_getdomaininfolist), 0);
	assert_int_equal(ctl.u.getdomaininfolist.num_domains, 0);
	ctl.u.getdomaininfolist.first_domain = DOMID_MASK;
	assert_int_equal(op(XEN_SYSCTL_getdomaininfolist), 0);
	ctl.u.getdomaininfolist.first_domain = 0;
	ctl.u.getdomaininfolist.buffer.va = BAD_VA;
	assert_int_equal(op(XEN_SYSCTL_getdomaininfolist), -EFAULT);

	clear();
	assert_int_equal(op(XEN_SYSCTL_sched_id), 0);
	assert_int_equal(ctl.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
	ctl.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
	ctl.u.scheduler_op.cpupool_id = 0;
	ctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	assert_int_equal(op(XEN_SYSCTL_scheduler_op), 0);
	assert_int_equal(ctl.u.scheduler_op.u.sched_credit2.ratelimit_us, 1000);
	ctl.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
	assert_int_equal(op(XEN_SYSCTL_scheduler_op), 0);
	ctl.u.scheduler_op.u.sched_credit2.ratelimit_us = 5;
	assert_int_equal(op(XEN_SYSCTL_scheduler_op), -EINVAL);
	ctl.u.scheduler_op.cmd = 7;
	assert_int_equal(op(XEN_SYSCTL_scheduler_op), -EINVAL);
	ctl.u.scheduler_op.sched_id = XEN_SCHEDULER_NULL;
	assert_int_equal(op(XEN_SYSCTL_scheduler_op), -EINVAL);
	ctl.u.scheduler_op.cpupool_id = 1;
	assert_int_equal(op(XEN_SYSCTL_scheduler_op), -ESRCH);
	ctl_stop();
}

static long pool(uint32_t cmd, uint32_t id, uint32_t cpu, uint32_t domid)
{
	ctl.u.cpupool_op.op = cmd;
	ctl.u.cpupool_op.cpupool_id = id;
	ctl.u.cpupool_op.sched_id = XEN_SCHEDULER_CREDIT2;
	ctl.u.cpupool_op.cpu = cpu;
	ctl.u.cpupool_op.domid = domid;
	return op(XEN_SYSCTL_cpupool_op);
}

static void pools(void **state)
{
	struct xen_domctl domctl = {
		.cmd = XEN_DOMCTL_createdomain,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.u.createdomain = {
			.max_vcpus = 1,
			.max_grant_frames = 4,
			.max_maptrack_frames = 2,
			.grant_opts = 1,
			.cpupool_id = 1,
		},
	};
	uint8_t map[4];

	(void)state;
	ctl_start(2);
	/* By the scheduler: pools move vcpus. */
	fake_enter(NULL, 0);
	assert_int_equal(domain_unpause_by_controller(dom[0]), 0);
	assert_int_equal(sched_set_affinity(dom[0]->vcpu[0], 1, 1), 0);
	vcpu_bring_up(dom[0]->vcpu[0]);
	rig_settle();
	assert_ptr_equal(current, dom[0]->vcpu[0]);
	clear();
	ctl.u.cpupool_op.cpumap.bitmap.p = map;
	ctl.u.cpupool_op.cpumap.nr_bits = 32;
	memset(map, 0xff, sizeof(map));
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 0, 0, 0), 0);
	assert_int_equal(ctl.u.cpupool_op.n_dom, 3);
	assert_int_equal(ctl.u.cpupool_op.sched_id, XEN_SCHEDULER_CREDIT2);
	assert_int_equal(map[0], 3);
	assert_int_equal(map[3], 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0, 0), -ENOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 1, 0, 0), 0);
	assert_int_equal(map[0], 0);

	assert_int_equal(
		ctl_call(hc_domctl, (uintptr_t)&domctl, 0, 0), -ENOENT);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_CREATE, POOL_ANY, 0, 0), 0);
	assert_int_equal(ctl.u.cpupool_op.cpupool_id, 1);
	assert_int_equal(
		ctl_call(hc_domctl, (uintptr_t)&domctl, 0, 0), -EINVAL);
	assert_int_equal(
		pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 0, 1), -EINVAL);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 1, 0), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, 0, 0), 0);
	assert_int_equal(map[0], 2);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, 1, 1, 0), 0);
	assert_int_equal(
		pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 0, 0), -EINVAL);
	assert_int_equal(
		pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 0, 9), -ESRCH);
	assert_int_equal(
		pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 0, DOMID_IDLE),
		-ESRCH);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 1, 0, 1), 0);
	assert_int_equal(ctl_call(hc_domctl, (uintptr_t)&domctl, 0, 0), 0);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0, 0), 0);
	assert_int_equal(ctl.u.cpupool_op.n_dom, 2);
	assert_int_equal(map[0], 2);
	assert_int_equal(pool(XEN_SYSCTL_CPUPOOL_OP_DESTROY, 1, 0, 0), -EBUSY);
	ctl.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
	ctl.u.scheduler_op.cpupool_id = 1;
	ctl.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
	assert_int_equal(op(XEN_SYSCTL_scheduler_op), 0);
	clear();
	assert_int_equal(pool(9, 0, 0, 0), -ENOSYS);
	ctl.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_CREATE;
	ctl.u.cpupool_op.sched_id = XEN_SCHEDULER_NULL;
	assert_int_equal(op(XEN_SYSCTL_cpupool_op), -EINVAL);
	vcpu_take_down(dom[0]->vcpu[0]);
	rig_settle();
	ctl_stop();
}

static void counted(void **state)
{
	struct xen_sysctl_perfc_desc desc[8];
	uint32_t values[128], was;
	struct xen_sysctl_perfc_op *arg = &ctl.u.perfc_op;

	(void)state;
	ctl_start(2);
	clear();
	arg->cmd = XEN_SYSCTL_PERFCOP_query;
	assert_int_equal(op(XEN_SYSCTL_perfc_op), 0);
	assert_int_equal(arg->nr_counters, 5);
	assert_int_equal(arg->nr_vals, 64 + 32 + 3 * 2);
	arg->desc.p = desc;
	arg->val.p = values;
	assert_int_equal(op(XEN_SYSCTL_perfc_op), 0);
	assert_string_equal(desc[0].name, "hypercalls");
	assert_int_equal(desc[0].nr_vals, 64);
	assert_string_equal(desc[4].name, "vcpu switches");
	assert_int_equal(desc[4].nr_vals, 2);
	was = values[__HYPERVISOR_xen_version];
	for (unsigned i = 0; i < 5; i++) {
		struct hypercall hc = { .v = current,
			.d = current->domain,
			.nr = __HYPERVISOR_xen_version };

		assert_true(hypercall_dispatch(&hc) > 0);
	}
	fake_play(1);
	entry_interrupt(0x33);
	fake_play(0);
	assert_int_equal(op(XEN_SYSCTL_perfc_op), 0);
	assert_int_equal(values[__HYPERVISOR_xen_version], was + 5);
	assert_int_equal(values[64 + 32], 0);
	assert_int_equal(values[64 + 32 + 1], 1);
	arg->cmd = XEN_SYSCTL_PERFCOP_reset;
	assert_int_equal(op(XEN_SYSCTL_perfc_op), 0);
	arg->cmd = XEN_SYSCTL_PERFCOP_query;
	assert_int_equal(op(XEN_SYSCTL_perfc_op), 0);
	for (unsigned i = 0; i < arg->nr_vals; i++)
		assert_int_equal(values[i], 0);
	arg->val.va = BAD_VA;
	assert_int_equal(op(XEN_SYSCTL_perfc_op), -EFAULT);
	arg->val.va = 0;
	arg->desc.va = BAD_VA;
	assert_int_equal(op(XEN_SYSCTL_perfc_op), -EFAULT);
	arg->cmd = 9;
	assert_int_equal(op(XEN_SYSCTL_perfc_op), -EINVAL);
	ctl_stop();
}

static void missing(void **state)
{
	(void)state;
	ctl_start(1);
	clear();
	assert_int_equal(op(XEN_SYSCTL_lockprof_op), -ENOSYS);
	assert_int_equal(op(XEN_SYSCTL_livepatch_op), -EOPNOTSUPP);
	assert_int_equal(op(XEN_SYSCTL_page_offline_op), -ENOSYS);
	assert_int_equal(op(XEN_SYSCTL_coverage_op), -EOPNOTSUPP);
	assert_int_equal(op(XEN_SYSCTL_psr_cmt_op), -ENODEV);
	assert_int_equal(op(XEN_SYSCTL_psr_alloc), -ENODEV);
	assert_int_equal(op(XEN_SYSCTL_get_pmstat), -ENODEV);
	assert_int_equal(op(XEN_SYSCTL_pm_op), -ENODEV);
	assert_int_equal(op(77), -ENOSYS);
	ctl.interface_version = 1;
	assert_int_equal(ctl_call(hc_sysctl, (uintptr_t)&ctl, 0, 0), -EACCES);
	assert_int_equal(ctl_call(hc_sysctl, BAD_VA, 0, 0), -EFAULT);
	ctl_stop();
}

/* Text in more than one piece, from where the last reading ended. */
static void console(void **state)
{
	char text[1000];

	(void)state;
	ctl_start(1);
	console_ring_clear();
	for (unsigned i = 0; i < 10; i++)
		console_write("0123456789012345678901234567890123456789"
			      "0123456789012345678901234567890123456789\n",
			81);
	clear();
	ctl.u.readconsole.buffer.p = text;
	ctl.u.readconsole.count = 300;
	assert_int_equal(op(XEN_SYSCTL_readconsole), 0);
	assert_int_equal(ctl.u.readconsole.count, 300);
	assert_memory_equal(text, "0123456789", 10);
	ctl.u.readconsole.incremental = 1;
	ctl.u.readconsole.count = 1000;
	ctl.u.readconsole.clear = 1;
	assert_int_equal(op(XEN_SYSCTL_readconsole), 0);
	assert_int_equal(ctl.u.readconsole.count, 510);
	assert_int_equal(text[509], '\n');
	ctl.u.readconsole.incremental = 0;
	ctl.u.readconsole.count = 1000;
	assert_int_equal(op(XEN_SYSCTL_readconsole), 0);
	assert_int_equal(ctl.u.readconsole.count, 0);

	clear();
	debug_keys_init();
	ctl.u.debug_keys.keys.p = "hqegmraid0npP?";
	ctl.u.debug_keys.nr_keys = 14;
	assert_int_equal(op(XEN_SYSCTL_debug_keys), 0);
	ctl.u.debug_keys.nr_keys = 1000;
	assert_int_equal(op(XEN_SYSCTL_debug_keys), -E2BIG);
	ctl.u.debug_keys.nr_keys = 1;
	ctl.u.debug_keys.keys.va = BAD_VA;
	assert_int_equal(op(XEN_SYSCTL_debug_keys), -EFAULT);
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine),
		cmocka_unit_test(features),
		cmocka_unit_test(control),
		cmocka_unit_test(pools),
		cmocka_unit_test(counted),
		cmocka_unit_test(missing),
		cmocka_unit_test(console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
