/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shadows themselves: found, filled, forgotten.
 *
 * What makes a fill safe: it reads the guest's entries with the lock held, and
 * who changes an entry takes the lock afterwards, before he drops the
 * references that the entry held.  So a table that is reached from a root of v
 * by present entries cannot go before the fill is done, and what is filled from
 * an old entry is forgotten right after it.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/entry.h>
#include <tenon/errno.h>
#include <tenon/panic.h>
#include <tenon/string.h>
#include "pt_private.h"
#include "shadow_private.h"

#define RESERVE 4 /* a root, and what one fill may need */

static uint32_t bucket_of(const struct shadow *s, mfn_t table)
{
	return (uint32_t)((table.v * 0x9e3779b97f4a7c15ULL) >> 32) &
	       s->bucket_mask;
}

static struct shadow_slot *find(const struct shadow *s, mfn_t table)
{
	uint32_t i = s->buckets[bucket_of(s, table)];

	while (i != SHADOW_NONE && s->slots[i].table.v != table.v)
		i = s->slots[i].next;
	return i == SHADOW_NONE ? NULL : &s->slots[i];
}

/* NULL: none is free; reclaim. */
static struct shadow_slot *make(struct shadow *s, mfn_t table, unsigned level)
{
	uint32_t i = s->free, b = bucket_of(s, table);
	struct shadow_slot *slot = &s->slots[i];

	if (i == SHADOW_NONE)
		return NULL;
	s->free = slot->next;
	s->free_count--;
	memset(slot->entries, 0, PAGE_SIZE);
	if (level == 4)
		pt_fill_hypervisor_slots(slot->entries);
	slot->table = table;
	slot->level = (uint8_t)level;
	slot->next = s->buckets[b];
	s->buckets[b] = i;
	return slot;
}

/* To the dead ones. */
static void bury(struct shadow *s, struct shadow_slot *slot)
{
	uint32_t *link = &s->buckets[bucket_of(s, slot->table)];
	uint32_t i = (uint32_t)(slot - s->slots);

	while (*link != i)
		link = &s->slots[*link].next;
	*link = slot->next;
	slot->level = 0;
	slot->next = s->dead;
	s->dead = i;
}

static mfn_t mfn_of(const struct shadow_slot *slot)
{
	return virt_to_mfn(slot->entries);
}

static bool is_loaded_root(const struct domain *d, mfn_t m)
{
	struct vcpu *v;

	vcpu_for_each (d, v)
		if (v->arch.cpu_root.v == m.v || v->arch.cpu_user_root.v == m.v)
			return true;
	return false;
}

static void empty_root(uint64_t *entries)
{
	for (unsigned i = 0; i < PTES_PER_TABLE; i++)
		if (i < HYPERVISOR_SLOT_FIRST || i > HYPERVISOR_SLOT_LAST)
			WRITE_ONCE(entries[i], 0);
}

/*
 * Make slots free: those of tables that are gone; and all others, but for roots
 * in use, when that is too little.  Flushes: interrupts are on.
 */
static void reclaim(struct domain *d)
{
	struct shadow *s = d->shadow;
	uint32_t first, last, n = 0;
	uint64_t flags = lock_take_irq(&s->lock);

	for (uint32_t i = s->dead; i != SHADOW_NONE; i = s->slots[i].next)
		n++;
	for (uint32_t i = 1; n < s->count / 4 && i <= s->count; i++) {
		struct shadow_slot *slot = &s->slots[i];

		if (slot->level == 4 && is_loaded_root(d, mfn_of(slot)))
			empty_root(slot->entries);
		else if (slot->level)
			bury(s, slot);
	}
	first = s->dead;
	s->dead = SHADOW_NONE;
	lock_drop_irq(&s->lock, flags);
	pt_flush(d);
	flags = lock_take_irq(&s->lock);
	while (first != SHADOW_NONE) {
		last = first;
		first = s->slots[last].next;
		s->slots[last].next = s->free;
		s->free = last;
		s->free_count++;
	}
	lock_drop_irq(&s->lock, flags);
}

static bool set_root(struct shadow *s, mfn_t root, mfn_t *cpu_root)
{
	struct shadow_slot *slot = NULL;

	if (root.v) {
		slot = find(s, root);
		if (!slot)
			slot = make(s, root, 4);
		if (!slot)
			return false;
	}
	*cpu_root = slot ? mfn_of(slot) : MFN(0);
	return true;
}

