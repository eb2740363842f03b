/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types and their counts: see pagetype.h for the word and its rules.
 *
 * Nobody waits for a locked frame of another type than he wants.  Validators
 * therefore wait only for tables of lower levels, and never for each other.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/hypercall.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/pte.h>
#include <tenon/tlb.h>
#include "pt_private.h"

static uint64_t type_bits(enum page_type type)
{
	return (uint64_t)type << TYPE_SHIFT;
}

static unsigned index_of(uint64_t word)
{
	return (unsigned)((word & TYPE_INDEX) >> TYPE_INDEX_SHIFT);
}

/* The word when the last reference goes: the type stays, with the time. */
static uint64_t unused_word(uint64_t word)
{
	uint64_t stamp = tlb_stamp() << TYPE_STAMP_SHIFT & TYPE_STAMP;

	return type_bits(type_of(word)) | stamp;
}

/*
 * The stamp in full: the latest time with these low bits.  It may be later
 * than the true one, which only flushes more.
 */
static uint64_t stamp_of(uint64_t word)
{
	uint64_t span = 1ULL << TYPE_STAMP_BITS;
	uint64_t now = atomic_read(&tlb_clock);
	uint64_t stamp =
		(now & ~(span - 1)) | (word & TYPE_STAMP) >> TYPE_STAMP_SHIFT;

	return stamp > now ? stamp - span : stamp;
}

/* Types whose contents were checked and hold references. */
static bool is_checked_type(enum page_type type)
{
	return type != PT_WRITABLE && type != PT_NONE;
}

/* Nobody has a use for the frame: no CPU may remember the last one. */
static bool forget_last_use(struct page *pg, uint64_t word)
{
	const struct domain *d = page_owner_domain(pg);
	cpumask_t mask = d ? atomic_read(&d->tlb_cpus) : ~0ULL;

	return tlb_flush_since(mask, stamp_of(word));
}

static bool is_hypervisor_slot(unsigned level, unsigned index)
{
	return level == 4 && index >= HYPERVISOR_SLOT_FIRST &&
	       index <= HYPERVISOR_SLOT_LAST;
}

/* Tables are mostly empty: sixteen entries at a time.  Of a locked table only
 * accessed and dirty bits can change meanwhile. */
#define GROUP 16

static inline bool are_absent(const uint64_t *e)
{
	uint64_t any = e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7] |
		       e[8] | e[9] | e[10] | e[11] | e[12] | e[13] | e[14] |
		       e[15];

	return !(any & PTE_PRESENT);
}

/* The first present entry at or above i, or PTES_PER_TABLE. */
static inline unsigned skip_absent(const uint64_t *entries, unsigned i)
{
	while (i < PTES_PER_TABLE) {
		if (i % GROUP == 0 && are_absent(&entries[i]))
			i += GROUP;
		else if (!(READ_ONCE(entries[i]) & PTE_PRESENT))
			i++;
		else
			break;
	}
	return i;
}

/* One more than the last present entry below end, or 0. */
static inline unsigned skip_absent_down(const uint64_t *entries, unsigned end)
{
	while (end) {
		if (end % GROUP == 0 && are_absent(&entries[end - GROUP]))
			end -= GROUP;
		else if (!(READ_ONCE(entries[end - 1]) & PTE_PRESENT))
			end--;
		else
			break;
	}
	return end;
}

/*
 * Drops the references of entries [0, index).  0, or -ERESTART_HC with *index
 * moved down.  The frame is locked by us and not validated.
 */
static int undo_entries(
	struct page *pg, enum page_type type, unsigned *index, bool can_yield)
{
	const uint64_t *entries = table_entries(pg);
	unsigned level = type - PT_L1 + 1;
	bool is_started = false;
	unsigned i;

	if (!type_is_table(type)) {
		*index = 0;
		return 0;
	}
	while ((i = skip_absent_down(entries, *index)) > 0) {
		int r = 0;

		*index = i--;
		if (!is_hypervisor_slot(level, i)) {
			if (level > 1 && can_yield && is_started &&
				hypercall_should_yield())
				return -ERESTART_HC;
			r = pt_entry_drop(
				level, READ_ONCE(entries[i]), can_yield);
			is_started = true;
		}
		if (r)
			return r;
		*index = i;
	}
	*index = 0;
	return 0;
}

/*
 * A table whose undoing was preempted and which is being validated again: the
 * table under the last entry that counts may have been in the middle.
 */
static int repair_last(const struct page *pg, unsigned level, unsigned index)
{
	uint64_t entry;
	struct page *child;
	int r;

	if (level == 1 || !index)
		return 0;
	entry = READ_ONCE(table_entries(pg)[index - 1]);
	if (!(entry & PTE_PRESENT) || is_hypervisor_slot(level, index - 1))
		return 0;
	child = mfn_to_page(pte_mfn(entry));
	if (child == pg || READ_ONCE(child->type) & TYPE_VALIDATED)
		return 0;
	r = pagetype_get(child, type_of_level(level - 1));
	if (!r)
		pagetype_put(child);
	return r;
}

