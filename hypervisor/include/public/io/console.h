/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring page of a guest's console: in runs to the guest, out from it.
 * Indices run freely and are masked on use; each is written by one side.
 */
#ifndef PUBLIC_IO_CONSOLE_H
#define PUBLIC_IO_CONSOLE_H

#include "../types.h"

typedef uint32_t XENCONS_RING_IDX;

#define MASK_XENCONS_IDX(idx, ring) ((idx) & (sizeof(ring) - 1))

struct xencons_interface {
	char in[1024];
	char out[2048];
	XENCONS_RING_IDX in_cons, in_prod;
	XENCONS_RING_IDX out_cons, out_prod;
};
PUBLIC_SIZE(struct xencons_interface, 3088);
PUBLIC_OFFSET(struct xencons_interface, in_cons, 3072);

#endif
