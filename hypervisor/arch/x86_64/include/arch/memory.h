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

extern uint64_t frame_count; /* frames that have a record */

/* RAM by the firmware's map (usable by guests or ours), not device memory. */
bool mfn_is_ram(mfn_t m);

#define M2P_INVALID (~0ULL)

#endif