static int check_entries(
	struct page *pg, struct domain *d, unsigned level, unsigned *index)
{
	uint64_t *entries = table_entries(pg);
	bool is_started = false;
	unsigned i = *index;
	int r = repair_last(pg, level, i);

	while (!r && (i = skip_absent(entries, i)) < PTES_PER_TABLE) {
		if (is_hypervisor_slot(level, i)) {
			i++;
			continue;
		}
		if (level > 1 && is_started && hypercall_should_yield())
			r = -ERESTART_HC;
		else
			r = pt_entry_take(d, level, &entries[i]);
		if (r)
			break;
		is_started = true;
		i++;
	}
	*index = i;
	if (!r && level == 4)
		pt_fill_hypervisor_slots(entries);
	return r;
}

static int check_descriptors(struct page *pg)
{
	uint64_t *entries = table_entries(pg);

	for (unsigned i = 0; i < PTES_PER_TABLE; i++) {
		uint64_t desc = READ_ONCE(entries[i]);

		if (!descriptor_check(&desc))
			return -EINVAL;
		WRITE_ONCE(entries[i], desc);
	}
	return 0;
}

/* Unlocks: the word is computed from the present one by fn. */
static uint64_t change_word(
	struct page *pg, uint64_t (*fn)(uint64_t, unsigned), unsigned index)
{
	uint64_t old = READ_ONCE(pg->type), new;

	do
		new = fn(old, index);
	while (!atomic_cas(&pg->type, &old, new));
	return new;
}

static uint64_t word_validated(uint64_t word, unsigned index)
{
	(void)index;
	word &= ~(TYPE_LOCKED | TYPE_INDEX);
	word |= TYPE_VALIDATED;
	return word & TYPE_ORPHAN ? (word & ~TYPE_ORPHAN) - 1 : word;
}

static uint64_t word_with_index(uint64_t word, unsigned index)
{
	return (word & ~(TYPE_LOCKED | TYPE_INDEX)) |
	       (uint64_t)index << TYPE_INDEX_SHIFT;
}

/* A preempted getter leaves its reference behind as the orphan. */
static uint64_t word_left_orphan(uint64_t word, unsigned index)
{
	word = word_with_index(word, index);
	return word & TYPE_ORPHAN ? word - 1 : word | TYPE_ORPHAN;
}

/* All is undone; one reference goes, and the orphan. */
static uint64_t word_refused(uint64_t word, unsigned index)
{
	word = word_with_index(word, index) - 1;
	if (word & TYPE_ORPHAN)
		word = (word & ~TYPE_ORPHAN) - 1;
	return word & TYPE_COUNT ? word : unused_word(word);
}

static uint64_t word_orphan_gone(uint64_t word, unsigned index)
{
	return word_refused(word & ~TYPE_ORPHAN, index);
}

/* Drops the frame's reference on itself if that was the end: then it is not
 * what it was, which who follows the domain is to see. */
static void end_use(struct page *pg, uint64_t word)
{
	struct domain *d = page_owner_domain(pg);

	if (word & TYPE_COUNT)
		return;
	if (d)
		pagetype_note_write(d, pg);
	page_put(pg);
}

/* We hold the lock and one of the counted references. */
static int validate(struct page *pg, enum page_type type, unsigned index)
{
	struct domain *d = page_owner_domain(pg);
	int r, undo;

	if (!d)
		r = -EINVAL;
	else if (type_is_table(type))
		r = check_entries(pg, d, type - PT_L1 + 1, &index);
	else
		r = check_descriptors(pg);
	if (!r) {
		change_word(pg, word_validated, 0);
		pagetype_note_write(d, pg);
		return 0;
	}
	if (r == -ERESTART_HC) {
		change_word(pg, word_left_orphan, index);
		return r;
	}
	undo = undo_entries(pg, type, &index, true);
	/* Preempted while undoing: the error stands, the rest is undone when
	 * the frame gets another use or its domain dies. */
	if (undo)
		change_word(pg, word_left_orphan, index);
	else
		end_use(pg, change_word(pg, word_refused, 0));
	return r;
}

/* The frame is of another type, but only a preempted validation holds it. */
static int undo_orphan(struct page *pg, uint64_t old)
{
	unsigned index = index_of(old);
	int r;

	if (!atomic_cas(&pg->type, &old, old | TYPE_LOCKED))
		return 0;
	r = undo_entries(pg, type_of(old), &index, true);
	if (r) {
		change_word(pg, word_with_index, index);
		return r;
	}
	/* The orphan goes as if it were ours. */
	end_use(pg, change_word(pg, word_orphan_gone, 0));
	return 0;
}

