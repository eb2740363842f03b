/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sysctl hypercall, as hc_domctl.c is for domctl: privilege, version, one
 * copy in, one command, one copy out.
 */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include "sysctl.h"

/* What a build without them answers. */
static int not_built(struct sysctl *c)
{
	(void)c;
	return -ENOSYS;
}

static int not_supported(struct sysctl *c)
{
	(void)c;
	return -EOPNOTSUPP;
}

/* No frequencies, sleep states or shares of caches are managed. */
static int no_device(struct sysctl *c)
{
	(void)c;
	return -ENODEV;
}

static sysctl_fn *const commands[] = {
	[XEN_SYSCTL_readconsole] = sysctl_readconsole,
	[XEN_SYSCTL_tbuf_op] = sysctl_trace,
	[XEN_SYSCTL_physinfo] = sysctl_physinfo,
	[XEN_SYSCTL_sched_id] = sysctl_sched_id,
	[XEN_SYSCTL_perfc_op] = sysctl_counters,
	[XEN_SYSCTL_getdomaininfolist] = sysctl_list_domains,
	[XEN_SYSCTL_debug_keys] = sysctl_debug_keys,
	[XEN_SYSCTL_getcpuinfo] = sysctl_getcpuinfo,
	[XEN_SYSCTL_availheap] = sysctl_availheap,
	[XEN_SYSCTL_get_pmstat] = no_device,
	[XEN_SYSCTL_cpu_hotplug] = not_supported,
	[XEN_SYSCTL_pm_op] = no_device,
	[XEN_SYSCTL_page_offline_op] = not_built,
	[XEN_SYSCTL_lockprof_op] = not_built,
	[XEN_SYSCTL_cputopoinfo] = sysctl_cputopoinfo,
	[XEN_SYSCTL_numainfo] = sysctl_numainfo,
	[XEN_SYSCTL_cpupool_op] = sysctl_cpupool,
	[XEN_SYSCTL_scheduler_op] = sysctl_scheduler,
	[XEN_SYSCTL_coverage_op] = not_supported,
	[XEN_SYSCTL_psr_cmt_op] = no_device,
	[XEN_SYSCTL_pcitopoinfo] = sysctl_pcitopoinfo,
	[XEN_SYSCTL_psr_alloc] = no_device,
	[XEN_SYSCTL_get_cpu_levelling_caps] = sysctl_levelling_caps,
	[XEN_SYSCTL_get_cpu_featureset] = sysctl_featureset,
	[XEN_SYSCTL_livepatch_op] = not_supported,
	[XEN_SYSCTL_get_cpu_policy] = sysctl_cpu_policy,
};

long hc_sysctl(struct hypercall *hc)
{
	struct sysctl c = { .hc = hc };
	sysctl_fn *fn;
	int r;

	if (!hc->d->is_privileged)
		return -EPERM;
	if (guest_read_va(&c.op, hc->arg[0]))
		return -EFAULT;
	if (c.op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
		return -EACCES;
	fn = c.op.cmd < ARRAY_SIZE(commands) ? commands[c.op.cmd] : NULL;
	if (!fn)
		return -ENOSYS;
	if (!control_begin())
		return -ERESTART_HC;
	r = fn(&c);
	control_end();
	if (c.must_copy_back && r != -ERESTART_HC &&
		guest_write_va(hc->arg[0], &c.op))
		r = -EFAULT;
	return r;
}
