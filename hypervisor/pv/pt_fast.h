/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frequent cases of references and entries, in line: one reference more or
 * less on a frame that keeps its use, a level-1 entry for which that is enough.
 * Each does all of its work or none; none means that the general function is
 * to decide, and where both can they do the same (tests run sequences both
 * ways and compare every frame).
 */
#ifndef PT_FAST_H
#define PT_FAST_H

#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>

#ifdef TENON_HOSTED
/* Tests: everything by the general functions. */
extern bool pt_fast_is_off;
#else
#define pt_fast_is_off false
#endif

#define TYPE_MASK (7ULL << TYPE_SHIFT)
/* What a type word says, apart from the count, when one more is simple. */
#define WORD_NONE	 ((uint64_t)PT_NONE << TYPE_SHIFT)
#define WORD_WRITABLE	 ((uint64_t)PT_WRITABLE << TYPE_SHIFT)
#define WORD_TABLE(type) ((uint64_t)(type) << TYPE_SHIFT | TYPE_VALIDATED)

static inline bool fast_type_get(struct page *pg, uint64_t word)
{
	uint64_t old = READ_ONCE(pg->type);
	uint64_t kind = old & (TYPE_MASK | TYPE_VALIDATED | TYPE_LOCKED);

	/* Neither the first reference nor one too many. */
	return kind == word && ((old + 1) & TYPE_COUNT) > 1 &&
	       atomic_cas(&pg->type, &old, old + 1);
}

/* Of a frame that nobody uses, too, when that was of no type that a CPU may
 * remember otherwise. */
static inline bool fast_writable_get(struct page *pg)
{
	uint64_t old = READ_ONCE(pg->type), last = old & TYPE_MASK;

	if (old & TYPE_COUNT)
		return fast_type_get(pg, WORD_WRITABLE);
	return (last == WORD_NONE || last == WORD_WRITABLE) &&
	       atomic_cas(&pg->type, &old, WORD_WRITABLE | 1);
}

/* Not the last one, nor the last beside an orphan. */
static inline bool fast_type_put(struct page *pg)
{
	uint64_t old = READ_ONCE(pg->type);

	return (old & TYPE_COUNT) > 1 && !(old & TYPE_ORPHAN) &&
	       atomic_cas(&pg->type, &old, old - 1);
}

static inline bool fast_page_get(struct page *pg, const struct domain *d)
{
	uint64_t old = READ_ONCE(pg->ref);

	return old >> PAGE_REF_OWNER_SHIFT == d->id &&
	       ((old + 1) & PAGE_REF_COUNT) > 1 &&
	       atomic_cas(&pg->ref, &old, old + 1);
}

static inline void fast_page_put(struct page *pg)
{
	uint64_t old = READ_ONCE(pg->ref);

	if ((old & PAGE_REF_COUNT) <= 1 || !atomic_cas(&pg->ref, &old, old - 1))
		page_put(pg);
}

/*
 * A type reference on a table of d in use, without a page reference: the type
 * keeps one (pagetype.h), so while it is held the owner stays.  The first look
 * keeps our hands off frames of others; the second one counts.
 */
static inline bool fast_table_get(
	struct page *pg, const struct domain *d, enum page_type type)
{
	if (pt_fast_is_off || page_owner(pg) != d->id ||
		!fast_type_get(pg, WORD_TABLE(type)))
		return false;
	if (likely(page_owner(pg) == d->id))
		return true;
	pagetype_put(pg);
	return false;
}

/* The references that an entry holds on a frame of d; none for no frame. */
static inline bool fast_frame_get(uint64_t entry, const struct domain *d)
{
	mfn_t m = pte_mfn(entry);
	struct page *pg;

	if (!(entry & PTE_PRESENT))
		return true;
	if (m.v >= frame_count)
		return false;
	pg = mfn_to_page(m);
	if (!fast_page_get(pg, d))
		return false;
	if (!(entry & PTE_RW) || fast_writable_get(pg))
		return true;
	page_put(pg);
	return false;
}

/* Drops them; device memory has none. */
static inline void fast_frame_put(uint64_t entry)
{
	mfn_t m = pte_mfn(entry);
	struct page *pg;

	if (!(entry & PTE_PRESENT) || m.v >= frame_count || !mfn_is_ram(m))
		return;
	pg = mfn_to_page(m);
	if (entry & PTE_RW && !fast_type_put(pg))
		pagetype_put(pg);
	fast_page_put(pg);
}

/* Bits of a level-1 entry that have to be corrected, or looked up. */
#define UNUSUAL_BITS (PTE_GRANT | PTE_GLOBAL | PTE_CACHE_MASK)

static inline bool fast_entry_is_usual(uint64_t entry)
{
	return !(entry & UNUSUAL_BITS);
}

enum { FAST_NOT = 1 };

/*
 * As pt_entry_swap at level 1, for an entry of d's own frames: 0, -EAGAIN, or
 * FAST_NOT.
 */
static always_inline int fast_entry_swap(
	struct domain *d, uint64_t *slot, uint64_t old, uint64_t new)
{
	uint64_t changed = old ^ new;

	if (pt_fast_is_off || d->is_followed || !fast_entry_is_usual(old | new))
		return FAST_NOT;
	if (new &PTE_PRESENT)
		new |= PTE_USER;
	if (old & new &PTE_PRESENT && !(changed & PTE_FRAME_MASK)) {
		/* The frame stays: a right may go, none may come. */
		if (changed & new &PTE_RW || old == new)
			return FAST_NOT;
		if (!atomic_cas(slot, &old, new))
			return -EAGAIN;
		if (changed & PTE_RW && pte_mfn(old).v < frame_count &&
			mfn_is_ram(pte_mfn(old)) &&
			!fast_type_put(mfn_to_page(pte_mfn(old))))
			pagetype_put(mfn_to_page(pte_mfn(old)));
		return 0;
	}
	if (!fast_frame_get(new, d))
		return FAST_NOT;
	if (!atomic_cas(slot, &(uint64_t){ old }, new)) {
		fast_frame_put(new);
		return -EAGAIN;
	}
	fast_frame_put(old);
	return 0;
}

/* As pt_commit for d's own tables and frames: 0 or FAST_NOT. */
static always_inline int fast_commit(struct domain *d, mfn_t table,
	unsigned index, uint64_t entry, bool keep_ad)
{
	struct page *pg = mfn_to_page(table);
	uint64_t *slot = (uint64_t *)mfn_to_virt(table) + index;
	uint64_t kept = keep_ad ? PTE_ACCESSED | PTE_DIRTY : 0;
	int r;

	if (!fast_table_get(pg, d, PT_L1))
		return FAST_NOT;
	do {
		uint64_t old = READ_ONCE(*slot);

		r = fast_entry_swap(d, slot, old, entry | (old & kept));
	} while (r == -EAGAIN);
	if (unlikely(!fast_type_put(pg)))
		pagetype_put(pg);
	return r;
}

#endif
