/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame table: 16 bytes for each machine frame, and the frame allocator.
 *
 * ref word (all frames):   63..48 owner domid   47 allocated  46 hypervisor's
 *   own page shared with a guest (shared_info, grant table)
 *   of the first frame of a free block: 45 dirty  44 free  36..32 order
 *   31..0 reference count
 * type word (frames of a guest): see pagetype.h; of the first frame of a free
 *   block: 32-bit links of the buddy lists; of a stolen frame: a stamp (tlb.h).
 *
 * Owner DOMID_INVALID: free, or the hypervisor's own.  Owner DOMID_IO: no RAM.
 * A record of zeros (before page_add_range): RAM that nobody can refer to.
 *
 * A frame of a guest has count >= 1 while "allocated" (the allocation's own
 * reference, dropped by page_unalloc exactly once); at count 0 it is freed.
 * The owner of a frame never changes while its count is above 0 except by
 * page_steal/page_assign, which demand that nobody else holds a reference.
 */
#ifndef TENON_PAGE_H
#define TENON_PAGE_H

#include <tenon/types.h>
#include <arch/memory.h>

struct domain;

struct page {
	uint64_t ref;
	uint64_t type;
};

_Static_assert(sizeof(struct page) == 16, "frame record: PV.md item 1");

#define PAGE_REF_OWNER_SHIFT 48
#define PAGE_REF_ALLOCATED   (1ULL << 47)
#define PAGE_REF_SHARED	     (1ULL << 46)
#define PAGE_REF_SCRUB	     (1ULL << 45)
#define PAGE_REF_FREE	     (1ULL << 44)
#define PAGE_REF_ORDER_SHIFT 32
#define PAGE_REF_ORDER_MASK  (0x1fULL << PAGE_REF_ORDER_SHIFT)
#define PAGE_REF_COUNT	     0xffffffffULL

/* From arch/memory.h: frame_table, frame_count, directmap, m2p. */
static inline struct page *mfn_to_page(mfn_t m)
{
	return &frame_table[m.v];
}

static inline mfn_t page_to_mfn(const struct page *pg)
{
	return MFN((uint64_t)(pg - frame_table));
}

/* True for a frame that has a record: RAM or a hole below frame_count. */
static inline bool mfn_valid(mfn_t m)
{
	return m.v < frame_count && mfn_is_ram(m);
}

static inline void *mfn_to_virt(mfn_t m)
{
	return directmap + (m.v << PAGE_SHIFT);
}

static inline mfn_t virt_to_mfn(const void *p)
{
	return MFN((uint64_t)((const uint8_t *)p - directmap) >> PAGE_SHIFT);
}

static inline struct page *virt_to_page(const void *p)
{
	return mfn_to_page(virt_to_mfn(p));
}

static inline void *page_to_virt(const struct page *pg)
{
	return mfn_to_virt(page_to_mfn(pg));
}

static inline domid_t page_owner(const struct page *pg)
{
	return (domid_t)(READ_ONCE(pg->ref) >> PAGE_REF_OWNER_SHIFT);
}

#define PAGE_ORDER_MAX 18 /* 1 GiB */

/* Allocation flags. */
#define ALLOC_BITS(n)  ((n)&0xffU) /* machine address below 2^n */
#define ALLOC_NO_SCRUB (1U << 8)   /* contents may be another's: careful */
#define ALLOC_ZERO     (1U << 9)
#define ALLOC_LOW_OK   (1U << 10) /* may use the reserve below 4 GiB */

/* Give [start, end) of RAM to the allocator (boot).  The records are zero;
 * only the first one of each block is touched. */
void page_add_range(mfn_t start, mfn_t end);
/* Forget all memory (the fake machine starts anew). */
void page_reset(void);

/*
 * 2^order contiguous frames, aligned to their size, for the hypervisor's own
 * use; NULL when there are none.  Contents are zero only with ALLOC_ZERO.
 * Interrupts should be on: with them off only frames that no other CPU may
 * remember are taken.  Not under locks of rank LOCK_IRQ and above.
 */
struct page *page_alloc(unsigned order, unsigned flags);
void page_free(struct page *pg, unsigned order);

