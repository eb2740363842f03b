/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of direct paging. */
#ifndef PT_PRIVATE_H
#define PT_PRIVATE_H

#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include "pt_fast.h"

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
must_check int pt_entry_swap_general(const struct pt_change *c, uint64_t *slot,
	unsigned level, unsigned index, uint64_t old, uint64_t new);

must_check static inline int pt_entry_swap(const struct pt_change *c,
	uint64_t *slot, unsigned level, unsigned index, uint64_t old,
	uint64_t new)
{
	if (level == 1 && !c->is_grant && c->owner == c->foreign) {
		int r = fast_entry_swap(c->owner, slot, old, new);

		if (likely(r != FAST_NOT))
			return r;
	}
	return pt_entry_swap_general(c, slot, level, index, old, new);
}

/*
 * What the shadows (shadow.h) are told: an entry of a table of d's has changed
 * (before its references are dropped); a table is none any more.
 */
void shadow_forget_entry(struct domain *d, const uint64_t *entry);
void shadow_forget_table(struct domain *d, mfn_t table);
static inline void pt_entry_changed(struct domain *d, const uint64_t *slot)
{
	if (unlikely(READ_ONCE(d->is_followed)))
		shadow_forget_entry(d, slot);
}

/* Checks an entry of a table of owner's in validation, corrects its flags,
 * takes its references.  0, -EINVAL, -EPERM, -ERESTART_HC (none taken). */
must_check int pt_entry_take_general(
	struct domain *owner, unsigned level, uint64_t *slot);

must_check static inline int pt_entry_take(
	struct domain *owner, unsigned level, uint64_t *slot)
{
	uint64_t e = READ_ONCE(*slot);

	if (level == 1 && !pt_fast_is_off && fast_entry_is_usual(e) &&
		e & PTE_PRESENT && e & PTE_USER && fast_frame_get(e, owner))
		return 0;
	return pt_entry_take_general(owner, level, slot);
}
/* Drops them.  -ERESTART_HC (only with can_yield): not dropped yet. */
int pt_entry_drop_general(unsigned level, uint64_t entry, bool can_yield);

static inline int pt_entry_drop(unsigned level, uint64_t entry, bool can_yield)
{
	if (level > 1 || pt_fast_is_off || entry & PTE_GRANT)
		return pt_entry_drop_general(level, entry, can_yield);
	fast_frame_put(entry);
	return 0;
}

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

/* The table below the entry of table for va at a level, both as machine
 * addresses; false: no (sane) entry. */
static inline bool pt_descend(paddr_t *table, vaddr_t va, unsigned level)
{
	const uint64_t *entries = (const uint64_t *)(directmap + *table);
	uint64_t entry = READ_ONCE(entries[pte_index(va, level)]);

	*table = entry & PTE_FRAME_MASK;
	return (entry & PTE_PRESENT) && is_ram(MFN(*table >> PAGE_SHIFT));
}

/*
 * pt_walk of a canonical address that is not the hypervisor's.  Without
 * references: tables can go while we look, so what is found is only a guess,
 * which the caller proves by taking references of the right type.
 */
static inline bool pt_walk_from(mfn_t root, vaddr_t va, mfn_t *table)
{
	paddr_t at = root.v << PAGE_SHIFT;

	if (!root.v || !pt_descend(&at, va, 4) || !pt_descend(&at, va, 3) ||
		!pt_descend(&at, va, 2))
		return false;
	*table = MFN(at >> PAGE_SHIFT);
	return true;
}

static inline bool pt_walk_down(const struct vcpu *v, vaddr_t va, mfn_t *table)
{
	return pt_walk_from(
		v->arch.in_kernel ? v->arch.root : v->arch.user_root, va,
		table);
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
