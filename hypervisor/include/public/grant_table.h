/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grants: how a domain lets another use its pages. The table is an array of
 * entries shared with the hypervisor, written by the guest (flags last) and
 * indexed by grant reference; the grant_table_op hypercall works on an array
 * of argument structures, each with its own status.
 */
#ifndef PUBLIC_GRANT_TABLE_H
#define PUBLIC_GRANT_TABLE_H

#include "xen.h"

#define GNTTABOP_map_grant_ref	   0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table	   2
#define GNTTABOP_dump_table	   3
#define GNTTABOP_transfer	   4
#define GNTTABOP_copy		   5
#define GNTTABOP_query_size	   6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version	   8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version	   10
#define GNTTABOP_swap_grant_ref	   11
#define GNTTABOP_cache_flush	   12

/* The first entries, set up by the domain's builder. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE	   0
#define GNTTAB_RESERVED_XENSTORE   1

/* Entry flags: the type in the low two bits. */
#define GTF_invalid	    0U
#define GTF_permit_access   1U /* map or copy */
#define GTF_accept_transfer 2U /* receives a page */
#define GTF_transitive	    3U /* version 2: passes on another's grant */
#define GTF_type_mask	    3U

/* Flags with GTF_permit_access and GTF_transitive. */
#define _GTF_readonly 2
#define _GTF_reading  3 /* in use; set by the hypervisor */
#define _GTF_writing  4 /* in use for writing; set by the hypervisor */
#define _GTF_PWT      5
#define _GTF_PCD      6
#define _GTF_PAT      7
#define _GTF_sub_page 8 /* version 2: copy only, part of the page */
#define GTF_readonly  0x004U
#define GTF_reading   0x008U
#define GTF_writing   0x010U
#define GTF_PWT	      0x020U
#define GTF_PCD	      0x040U
#define GTF_PAT	      0x080U
#define GTF_sub_page  0x100U

/* Flags with GTF_accept_transfer, both set by the hypervisor. */
#define _GTF_transfer_committed 2 /* hands off until completed */
#define _GTF_transfer_completed 3 /* frame holds the new mfn */
#define GTF_transfer_committed	0x4U
#define GTF_transfer_completed	0x8U

/* gnttab_map_grant_ref.flags */
#define _GNTMAP_device_map	0
#define _GNTMAP_host_map	1
#define _GNTMAP_readonly	2
#define _GNTMAP_application_map 3
#define _GNTMAP_contains_pte	4
#define _GNTMAP_guest_avail0	16
#define GNTMAP_device_map	0x01 /* for DMA: fills dev_bus_addr */
#define GNTMAP_host_map		0x02 /* for the CPU, at host_addr */
#define GNTMAP_readonly		0x04
#define GNTMAP_application_map	0x08 /* user mode may use it too */
#define GNTMAP_contains_pte	0x10 /* host_addr is a table entry's address */
#define GNTMAP_guest_avail_mask 0xffff0000U /* the entry's available bits */

/* gnttab_copy.flags: that side names a grant, not a frame of its own. */
#define _GNTCOPY_source_gref 0
#define _GNTCOPY_dest_gref   1
#define GNTCOPY_source_gref  1
#define GNTCOPY_dest_gref    2

/* gnttab_cache_flush.op */
#define GNTTAB_CACHE_CLEAN	 1U
#define GNTTAB_CACHE_INVAL	 2U
#define GNTTAB_CACHE_SOURCE_GREF 0x80000000U

/* Every status. */
#define GNTST_okay		0
#define GNTST_general_error	(-1)
#define GNTST_bad_domain	(-2)
#define GNTST_bad_gntref	(-3)
#define GNTST_bad_handle	(-4)
#define GNTST_bad_virt_addr	(-5)
#define GNTST_bad_dev_addr	(-6)
#define GNTST_no_device_space	(-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page		(-9)
#define GNTST_bad_copy_arg	(-10)
#define GNTST_address_too_big	(-11)
#define GNTST_eagain		(-12) /* the page is paged out: try again */
#define GNTST_no_space		(-13)

typedef uint32_t grant_ref_t;	 /* index of an entry in its owner's table */
typedef uint32_t grant_handle_t; /* a mapping of the caller */
typedef uint16_t grant_status_t; /* version 2: the hypervisor's flags */

/* A version 1 entry. */
struct grant_entry_v1 {
	uint16_t flags; /* GTF_* */
	domid_t domid;	/* the grantee */
	uint32_t frame; /* gfn */
};
PUBLIC_SIZE(struct grant_entry_v1, 8);

struct grant_entry_header {
	uint16_t flags;
	domid_t domid;
};
PUBLIC_SIZE(struct grant_entry_header, 4);

