/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory_op hypercall: giving memory to domains and taking it back, the
 * memory maps, and mapping the hypervisor's or another domain's pages.
 *
 * A preempted operation keeps its progress in the upper bits of the command,
 * above the six that the commands here need. Frame numbers: mfn machine,
 * gpfn the guest's own, gmfn what the guest puts in its page tables.
 */
#ifndef PUBLIC_MEMORY_H
#define PUBLIC_MEMORY_H

#include "xen.h"
#include "physdev.h"

/* With struct xen_memory_reservation; each returns the extents done. */
#define XENMEM_increase_reservation	  0 /* extent_start: out, mfns */
#define XENMEM_decrease_reservation	  1 /* extent_start: in, gmfns */
#define XENMEM_populate_physmap		  6 /* in gpfns, out gmfns */
#define XENMEM_claim_pages		  24 /* extent_start null; 0 or an error */

#define XENMEM_maximum_ram_page		  2 /* no argument; returns an mfn */
#define XENMEM_current_reservation	  3 /* struct xen_memory_domain; pages */
#define XENMEM_maximum_reservation	  4 /* struct xen_memory_domain; pages */
#define XENMEM_machphys_mfn_list	  5  /* struct xen_machphys_mfn_list */
#define XENMEM_add_to_physmap		  7  /* struct xen_add_to_physmap */
#define XENMEM_memory_map		  9  /* struct xen_memory_map */
#define XENMEM_machine_memory_map	  10 /* struct xen_memory_map */
#define XENMEM_exchange			  11 /* struct xen_memory_exchange */
#define XENMEM_machphys_mapping		  12 /* struct xen_machphys_mapping */
#define XENMEM_set_memory_map		  13 /* struct xen_foreign_memory_map */
#define XENMEM_maximum_gpfn		  14 /* struct xen_memory_domain; a gpfn */
#define XENMEM_remove_from_physmap	  15 /* struct xen_remove_from_physmap */
#define XENMEM_set_pod_target		  16 /* struct xen_pod_target */
#define XENMEM_get_pod_target		  17 /* struct xen_pod_target */
#define XENMEM_get_sharing_freed_pages	  18 /* no argument; a count */
#define XENMEM_get_sharing_shared_pages	  19 /* no argument; a count */
#define XENMEM_paging_op		  20 /* struct xen_mem_paging_op */
#define XENMEM_access_op		  21 /* struct xen_mem_access_op */
#define XENMEM_sharing_op		  22 /* struct xen_mem_sharing_op */
#define XENMEM_add_to_physmap_batch	  23
#define XENMEM_machphys_compat_mfn_list	  25 /* struct xen_machphys_mfn_list */
#define XENMEM_get_vnumainfo		  26 /* struct xen_vnuma_topology_info */
#define XENMEM_reserved_device_memory_map 27
#define XENMEM_acquire_resource		  28 /* struct xen_mem_acquire_resource */

/*
 * xen_memory_reservation.mem_flags: bits 0..7 the address width wanted (0 is
 * any), bits 8..15 the NUMA node plus one (0 is any), then flags.
 */
#define XENMEMF_address_bits(x)	    (x)
#define XENMEMF_get_address_bits(x) ((x)&0xffu)
#define XENMEMF_node(x)		    (((x) + 1) << 8)
#define XENMEMF_get_node(x)	    ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand  0x10000
#define XENMEMF_exact_node_request  0x20000 /* this node or none */
#define XENMEMF_exact_node(n)	    (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode		    0x40000 /* the node is the guest's virtual one */

/* What is mapped by add_to_physmap. */
#define XENMAPSPACE_shared_info	 0
#define XENMAPSPACE_grant_table	 1 /* idx is the page of the table */
#define XENMAPSPACE_gmfn	 2 /* idx is a gmfn of the same domain */
#define XENMAPSPACE_gmfn_range	 3 /* not for the batch */
#define XENMAPSPACE_gmfn_foreign 4 /* batch only: of another domain */
#define XENMAPSPACE_dev_mmio	 5 /* not on x86 */

/* Or-ed to idx: the status pages of a version 2 grant table. */
#define XENMAPIDX_grant_table_status 0x80000000

/* xen_mem_paging_op.op */
#define XENMEM_paging_op_nominate 0
#define XENMEM_paging_op_evict	  1
#define XENMEM_paging_op_prep	  2

/* xen_mem_access_op.op */
#define XENMEM_access_op_set_access	  0
#define XENMEM_access_op_get_access	  1
#define XENMEM_access_op_set_access_multi 4

/* xen_mem_sharing_op.op */
#define XENMEM_sharing_op_nominate_gfn	0
#define XENMEM_sharing_op_nominate_gref 1
#define XENMEM_sharing_op_share		2
#define XENMEM_sharing_op_debug_gfn	3
#define XENMEM_sharing_op_debug_mfn	4
#define XENMEM_sharing_op_debug_gref	5
#define XENMEM_sharing_op_add_physmap	6
#define XENMEM_sharing_op_audit		7
#define XENMEM_sharing_op_range_share	8
#define XENMEM_sharing_op_fork		9
#define XENMEM_sharing_op_fork_reset	10

