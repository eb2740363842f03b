/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for small objects that name each other by 32-bit references.
 *
 * One arena serves the whole process: a range of addresses that is reserved
 * once and backed piece by piece as it is used. A reference counts units of
 * ARENA_UNIT bytes from its start; 0 is nothing. Objects of one class of
 * size share a list of free ones, and memory is never given back. Growing
 * calls mprotect(), in a sandbox too. One thread.
 */
#ifndef XENSTORED_ARENA_H
#define XENSTORED_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_UNIT 8u
/* The largest object. */
#define ARENA_MAX 16384u
/* Three of the largest nodes for each level of the deepest sibling tree. */
#define ARENA_RESERVE ((size_t)2 << 20)

extern char *arena_base;

/* An object of at least `size` bytes, not cleared; NULL without memory. */
void *arena_alloc(size_t size);
/*
 * Makes the next allocations possible, of ARENA_RESERVE bytes in all: an
 * edit that must not stop half way asks for that first. -ENOMEM.
 */
int arena_reserve(void);
/* Gives it back; `size` is what it was asked with. */
void arena_free(void *object, size_t size);
/* The bytes that an object of `size` takes. */
size_t arena_size(size_t size);

static inline void *arena_at(uint32_t ref)
{
	return ref ? arena_base + (size_t)ref * ARENA_UNIT : NULL;
}

static inline uint32_t arena_ref(const void *object)
{
	if (!object)
		return 0;
	return (uint32_t)((size_t)((const char *)object - arena_base) /
			  ARENA_UNIT);
}

#endif
