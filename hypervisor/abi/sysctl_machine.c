/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl: what the machine is: CPUs, memory, topology, features. */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/sched.h>
#include <tenon/string.h>
#include "sysctl.h"

/* Distance of a node to itself: ACPI, SLIT. */
#define NODE_DISTANCE_LOCAL 10

/* Threads of a core and logical CPUs of a package, from CPUID. */
static void count_topology(unsigned *threads, unsigned *per_package)
{
	uint32_t r[4];

	*threads = 1;
	*per_package = 1;
	arch_cpuid(0, 0, r);
	if (r[0] >= 0xb) {
		/* Logical CPUs at each level (SDM vol. 3A, 9.9). */
		arch_cpuid(0xb, 0, r);
		*threads = MAX(r[1] & 0xffff, 1U);
		arch_cpuid(0xb, 1, r);
		*per_package = MAX(r[1] & 0xffff, *threads);
		return;
	}
	arch_cpuid(1, 0, r);
	if (r[3] >> 28 & 1)
		*per_package = MAX(r[1] >> 16 & 0xff, 1U);
}

int sysctl_physinfo(struct sysctl *c)
{
	struct xen_sysctl_physinfo *p = &c->op.u.physinfo;
	unsigned threads, per_package;

	memset(p, 0, sizeof(*p));
	count_topology(&threads, &per_package);
	p->threads_per_core = threads;
	p->cores_per_socket = MAX(per_package / threads, 1U);
	p->nr_cpus = (uint32_t)__builtin_popcountll(atomic_read(&cpus_online));
	p->max_cpu_id = cpu_count - 1;
	p->nr_nodes = 1;
	p->cpu_khz = (uint32_t)arch_cpu_khz();
	p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = page_total_count();
	p->free_pages = page_free_count();
	p->outstanding_pages = page_claimed_count();
	p->max_mfn = frame_count - 1;
	(void)policy_features(XEN_SYSCTL_cpu_featureset_host, NULL, p->hw_cap,
		ARRAY_SIZE(p->hw_cap));
	c->must_copy_back = true;
	return 0;
}

int sysctl_getcpuinfo(struct sysctl *c)
{
	struct xen_sysctl_getcpuinfo *arg = &c->op.u.getcpuinfo;
	unsigned n = MIN(arg->max_cpus, cpu_count);

	for (unsigned i = 0; i < n; i++) {
		struct xen_sysctl_cpuinfo info = { .idletime = 0 };

		if (cpus[i])
			info.idletime = sched_idle_time(i);
		if (guest_write_at(arg->info, i, &info))
			return -EFAULT;
	}
	arg->nr_cpus = n;
	c->must_copy_back = true;
	return 0;
}

int sysctl_availheap(struct sysctl *c)
{
	struct xen_sysctl_availheap *arg = &c->op.u.availheap;
	uint64_t above, below;

	if (arg->node > 0)
		return -EINVAL;
	below = arg->max_bitwidth && arg->max_bitwidth < 52
			? page_free_count_below(arg->max_bitwidth)
			: page_free_count();
	above = arg->min_bitwidth
			? page_free_count_below(MIN(arg->min_bitwidth, 52U))
			: 0;
	arg->avail_bytes = below > above ? (below - above) << PAGE_SHIFT : 0;
	c->must_copy_back = true;
	return 0;
}

/* The CPU's place, from its APIC id. */
static void place_of(const struct cpu *cpu, struct xen_sysctl_cputopo *topo)
{
	unsigned threads, per_package;

	count_topology(&threads, &per_package);
	topo->core = cpu->apic_id % per_package / threads;
	topo->socket = cpu->apic_id / per_package;
	topo->node = 0;
}

int sysctl_cputopoinfo(struct sysctl *c)
{
	struct xen_sysctl_cputopoinfo *arg = &c->op.u.cputopoinfo;
	unsigned n = arg->cputopo.va ? MIN(arg->num_cpus, cpu_count) : 0;

	for (unsigned i = 0; i < n; i++) {
		struct xen_sysctl_cputopo topo = { XEN_INVALID_CORE_ID,
			XEN_INVALID_SOCKET_ID, XEN_INVALID_NODE_ID };

		if (cpus[i] && cpus[i]->is_online)
			place_of(cpus[i], &topo);
		if (guest_write_at(arg->cputopo, i, &topo))
			return -EFAULT;
	}
	arg->num_cpus = arg->cputopo.va ? n : cpu_count;
	c->must_copy_back = true;
	return 0;
}

