/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the sysctl hypercall. */
#ifndef SYSCTL_H
#define SYSCTL_H

#include <public/sysctl.h>
#include "domctl.h"

/* One command under way. */
struct sysctl {
	struct hypercall *hc;
	struct xen_sysctl op; /* copied in once; copied back if asked */
	bool must_copy_back;
};

/* A command: 0 or an error.  All run one at a time. */
typedef int sysctl_fn(struct sysctl *c);

sysctl_fn sysctl_readconsole, sysctl_physinfo, sysctl_sched_id,
	sysctl_list_domains, sysctl_debug_keys, sysctl_getcpuinfo,
	sysctl_availheap, sysctl_cputopoinfo, sysctl_numainfo, sysctl_cpupool,
	sysctl_scheduler, sysctl_counters, sysctl_pcitopoinfo,
	sysctl_levelling_caps, sysctl_featureset, sysctl_cpu_policy,
	sysctl_trace;

#endif
