/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The xen_version hypercall: what runs here, how it was built, what it can
 * do. Each command gives 0 and fills the argument unless stated otherwise.
 */
#ifndef PUBLIC_VERSION_H
#define PUBLIC_VERSION_H

#include "xen.h"
#include "features.h"

#define XENVER_version		   0  /* returns major << 16 | minor */
#define XENVER_extraversion	   1  /* xen_extraversion_t */
#define XENVER_compile_info	   2  /* struct xen_compile_info */
#define XENVER_capabilities	   3  /* xen_capabilities_info_t */
#define XENVER_changeset	   4  /* xen_changeset_info_t */
#define XENVER_platform_parameters 5  /* struct xen_platform_parameters */
#define XENVER_get_features	   6  /* struct xen_feature_info */
#define XENVER_pagesize		   7  /* returns the page size in bytes */
#define XENVER_guest_handle	   8  /* xen_domain_handle_t */
#define XENVER_commandline	   9  /* xen_commandline_t */
#define XENVER_build_id		   10 /* struct xen_build_id: see there */

typedef char xen_extraversion_t[16];
typedef char xen_capabilities_info_t[1024];
typedef char xen_changeset_info_t[64];
typedef char xen_commandline_t[1024];

#define XEN_EXTRAVERSION_LEN	  (sizeof(xen_extraversion_t))
#define XEN_CAPABILITIES_INFO_LEN (sizeof(xen_capabilities_info_t))
#define XEN_CHANGESET_INFO_LEN	  (sizeof(xen_changeset_info_t))

/* Who compiled the hypervisor, with what; strings, truncated to fit. */
struct xen_compile_info {
	char compiler[64];
	char compile_by[16];
	char compile_domain[32];
	char compile_date[32];
};
PUBLIC_SIZE(struct xen_compile_info, 144);

struct xen_platform_parameters {
	xen_ulong_t virt_start; /* where the hypervisor's range begins */
};
PUBLIC_SIZE(struct xen_platform_parameters, 8);

/* Asks for word submap_idx of the feature map. */
struct xen_feature_info {
	unsigned int submap_idx;
	uint32_t submap; /* out */
};
PUBLIC_SIZE(struct xen_feature_info, 8);

/*
 * The build's identifier. Returns the bytes written; called with a null
 * argument, the bytes needed.
 */
struct xen_build_id {
	uint32_t len; /* in: bytes in buf */
	unsigned char buf[];
};
PUBLIC_SIZE(struct xen_build_id, 4);

#endif