/* Free frames now; those below 2^bits. */
uint64_t page_free_count(void);
uint64_t page_free_count_below(unsigned bits);
uint64_t page_total_count(void);

/* Scrub some freed frames; false when none is left, when another idle CPU does
 * it, or when that would have to disturb other CPUs too often.  Idle loop. */
bool page_scrub_some(void);

/*
 * Frames for a guest: count 1 and "allocated" each, owner d, type none,
 * contents zeroed (unless ALLOC_NO_SCRUB for what the builder fills at
 * once).  0, -ENOMEM (none free), -E2BIG (over d->max_pages), -EINVAL (dying).
 */
must_check int page_alloc_domain(
	struct domain *d, unsigned order, unsigned flags, struct page **first);

/*
 * XENMEM_claim_pages: set aside what d still lacks to own that many frames;
 * 0 drops the claim.  0, -EINVAL (over page_max, owned already, dying),
 * -ENOMEM.
 */
must_check int page_claim(struct domain *d, uint64_t pages);
/* Frames claimed and not yet allocated, of all domains. */
uint64_t page_claimed_count(void);

/* The owner of a frame on which the caller holds a reference; NULL: none. */
struct domain *page_owner_domain(const struct page *pg);
/*
 * The page that holds the owners of 512 numbers, this one among them, for the
 * caller to free; NULL: none.  No domain of these numbers has frames.
 */
struct page *page_owner_detach(domid_t id);

/*
 * Drop the allocation's own reference: once for each frame (a test and clear
 * of "allocated"); false when it was dropped already.
 */
bool page_unalloc(struct page *pg);

/*
 * Take a reference if the owner is d and the count neither 0 nor full.
 * page_get_any: whoever owns it.
 */
must_check bool page_get(struct page *pg, const struct domain *d);
must_check bool page_get_any(struct page *pg);
/* Drop one; the last frees the frame (scrubbed before anyone else sees it). */
void page_put(struct page *pg);

/*
 * A frame leaves its owner without being freed (exchange, transfer): the
 * caller holds one reference beside the allocation's; succeeds only if these
 * two are all and the type is none.  Afterwards the frame has no owner and
 * the caller holds its only reference, and its type word says when that was:
 * page_assign or page_free_stolen it.  page_assign, which takes frames of
 * page_alloc too, flushes the TLBs that have not been flushed since: -EAGAIN
 * with interrupts off; -E2BIG, -ENOMEM, -EINVAL (dying).
 */
must_check int page_steal(struct page *pg, struct domain *d);
must_check int page_assign(struct page *pg, struct domain *d);
void page_free_stolen(struct page *pg);

/*
 * Show a hypervisor page to a guest: owner d, SHARED, one reference, writable
 * type; not counted in tot_pages.  page_unshare waits for nothing: it drops
 * that reference and the page is freed when the last mapping goes.  -ENOMEM,
 * -EBUSY (frames of a dead domain of this number exist): then the page stays
 * ours, and page_unshare only frees it.
 */
int page_share(struct page *pg, struct domain *d, bool is_writable);
void page_unshare(struct page *pg);

/*
 * Walk a domain's frames: calls fn on each frame whose owner is d, from
 * *cursor on; fn returns 0 to go on, else its value is returned.  *cursor is
 * a frame number and moves; 0 when the end was reached.
 */
must_check int page_for_each(struct domain *d, uint64_t *cursor,
	int (*fn)(struct page *pg, void *arg), void *arg);

/*
 * Frees those frames of a dying domain on which nothing but their allocation
 * has a hold, many at a time; the others are left as they are.  0 when the end
 * was reached, or -ERESTART_HC; *cursor as above.
 */
must_check int page_free_idle(struct domain *d, uint64_t *cursor);

/* Recount everything; panics with the difference.  O(memory). */
void page_audit(void);

/* For fake_start. */
void page_owner_reset(void);
void heap_reset(void);

/* Heap: zeroed, aligned to 16; at most one page is cut into pieces, larger
 * ones take whole pages.  NULL when there is no memory. */
void *heap_alloc(size_t size);
void *heap_alloc_array(size_t n, size_t size);
void heap_free(void *p);
/* Bytes in use by heap_alloc now (leak tests). */
size_t heap_used(void);

#endif
