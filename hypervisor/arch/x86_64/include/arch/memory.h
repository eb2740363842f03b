/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the tables of the core live on x86-64.  The whole map is drawn in
 * arch/x86_64/mm.c.
 */
#ifndef ARCH_MEMORY_H
#define ARCH_MEMORY_H

#include <tenon/types.h>

struct page;

#define M2P_RO_BASE	 0xffff800000000000ULL /* what guests read (ABI) */
#define M2P_BASE	 0xffff808000000000ULL /* the same frames, writable */
#define FRAME_TABLE_BASE 0xffff82e000000000ULL
#define DIRECTMAP_BASE	 0xffff830000000000ULL

#define frame_table	 ((struct page *)FRAME_TABLE_BASE)
#define directmap	 ((uint8_t *)DIRECTMAP_BASE)
#define m2p		 ((uint64_t *)M2P_BASE) /* machine frame -> guest pfn */

#define M2P_INVALID	 (~0ULL)

extern uint64_t frame_count; /* frames that have a record */

/* Owner field that marks the record of a frame that is not RAM: DOMID_IO. */
#define FRAME_OWNER_IO 0x7ff1

/*
 * RAM by the firmware's map, usable by guests or ours; not device memory.
 * m is below frame_count.
 */
static inline bool mfn_is_ram(mfn_t m)
{
	/* The owner is the top 16 bits of a record's first word (page.h). */
	return ((const uint64_t *)FRAME_TABLE_BASE)[m.v * 2] >> 48 !=
	       FRAME_OWNER_IO;
}

#endif
