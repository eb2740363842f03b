/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries made by grant mappings: marked PTE_GRANT, without references of
 * their own.  Whatever else a guest writes over them, the grant's references
 * stay until it unmaps.
 */
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <public/grant_table.h>
#include "pt_private.h"

struct place {
	struct page *pg; /* with a PT_L1 reference, and if not light a page's */
	unsigned index;
	bool is_light; /* the page reference is the type's own (pagetype.h) */
};

static void put_place(const struct place *p)
{
	if (!p->is_light)
		page_put_and_type(p->pg);
	else
		pagetype_put(p->pg);
}

/* The level-1 entry that host names.  GNTST_*. */
static int find_place(
	struct vcpu *v, uint64_t host, unsigned gntmap, struct place *p)
{
	mfn_t table;

	if (gntmap & GNTMAP_contains_pte) {
		if (host % sizeof(uint64_t))
			return GNTST_general_error;
		table = MFN(host >> PAGE_SHIFT);
		p->index = (host & ~PAGE_MASK) / sizeof(uint64_t);
		if (table.v >= frame_count)
			return GNTST_general_error;
	} else if (!pt_walk(v, host, &table, &p->index)) {
		return GNTST_bad_virt_addr;
	}
	p->pg = mfn_to_page(table);
	p->is_light = fast_table_get(p->pg, v->domain, PT_L1);
	if (likely(p->is_light))
		return GNTST_okay;
	/* Not any frame of the caller's: it must be such a table already. */
	if (!page_get(p->pg, v->domain))
		return GNTST_general_error;
	if (type_of(READ_ONCE(p->pg->type)) == PT_L1 &&
		pagetype_is_used(p->pg) && !pagetype_get(p->pg, PT_L1))
		return GNTST_okay;
	page_put(p->pg);
	return GNTST_general_error;
}

static uint64_t *slot_of(const struct place *p)
{
	return &table_entries(p->pg)[p->index];
}

/* The bits 16 and up of the flags are the entry's available bits: 9 to 11,
 * then 52 and up. */
static uint64_t avail_bits(unsigned gntmap)
{
	uint64_t avail = gntmap >> _GNTMAP_guest_avail0;

	return (avail & 7) << 9 | (avail >> 3 & 0x3ff) << 52;
}

int pt_grant_map(struct vcpu *v, uint64_t host, mfn_t frame, unsigned gntmap)
{
	const struct pt_change c = { v->domain, v->domain, v, true };
	uint64_t entry;
	struct place p;
	int r = find_place(v, host, gntmap, &p);

	if (r)
		return r;
	entry = pte_make(frame, PTE_PRESENT | PTE_USER | PTE_ACCESSED |
					PTE_DIRTY | avail_bits(gntmap));
	if (!(gntmap & GNTMAP_readonly))
		entry |= PTE_RW;
	do {
		uint64_t old = READ_ONCE(*slot_of(&p));

		/* Mostly there was nothing: then the entry is all. */
		if (likely(!old) && !v->domain->is_followed &&
			atomic_cas(slot_of(&p), &old, entry | PTE_GRANT))
			r = 0;
		else
			r = pt_entry_swap(
				&c, slot_of(&p), 1, p.index, old, entry);
	} while (r == -EAGAIN);
	put_place(&p);
	return r ? GNTST_general_error : GNTST_okay;
}

/* Takes what maps new_va out of its place: cleared, not dropped. */
static int take_out(struct vcpu *v, vaddr_t new_va, uint64_t *entry)
{
	struct place p;
	int r = find_place(v, new_va, 0, &p);

	if (r)
		return GNTST_general_error;
	*entry = atomic_swap(slot_of(&p), 0);
	pt_entry_changed(v->domain, slot_of(&p));
	put_place(&p);
	return GNTST_okay;
}

static bool is_mapping_of(uint64_t entry, mfn_t frame, unsigned gntmap)
{
	if (!(entry & PTE_PRESENT) || !(entry & PTE_GRANT) ||
		pte_mfn(entry).v != frame.v)
		return false;
	/* A mapping for reading has another handle than one for writing. */
	return !(entry & PTE_RW) || !(gntmap & GNTMAP_readonly);
}

int pt_grant_unmap(struct vcpu *v, uint64_t host, mfn_t frame, unsigned gntmap,
	uint64_t new_va)
{
	uint64_t old, moved = 0;
	struct place p;
	int r = find_place(v, host, gntmap, &p);

	if (r)
		return r;
	old = READ_ONCE(*slot_of(&p));
	if (!is_mapping_of(old, frame, gntmap)) {
		put_place(&p);
		return GNTST_general_error;
	}
	if (new_va && take_out(v, new_va, &moved)) {
		put_place(&p);
		return GNTST_general_error;
	}
	/* The references of a moved entry move along. */
	while (is_mapping_of(old, frame, gntmap))
		if (atomic_cas(slot_of(&p), &old, moved)) {
			pt_entry_changed(v->domain, slot_of(&p));
			put_place(&p);
			return GNTST_okay;
		}
	(void)pt_entry_drop(1, moved, false);
	put_place(&p);
	return GNTST_general_error;
}
