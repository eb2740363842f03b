/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which frames of a guest were written to: log-dirty, the base of live
 * migration.
 *
 * While a guest is followed its CPUs do not walk its own page tables but copies
 * ("shadows") that are ours: one of each table, filled entry by entry as faults
 * ask for them.  A level-1 entry lets the guest write only when its frame is
 * noted already; so the first write of each frame faults, and is noted.  The
 * guest's own tables stay as it wrote them, accessed and dirty bits included,
 * for it reads, compares and saves them.
 *
 * A shadow is a cache of its table: whoever changes an entry of the table
 * (pt_entry.c) forgets the shadow's entry before references are dropped, and a
 * table that is none any more has no shadow (pagetype.c).  Thus whatever a CPU
 * finds in a shadow the table says, too, and holds the references.
 *
 * Beside writes are noted: a changed entry of a table, and a frame that becomes
 * a table, is pinned or unpinned, or is a table no more.  So what is not noted
 * is, and means, what it did.
 */
#ifndef TENON_SHADOW_H
#define TENON_SHADOW_H

#include <tenon/domain.h>
#include <tenon/types.h>

/*
 * Begin and end.  d is paused.  tables: shadows to set aside, 0 for a default
 * by d's size.  enable: 0, -EINVAL (followed already), -ENOMEM.
 */
must_check int shadow_enable(struct domain *d, uint32_t tables);
void shadow_disable(struct domain *d);
/* d is gone: frees what is left. */
void shadow_free(struct domain *d);
/* Shadows set aside for d, 0 when it is not followed. */
uint32_t shadow_tables(const struct domain *d);

struct shadow_stats {
	uint32_t faults; /* mended since the last clean */
	uint32_t dirty;	 /* frames noted since */
};

/*
 * 64 pfns from first (a multiple of 64) on that were written to, a bit each.
 * take: they count as clean from now on; before that, shadow_protect, with d
 * paused, makes the next writes fault.  give: back, for another reader.
 */
uint64_t shadow_peek(struct domain *d, uint64_t first);
uint64_t shadow_take(struct domain *d, uint64_t first);
void shadow_give(struct domain *d, uint64_t first, uint64_t bits);
void shadow_protect(struct domain *d);
/* One more than the highest pfn that can be noted. */
uint64_t shadow_pfns(struct domain *d);
/* The counts; clean: they begin anew. */
struct shadow_stats shadow_read_stats(struct domain *d, bool clean);

/*
 * The roots that CPUs load for v follow those of the guest: after each change
 * of them, with interrupts on.
 */
void shadow_find_roots(struct vcpu *v);
static inline void shadow_set_roots(struct vcpu *v)
{
	if (likely(!v->domain->is_followed)) {
		v->arch.cpu_root = v->arch.root;
		v->arch.cpu_user_root = v->arch.user_root;
	} else {
		shadow_find_roots(v);
	}
}

/*
 * A page fault of v's guest at addr.  true: mended, go on.  false: it is the
 * guest's own, with *error as its tables would give it.
 */
bool shadow_fault(struct vcpu *v, vaddr_t addr, uint32_t *error);

/* Is m a shadow of d's, or was one that CPUs may remember?  (Audits.) */
bool shadow_is_table(const struct domain *d, mfn_t m);

/* Is all that stands in d's shadows in its tables?  Panics if not. */
void shadow_audit(struct domain *d);

#endif
