/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PV domain builder: from an empty domain to one whose vcpu 0 stands at
 * the kernel's entry point. The layout is the one that public/xen.h describes
 * at struct start_info.
 */
#ifndef TENONCTRL_BUILD_PV_H
#define TENONCTRL_BUILD_PV_H

#include <stdint.h>
#include <tenonctrl/image.h>
#include <public/xen.h>

struct ctrl;
struct why;

/* Where everything goes: frame numbers are the guest's (pfn), sizes pages. */
struct pv_layout {
	uint64_t virt_base;  /* where pfn 0 is seen */
	uint64_t map_pages;  /* the bootstrap map, from pfn 0 */
	uint64_t initrd_pfn; /* meaningless when initrd_pages is 0 */
	uint64_t initrd_pages;
	uint64_t p2m_pfn;    /* the list's frames, then their tables */
	uint64_t p2m_pages;  /* of the list alone */
	uint64_t p2m_tables; /* 0: the list is in the bootstrap map */
	uint64_t p2m_virt;   /* where the list is seen */
	uint64_t start_info_pfn, store_pfn, console_pfn, stack_pfn;
	uint64_t table_pfn; /* the L4, then the other bootstrap tables */
	uint64_t table_count;
	uint64_t used_pages; /* no element lies at or above this pfn */
};

/*
 * Lays a guest of `pages` pages out; `initrd` in bytes, 0 for none. -EFBIG:
 * the guest is too small; `why` says what it takes. Pure.
 */
int pv_layout(const struct image_plan *kernel, uint64_t initrd, uint64_t pages,
	struct pv_layout *layout, struct why *why);

/* Page tables being filled: `count` zeroed pages that will be frames from
 * `pfn` on. */
struct pv_tables {
	uint64_t *base;
	uint64_t pfn, count, used;
};

/*
 * Maps `count` pages from virtual address `va` to the frames from `pfn` on,
 * writable but for those of the pool of `read_only` (NULL: none), under the
 * root `l4`. Tables are taken from `pool`; -ENOMEM when it is used up. The
 * L4 slots of the range must be empty. Pure.
 */
int pv_tables_map(struct pv_tables *pool, uint64_t *l4, uint64_t va,
	uint64_t pfn, uint64_t count, const xen_pfn_t *p2m,
	const struct pv_tables *read_only);

struct build_pv {
	/* What is wanted. The domain exists, has its vcpus and may have
	 * `pages` pages of memory. */
	uint32_t domid;
	const struct image *kernel;
	int initrd;	      /* descriptor; used when initrd_size > 0 */
	uint64_t initrd_size; /* bytes */
	const char *cmdline;  /* under MAX_GUEST_CMDLINE bytes */
	uint64_t pages;
	uint32_t store_port, console_port;   /* the guest's */
	uint32_t store_domid, console_domid; /* who serves them */
	/* What came out: machine frames of the two rings. */
	xen_pfn_t store_mfn, console_mfn;
};

/*
 * Populates, loads, writes tables and start_info, seeds the grants of the two
 * rings, pins the tables and sets vcpu 0's registers. On failure the domain is
 * half made and only fit to be destroyed. Errors as image_open and
 * domctl_populate.
 */
int build_pv(struct ctrl *c, struct build_pv *b, struct why *why);

/*
 * Lets the domains that serve the store's and the console's ring map them
 * without asking the guest: the two reserved entries of its grant table.
 */
int pv_seed_grants(struct ctrl *c, uint32_t domid, uint32_t store_domid,
	xen_pfn_t store_mfn, uint32_t console_domid, xen_pfn_t console_mfn,
	struct why *why);

#endif