int sysctl_numainfo(struct sysctl *c)
{
	struct xen_sysctl_numainfo *arg = &c->op.u.numainfo;
	struct xen_sysctl_meminfo mem = {
		.memsize = page_total_count() << PAGE_SHIFT,
		.memfree = page_free_count() << PAGE_SHIFT,
	};
	uint32_t distance = NODE_DISTANCE_LOCAL;

	if (arg->num_nodes && arg->meminfo.va &&
		guest_write(arg->meminfo, &mem))
		return -EFAULT;
	if (arg->num_nodes && arg->distance.va &&
		guest_write(arg->distance, &distance))
		return -EFAULT;
	if (arg->num_nodes || (!arg->meminfo.va && !arg->distance.va))
		arg->num_nodes = 1;
	c->must_copy_back = true;
	return 0;
}

/* One node has all devices. */
int sysctl_pcitopoinfo(struct sysctl *c)
{
	struct xen_sysctl_pcitopoinfo *arg = &c->op.u.pcitopoinfo;
	uint32_t i, node = XEN_INVALID_NODE_ID;

	if (!arg->devs.va || !arg->nodes.va)
		return -EINVAL;
	for (i = 0; i < MIN(arg->num_devs, 65536U); i++)
		if (guest_write_at(arg->nodes, i, &node))
			return -EFAULT;
	arg->num_devs = i;
	c->must_copy_back = true;
	return 0;
}

/* CPUID of user code is never changed. */
int sysctl_levelling_caps(struct sysctl *c)
{
	c->op.u.cpu_levelling_caps.caps = 0;
	c->must_copy_back = true;
	return 0;
}

int sysctl_featureset(struct sysctl *c)
{
	struct xen_sysctl_cpu_featureset *arg = &c->op.u.cpu_featureset;
	uint32_t words[POLICY_FEATURES];
	unsigned n =
		policy_features(arg->index, c->hc->v, words, POLICY_FEATURES);
	unsigned room = MIN(arg->nr_features, n);
	int r = 0;

	if (!n)
		return arg->index > XEN_SYSCTL_cpu_featureset_hvm_max
			       ? -EINVAL
			       : -EOPNOTSUPP;
	if (!arg->features.va)
		room = n;
	else if (arch_copy_to_guest(
			 arg->features.va, words, room * sizeof(words[0])))
		r = -EFAULT;
	else if (room < n)
		r = -ENOBUFS;
	arg->nr_features = room;
	c->must_copy_back = true;
	return r;
}

int sysctl_cpu_policy(struct sysctl *c)
{
	struct xen_sysctl_cpu_policy *arg = &c->op.u.cpu_policy;
	struct xen_msr_entry msrs[POLICY_MSRS_MAX];
	unsigned msr_count = policy_msrs(msrs, POLICY_MSRS_MAX), count;
	struct xen_cpuid_leaf *leaves;
	int r = 0;

	if (arg->_rsvd || arg->index > XEN_SYSCTL_cpu_policy_hvm_default)
		return -EINVAL;
	leaves = heap_alloc_array(POLICY_LEAVES_MAX, sizeof(*leaves));
	if (!leaves)
		return -ENOMEM;
	count = MIN(
		policy_leaves(arg->index, c->hc->v, leaves, POLICY_LEAVES_MAX),
		POLICY_LEAVES_MAX);
	if (!count) {
		r = -EOPNOTSUPP;
		goto out;
	}
	/* Either array alone may be asked for, or only how long they are. */
	if ((arg->leaves.va && arg->nr_leaves < count) ||
		(arg->msrs.va && arg->nr_msrs < msr_count))
		r = -ENOBUFS;
	else if ((arg->leaves.va && arch_copy_to_guest(arg->leaves.va, leaves,
					    count * sizeof(*leaves))) ||
		 (arg->msrs.va && arch_copy_to_guest(arg->msrs.va, msrs,
					  msr_count * sizeof(msrs[0]))))
		r = -EFAULT;
	/* Null arrays ask for what may ever be needed. */
	arg->nr_leaves = arg->leaves.va ? count : POLICY_LEAVES_MAX;
	arg->nr_msrs = arg->msrs.va ? msr_count : POLICY_MSRS_MAX;
	c->must_copy_back = true;
out:
	heap_free(leaves);
	return r;
}
