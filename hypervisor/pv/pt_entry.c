/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of page tables: what a guest may write into them, the references
 * that they hold, and the one function that changes them.
 *
 * A present level-1 entry holds a page reference on its frame, and when it
 * allows writes a PT_WRITABLE type reference; higher ones hold a page and a
 * type reference on the table below.  Entries of grant mappings and of device
 * memory hold none, nor does the one kind of recursion that is offered: an
 * entry of a root, without RW, to that root itself.  (It cannot outlive its
 * root, and all that is seen through it is read-only.)
 */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/panic.h>
#include <tenon/pci.h>
#include <tenon/rangeset.h>
#include "pt_private.h"

#ifdef TENON_HOSTED
bool pt_fast_is_off;
#endif

/* In entries above level 1 the PAT bit is PSE, which is refused. */
#define UPPER_CACHE_BITS (PTE_PWT | PTE_PCD)

static bool has_io_rights(struct domain *d)
{
	return d->is_hardware || (d->iomem && !rangeset_is_empty(d->iomem));
}

static bool is_hypervisor_slot(unsigned level, unsigned index)
{
	return level == 4 && index >= HYPERVISOR_SLOT_FIRST &&
	       index <= HYPERVISOR_SLOT_LAST;
}

/*
 * The entry as it will stand in the table.  Guest kernels run in ring 3 too,
 * hence USER; GLOBAL would outlive our flushes.
 */
static int correct_flags(struct domain *owner, unsigned level, uint64_t *entry)
{
	uint64_t e = *entry;

	if (!(e & PTE_PRESENT))
		return 0;
	e = (e & ~(PTE_GLOBAL | PTE_GRANT)) | PTE_USER;
	if (level > 1) {
		if (e & PTE_PSE)
			return -EINVAL;
		e &= ~UPPER_CACHE_BITS;
	} else if (e & PTE_CACHE_MASK && is_ram(pte_mfn(e)) &&
		   !has_io_rights(owner)) {
		e &= ~PTE_CACHE_MASK;
	}
	*entry = e;
	return 0;
}

bool pt_is_readonly_device(mfn_t m)
{
	return (acpi.hpet && m.v == acpi.hpet >> PAGE_SHIFT) ||
	       pci_is_msix_table(m.v);
}

/* Device memory: the rights of those whose frames may be mapped.  1: yes, but
 * not for writing. */
static int check_device_frame(
	struct domain *owner, struct domain *foreign, uint64_t entry)
{
	mfn_t m = pte_mfn(entry);
	struct domain *d = foreign == domain_io ? owner : foreign;
	bool may;

	lock_take(&d->lock);
	may = d->iomem && rangeset_contains(d->iomem, m.v, m.v);
	lock_drop(&d->lock);
	if (!may)
		return -EINVAL;
	return entry & PTE_RW && pt_is_readonly_device(m);
}

static int take_frame(
	struct domain *owner, struct domain *foreign, uint64_t entry)
{
	mfn_t m = pte_mfn(entry);
	struct page *pg;
	int r;

	if (unlikely(m.v >= frame_count))
		return check_device_frame(owner, foreign, entry);
	pg = mfn_to_page(m);
	if (!page_get(pg, foreign))
		return is_ram(m) ? -EINVAL
				 : check_device_frame(owner, foreign, entry);
	if (!(entry & PTE_RW))
		return 0;
	r = pagetype_get(pg, PT_WRITABLE);
	if (r)
		page_put(pg);
	return r;
}

static int take_table(struct domain *owner, unsigned level, uint64_t entry)
{
	mfn_t m = pte_mfn(entry);
	struct page *pg;
	int r;

	if (m.v >= frame_count)
		return -EINVAL;
	pg = mfn_to_page(m);
	if (!page_get(pg, owner))
		return -EINVAL;
	r = pagetype_get(pg, type_of_level(level - 1));
	if (r)
		page_put(pg);
	return r;
}

static bool is_own_root(unsigned level, const uint64_t *slot, uint64_t entry)
{
	return level == 4 && entry & PTE_PRESENT &&
	       pte_mfn(entry).v == virt_to_mfn(slot).v;
}

/* 1: taken, for an entry without RW. */
static int take_refs(struct domain *owner, struct domain *foreign,
	unsigned level, const uint64_t *slot, uint64_t entry)
{
	if (!(entry & PTE_PRESENT))
		return 0;
	if (is_own_root(level, slot, entry))
		return entry & PTE_RW ? -EINVAL : 0;
	return level == 1 ? take_frame(owner, foreign, entry)
			  : take_table(owner, level, entry);
}

