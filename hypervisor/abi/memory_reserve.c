/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_op: giving frames to a domain and taking them back.
 *
 * Each extent is done as a whole or not at all; the result is the number done,
 * and a caller that gets less than it asked for finds out why by looking.
 */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include "memory_op.h"

/* Orders as stock documents for memop-max-order: unprivileged callers 2 MiB,
 * the control domain 1 GiB. */
#define ORDER_MAX_GUEST	  9
#define ORDER_MAX_CONTROL 18

unsigned memory_max_order(const struct domain *caller)
{
	return caller->is_privileged ? ORDER_MAX_CONTROL : ORDER_MAX_GUEST;
}

bool memory_alloc_flags(unsigned mem_flags, unsigned order, unsigned *flags)
{
	unsigned bits = XENMEMF_get_address_bits(mem_flags);

	/* As wide as any address there is: no wish. */
	if (bits >= 52)
		bits = 0;
	if (bits && bits < PAGE_SHIFT + order)
		return false;
	*flags = ALLOC_BITS(bits);
	return true;
}

/* The frames of an extent are those of the guest from gpfn on. */
static void set_m2p(struct domain *d, mfn_t mfn, uint64_t gpfn, unsigned order)
{
	for (uint64_t i = 0; i < 1ULL << order; i++) {
		m2p[mfn.v + i] = gpfn + i;
		pagetype_note_write(d, mfn_to_page(MFN(mfn.v + i)));
	}
}

/* True when extent i was given.  list: where the frame goes, and for populate
 * where the gpfn comes from. */
static bool add_extent(struct domain *d, const struct xen_memory_reservation *r,
	uint64_t i, unsigned flags, bool has_gpfn)
{
	xen_pfn_t frame = 0;
	struct page *pg;
	mfn_t mfn;

	if (has_gpfn && guest_read_at(&frame, r->extent_start, i))
		return false;
	if (page_alloc_domain(d, r->extent_order, flags, &pg))
		return false;
	mfn = page_to_mfn(pg);
	if (has_gpfn)
		set_m2p(d, mfn, frame, r->extent_order);
	frame = mfn.v;
	/* The domain owns the frames even if its list cannot be written. */
	return !r->extent_start.va ||
	       !guest_write_at(r->extent_start, i, &frame);
}

static bool remove_extent(
	struct domain *d, const struct xen_memory_reservation *r, uint64_t i)
{
	xen_pfn_t first;

	if (guest_read_at(&first, r->extent_start, i))
		return false;
	for (uint64_t k = 0; k < 1ULL << r->extent_order; k++) {
		mfn_t mfn = MFN(first + k);
		struct page *pg;
		bool is_done;

		if (!mfn_valid(mfn))
			return false;
		pg = mfn_to_page(mfn);
		if (!page_get(pg, d))
			return false;
		is_done = page_unalloc(pg);
		page_put(pg);
		if (!is_done)
			return false;
	}
	return true;
}

static bool do_extent(struct domain *d, const struct xen_memory_reservation *r,
	unsigned op, uint64_t i, unsigned flags)
{
	switch (op) {
	case XENMEM_decrease_reservation:
		return remove_extent(d, r, i);
	case XENMEM_increase_reservation:
		return add_extent(d, r, i, flags, false);
	default:
		return add_extent(d, r, i, flags, true);
	}
}

long memory_reserve(struct hypercall *hc, unsigned op, uint64_t start)
{
	struct xen_memory_reservation r;
	unsigned flags = 0;
	struct domain *d;
	uint64_t i;
	long rc;

	/* Whatever is wrong: how many are done tells. */
	if (guest_read_va(&r, hc->arg[1]) || r.nr_extents > MEMORY_OP_START ||
		start > r.nr_extents ||
		r.extent_order > memory_max_order(hc->d) ||
		!memory_alloc_flags(r.mem_flags, r.extent_order, &flags) ||
		(op != XENMEM_increase_reservation && !r.extent_start.va))
		return (long)start;
	rc = memory_get_target(hc->d, r.domid, &d);
	if (rc)
		return rc == -ESRCH ? (long)start : rc;
	for (i = start; i < r.nr_extents; i++) {
		if (i != start && hypercall_should_yield()) {
			domain_put(d);
			return memory_go_on(hc, i);
		}
		if (!do_extent(d, &r, op, i, flags))
			break;
	}
	domain_put(d);
	return (long)i;
}

long memory_claim(struct hypercall *hc)
{
	struct xen_memory_reservation r;
	struct domain *d;
	long rc;

	if (!hc->d->is_privileged)
		return -EPERM;
	if (guest_read_va(&r, hc->arg[1]))
		return -EFAULT;
	if (r.extent_start.va || r.extent_order || r.mem_flags)
		return -EINVAL;
	rc = memory_get_target(hc->d, r.domid, &d);
	if (rc)
		return rc;
	rc = page_claim(d, r.nr_extents);
	domain_put(d);
	return rc;
}