void shadow_find_roots(struct vcpu *v)
{
	struct shadow *s = v->domain->shadow;
	uint64_t flags;
	bool is_done;

	for (;;) {
		flags = lock_take_irq(&s->lock);
		is_done =
			set_root(s, v->arch.root, &v->arch.cpu_root) &&
			set_root(s, v->arch.user_root, &v->arch.cpu_user_root);
		lock_drop_irq(&s->lock, flags);
		if (is_done)
			return;
		reclaim(v->domain);
	}
}

void shadow_forget_entry(struct domain *d, const uint64_t *entry)
{
	struct shadow *s = d->shadow;
	mfn_t table = virt_to_mfn(entry);
	uint64_t flags = lock_take_irq(&s->lock);

	if (s->is_on) {
		struct shadow_slot *slot = find(s, table);

		if (slot)
			WRITE_ONCE(
				slot->entries[(vaddr_t)entry % PAGE_SIZE / 8],
				0);
		shadow_note_locked(s, d, table);
	}
	lock_drop_irq(&s->lock, flags);
}

void shadow_forget_table(struct domain *d, mfn_t table)
{
	struct shadow *s = d->shadow;
	uint64_t flags = lock_take_irq(&s->lock);

	if (s->is_on) {
		struct shadow_slot *slot = find(s, table);

		if (slot)
			bury(s, slot);
	}
	lock_drop_irq(&s->lock, flags);
}

/* What the guest's own tables say of va, from its root down. */
struct walk {
	uint64_t *slot[5]; /* by level */
	uint64_t entry[5];
	bool is_writable, is_executable;
};

static bool walk(const struct vcpu *v, vaddr_t va, struct walk *w)
{
	mfn_t table = v->arch.in_kernel ? v->arch.root : v->arch.user_root;

	w->is_writable = w->is_executable = true;
	if (!is_canonical(va) || is_hypervisor_va(va))
		return false;
	for (unsigned level = 4; level; level--) {
		if (!table.v || !is_ram(table))
			return false;
		w->slot[level] = table_entries(mfn_to_page(table)) +
				 pte_index(va, level);
		w->entry[level] = READ_ONCE(*w->slot[level]);
		if (!(w->entry[level] & PTE_PRESENT))
			return false;
		w->is_writable &= (w->entry[level] & PTE_RW) != 0;
		w->is_executable &= !(w->entry[level] & PTE_NX);
		table = pte_mfn(w->entry[level]);
	}
	return true;
}

/* An entry of a root for that root itself: read-only, so all that is seen
 * through it may be seen in the guest's own tables. */
static bool is_recursive(const struct walk *w)
{
	return pte_mfn(w->entry[4]).v == virt_to_mfn(w->slot[4]).v;
}

/* As the CPU does, in the guest's tables. */
static void set_bits(
	struct shadow *s, const struct domain *d, struct walk *w, bool is_write)
{
	for (unsigned level = 4; level; level--) {
		uint64_t old = w->entry[level];
		uint64_t bits = PTE_ACCESSED;

		if (level == 1 && is_write)
			bits |= PTE_DIRTY;
		if ((old & bits) == bits)
			continue;
		w->entry[level] |= bits;
		/* Only if it still is what was read: else it is not ours to
		 * mark, and the fill is forgotten in a moment. */
		(void)atomic_cas(w->slot[level], &old, w->entry[level]);
		/* A lost accessed bit hurts nobody, a dirty bit would. */
		if (bits & ~old & PTE_DIRTY)
			shadow_note_locked(s, d, virt_to_mfn(w->slot[level]));
	}
}

/* The level-1 entry that the guest may have: read-only until it writes. */
static uint64_t leaf(struct shadow *s, const struct domain *d,
	const struct walk *w, bool is_write)
{
	uint64_t e = w->entry[1];
	mfn_t m = pte_mfn(e);

	if (is_write)
		shadow_note_locked(s, d, m);
	else if (!(e & PTE_DIRTY) || !shadow_is_noted(s, m))
		e &= ~PTE_RW;
	return e;
}

