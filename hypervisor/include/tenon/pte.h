/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits of x86-64 page-table entries: SDM vol. 3A, section 4.5. */
#ifndef TENON_PTE_H
#define TENON_PTE_H

#include <tenon/types.h>

#define PTE_PRESENT    (1ULL << 0)
#define PTE_RW	       (1ULL << 1)
#define PTE_USER       (1ULL << 2)
#define PTE_PWT	       (1ULL << 3)
#define PTE_PCD	       (1ULL << 4)
#define PTE_ACCESSED   (1ULL << 5)
#define PTE_DIRTY      (1ULL << 6)
#define PTE_PAT	       (1ULL << 7) /* in an L1 entry */
#define PTE_PSE	       (1ULL << 7) /* in an L2 or L3 entry */
#define PTE_GLOBAL     (1ULL << 8)
#define PTE_NX	       (1ULL << 63)

#define PTE_FRAME_MASK 0x000ffffffffff000ULL
#define PTE_CACHE_MASK (PTE_PWT | PTE_PCD | PTE_PAT)

#define PTES_PER_TABLE 512

static inline mfn_t pte_mfn(uint64_t e)
{
	return MFN((e & PTE_FRAME_MASK) >> PAGE_SHIFT);
}

static inline uint64_t pte_make(mfn_t m, uint64_t flags)
{
	return (m.v << PAGE_SHIFT) | flags;
}

/* Index of va in its table of the given level, 1 (4 KiB) to 4. */
static inline unsigned pte_index(vaddr_t va, unsigned level)
{
	return (unsigned)(va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static inline bool is_canonical(vaddr_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

/* Slots of a root that are the hypervisor's in every PV guest (ABI). */
#define HYPERVISOR_SLOT_FIRST 256
#define HYPERVISOR_SLOT_LAST  271
#define HYPERVISOR_VA_START   0xffff800000000000ULL
#define HYPERVISOR_VA_END     0xffff880000000000ULL /* exclusive */

static inline bool is_hypervisor_va(vaddr_t va)
{
	return va >= HYPERVISOR_VA_START && va < HYPERVISOR_VA_END;
}

/* Page-fault error code bits: SDM vol. 3A, section 4.7. */
#define PF_PRESENT  (1U << 0)
#define PF_WRITE    (1U << 1)
#define PF_USER	    (1U << 2)
#define PF_RESERVED (1U << 3)
#define PF_FETCH    (1U << 4)

#endif