static bool is_only_orphan(uint64_t word)
{
	return (word & TYPE_ORPHAN) && (word & TYPE_COUNT) == 1 &&
	       !(word & (TYPE_LOCKED | TYPE_PINNED));
}

/* First use.  1: try again. */
static int get_first(struct page *pg, enum page_type type, uint64_t old)
{
	enum page_type last = type_of(old);

	if (last != type && last != PT_NONE && !forget_last_use(pg, old))
		return -EINVAL;
	if (!is_checked_type(type))
		return atomic_cas(&pg->type, &old, type_bits(type) | 1) ? 0 : 1;
	if (!page_get_any(pg))
		return -EINVAL;
	if (!atomic_cas(&pg->type, &old, type_bits(type) | TYPE_LOCKED | 1)) {
		page_put(pg);
		return 1;
	}
	return validate(pg, type, 0);
}

static no_inline int get_general(struct page *pg, enum page_type type)
{
	int r;

	for (;;) {
		uint64_t old = READ_ONCE(pg->type);

		if (!(old & TYPE_COUNT)) {
			r = get_first(pg, type, old);
			if (r != 1)
				return r;
			continue;
		}
		if (type_of(old) != type) {
			if (!is_only_orphan(old))
				return -EINVAL;
			r = undo_orphan(pg, old);
			if (r)
				return r;
			continue;
		}
		if (old & TYPE_LOCKED) {
			arch_relax();
			continue;
		}
		if ((old & TYPE_COUNT) == TYPE_COUNT)
			return -EINVAL;
		if (!is_checked_type(type) || old & TYPE_VALIDATED) {
			if (atomic_cas(&pg->type, &old, old + 1))
				return 0;
			continue;
		}
		if (atomic_cas(&pg->type, &old, (old + 1) | TYPE_LOCKED))
			return validate(pg, type, index_of(old));
	}
}

int pagetype_get(struct page *pg, enum page_type type)
{
	uint64_t word = is_checked_type(type) ? WORD_TABLE(type)
					      : (uint64_t)type << TYPE_SHIFT;

	if (!pt_fast_is_off && likely(fast_type_get(pg, word)))
		return 0;
	return get_general(pg, type);
}

/* The last holder of a checked frame lets go: nothing is left of its word but
 * the last type.  1: try again. */
static int drop_last(struct page *pg, uint64_t old, bool can_yield)
{
	unsigned index = old & TYPE_VALIDATED ? PTES_PER_TABLE : index_of(old);
	uint64_t new = (old & ~TYPE_VALIDATED) | TYPE_LOCKED;
	struct domain *d = page_owner_domain(pg);
	int r;

	BUG_ON(old & TYPE_LOCKED);
	if (!atomic_cas(&pg->type, &old, new))
		return 1;
	if (d && unlikely(READ_ONCE(d->is_followed)))
		shadow_forget_table(d, page_to_mfn(pg));
	r = undo_entries(pg, type_of(old), &index, can_yield);
	if (r) {
		change_word(pg, word_with_index, index);
		return r;
	}
	end_use(pg, change_word(pg, word_refused, 0));
	return 0;
}

int pagetype_drop(struct page *pg, uint64_t clear, bool can_yield)
{
	for (;;) {
		uint64_t old = READ_ONCE(pg->type);
		uint64_t count = old & TYPE_COUNT;
		int r;

		BUG_ON(!count);
		if (count > 1 + !!(old & TYPE_ORPHAN)) {
			if (atomic_cas(&pg->type, &old, (old & ~clear) - 1))
				return 0;
		} else if (!is_checked_type(type_of(old))) {
			if (atomic_cas(&pg->type, &old, unused_word(old)))
				return 0;
		} else {
			r = drop_last(pg, old, can_yield);
			if (r != 1)
				return r;
		}
	}
}

static no_inline void put_general(struct page *pg)
{
	int r = pagetype_drop(pg, 0, false);

	BUG_ON(r);
}

void pagetype_put(struct page *pg)
{
	if (pt_fast_is_off || unlikely(!fast_type_put(pg)))
		put_general(pg);
}

int pagetype_put_preemptible(struct page *pg)
{
	if (!pt_fast_is_off && fast_type_put(pg))
		return 0;
	return pagetype_drop(pg, 0, true);
}

bool page_get_and_type(struct page *pg, struct domain *d, enum page_type type)
{
	if (!fast_page_get(pg, d) && !page_get(pg, d))
		return false;
	if (!pagetype_get(pg, type))
		return true;
	page_put(pg);
	return false;
}

void page_put_and_type(struct page *pg)
{
	pagetype_put(pg);
	fast_page_put(pg);
}