/* false: out of slots. */
static bool fill(struct shadow *s, const struct domain *d,
	struct shadow_slot *slot, struct walk *w, bool is_write)
{
	set_bits(s, d, w, is_write);
	for (unsigned level = 4; level > 1; level--) {
		unsigned i = (vaddr_t)w->slot[level] % PAGE_SIZE / 8;
		uint64_t e = w->entry[level];
		struct shadow_slot *below;

		if (level == 4 && is_recursive(w)) {
			WRITE_ONCE(slot->entries[i], e);
			return true;
		}
		below = find(s, pte_mfn(e));
		if (!below)
			below = make(s, pte_mfn(e), level - 1);
		if (!below)
			return false;
		BUG_ON(below->level != level - 1);
		WRITE_ONCE(slot->entries[i],
			pte_make(mfn_of(below), e & ~PTE_FRAME_MASK));
		slot = below;
	}
	WRITE_ONCE(slot->entries[(vaddr_t)w->slot[1] % PAGE_SIZE / 8],
		leaf(s, d, w, is_write));
	s->stats.faults++;
	return true;
}

enum outcome { MENDED, GUESTS, NO_ROOM };

static enum outcome try_mend(struct vcpu *v, vaddr_t addr, uint32_t *error)
{
	struct shadow *s = v->domain->shadow;
	mfn_t root = v->arch.in_kernel ? v->arch.root : v->arch.user_root;
	struct shadow_slot *top = find(s, root);
	struct walk w;

	*error &= ~PF_PRESENT;
	if (!top || *error & PF_RESERVED || !walk(v, addr, &w))
		return GUESTS;
	*error |= PF_PRESENT;
	if ((*error & PF_WRITE && !w.is_writable) ||
		(*error & PF_FETCH && !w.is_executable))
		return GUESTS;
	return fill(s, v->domain, top, &w, *error & PF_WRITE) ? MENDED
							      : NO_ROOM;
}

bool shadow_fault(struct vcpu *v, vaddr_t addr, uint32_t *error)
{
	struct shadow *s = v->domain->shadow;
	enum outcome r;
	uint64_t flags;

	for (;;) {
		flags = lock_take_irq(&s->lock);
		r = s->free_count < RESERVE ? NO_ROOM
					    : try_mend(v, addr, error);
		lock_drop_irq(&s->lock, flags);
		if (r != NO_ROOM)
			return r == MENDED;
		reclaim(v->domain);
	}
}

/* The frame under va, with a reference, for as much as is asked; NULL: the
 * guest itself would fault. */
static struct page *get_page(struct vcpu *v, vaddr_t va, bool is_write)
{
	struct shadow *s = v->domain->shadow;
	struct page *pg = NULL;
	uint64_t flags = lock_take_irq(&s->lock);
	struct walk w;

	if (s->is_on && walk(v, va, &w) && (!is_write || w.is_writable) &&
		is_ram(pte_mfn(w.entry[1])) &&
		page_get_any(mfn_to_page(pte_mfn(w.entry[1])))) {
		pg = mfn_to_page(pte_mfn(w.entry[1]));
		set_bits(s, v->domain, &w, is_write);
		if (is_write)
			shadow_note_locked(s, v->domain, page_to_mfn(pg));
	}
	lock_drop_irq(&s->lock, flags);
	return pg;
}

int entry_copy_guest(vaddr_t va, void *to, const void *from, size_t n)
{
	struct vcpu *v = current;

	if (v->is_idle || !v->domain->is_followed)
		return -EFAULT;
	while (n) {
		size_t part = MIN(n, PAGE_SIZE - (va & ~PAGE_MASK));
		struct page *pg = get_page(v, va, !to);
		uint8_t *p;

		if (!pg)
			return -EFAULT;
		p = (uint8_t *)page_to_virt(pg) + (va & ~PAGE_MASK);
		if (to) {
			memcpy(to, p, part);
			to = (uint8_t *)to + part;
		} else if (from) {
			memcpy(p, from, part);
			from = (const uint8_t *)from + part;
		} else {
			memset(p, 0, part);
		}
		page_put(pg);
		va += part;
		n -= part;
	}
	return 0;
}

