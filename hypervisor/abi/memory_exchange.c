/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_op exchange: a domain trades frames for others of another shape or
 * address, for DMA.
 *
 * It goes in chunks, each one extent of the larger order.  Of a chunk the new
 * frames are allocated first, then the old ones are taken out of the domain
 * (which checks that nothing refers to them); a failure up to there is undone.
 * From there on nothing can fail but by the domain's death.
 */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include "memory_op.h"

/* A chunk has at most 2^12 frames, as stock allows the hardware domain. */
#define CHUNK_ORDER_MAX 12

struct chunk {
	uint64_t in_count, out_count; /* extents */
	unsigned in_order, out_order;
	unsigned flags; /* of the allocation */
	/* One entry a frame of the chunk. */
	struct page **old;
	uint64_t *old_pfn;  /* what the m2p said of it */
	struct page **new;  /* first frames of the new extents */
	uint64_t *gpfn;	    /* where those go */
	uint64_t stolen;    /* of old */
	uint64_t allocated; /* of new */
};

/* 0; -EINVAL. */
static int check(
	const struct xen_memory_exchange *x, const struct domain *caller)
{
	unsigned limit = MIN(memory_max_order(caller), CHUNK_ORDER_MAX);

	if (x->in.extent_order > limit || x->out.extent_order > limit)
		return -EPERM;
	if (x->in.nr_extents > MEMORY_OP_START >> x->in.extent_order ||
		x->out.nr_extents > MEMORY_OP_START >> x->out.extent_order)
		return -EINVAL;
	if (x->in.nr_extents << x->in.extent_order !=
			x->out.nr_extents << x->out.extent_order ||
		x->in.domid != x->out.domid ||
		x->nr_exchanged > x->in.nr_extents)
		return -EINVAL;
	return 0;
}

static int prepare(struct chunk *c, const struct xen_memory_exchange *x)
{
	uint64_t frames;

	c->in_order = x->in.extent_order;
	c->out_order = x->out.extent_order;
	c->in_count = c->in_order < c->out_order
			      ? 1ULL << (c->out_order - c->in_order)
			      : 1;
	c->out_count = c->out_order < c->in_order
			       ? 1ULL << (c->in_order - c->out_order)
			       : 1;
	/* A preempted call goes on at a chunk's start. */
	if (x->nr_exchanged % c->in_count)
		return -EINVAL;
	if (!memory_alloc_flags(x->out.mem_flags, c->out_order, &c->flags))
		return -ENOMEM;
	frames = c->in_count << c->in_order;
	c->old = heap_alloc_array(frames, sizeof(*c->old));
	c->old_pfn = heap_alloc_array(frames, sizeof(*c->old_pfn));
	c->new = heap_alloc_array(c->out_count, sizeof(*c->new));
	c->gpfn = heap_alloc_array(c->out_count, sizeof(*c->gpfn));
	return c->old && c->old_pfn && c->new && c->gpfn ? 0 : -ENOMEM;
}

static void release(struct chunk *c)
{
	heap_free(c->old);
	heap_free(c->old_pfn);
	heap_free(c->new);
	heap_free(c->gpfn);
}

/* New frames for the chunk whose first out extent is number first. */
static int allocate(
	struct chunk *c, const struct xen_memory_exchange *x, uint64_t first)
{
	for (c->allocated = 0; c->allocated < c->out_count; c->allocated++) {
		uint64_t i = c->allocated;
		xen_pfn_t gpfn;

		if (guest_read_at(&gpfn, x->out.extent_start, first + i))
			return -EFAULT;
		c->gpfn[i] = gpfn;
		c->new[i] = page_alloc(c->out_order, c->flags | ALLOC_ZERO);
		if (!c->new[i])
			return -ENOMEM;
	}
	return 0;
}

