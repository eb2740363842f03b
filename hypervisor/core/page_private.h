/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the frame allocator. */
#ifndef PAGE_PRIVATE_H
#define PAGE_PRIVATE_H

#include <tenon/page.h>

/* The owner of a free frame and of the hypervisor's own: DOMID_INVALID. */
#define PAGE_REF_NOBODY (0x7ff4ULL << PAGE_REF_OWNER_SHIFT)

/* Free blocks without a use yet: references are not set up.  As page_alloc. */
struct page *page_take(unsigned order, unsigned flags);
/* Back; is_guests: translations of them may be cached. */
void page_give(struct page *pg, uint64_t count, bool is_guests);
/* page_free of any number of frames of one allocation. */
void page_free_count_of(struct page *pg, uint64_t count);

/* Change a claim's rest; false: there is not so much unclaimed. */
bool page_claim_change(uint64_t old, uint64_t new);

/* Checks the free lists; the number of frames in them. */
uint64_t page_audit_free(void);

/* The fake machine's tests ask for failures. */
#ifndef TENON_HOSTED
static inline bool arch_alloc_fails(void)
{
	return false;
}
#else
bool arch_alloc_fails(void);
#endif

#endif
