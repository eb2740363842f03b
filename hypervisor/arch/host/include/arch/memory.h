/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the tables of the core live on the fake machine: in variables. */
#ifndef ARCH_MEMORY_H
#define ARCH_MEMORY_H

#include <tenon/types.h>

struct page;

extern struct page *frame_table;
extern uint8_t *directmap;
extern uint64_t *m2p;	     /* machine frame -> guest pfn */
extern uint64_t frame_count; /* frames that have a record */

/* RAM, not device memory: see fake_hole. */
bool mfn_is_ram(mfn_t m);

#define M2P_INVALID (~0ULL)

#endif
