/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercalls by which a PV guest changes its page tables: mmu_update and
 * update_va_mapping.  Numbers and structures: public/xen.h.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include "hc_mmu.h"

/* The owner of tables or frames: nobody says who he is but by DOMID_SELF. */
int mmu_foreign(domid_t id, struct domain **result)
{
	struct domain *caller = current->domain, *d;

	if (id == DOMID_SELF) {
		*result = caller;
		return 0;
	}
	if (id == caller->id)
		return -ESRCH;
	if (id == DOMID_IO) {
		*result = domain_io;
		return 0;
	}
	if (id == DOMID_XEN) {
		if (!caller->is_privileged)
			return -EPERM;
		*result = domain_xen;
		return 0;
	}
	d = domain_get(id);
	if (!d)
		return -ESRCH;
	if (!domain_may_control(caller, d)) {
		domain_put(d);
		return -EPERM;
	}
	*result = d;
	return 0;
}

void mmu_foreign_put(struct domain *d)
{
	if (d != current->domain && d != domain_io && d != domain_xen)
		domain_put(d);
}

struct domain_pair {
	struct domain *table, *frames;
	struct pt_table held; /* the table that the last request wrote to */
};

static int get_pair(struct domain *d, uint64_t arg, struct domain_pair *pair)
{
	domid_t frames = (domid_t)arg, table = (domid_t)(arg >> 16);
	int r;

	if (likely((uint32_t)arg == DOMID_SELF)) {
		pair->table = pair->frames = d;
		return 0;
	}
	if (!table-- || table == d->id)
		r = mmu_foreign(DOMID_SELF, &pair->table);
	else
		r = table < DOMID_FIRST_RESERVED
			    ? mmu_foreign(table, &pair->table)
			    : -ESRCH;
	if (r)
		return r;
	r = mmu_foreign(frames, &pair->frames);
	if (r)
		mmu_foreign_put(pair->table);
	return r;
}

static void put_pair(struct domain *d, const struct domain_pair *pair)
{
	if (likely(pair->frames == d && pair->table == d))
		return;
	mmu_foreign_put(pair->frames);
	mmu_foreign_put(pair->table);
}

static int machphys_update(struct domain *d, uint64_t ptr, uint64_t val)
{
	mfn_t m = MFN(ptr >> PAGE_SHIFT);
	struct page *pg;

	if (m.v >= frame_count)
		return -EINVAL;
	pg = mfn_to_page(m);
	if (!page_get(pg, d))
		return -EINVAL;
	m2p[m.v] = val;
	pagetype_note_write(d, pg);
	page_put(pg);
	return 0;
}

static int do_update(struct domain_pair *pair, const struct mmu_update *req)
{
	unsigned cmd = req->ptr & (sizeof(uint64_t) - 1);
	mfn_t table = MFN(req->ptr >> PAGE_SHIFT);
	unsigned index = (req->ptr & ~PAGE_MASK) / sizeof(uint64_t);

	if (cmd == MMU_MACHPHYS_UPDATE)
		return machphys_update(pair->frames, req->ptr, req->val);
	if (cmd > MMU_PT_UPDATE_NO_TRANSLATE)
		return -ENOSYS;
	return pt_commit_in(&pair->held, pair->frames, table, index, req->val,
		cmd == MMU_PT_UPDATE_PRESERVE_AD);
}

static int one_update(struct hypercall *hc, vaddr_t va, void *context)
{
	struct mmu_update req;

	if (arch_copy_from_guest(&req, va, sizeof(req)))
		return -EFAULT;
	(void)hc;
	return do_update(context, &req);
}

/* The most frequent batch: one entry of the caller's own, done. */
static bool update_own(struct hypercall *hc)
{
	struct mmu_update req;

	return (uint32_t)hc->arg[1] == 1 &&
	       (uint32_t)hc->arg[3] == DOMID_SELF &&
	       !arch_copy_from_guest(&req, hc->arg[0], sizeof(req)) &&
	       !(req.ptr & 5) &&
	       pt_commit_frequent(hc->d, MFN(req.ptr >> PAGE_SHIFT),
		       (req.ptr & ~PAGE_MASK) / sizeof(uint64_t), req.val,
		       req.ptr & MMU_PT_UPDATE_PRESERVE_AD);
}

long hc_mmu_update(struct hypercall *hc)
{
	struct domain_pair pair;
	long r = pt_finish(hc->v);

	if (r)
		return r;
	if (update_own(hc))
		return mmu_finish_batch(hc->arg[2], 1, 0);
	r = get_pair(hc->d, hc->arg[3], &pair);
	if (r)
		return r;
	pair.held.owner = pair.table;
	pair.held.v = hc->v;
	pair.held.pg = NULL;
	r = mmu_batch(hc, one_update, sizeof(struct mmu_update), &pair);
	pt_table_release(&pair.held);
	put_pair(hc->d, &pair);
	return r;
}

int mmu_vcpu_mask(struct domain *d, vaddr_t va, cpumask_t *result)
{
	cpumask_t mask = 0;
	struct vcpu *v;

	for (unsigned first = 0; first < d->vcpu_count; first += 64) {
		uint64_t word = 0;
		size_t bytes =
			MIN(DIV_UP(d->vcpu_count - first, 8), sizeof(word));

		if (arch_copy_from_guest(&word, va + first / 8, bytes))
			return -EFAULT;
		for (unsigned n = first; n < MIN(first + 64, d->vcpu_count);
			n++) {
			v = d->vcpu[n];
			if (v && word >> (n - first) & 1)
				mask |= CPUMASK(READ_ONCE(v->processor));
		}
	}
	/* A vcpu that moves meanwhile has its root loaded anew. */
	*result = mask & atomic_read(&d->tlb_cpus);
	return 0;
}

static int flush_after(struct domain *d, vaddr_t va, uint64_t flags)
{
	cpumask_t mask = CPUMASK(this_cpu()->id);
	unsigned how;
	int r;

	switch (flags & UVMF_FLUSHTYPE_MASK) {
	case UVMF_TLB_FLUSH:
		how = TLB_ALL;
		break;
	case UVMF_INVLPG:
		how = TLB_PAGE;
		break;
	default:
		return 0;
	}
	flags &= ~(uint64_t)UVMF_FLUSHTYPE_MASK;
	if (flags == UVMF_ALL) {
		mask = atomic_read(&d->tlb_cpus);
	} else if (flags != UVMF_LOCAL) {
		r = mmu_vcpu_mask(d, flags, &mask);
		if (r)
			return r;
	}
	arch_tlb_flush(mask, how, va);
	return 0;
}

static long update_va(struct hypercall *hc, struct domain *foreign)
{
	int r = pt_update_va(hc->v, foreign, hc->arg[0], hc->arg[1]);

	return r ? r : flush_after(hc->d, hc->arg[0], hc->arg[2]);
}

long hc_update_va_mapping(struct hypercall *hc)
{
	int r = pt_finish(hc->v);

	return r ? r : update_va(hc, hc->d);
}

long hc_update_va_mapping_otherdomain(struct hypercall *hc)
{
	struct domain *foreign;
	long r = pt_finish(hc->v);

	if (r)
		return r;
	r = mmu_foreign((domid_t)hc->arg[3], &foreign);
	if (r)
		return r;
	r = update_va(hc, foreign);
	mmu_foreign_put(foreign);
	return r;
}