int pt_entry_take_general(struct domain *owner, unsigned level, uint64_t *slot)
{
	uint64_t e = READ_ONCE(*slot);
	int r = correct_flags(owner, level, &e);

	if (!r)
		r = take_refs(owner, owner, level, slot, e);
	if (r < 0)
		return r;
	WRITE_ONCE(*slot, r ? e & ~PTE_RW : e);
	return 0;
}

/* The frame on which a present entry holds references, or NULL. */
static struct page *referenced(uint64_t entry)
{
	mfn_t m = pte_mfn(entry);

	if (!(entry & PTE_PRESENT) || entry & PTE_GRANT || !is_ram(m))
		return NULL;
	return mfn_to_page(m);
}

int pt_entry_drop_general(unsigned level, uint64_t entry, bool can_yield)
{
	struct page *pg = referenced(entry);
	int r = 0;

	/* What a root refers to is typed PT_L3, but for the root itself. */
	if (!pg || (level == 4 && type_of(READ_ONCE(pg->type)) == PT_L4))
		return 0;
	if (level > 1)
		r = pagetype_drop(pg, 0, can_yield);
	else if (entry & PTE_RW)
		pagetype_put(pg);
	if (!r)
		page_put(pg);
	return r;
}

/* Nobody can need the reference back: drop it, or leave it for later. */
static void drop_or_leave(
	const struct pt_change *c, unsigned level, uint64_t entry)
{
	if (pt_entry_drop(level, entry, c->v && !c->v->arch.old_table))
		pt_leave(c->v, referenced(entry));
}

void pt_leave(struct vcpu *v, struct page *pg)
{
	if (v && !v->arch.old_table)
		v->arch.old_table = pg;
	else
		page_put_and_type(pg);
}

int pt_finish_rest(struct vcpu *v)
{
	struct page *pg = v->arch.old_table;
	int r = pagetype_drop(pg, 0, true);
	if (r)
		return r;
	v->arch.old_table = NULL;
	page_put(pg);
	return 0;
}

/*
 * May old become new by exchanging the bits alone?  The frame is the same, so
 * are the references: of a level-1 entry RW and the cache bits must be, too.
 */
static bool is_flags_only(unsigned level, uint64_t old, uint64_t new)
{
	uint64_t changed = old ^ new;

	if (!(old & new &PTE_PRESENT) || old & PTE_GRANT ||
		changed & PTE_FRAME_MASK)
		return false;
	return level > 1 || !(changed & (PTE_RW | PTE_CACHE_MASK));
}

/* The same, but for a right to write that goes. */
static bool is_write_protection(unsigned level, uint64_t old, uint64_t new)
{
	return level == 1 && (old & PTE_RW) && !(new &PTE_RW) &&
	       is_flags_only(1, old & ~PTE_RW, new);
}

static bool change(
	const struct pt_change *c, uint64_t *slot, uint64_t old, uint64_t new)
{
	if (!atomic_cas(slot, &old, new))
		return false;
	pt_entry_changed(c->owner, slot);
	return true;
}

int pt_entry_swap_general(const struct pt_change *c, uint64_t *slot,
	unsigned level, unsigned index, uint64_t old, uint64_t new)
{
	int r;

	if (is_hypervisor_slot(level, index))
		return old == new ? 0 : -EINVAL;
	if (c->is_grant)
		new |= PTE_GRANT;
	else if ((r = correct_flags(c->owner, level, &new)))
		return r;
	if (old == new)
		return READ_ONCE(*slot) == old ? 0 : -EAGAIN;
	if (!c->is_grant && is_flags_only(level, old, new) &&
		!is_own_root(level, slot, new))
		return change(c, slot, old, new) ? 0 : -EAGAIN;
	if (!c->is_grant && is_write_protection(level, old, new)) {
		struct page *pg = referenced(old);

		if (!change(c, slot, old, new))
			return -EAGAIN;
		if (pg)
			pagetype_put(pg);
		return 0;
	}
	r = c->is_grant ? 0 : take_refs(c->owner, c->foreign, level, slot, new);
	if (r < 0)
		return r;
	if (r)
		new &= ~PTE_RW;
	r = change(c, slot, old, new) ? 0 : -EAGAIN;
	drop_or_leave(c, level, r ? (c->is_grant ? 0 : new) : old);
	return r;
}

/* A frame that is no table now: a plain write, kept apart from types. */
static int write_plain(struct domain *owner, struct page *pg, unsigned index,
	uint64_t entry, bool keep_ad)
{
	uint64_t *slot = &table_entries(pg)[index];
	int r = pagetype_get(pg, PT_WRITABLE);

	if (r)
		return r;
	if (keep_ad)
		entry |= READ_ONCE(*slot) & (PTE_ACCESSED | PTE_DIRTY);
	atomic_write(slot, entry);
	pagetype_note_write(owner, pg);
	pagetype_put(pg);
	return 0;
}

