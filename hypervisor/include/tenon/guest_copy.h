/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory from hypercall handlers.  Everything a guest gives is copied in
 * once, into locals, before it is looked at.
 */
#ifndef TENON_GUEST_COPY_H
#define TENON_GUEST_COPY_H

#include <tenon/arch.h>

/* 0 or -EFAULT.  handle is a GUEST_PTR: its address in the guest. */
#define guest_read(dst, handle) \
	arch_copy_from_guest((dst), (handle).va, sizeof(*(dst)))
#define guest_write(handle, src) \
	arch_copy_to_guest((handle).va, (src), sizeof(*(src)))

/* Element i of an array, and n elements from element i on.  The element's
 * size is that of *dst / *src. */
#define guest_read_at(dst, handle, i) \
	arch_copy_from_guest((dst),   \
		(handle).va + (uint64_t)(i) * sizeof(*(dst)), sizeof(*(dst)))
#define guest_write_at(handle, i, src)                                   \
	arch_copy_to_guest((handle).va + (uint64_t)(i) * sizeof(*(src)), \
		(src), sizeof(*(src)))
#define guest_read_va(dst, va)	arch_copy_from_guest((dst), (va), sizeof(*(dst)))
#define guest_write_va(va, src) arch_copy_to_guest((va), (src), sizeof(*(src)))

#endif
