/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grant tables, version 1.  A granted frame is pinned (page and type
 * references) while any mapping or copy of it exists.
 */
#ifndef TENON_GRANT_H
#define TENON_GRANT_H

#include <tenon/types.h>

struct domain;
struct page;
struct vcpu;
struct gnttab_map_grant_ref;
struct gnttab_copy;
struct gnttab_transfer;

/* max_frames pages of entries, max_maptrack frames of handles; 0 or -ENOMEM. */
must_check int grant_init(
	struct domain *d, unsigned max_frames, unsigned max_maptrack);
/*
 * Undo every mapping that dying d holds of others, then give back the pages of
 * its own table: -ERESTART_HC until done.
 */
must_check int grant_release_mappings(struct domain *d);
/* The structure of d is freed: nobody uses a grant of it any more. */
void grant_free(struct domain *d);

/*
 * Frame i of the table, growing it if need be (XENMAPSPACE_grant_table,
 * acquire_resource); no reference is taken.  0, -EINVAL (over the limit, or
 * status frames, which version 1 has not), -ENOMEM.
 */
must_check int grant_table_frame(
	struct domain *d, unsigned i, bool is_status, struct page **pg);
/* Pages now, and at most. */
void grant_table_size(struct domain *d, unsigned *frames, unsigned *max);
/* Set limits later (tools); -EBUSY, -EINVAL. */
must_check int grant_set_limits(
	struct domain *d, unsigned frames, unsigned maptrack);

/*
 * The operations, one element each, on v's (current's) behalf: the result goes
 * to op->status (GNTST_*) and the op's outputs.
 */
void grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op);
void grant_copy(struct domain *d, struct gnttab_copy *op);
void grant_transfer(struct domain *d, struct gnttab_transfer *op);
int16_t grant_swap(struct domain *d, uint32_t a, uint32_t b);

/*
 * Unmapping goes in batches, for one flush of TLBs: start each element (it
 * takes the mapping away and returns a GNTST_*), then finish them all.
 * replace_va: 0, or whose entry takes the mapping's place.
 */
#define GRANT_UNMAP_BATCH 32
struct grant_unmap {
	uint64_t host_addr, bus_addr, replace_va;
	uint32_t handle;
	/* Between start and finish. */
	struct domain *granter;
	uint32_t ref;
	struct page *page;
	unsigned uses; /* GNTMAP_* that end */
	bool is_readonly;
};
int16_t grant_unmap_start(struct vcpu *v, struct grant_unmap *u);
void grant_unmap_finish(struct vcpu *v, struct grant_unmap *u, unsigned count);

/* The uses of d's entries, the first ones, in the log. */
void grant_dump(struct domain *d);

/*
 * Recount the uses of d's entries from all domains' mappings; panics.  No copy
 * is under way and no mapping changes meanwhile.
 */
void grant_audit(const struct domain *d);

#endif