static int write_entry(const struct pt_change *c, struct page *pg,
	enum page_type type, unsigned index, uint64_t entry, bool keep_ad)
{
	uint64_t *slot = &table_entries(pg)[index];
	int r;

	do {
		uint64_t old = READ_ONCE(*slot);
		uint64_t ad = keep_ad ? old & (PTE_ACCESSED | PTE_DIRTY) : 0;

		r = pt_entry_swap(
			c, slot, type - PT_L1 + 1, index, old, entry | ad);
		/* What a lost race left is to be dropped before the next. */
		if (r == -EAGAIN && c->v && c->v->arch.old_table)
			r = -ERESTART_HC;
	} while (r == -EAGAIN);
	return r;
}

void pt_table_release(struct pt_table *t)
{
	struct page *pg = t->pg;

	t->pg = NULL;
	if (!pg)
		return;
	if (t->is_light) {
		if (likely(fast_type_put(pg)))
			return;
		/* The last holder by now: as if held in full, if the count
		 * has room; else without preemption. */
		if (!page_get_any(pg)) {
			pagetype_put(pg);
			return;
		}
	}
	/* Others may have dropped the table meanwhile. */
	if (pagetype_drop(pg, 0, t->v && !t->v->arch.old_table))
		pt_leave(t->v, pg);
	else
		page_put(pg);
}

/* pg: a page reference of the caller's, which the table takes over. */
static int hold_table(struct pt_table *t, struct page *pg, enum page_type type)
{
	int r = pagetype_get(pg, type);

	if (r) {
		page_put(pg);
		return r;
	}
	t->pg = pg;
	t->type = type;
	t->is_light = false;
	return 0;
}

static bool hold_light(struct pt_table *t, struct page *pg)
{
	enum page_type type = type_of(READ_ONCE(pg->type));

	if (!type_is_table(type) || !fast_table_get(pg, t->owner, type))
		return false;
	t->pg = pg;
	t->type = type;
	t->is_light = true;
	return true;
}

/* As pt_commit_in: holds the table, or does it all on a frame that is none. */
static int hold_or_write(struct pt_table *t, struct page *pg, unsigned index,
	uint64_t entry, bool keep_ad)
{
	uint64_t word;
	int r;

	if (!page_get(pg, t->owner))
		return -EINVAL;
	word = READ_ONCE(pg->type);
	if (word & TYPE_COUNT && type_is_table(type_of(word)))
		return hold_table(t, pg, type_of(word));
	r = write_plain(t->owner, pg, index, entry, keep_ad);
	page_put(pg);
	return r;
}

static int commit_general(struct pt_table *t, struct domain *foreign,
	mfn_t table, unsigned index, uint64_t entry, bool keep_ad)
{
	const struct pt_change c = { t->owner, foreign, t->v, false };
	struct page *pg = mfn_to_page(table);
	int r;

	if (pg != t->pg) {
		pt_table_release(t);
		if (!hold_light(t, pg)) {
			r = hold_or_write(t, pg, index, entry, keep_ad);
			if (!t->pg)
				return r;
		}
	}
	return write_entry(&c, pg, t->type, index, entry, keep_ad);
}

int pt_commit_in(struct pt_table *t, struct domain *foreign, mfn_t table,
	unsigned index, uint64_t entry, bool keep_ad)
{
	if (table.v >= frame_count || index >= PTES_PER_TABLE)
		return -EINVAL;
	if (likely(t->owner == foreign) &&
		likely(!fast_commit(foreign, table, index, entry, keep_ad)))
		return 0;
	return commit_general(t, foreign, table, index, entry, keep_ad);
}

int pt_commit(struct domain *owner, struct domain *foreign, struct vcpu *v,
	mfn_t table, unsigned index, uint64_t entry, bool keep_ad)
{
	struct pt_table t = { .owner = owner, .v = v };
	int r = pt_commit_in(&t, foreign, table, index, entry, keep_ad);

	pt_table_release(&t);
	return r;
}

bool pt_commit_frequent(struct domain *d, mfn_t table, unsigned index,
	uint64_t entry, bool keep_ad)
{
	return table.v < frame_count && index < PTES_PER_TABLE &&
	       !fast_commit(d, table, index, entry, keep_ad);
}

void pt_flush(struct domain *d)
{
	arch_tlb_flush(atomic_read(&d->tlb_cpus), TLB_ALL, 0);
}
