/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of guests: accounts, references, and the way back to the allocator.
 *
 * A domain's structure lives while it has frames (they hold one of its
 * references), and while it has some it stands in the owner table, so that
 * the last put of a frame finds the accounts without any list.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/hypercall.h>
#include <tenon/lock.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/string.h>
#include <tenon/tlb.h>
#include "../core/page_private.h"

/* Owners by domid, in pages of 512 made when needed; the table of domains
 * (domain.c) knows when one is of no use any more. */
#define LEAF_ENTRIES (PAGE_SIZE / sizeof(struct domain *))
static struct domain **owners[0x8000 / LEAF_ENTRIES];

#define CHUNK_SHIFT (22 - PAGE_SHIFT) /* 4 MiB */
/* Frames that are freed under the lock at once. */
#define FREE_RUN 64

static uint64_t chunk_words(void)
{
	return DIV_UP(frame_count, 64ULL << CHUNK_SHIFT);
}

struct domain *page_owner_domain(const struct page *pg)
{
	domid_t id = page_owner(pg);
	struct domain **leaf = atomic_read(&owners[id / LEAF_ENTRIES]);

	return leaf ? atomic_read(&leaf[id % LEAF_ENTRIES]) : NULL;
}

struct page *page_owner_detach(domid_t id)
{
	struct domain **leaf = atomic_swap(&owners[id / LEAF_ENTRIES], NULL);

	return leaf ? virt_to_page(leaf) : NULL;
}

void page_owner_reset(void)
{
	memset(owners, 0, sizeof(owners));
}

/* Makes room for d in the owner table and for its chunk map.  page_lock. */
static int prepare_owner(struct domain *d)
{
	struct domain ***slot = &owners[d->id / LEAF_ENTRIES];
	struct domain **leaf = atomic_read(slot);

	if (!leaf) {
		struct domain **none = NULL;
		struct page *pg = page_alloc(0, ALLOC_ZERO);

		if (!pg)
			return -ENOMEM;
		leaf = page_to_virt(pg);
		if (!atomic_cas(slot, &none, leaf)) {
			page_free(pg, 0);
			leaf = none;
		}
	}
	/* A domain of this number whose frames others still hold. */
	if (leaf[d->id % LEAF_ENTRIES] && leaf[d->id % LEAF_ENTRIES] != d)
		return -EBUSY;
	if (!d->page_chunks)
		d->page_chunks = heap_alloc_array(
			chunk_words(), sizeof(*d->page_chunks));
	return d->page_chunks ? 0 : -ENOMEM;
}

/* n more frames; the first ones register d.  page_lock, prepared. */
static void account_more(struct domain *d, uint64_t n, bool is_shared)
{
	if (d->page_count + d->shared_count == 0) {
		atomic_add(&d->refs, 1);
		atomic_write(
			&owners[d->id / LEAF_ENTRIES][d->id % LEAF_ENTRIES], d);
	}
	if (is_shared)
		d->shared_count += n;
	else
		d->page_count += n;
}

/* n frames less; true when it was the last and the caller owes a
 * domain_put after it has dropped page_lock. */
static bool account_less(struct domain *d, uint64_t n, bool is_shared)
{
	if (is_shared)
		d->shared_count -= n;
	else
		d->page_count -= n;
	if (d->page_count + d->shared_count)
		return false;
	atomic_write(&owners[d->id / LEAF_ENTRIES][d->id % LEAF_ENTRIES], NULL);
	return true;
}

static void mark_chunks(struct domain *d, mfn_t m, uint64_t n)
{
	for (uint64_t c = m.v >> CHUNK_SHIFT; c <= (m.v + n - 1) >> CHUNK_SHIFT;
		c++)
		d->page_chunks[c / 64] |= 1ULL << (c % 64);
}

static uint64_t owner_bits(const struct domain *d)
{
	return (uint64_t)d->id << PAGE_REF_OWNER_SHIFT;
}

int page_claim(struct domain *d, uint64_t pages)
{
	uint64_t rest;
	int r = 0;

	lock_take(&d->page_lock);
	if (pages && (pages > d->page_max || d->life != DOMAIN_ALIVE))
		r = -EINVAL;
	rest = pages > d->page_count && !r ? pages - d->page_count : 0;
	if (!r && pages && !rest && d->page_claim == 0)
		r = -EINVAL;
	if (!r && !page_claim_change(d->page_claim, rest))
		r = -ENOMEM;
	if (!r)
		d->page_claim = rest;
	lock_drop(&d->page_lock);
	return r;
}