static int steal_one(struct chunk *c, struct domain *d, mfn_t mfn)
{
	struct page *pg;
	uint64_t pfn;

	if (!mfn_valid(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!page_get(pg, d))
		return -EINVAL;
	pfn = m2p[mfn.v];
	if (page_steal(pg, d)) {
		page_put(pg);
		return -EINVAL;
	}
	c->old[c->stolen] = pg;
	c->old_pfn[c->stolen++] = pfn;
	return 0;
}

/* The old frames, from in extent number first on. */
static int steal(struct chunk *c, struct domain *d,
	const struct xen_memory_exchange *x, uint64_t first)
{
	c->stolen = 0;
	for (uint64_t i = 0; i < c->in_count; i++) {
		xen_pfn_t start;

		if (guest_read_at(&start, x->in.extent_start, first + i))
			return -EFAULT;
		for (uint64_t k = 0; k < 1ULL << c->in_order; k++) {
			int r = steal_one(c, d, MFN(start + k));

			if (r)
				return r;
		}
	}
	return 0;
}

/* Give back what steal and allocate took. */
static void undo(struct chunk *c, struct domain *d)
{
	for (uint64_t i = 0; i < c->stolen; i++) {
		mfn_t mfn = page_to_mfn(c->old[i]);

		if (page_assign(c->old[i], d))
			page_free_stolen(c->old[i]);
		else
			m2p[mfn.v] = c->old_pfn[i];
	}
	for (uint64_t i = 0; i < c->allocated; i++)
		page_free(c->new[i], c->out_order);
}

/* The new frames become the domain's, the old ones nobody's. */
static int commit(struct chunk *c, struct domain *d,
	const struct xen_memory_exchange *x, uint64_t first)
{
	int r = 0;

	for (uint64_t i = 0; i < c->stolen; i++)
		page_free_stolen(c->old[i]);
	for (uint64_t i = 0; i < c->out_count; i++) {
		xen_pfn_t frame = page_to_mfn(c->new[i]).v;

		for (uint64_t k = 0; k < 1ULL << c->out_order; k++) {
			if (page_assign(c->new[i] + k, d)) {
				page_free_stolen(c->new[i] + k);
				r = -EINVAL; /* dying */
				continue;
			}
			m2p[frame + k] = c->gpfn[i] + k;
			pagetype_note_write(d, c->new[i] + k);
		}
		if (guest_write_at(x->out.extent_start, first + i, &frame))
			r = -EFAULT;
	}
	return r;
}

static long exchange(struct hypercall *hc, struct domain *d,
	struct xen_memory_exchange *x, struct chunk *c)
{
	int r = 0;

	while (!r && x->nr_exchanged < x->in.nr_extents) {
		uint64_t first_out =
			(x->nr_exchanged << c->in_order) >> c->out_order;

		c->stolen = 0;
		r = allocate(c, x, first_out);
		if (!r)
			r = steal(c, d, x, x->nr_exchanged);
		if (r) {
			undo(c, d);
			break;
		}
		r = commit(c, d, x, first_out);
		x->nr_exchanged += c->in_count;
		if (!r && x->nr_exchanged < x->in.nr_extents &&
			hypercall_should_yield())
			r = -ERESTART_HC;
	}
	if (arch_copy_to_guest(hc->arg[1] + offsetof(struct xen_memory_exchange,
						    nr_exchanged),
		    &x->nr_exchanged, sizeof(x->nr_exchanged)))
		r = -EFAULT;
	return r;
}

long memory_exchange(struct hypercall *hc)
{
	struct xen_memory_exchange x;
	struct chunk c = { .in_count = 0 };
	struct domain *d;
	long r;

	if (guest_read_va(&x, hc->arg[1]))
		return -EFAULT;
	r = check(&x, hc->d);
	if (r)
		return r;
	r = memory_get_target(hc->d, x.in.domid, &d);
	if (r)
		return r;
	r = prepare(&c, &x);
	if (!r)
		r = exchange(hc, d, &x, &c);
	release(&c);
	domain_put(d);
	return r;
}
