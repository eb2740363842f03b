/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Direct paging: what a PV guest's frame may be used for.  The only code that
 * may let a guest's page table be used by a CPU.
 *
 * type word: 63..61 type  60 pinned  59 validated  58 locked  57 orphan
 *   55..46 index  45..26 stamp  25..0 type count
 *
 * A frame has one type at a time while its type count is above 0.  At count 0
 * the type is only a memory of the last use, and stamp says when that ended
 * (tlb.h): before another type is given, CPUs that may remember are flushed.
 *
 * Tables and descriptor pages.  locked: one CPU validates, or drops what the
 * entries refer to; others wait.  validated: all entries hold references.  Else
 * entries [0, index) do: a validation or its undoing was preempted there, and
 * whoever next holds the table goes on from there, in either direction.  (The
 * table under entry index - 1 may then itself be half undone.)
 * orphan: one of the counted references belongs to a preempted validation; who
 * completes it takes it over, the last other holder or another type undoes it.
 * While its count is above 0 such a frame holds a page reference on itself.
 * The count never falls to 0 while locked by somebody else.
 * Changed only by cmpxchg.  All entry changes go through one commit function.
 */
#ifndef TENON_PAGETYPE_H
#define TENON_PAGETYPE_H

#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/types.h>

struct domain;
struct vcpu;
struct cpu_user_regs;

enum page_type {
	PT_NONE,
	PT_L1,
	PT_L2,
	PT_L3,
	PT_L4,
	PT_SEGDESC, /* a page of a GDT or LDT */
	PT_WRITABLE,
};

#define TYPE_SHIFT	 61
#define TYPE_PINNED	 (1ULL << 60)
#define TYPE_VALIDATED	 (1ULL << 59)
#define TYPE_LOCKED	 (1ULL << 58)
#define TYPE_ORPHAN	 (1ULL << 57)
#define TYPE_INDEX_SHIFT 46
#define TYPE_INDEX	 (0x3ffULL << TYPE_INDEX_SHIFT)
#define TYPE_STAMP_SHIFT 26
#define TYPE_STAMP_BITS	 20
#define TYPE_STAMP	 (((1ULL << TYPE_STAMP_BITS) - 1) << TYPE_STAMP_SHIFT)
#define TYPE_COUNT	 ((1ULL << TYPE_STAMP_SHIFT) - 1)

static inline enum page_type type_of(uint64_t word)
{
	return (enum page_type)(word >> TYPE_SHIFT);
}

static inline bool type_is_table(enum page_type type)
{
	return type >= PT_L1 && type <= PT_L4;
}

/* Does anybody hold a type reference? */
static inline bool pagetype_is_used(const struct page *pg)
{
	return READ_ONCE(pg->type) & TYPE_COUNT;
}

/* The word of a page that page_share shows: one reference. */
static inline uint64_t pagetype_shared(bool is_writable)
{
	return (uint64_t)(is_writable ? PT_WRITABLE : PT_NONE) << TYPE_SHIFT |
	       1;
}

/*
 * A software bit that no guest may set: this entry was made by a grant
 * mapping and holds no references of its own (the grant does).
 */
#define PTE_GRANT (1ULL << 62)

/*
 * Take or drop a type reference; the caller holds a page reference.
 * 0, -EINVAL (the frame has another type, its contents are refused, the count
 * is full), -ERESTART_HC: a long validation was preempted; no reference was
 * taken, what was done is kept, call again.  May flush TLBs: interrupts on, no
 * lock of rank LOCK_DOMAIN or above held (rights of devices are looked up).
 */
must_check int pagetype_get(struct page *pg, enum page_type type);
/* The last reference of a table is dropped without preemption. */
void pagetype_put(struct page *pg);
/* As pagetype_put, but may stop with -ERESTART_HC: the reference is still
 * held, call again. */
must_check int pagetype_put_preemptible(struct page *pg);

/* Both references, owner d; and both dropped. */
must_check bool page_get_and_type(
	struct page *pg, struct domain *d, enum page_type type);
void page_put_and_type(struct page *pg);

/*
 * Drop what an earlier preempted call of v left over (v->arch.old_table):
 * first thing in each hypercall here.  0 or -ERESTART_HC.
 */
must_check int pt_finish_rest(struct vcpu *v);
must_check static inline int pt_finish(struct vcpu *v)
{
	return likely(!v->arch.old_table) ? 0 : pt_finish_rest(v);
}
/* Leave pg, a page and a type reference, to that: v may have one at a time;
 * without a v, or with one there already, it is dropped at once. */
void pt_leave(struct vcpu *v, struct page *pg);

