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

/* max_frames pages of entries, max_maptrack frames of handles; 0 or -ENOMEM. */
must_check int grant_init(
	struct domain *d, unsigned max_frames, unsigned max_maptrack);
/* Undo every mapping that dying d holds of others: -ERESTART_HC until done. */
must_check int grant_release_mappings(struct domain *d);
/*
 * After those: give back the table's own frames (page_unshare), which hold a
 * reference of the dying domain; operations on its table fail from now on.
 */
void grant_release_frames(struct domain *d);
/* The structures, when nobody refers to d any more. */
void grant_free(struct domain *d);

/* Frame i of the table, growing it if need be (XENMAPSPACE_grant_table,
 * acquire_resource).  0, -EINVAL, -ENOMEM. */
must_check int grant_table_frame(
	struct domain *d, unsigned i, bool is_status, struct page **pg);
/* Set limits later (tools); -EBUSY, -EINVAL. */
must_check int grant_set_limits(
	struct domain *d, unsigned frames, unsigned maptrack);

void grant_audit(const struct domain *d);

#endif