/* Are there n frames for d that nobody else has claimed? */
static bool is_unclaimed(const struct domain *d, uint64_t n)
{
	uint64_t others = page_claimed_count() - d->page_claim;

	return !others || page_free_count() >= others + n;
}

int page_alloc_domain(
	struct domain *d, unsigned order, unsigned flags, struct page **first)
{
	uint64_t n = 1ULL << order;
	struct page *pg = NULL;
	int r;

	if (order > PAGE_ORDER_MAX)
		return -EINVAL;
	if (!(flags & ALLOC_NO_SCRUB))
		flags |= ALLOC_ZERO;
	lock_take(&d->page_lock);
	if (d->life != DOMAIN_ALIVE)
		r = -EINVAL;
	else if (d->page_count + n > d->page_max)
		r = -E2BIG;
	else
		r = prepare_owner(d);
	if (!r && (!is_unclaimed(d, n) || !(pg = page_take(order, flags))))
		r = -ENOMEM;
	if (r) {
		lock_drop(&d->page_lock);
		return r;
	}
	if (d->page_claim) {
		uint64_t used = MIN(d->page_claim, n);

		(void)page_claim_change(d->page_claim, d->page_claim - used);
		d->page_claim -= used;
	}
	account_more(d, n, false);
	mark_chunks(d, page_to_mfn(pg), n);
	for (uint64_t i = 0; i < n; i++) {
		pg[i].type = 0;
		atomic_write(
			&pg[i].ref, owner_bits(d) | PAGE_REF_ALLOCATED | 1);
	}
	lock_drop(&d->page_lock);
	*first = pg;
	return 0;
}

bool page_get(struct page *pg, const struct domain *d)
{
	uint64_t old = READ_ONCE(pg->ref);

	do {
		uint64_t count = old & PAGE_REF_COUNT;

		if (old >> PAGE_REF_OWNER_SHIFT != d->id || !count ||
			count == PAGE_REF_COUNT)
			return false;
	} while (!atomic_cas(&pg->ref, &old, old + 1));
	return true;
}

bool page_get_any(struct page *pg)
{
	uint64_t old = READ_ONCE(pg->ref);

	do {
		uint64_t count = old & PAGE_REF_COUNT;

		if (!count || count == PAGE_REF_COUNT)
			return false;
	} while (!atomic_cas(&pg->ref, &old, old + 1));
	return true;
}

/* The last reference is gone: nobody can get another. */
static no_inline void release_frame(struct page *pg, bool is_shared)
{
	struct domain *d = page_owner_domain(pg);
	bool was_last;

	BUG_ON(!d || pagetype_is_used(pg));
	lock_take(&d->page_lock);
	m2p[page_to_mfn(pg).v] = M2P_INVALID;
	pg->type = 0;
	WRITE_ONCE(pg->ref, PAGE_REF_NOBODY);
	was_last = account_less(d, 1, is_shared);
	lock_drop(&d->page_lock);
	page_give(pg, 1, true);
	if (was_last)
		domain_put(d);
}

void page_put(struct page *pg)
{
	uint64_t new = atomic_sub(&pg->ref, 1);

	BUG_ON((new &PAGE_REF_COUNT) == PAGE_REF_COUNT);
	if (unlikely(!(new &PAGE_REF_COUNT)))
		release_frame(pg, new &PAGE_REF_SHARED);
}

bool page_unalloc(struct page *pg)
{
	uint64_t old = atomic_and(&pg->ref, ~PAGE_REF_ALLOCATED);

	if (!(old & PAGE_REF_ALLOCATED))
		return false;
	page_put(pg);
	return true;
}

int page_steal(struct page *pg, struct domain *d)
{
	uint64_t old = owner_bits(d) | PAGE_REF_ALLOCATED | 2;
	bool was_last;

	if (pagetype_is_used(pg))
		return -EINVAL;
	lock_take(&d->page_lock);
	/* Only the caller's and the allocation's references: with these gone
	 * nobody can take a type any more. */
	if (d->life != DOMAIN_ALIVE ||
		!atomic_cas(&pg->ref, &old, PAGE_REF_NOBODY | 1)) {
		lock_drop(&d->page_lock);
		return -EINVAL;
	}
	BUG_ON(pagetype_is_used(pg));
	m2p[page_to_mfn(pg).v] = M2P_INVALID;
	pg->type = tlb_stamp();
	was_last = account_less(d, 1, false);
	lock_drop(&d->page_lock);
	if (was_last)
		domain_put(d);
	return 0;
}

