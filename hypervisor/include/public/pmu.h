/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The xenpmu_op hypercall: its commands and parameters. Performance counters
 * are not virtualised; this is what is needed to say so.
 */
#ifndef PUBLIC_PMU_H
#define PUBLIC_PMU_H

#include "xen.h"

#define XENPMU_VER_MAJ		 0
#define XENPMU_VER_MIN		 1

#define XENPMU_mode_get		 0
#define XENPMU_mode_set		 1
#define XENPMU_feature_get	 2
#define XENPMU_feature_set	 3
#define XENPMU_init		 4
#define XENPMU_finish		 5
#define XENPMU_lvtpc_set	 6
#define XENPMU_flush		 7

#define XENPMU_MODE_OFF		 0
#define XENPMU_MODE_SELF	 1 /* guests profile themselves */
#define XENPMU_MODE_HV		 2 /* dom0 the hypervisor as well */
#define XENPMU_MODE_ALL		 4 /* dom0 everything, guests nothing */

#define XENPMU_FEATURE_INTEL_BTS 1
#define XENPMU_FEATURE_IPC_ONLY	 2
#define XENPMU_FEATURE_ARCH_ONLY 4

struct xen_pmu_params {
	struct {
		uint32_t maj;
		uint32_t min;
	} version;
	uint64_t val;
	uint32_t vcpu;
	uint32_t pad;
};
PUBLIC_SIZE(struct xen_pmu_params, 24);

#endif
