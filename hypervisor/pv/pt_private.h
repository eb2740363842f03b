/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of direct paging. */
#ifndef PT_PRIVATE_H
#define PT_PRIVATE_H

#include <tenon/pagetype.h>
#include <tenon/pte.h>

/* Whose table is changed, whose frames it may come to map, and for whom. */
struct pt_change {
	struct domain *owner;	/* of the table */
	struct domain *foreign; /* of the frames in new level-1 entries */
	struct vcpu *v; /* takes over what is left (pt_leave), or NULL */
	bool is_grant;	/* the new entry is a grant mapping's */
};

/*
 * The commit function: *slot, entry index of a validated table of that level on
 * which the caller holds a type reference, changes from old to what is allowed
 * of new, references included.  0; -EAGAIN when *slot is not old (any more);
 * -EINVAL, -EPERM; -ERESTART_HC.
 */
must_check int pt_entry_swap(const struct pt_change *c, uint64_t *slot,
	unsigned level, unsigned index, uint64_t old, uint64_t new);

/* Checks an entry of a table of owner's in validation, corrects its flags,
 * takes its references.  0, -EINVAL, -EPERM, -ERESTART_HC (none taken). */
must_check int pt_entry_take(
	struct domain *owner, unsigned level, uint64_t *slot);
/* Drops them.  -ERESTART_HC (only with can_yield): not dropped yet. */
int pt_entry_drop(unsigned level, uint64_t entry, bool can_yield);

/* Device memory that nobody but us writes to: the HPET, MSI-X tables.  Who may
 * map it gets it read-only, whatever was asked for. */
bool pt_is_readonly_device(mfn_t m);

/* Both put functions of pagetype.h; clear: bits that go with the reference. */
int pagetype_drop(struct page *pg, uint64_t clear, bool can_yield);

/* The level-1 table and index that map va in v's active root; no reference is
 * taken.  false: there is none. */
bool pt_walk(const struct vcpu *v, vaddr_t va, mfn_t *table, unsigned *index);

/* A frame with a record that guests may hold references on? */
static inline bool is_ram(mfn_t m)
{
	return m.v < frame_count && mfn_is_ram(m);
}

/* The table of that level that an entry of the level above refers to. */
static inline enum page_type type_of_level(unsigned level)
{
	return (enum page_type)(PT_L1 + level - 1);
}

static inline uint64_t *table_entries(const struct page *pg)
{
	return page_to_virt(pg);
}

#endif