int shadow_alloc_slots(struct shadow *s, uint32_t count)
{
	uint32_t buckets = 64;

	while (buckets < count)
		buckets *= 2;
	s->bucket_mask = buckets - 1;
	s->slots = heap_alloc_array(count + 1ULL, sizeof(s->slots[0]));
	s->buckets = heap_alloc_array(buckets, sizeof(s->buckets[0]));
	s->count = s->slots && s->buckets ? count : 0;
	for (uint32_t i = 1; i <= s->count; i++) {
		struct page *pg = page_alloc(0, 0);

		if (!pg) {
			shadow_free_slots(s);
			return -ENOMEM;
		}
		s->slots[i].entries = page_to_virt(pg);
		s->slots[i].next = s->free;
		s->free = i;
		s->free_count++;
	}
	if (s->count)
		return 0;
	shadow_free_slots(s);
	return -ENOMEM;
}

void shadow_free_slots(struct shadow *s)
{
	for (uint32_t i = 1; s->slots && i <= s->count; i++)
		if (s->slots[i].entries)
			page_free(virt_to_page(s->slots[i].entries), 0);
	heap_free(s->slots);
	heap_free(s->buckets);
	s->slots = NULL;
	s->buckets = NULL;
	s->count = s->free_count = 0;
	s->free = s->dead = SHADOW_NONE;
}

void shadow_protect_locked(struct shadow *s)
{
	for (uint32_t i = 1; i <= s->count; i++) {
		uint64_t *e = s->slots[i].entries;

		if (s->slots[i].level != 1)
			continue;
		for (unsigned k = 0; k < PTES_PER_TABLE; k++)
			WRITE_ONCE(e[k], e[k] & ~PTE_RW);
	}
}

bool shadow_is_table(const struct domain *d, mfn_t m)
{
	const struct shadow *s = d->shadow;

	for (uint32_t i = 1; s && i <= s->count; i++)
		if (mfn_of(&s->slots[i]).v == m.v)
			return true;
	return false;
}

static void audit_entry(
	const struct domain *d, const struct shadow_slot *slot, unsigned i)
{
	const struct shadow *s = d->shadow;
	uint64_t mine = slot->entries[i];
	uint64_t theirs = table_entries(mfn_to_page(slot->table))[i];
	const struct shadow_slot *below;

	if (slot->level == 4 && i >= HYPERVISOR_SLOT_FIRST &&
		i <= HYPERVISOR_SLOT_LAST)
		return;
	if (!(mine & PTE_PRESENT))
		return;
	if (!(theirs & PTE_PRESENT) || (mine & PTE_RW && !(theirs & PTE_RW)) ||
		(theirs & PTE_NX && !(mine & PTE_NX)))
		panic("shadow of %#lx: entry %u is %#lx, the table's %#lx",
			slot->table.v, i, mine, theirs);
	if (slot->level == 1 || pte_mfn(theirs).v == slot->table.v) {
		if (pte_mfn(mine).v != pte_mfn(theirs).v)
			panic("shadow of %#lx: entry %u has another frame",
				slot->table.v, i);
		if (slot->level == 1 && mine & PTE_RW &&
			is_ram(pte_mfn(mine)) &&
			page_owner(mfn_to_page(pte_mfn(mine))) == d->id &&
			!shadow_is_noted(s, pte_mfn(mine)))
			panic("shadow of %#lx: entry %u writes a clean frame",
				slot->table.v, i);
		return;
	}
	below = find(s, pte_mfn(theirs));
	if (!below || mfn_of(below).v != pte_mfn(mine).v)
		panic("shadow of %#lx: entry %u has another table",
			slot->table.v, i);
}

void shadow_audit(struct domain *d)
{
	struct shadow *s = d->shadow;

	if (!d->is_followed)
		return;
	for (uint32_t n = 1; n <= s->count; n++) {
		const struct shadow_slot *slot = &s->slots[n];
		uint64_t word;

		if (!slot->level)
			continue;
		word = READ_ONCE(mfn_to_page(slot->table)->type);
		if (type_of(word) != type_of_level(slot->level) ||
			!(word & TYPE_COUNT) || !(word & TYPE_VALIDATED))
			panic("shadow of %#lx, level %u: its type is %#lx",
				slot->table.v, slot->level, word);
		for (unsigned i = 0; i < PTES_PER_TABLE; i++)
			audit_entry(d, slot, i);
	}
}
