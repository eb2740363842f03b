/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of the grant tables.
 *
 *   granter                                   user
 *   shared entry (guest memory)
 *   active entry: uses, frame   <----------   map-track entry (by handle)
 *
 * An active entry counts the uses of its shared entry now: mappings and copies.
 * While there is a use the frame and the grantee stand in the active entry and
 * the guest's words are not believed.  Each use holds a page reference on the
 * frame, a writing one also a writable type reference.
 */
#ifndef GRANT_PRIVATE_H
#define GRANT_PRIVATE_H

#include <tenon/grant.h>
#include <tenon/lock.h>
#include <tenon/types.h>
#include <public/grant_table.h>

struct domain;
struct page;

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

/* Letters: G the table's lock, M the map-track lock, c constant. */
struct grant_active {
	uint32_t uses;	     /* G of any kind */
	uint32_t writes;     /* G of those, the writing ones */
	uint64_t frame : 48; /* G while uses > 0 */
	uint64_t grantee : 16;
};

/* One mapping, or a link of the list of free handles. */
struct grant_mapping {
	struct domain *granter; /* M a reference; NULL: free */
	uint32_t ref;		/* M next free handle + 1, when free */
	uint16_t flags; /* M MAPPING_KEPT of the request, and MAPPING_BUSY */
};

/* Being unmapped: the handle answers to nobody else. */
#define MAPPING_BUSY 0x8000U
#define MAPPING_USES (GNTMAP_host_map | GNTMAP_device_map)
/* What unmapping needs to know of the request. */
#define MAPPING_KEPT                                               \
	(MAPPING_USES | GNTMAP_readonly | GNTMAP_application_map | \
		GNTMAP_contains_pte)

#define MAPPINGS_PER_PAGE (PAGE_SIZE / sizeof(struct grant_mapping))

struct grant_table {
	struct lock lock;
	unsigned frames;	      /* G pages of the table now */
	unsigned max_frames;	      /* G */
	bool is_gone;		      /* G the pages were given back */
	struct page **shared;	      /* G max_frames */
	struct grant_active **active; /* G one array a page */

	struct lock track_lock;
	unsigned max_mappings;	      /* M */
	unsigned mappings;	      /* M entries that exist */
	unsigned mappings_used;	      /* M */
	unsigned track_slots;	      /* M size of track */
	struct grant_mapping **track; /* M pages of entries */
	uint32_t free_handle;	      /* M handle + 1, 0: none */
	uint32_t release_cursor;      /* M progress of a dying domain */
};

/* The active entry of ref, or NULL if it is out of range.  Locked. */
struct grant_active *grant_active_locked(struct grant_table *t, uint32_t ref);
/* Its shared entry, which the guest may write at any time. */
struct grant_entry_v1 *grant_shared_locked(struct grant_table *t, uint32_t ref);

/* A use of a grant, from grant_acquire to grant_release. */
struct grant_use {
	struct domain *granter; /* a reference */
	struct page *page;
	uint32_t ref;
	bool is_readonly;
};

/*
 * Begin to use entry ref of granter on behalf of user.  GNTST_okay: *use is
 * filled and holds references; else a GNTST_* error and nothing was done.
 */
int16_t grant_acquire(struct domain *granter, uint32_t ref,
	const struct domain *user, bool is_readonly, struct grant_use *use);
/* The frame of an entry that is in use. */
struct page *grant_page_in_use(struct domain *granter, uint32_t ref);
/* The end of it; translations of the frame must have been flushed. */
void grant_release(const struct grant_use *use);

/*
 * Handles.  alloc: false when there is none.  A handle whose entry has no
 * granter is free.
 */
must_check bool grant_handle_alloc(struct grant_table *t, uint32_t *handle);
void grant_handle_free(struct grant_table *t, uint32_t handle);
/* The same for handle's entry m.  track_lock is held. */
void grant_handle_free_locked(
	struct grant_table *t, struct grant_mapping *m, uint32_t handle);
/* The entry in use of handle, or NULL.  track_lock is held. */
struct grant_mapping *grant_mapping_locked(
	struct grant_table *t, uint32_t handle);

#endif