/* Errors of its own, and the mark that a gfn field holds a grant. */
#define XENMEM_SHARING_OP_S_HANDLE_INVALID   (-10)
#define XENMEM_SHARING_OP_C_HANDLE_INVALID   (-9)
#define XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG (1ULL << 62)

/* mem_sharing_op_fork.flags */
#define XENMEM_FORK_WITH_IOMMU_ALLOWED 1U
#define XENMEM_FORK_BLOCK_INTERRUPTS   2U
#define XENMEM_FORK_RESET_STATE	       4U
#define XENMEM_FORK_RESET_MEMORY       8U

/* xen_reserved_device_memory_map.flags: every device, dev is not used. */
#define XENMEM_RDM_ALL 1

/* xen_mem_acquire_resource.type, and the ids and frames of each. */
#define XENMEM_resource_ioreq_server		    0 /* id is the server's */
#define XENMEM_resource_grant_table		    1
#define XENMEM_resource_vmtrace_buf		    2 /* id is the vcpu's */
#define XENMEM_resource_grant_table_id_shared	    0
#define XENMEM_resource_grant_table_id_status	    1
#define XENMEM_resource_ioreq_server_frame_bufioreq 0
#define XENMEM_resource_ioreq_server_frame_ioreq(n) (1 + (n))

/* Extents of 2^extent_order pages each, aligned to their size. */
struct xen_memory_reservation {
	GUEST_PTR(xen_pfn_t) extent_start; /* nr_extents first frames */
	xen_ulong_t nr_extents;
	unsigned int extent_order;
	unsigned int mem_flags; /* XENMEMF_* */
	domid_t domid;
};
PUBLIC_SIZE(struct xen_memory_reservation, 32);

/*
 * Trades in's frames for new ones of out's shape, as many pages in both, for
 * the same domain. out lists gpfns and receives mfns. nr_exchanged counts
 * extents of in, is 0 at the call, and says after an error what was done.
 */
struct xen_memory_exchange {
	struct xen_memory_reservation in;
	struct xen_memory_reservation out;
	xen_ulong_t nr_exchanged;
};
PUBLIC_SIZE(struct xen_memory_exchange, 72);

struct xen_memory_domain {
	domid_t domid;
};
PUBLIC_SIZE(struct xen_memory_domain, 2);

/* The frames of the machine-to-physical table, one entry for each 2 MiB. */
struct xen_machphys_mfn_list {
	unsigned int max_extents;
	GUEST_PTR(xen_pfn_t) extent_start; /* 0 stands for a hole */
	unsigned int nr_extents;	   /* out */
};
PUBLIC_SIZE(struct xen_machphys_mfn_list, 24);

/* Where the machine-to-physical table is mapped. */
struct xen_machphys_mapping {
	xen_ulong_t v_start, v_end;
	xen_ulong_t max_mfn;
};
PUBLIC_SIZE(struct xen_machphys_mapping, 24);

/* Makes one page appear at gpfn; with gmfn_range, size pages. */
struct xen_add_to_physmap {
	domid_t domid;
	uint16_t size;
	unsigned int space; /* XENMAPSPACE_* */
	xen_ulong_t idx;
	xen_pfn_t gpfn;
};
PUBLIC_SIZE(struct xen_add_to_physmap, 24);

/* The same for size pages, each with its own result. */
struct xen_add_to_physmap_batch {
	domid_t domid;
	uint16_t space; /* XENMAPSPACE_* */
	uint16_t size;
	union xen_add_to_physmap_batch_extra {
		domid_t foreign_domid; /* for gmfn_foreign */
		uint16_t res0;	       /* 0 for the others */
	} u;
	GUEST_PTR(xen_ulong_t) idxs;
	GUEST_PTR(xen_pfn_t) gpfns;
	GUEST_PTR(int) errs; /* out: 0 or a negative error each */
};
PUBLIC_SIZE(struct xen_add_to_physmap_batch, 32);

struct xen_remove_from_physmap {
	domid_t domid;
	xen_pfn_t gpfn;
};
PUBLIC_SIZE(struct xen_remove_from_physmap, 16);

/* An E820 map: 20-byte entries of base, length and type. */
struct xen_memory_map {
	unsigned int nr_entries; /* in: room; out: used */
	GUEST_PTR(void) buffer;	 /* null asks for the number alone */
};
PUBLIC_SIZE(struct xen_memory_map, 16);

struct xen_foreign_memory_map {
	domid_t domid;
	struct xen_memory_map map;
};
PUBLIC_SIZE(struct xen_foreign_memory_map, 24);

/* Populate on demand: pages to keep, and what there is. */
struct xen_pod_target {
	uint64_t target_pages;
	uint64_t tot_pages;	  /* out */
	uint64_t pod_cache_pages; /* out */
	uint64_t pod_entries;	  /* out */
	domid_t domid;
};
PUBLIC_SIZE(struct xen_pod_target, 40);