int page_assign(struct page *pg, struct domain *d)
{
	int r;

	/* What its last owner may remember is forgotten here. */
	if (!tlb_flush_since(~0ULL, pg->type))
		return -EAGAIN;
	lock_take(&d->page_lock);
	if (d->life != DOMAIN_ALIVE)
		r = -EINVAL;
	else if (d->page_count >= d->page_max)
		r = -E2BIG;
	else
		r = prepare_owner(d);
	if (!r) {
		account_more(d, 1, false);
		mark_chunks(d, page_to_mfn(pg), 1);
		pg->type = 0;
		atomic_write(&pg->ref, owner_bits(d) | PAGE_REF_ALLOCATED | 1);
	}
	lock_drop(&d->page_lock);
	return r;
}

void page_free_stolen(struct page *pg)
{
	BUG_ON(READ_ONCE(pg->ref) != (PAGE_REF_NOBODY | 1));
	pg->type = 0;
	WRITE_ONCE(pg->ref, PAGE_REF_NOBODY);
	page_give(pg, 1, true);
}

int page_share(struct page *pg, struct domain *d, bool is_writable)
{
	int r;

	lock_take(&d->page_lock);
	r = prepare_owner(d);
	if (!r) {
		account_more(d, 1, true);
		mark_chunks(d, page_to_mfn(pg), 1);
		pg->type = pagetype_shared(is_writable);
		atomic_write(&pg->ref, owner_bits(d) | PAGE_REF_SHARED | 1);
	}
	lock_drop(&d->page_lock);
	return r;
}

void page_unshare(struct page *pg)
{
	if (READ_ONCE(pg->ref) & PAGE_REF_SHARED)
		page_put_and_type(pg);
	else
		page_free(pg, 0);
}

/*
 * Frees the frames from m on that nothing but their allocation holds, up to
 * the first that is held by more; how many these are.
 */
static uint64_t free_run(struct domain *d, uint64_t m, uint64_t end)
{
	const uint64_t idle = owner_bits(d) | PAGE_REF_ALLOCATED | 1;
	bool was_last = false;
	uint64_t i;

	lock_take(&d->page_lock);
	for (i = m; i < end; i++) {
		struct page *pg = &frame_table[i];
		uint64_t old = idle;

		if (READ_ONCE(pg->ref) != idle || pagetype_is_used(pg) ||
			!atomic_cas(&pg->ref, &old, PAGE_REF_NOBODY))
			break;
		m2p[i] = M2P_INVALID;
		pg->type = 0;
	}
	if (i != m)
		was_last = account_less(d, i - m, false);
	lock_drop(&d->page_lock);
	if (i != m)
		page_give(&frame_table[m], i - m, true);
	if (was_last)
		domain_put(d);
	return i - m;
}

/* The next frame from m on that may be d's, by the map of chunks. */
static uint64_t skip_chunks(const struct domain *d, uint64_t m)
{
	while (m < frame_count &&
		!bit_test(d->page_chunks, (unsigned)(m >> CHUNK_SHIFT)))
		m = ((m >> CHUNK_SHIFT) + 1) << CHUNK_SHIFT;
	return m;
}

int page_free_idle(struct domain *d, uint64_t *cursor)
{
	uint64_t m = *cursor;
	int r = 0;

	while (!r && d->page_chunks && (m = skip_chunks(d, m)) < frame_count) {
		uint64_t end = MIN(m + FREE_RUN, frame_count), n = 0;

		if (page_owner(&frame_table[m]) == d->id)
			n = free_run(d, m, end);
		m += n ? n : 1;
		if (n && hypercall_should_yield())
			r = -ERESTART_HC;
	}
	*cursor = m;
	return r;
}

int page_for_each(struct domain *d, uint64_t *cursor,
	int (*fn)(struct page *pg, void *arg), void *arg)
{
	uint64_t m = *cursor;
	int r = 0;

	while (!r && d->page_chunks && m < frame_count) {
		uint64_t c = m >> CHUNK_SHIFT;
		uint64_t end = MIN((c + 1) << CHUNK_SHIFT, frame_count);

		if (!bit_test(d->page_chunks, (unsigned)c)) {
			m = end;
			continue;
		}
		for (; !r && m < end; m++) {
			struct page *pg = &frame_table[m];

			if (page_owner(pg) != d->id || !page_get(pg, d))
				continue;
			r = fn(pg, arg);
			page_put(pg);
			if (r)
				break;
		}
	}
	*cursor = m;
	return r;
}
