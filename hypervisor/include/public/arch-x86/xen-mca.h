/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mca hypercall: what the machine's CPUs are and what their machine checks
 * have noted, for domain 0.  Records (mc_info) are not described here.
 */
#ifndef PUBLIC_ARCH_X86_XEN_MCA_H
#define PUBLIC_ARCH_X86_XEN_MCA_H

#include "../xen.h"
#include "../sysctl.h"

#define XEN_MCA_INTERFACE_VERSION 0x01ecc003

#define XEN_MC_fetch		  1
#define XEN_MC_notifydomain	  2
#define XEN_MC_physcpuinfo	  3
#define XEN_MC_msrinject	  4
#define XEN_MC_mceinject	  5
#define XEN_MC_inject_v2	  6

/* xen_mc_fetch.flags: which queue is asked, or that a record was kept */
#define XEN_MC_NONURGENT 0x0001
#define XEN_MC_URGENT	 0x0002
#define XEN_MC_ACK	 0x0004

/* xen_mc_fetch.flags, the answer */
#define XEN_MC_OK	   0x0
#define XEN_MC_FETCHFAILED 0x1
#define XEN_MC_NODATA	   0x2
#define XEN_MC_NOMATCH	   0x4

struct mcinfo_msr {
	uint64_t reg;
	uint64_t value;
};
PUBLIC_SIZE(struct mcinfo_msr, 16);

#define MC_NCAPS	7
#define MC_CAPS_STD_EDX 0 /* leaf 1 */
#define MC_CAPS_AMD_EDX 1 /* leaf 0x80000001 */
#define MC_CAPS_STD_ECX 4
#define MC_CAPS_AMD_ECX 6

struct mcinfo_logical_cpu {
	uint32_t mc_cpunr;
	uint32_t mc_chipid; /* package */
	uint16_t mc_coreid;
	uint16_t mc_threadid;
	uint32_t mc_apicid;
	uint32_t mc_clusterid;
	uint32_t mc_ncores;
	uint32_t mc_ncores_active;
	uint32_t mc_nthreads;
	int32_t mc_cpuid_level;
	uint32_t mc_family;
	uint32_t mc_vendor;
	uint32_t mc_model;
	uint32_t mc_step;
	char mc_vendorid[16];
	char mc_brandid[64];
	uint32_t mc_cpu_caps[MC_NCAPS]; /* by MC_CAPS_* */
	uint32_t mc_cache_size;
	uint32_t mc_cache_alignment;
	int32_t mc_nmsrvals;		   /* of the following */
	struct mcinfo_msr mc_msrvalues[8]; /* the first is MCG_CAP */
};
PUBLIC_SIZE(struct mcinfo_logical_cpu, 304);

struct xen_mc_fetch {
	uint32_t flags; /* XEN_MC_*; in and out */
	uint32_t _pad0;
	uint64_t fetch_id;
	GUEST_PTR(void) data; /* a struct mc_info */
};
PUBLIC_SIZE(struct xen_mc_fetch, 24);

struct xen_mc_notifydomain {
	uint16_t mc_domid;
	uint16_t mc_vcpuid;
	uint32_t flags;
};
PUBLIC_SIZE(struct xen_mc_notifydomain, 8);

/* All CPUs that are online, or their number when info is null. */
struct xen_mc_physcpuinfo {
	uint32_t ncpus; /* in: room; out: how many */
	uint32_t _pad0;
	GUEST_PTR(struct mcinfo_logical_cpu) info;
};
PUBLIC_SIZE(struct xen_mc_physcpuinfo, 16);

struct xen_mc_msrinject {
	uint32_t mcinj_cpunr;
	uint32_t mcinj_flags;
	uint32_t mcinj_count;
	domid_t mcinj_domid;
	uint16_t _pad0;
	struct mcinfo_msr mcinj_msr[8];
};
PUBLIC_SIZE(struct xen_mc_msrinject, 144);

struct xen_mc_mceinject {
	unsigned int mceinj_cpunr;
};
PUBLIC_SIZE(struct xen_mc_mceinject, 4);

struct xen_mc_inject_v2 {
	uint32_t flags;
	struct xenctl_bitmap cpumap;
};
PUBLIC_SIZE(struct xen_mc_inject_v2, 24);

struct xen_mc {
	uint32_t cmd;		    /* XEN_MC_fetch.. */
	uint32_t interface_version; /* XEN_MCA_INTERFACE_VERSION */
	union {
		struct xen_mc_fetch mc_fetch;
		struct xen_mc_notifydomain mc_notifydomain;
		struct xen_mc_physcpuinfo mc_physcpuinfo;
		struct xen_mc_msrinject mc_msrinject;
		struct xen_mc_mceinject mc_mceinject;
		struct xen_mc_inject_v2 mc_inject_v2;
	} u;
};
PUBLIC_SIZE(struct xen_mc, 152);

#endif