/* A version 2 entry; reading and writing stand in the status array. */
union grant_entry_v2 {
	struct grant_entry_header hdr;
	struct {
		struct grant_entry_header hdr;
		uint32_t pad0;
		uint64_t frame;
	} full_page;
	struct {
		struct grant_entry_header hdr;
		uint16_t page_off;
		uint16_t length;
		uint64_t frame;
	} sub_page; /* bytes page_off to page_off + length - 1 */
	struct {
		struct grant_entry_header hdr;
		domid_t trans_domid;
		uint16_t pad0;
		grant_ref_t gref;
	} transitive; /* grant gref of trans_domid */
	uint32_t __spacer[4];
};
PUBLIC_SIZE(union grant_entry_v2, 16);

struct gnttab_map_grant_ref {
	uint64_t host_addr; /* virtual address, or that of a table entry */
	uint32_t flags;	    /* GNTMAP_* */
	grant_ref_t ref;
	domid_t dom;	       /* the granter */
	int16_t status;	       /* out: GNTST_* */
	grant_handle_t handle; /* out */
	uint64_t dev_bus_addr; /* out: machine address */
};
PUBLIC_SIZE(struct gnttab_map_grant_ref, 32);

/* An address that is 0 keeps its mapping. */
struct gnttab_unmap_grant_ref {
	uint64_t host_addr;
	uint64_t dev_bus_addr;
	grant_handle_t handle;
	int16_t status; /* out: GNTST_* */
};
PUBLIC_SIZE(struct gnttab_unmap_grant_ref, 24);

/* Grows the table to nr_frames pages and lists them. */
struct gnttab_setup_table {
	domid_t dom;
	uint32_t nr_frames;
	int16_t status;			 /* out: GNTST_* */
	GUEST_PTR(xen_pfn_t) frame_list; /* out: gmfns */
};
PUBLIC_SIZE(struct gnttab_setup_table, 24);

/* Prints the table on the hypervisor's console. */
struct gnttab_dump_table {
	domid_t dom;
	int16_t status; /* out: GNTST_* */
};
PUBLIC_SIZE(struct gnttab_dump_table, 4);

/*
 * Gives a page away, to an entry of domid that accepts it. The page is gone
 * even after an error, GNTST_bad_page excepted.
 */
struct gnttab_transfer {
	xen_pfn_t mfn;
	domid_t domid;
	grant_ref_t ref;
	int16_t status; /* out: GNTST_* */
};
PUBLIC_SIZE(struct gnttab_transfer, 24);

/* Copies len bytes between two pages, within each. */
struct gnttab_copy {
	struct gnttab_copy_ptr {
		union {
			grant_ref_t ref;
			xen_pfn_t gmfn;
		} u;
		domid_t domid;
		uint16_t offset;
	} source, dest;
	uint16_t len;
	uint16_t flags; /* GNTCOPY_* */
	int16_t status; /* out: GNTST_* */
};
PUBLIC_SIZE(struct gnttab_copy, 40);

struct gnttab_query_size {
	domid_t dom;
	uint32_t nr_frames;	/* out */
	uint32_t max_nr_frames; /* out */
	int16_t status;		/* out: GNTST_* */
};
PUBLIC_SIZE(struct gnttab_query_size, 16);

/* Moves the entry that maps new_addr to host_addr, in the mapping's place. */
struct gnttab_unmap_and_replace {
	uint64_t host_addr;
	uint64_t new_addr;
	grant_handle_t handle;
	int16_t status; /* out: GNTST_* */
};
PUBLIC_SIZE(struct gnttab_unmap_and_replace, 24);

/* Only while no grant is in use. */
struct gnttab_set_version {
	uint32_t version; /* in: wanted; out: in force */
};
PUBLIC_SIZE(struct gnttab_set_version, 4);

/* Lists the pages of grant_status_t of a version 2 table. */
struct gnttab_get_status_frames {
	uint32_t nr_frames;
	domid_t dom;
	int16_t status;			/* out: GNTST_* */
	GUEST_PTR(uint64_t) frame_list; /* out: gmfns */
};
PUBLIC_SIZE(struct gnttab_get_status_frames, 16);

struct gnttab_get_version {
	domid_t dom;
	uint16_t pad;
	uint32_t version; /* out */
};
PUBLIC_SIZE(struct gnttab_get_version, 8);

struct gnttab_swap_grant_ref {
	grant_ref_t ref_a;
	grant_ref_t ref_b;
	int16_t status; /* out: GNTST_* */
};
PUBLIC_SIZE(struct gnttab_swap_grant_ref, 12);

/* Cache maintenance on part of a page that another domain granted. */
struct gnttab_cache_flush {
	union {
		uint64_t dev_bus_addr;
		grant_ref_t ref;
	} a;
	uint16_t offset;
	uint16_t length;
	uint32_t op; /* GNTTAB_CACHE_* */
};
PUBLIC_SIZE(struct gnttab_cache_flush, 16);

#endif