/* The hypercalls' bodies (abi/hc_mmu.c): see public/xen.h for semantics. */
must_check int pt_pin(struct domain *d, mfn_t table, unsigned level);
must_check int pt_unpin(struct domain *d, mfn_t table);
/* New kernel (or user; MFN 0 clears it) root for v; v is current unless it is
 * not running.  Loads CR3 when it is the active one. */
must_check int pt_new_root(struct vcpu *v, mfn_t root, bool is_user);

/*
 * Write one entry of a guest table that d uses; table must be a validated
 * table of d (or PT_WRITABLE: then a plain write).  entry is the guest's
 * value; keep_ad keeps accessed and dirty as they are.  0 or -EINVAL, ...
 */
must_check int pt_commit(struct domain *owner, struct domain *foreign,
	struct vcpu *v, mfn_t table, unsigned index, uint64_t entry,
	bool keep_ad);
/* The same for an entry of d's own level-1 table and frames, in few steps.
 * False: nothing was done, pt_commit is to decide. */
must_check bool pt_commit_frequent(struct domain *d, mfn_t table,
	unsigned index, uint64_t entry, bool keep_ad);
/*
 * The same in a batch: the table last written to stays held (a page and a type
 * reference), until another is named or the batch ends with pt_table_release.
 * pg is NULL at first.  Nothing else may be done to the batch's tables between.
 */
struct pt_table {
	struct domain *owner;
	struct vcpu *v;
	struct page *pg;
	enum page_type type;
	bool is_light; /* the page reference is the type's own */
};
must_check int pt_commit_in(struct pt_table *t, struct domain *foreign,
	mfn_t table, unsigned index, uint64_t entry, bool keep_ad);
void pt_table_release(struct pt_table *t);
/* update_va_mapping on v's current root. */
must_check int pt_update_va(
	struct vcpu *v, struct domain *foreign, vaddr_t va, uint64_t entry);

/*
 * A write fault of v's kernel at addr that might be on a read-only mapped
 * page table: decode, commit, advance.  True when handled (also when an
 * exception was injected), false when the fault is not of this kind.
 */
bool pt_write_fault(struct vcpu *v, vaddr_t addr, struct cpu_user_regs *regs);

/*
 * Grant mappings.  Map: write (frame | flags | PTE_GRANT) at host, which is a
 * virtual address of v's current root, or with GNTMAP_contains_pte the machine
 * address of an entry; the caller holds the references on frame.  Unmap:
 * the entry must map frame by a grant; it is cleared or, when new_va is not 0,
 * replaced by what maps new_va (which is cleared).  GNTST_* values returned.
 * The caller flushes (pt_flush) before it drops its references.
 */
int pt_grant_map(struct vcpu *v, uint64_t host, mfn_t frame, unsigned gntmap);
int pt_grant_unmap(struct vcpu *v, uint64_t host, mfn_t frame, unsigned gntmap,
	uint64_t new_va);

/* We wrote to pg, which may be a frame of d: it counts as written to, if that
 * is followed (shadow.h). */
void shadow_note_write(struct domain *d, mfn_t m);
static inline void pagetype_note_write(struct domain *d, const struct page *pg)
{
	if (unlikely(READ_ONCE(d->is_followed)))
		shadow_note_write(d, page_to_mfn(pg));
}

/* Flush the guest's TLB entries on all CPUs that may hold some. */
void pt_flush(struct domain *d);

/*
 * The page of v's address space that maps va, read only by us: copies the
 * present L1 entry (or a made-up one for a superpage) to *entry.  false: none.
 */
bool pt_lookup(const struct vcpu *v, vaddr_t va, uint64_t *entry);
/* The same in its kernel's address space, whichever is active. */
bool pt_lookup_kernel(const struct vcpu *v, vaddr_t va, uint64_t *entry);

/* A GDT or LDT frame whose entries are safe (also rewrites the DPL). */
must_check int pt_get_segdesc(struct page *pg, struct domain *d);

/* Check one 8-byte descriptor as set_gdt/update_descriptor do; may fix its
 * DPL.  false: refuse. */
bool descriptor_check(uint64_t *desc);

/* Fill slots 256..271 of a root with the hypervisor's own (arch gives them). */
void pt_fill_hypervisor_slots(uint64_t *root);

/*
 * Drop all page tables and frames of a dying domain.  -ERESTART_HC: call
 * again.
 */
must_check int pt_relinquish(struct domain *d);

/* Recompute every count of d (NULL: all domains); panics on a difference.
 * All vcpus concerned are stopped. */
void pagetype_audit(const struct domain *d);

#endif