struct xen_mem_paging_op {
	uint8_t op; /* XENMEM_paging_op_* */
	domid_t domain;
	GUEST_PTR(const uint8_t) buffer; /* prep: the page's contents */
	uint64_t gfn;
};
PUBLIC_SIZE(struct xen_mem_paging_op, 24);

/* What a guest may do with a page without a monitor being told. */
typedef enum {
	XENMEM_access_n,
	XENMEM_access_r,
	XENMEM_access_w,
	XENMEM_access_rw,
	XENMEM_access_x,
	XENMEM_access_rx,
	XENMEM_access_wx,
	XENMEM_access_rwx,
	XENMEM_access_rx2rw, /* the first write turns rx into rw */
	XENMEM_access_n2rwx, /* the first use tells, then all is allowed */
	XENMEM_access_default
} xenmem_access_t;

struct xen_mem_access_op {
	uint8_t op;	/* XENMEM_access_op_* */
	uint8_t access; /* xenmem_access_t */
	domid_t domid;
	uint32_t nr;  /* pages from pfn, or entries in the lists */
	uint64_t pfn; /* all ones is the domain's default */
	GUEST_PTR(const uint64_t) pfn_list;
	GUEST_PTR(const uint8_t) access_list;
};
PUBLIC_SIZE(struct xen_mem_access_op, 32);

struct xen_mem_sharing_op {
	uint8_t op; /* XENMEM_sharing_op_* */
	domid_t domain;
	union {
		struct mem_sharing_op_nominate {
			union {
				uint64_t gfn;
				uint32_t grant_ref;
			} u;
			uint64_t handle; /* out */
		} nominate;
		struct mem_sharing_op_share {
			uint64_t source_gfn;
			uint64_t source_handle;
			uint64_t client_gfn;
			uint64_t client_handle;
			domid_t client_domain;
		} share;
		struct mem_sharing_op_range {
			uint64_t first_gfn;
			uint64_t last_gfn;
			uint64_t opaque; /* 0 */
			domid_t client_domain;
			uint16_t _pad[3];
		} range;
		struct mem_sharing_op_debug {
			union {
				uint64_t gfn;
				uint64_t mfn;
				uint32_t gref;
			} u;
		} debug;
		struct mem_sharing_op_fork {
			domid_t parent_domain;
			uint16_t flags; /* XENMEM_FORK_* */
			uint32_t pad;
		} fork;
	} u;
};
PUBLIC_SIZE(struct xen_mem_sharing_op, 48);

/* One range that a device needs mapped one to one. */
struct xen_reserved_device_memory {
	xen_pfn_t start_pfn;
	xen_ulong_t nr_pages;
};
PUBLIC_SIZE(struct xen_reserved_device_memory, 16);

/* Such ranges; -ERANGE with the number needed when there are more. */
struct xen_reserved_device_memory_map {
	uint32_t flags;		 /* XENMEM_RDM_ALL */
	unsigned int nr_entries; /* in: room; out: there are */
	GUEST_PTR(struct xen_reserved_device_memory) buffer;
	union {
		struct physdev_pci_device pci;
	} dev;
};
PUBLIC_SIZE(struct xen_reserved_device_memory_map, 24);

/*
 * Pages that belong to the hypervisor's side of a domain. A paravirtual
 * caller receives mfns in frame_list, another gives gfns to map them at. With
 * a null list and nr_frames 0 the size comes back in nr_frames.
 */
struct xen_mem_acquire_resource {
	domid_t domid;
	uint16_t type; /* XENMEM_resource_* */
	uint32_t id;
	uint32_t nr_frames;
	uint32_t pad;	/* 0 */
	uint64_t frame; /* the first one */
	GUEST_PTR(xen_pfn_t) frame_list;
};
PUBLIC_SIZE(struct xen_mem_acquire_resource, 32);

/* Memory of one virtual NUMA node: byte addresses. */
struct xen_vmemrange {
	uint64_t start, end;
	unsigned int flags;
	unsigned int nid;
};
PUBLIC_SIZE(struct xen_vmemrange, 24);

/* A domain's virtual NUMA topology; the counts are room, then used. */
struct xen_vnuma_topology_info {
	domid_t domid;
	uint16_t pad;
	unsigned int nr_vnodes;
	unsigned int nr_vcpus;
	unsigned int nr_vmemranges;
	union {
		GUEST_PTR(unsigned int) h;
		uint64_t pad;
	} vdistance; /* nr_vnodes squared */
	union {
		GUEST_PTR(unsigned int) h;
		uint64_t pad;
	} vcpu_to_vnode;
	union {
		GUEST_PTR(struct xen_vmemrange) h;
		uint64_t pad;
	} vmemrange;
};
PUBLIC_SIZE(struct xen_vnuma_topology_info, 40);

#endif
