/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Direct paging: what a PV guest's frame may be used for.  The only code that
 * may let a guest's page table be used by a CPU.
 *
 * type word: 63..60 type  59 pinned  58 validated  57 locked (a validation
 *   or invalidation owns the frame)  56 partial  55..46 partial index
 *   45..26 spare  25..0 type count
 *
 * A frame has one type at a time while its type count is above 0; the change
 * from writable to a page table flushes the TLBs that may hold the old use.
 * Changed only by cmpxchg.  All entry changes go through one commit function.
 */
#ifndef TENON_PAGETYPE_H
#define TENON_PAGETYPE_H

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

/*
 * A software bit that no guest may set: this entry was made by a grant
 * mapping and holds no references of its own (the grant does).
 */
#define PTE_GRANT (1ULL << 62)

/*
 * Take or drop a type reference; the caller holds a page reference.
 * 0, -EINVAL (the frame has another type, or its contents are refused),
 * -EINTR / -ERESTART_HC when a long validation was preempted (state kept).
 */
must_check int pagetype_get(struct page *pg, enum page_type type);
void pagetype_put(struct page *pg);
/* As pagetype_put, for tables: may stop with -ERESTART_HC, then call again. */
must_check int pagetype_put_preemptible(struct page *pg);

/* Both references, owner d; and both dropped. */
must_check bool page_get_and_type(
	struct page *pg, struct domain *d, enum page_type type);
void page_put_and_type(struct page *pg);

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

/* Flush the guest's TLB entries on all CPUs that may hold some. */
void pt_flush(struct domain *d);

/*
 * The page of v's address space that maps va, read only by us: copies the
 * present L1 entry (or a made-up one for a superpage) to *entry.  false: none.
 */
bool pt_lookup(const struct vcpu *v, vaddr_t va, uint64_t *entry);

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
