/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is given back all at once, of a bounded amount: what a hostile
 * text can make a parser allocate.
 */
#ifndef PYGRUB_ARENA_H
#define PYGRUB_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used;  /* bytes asked for so far */
	size_t limit; /* of those */
	bool is_full; /* more was asked for */
};

/* Zeroed bytes for any type; NULL beyond the limit or without memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy of `len` bytes, with a NUL behind. */
char *arena_text(struct arena *arena, const char *bytes, size_t len);
/* Frees everything; the arena can be used again. */
void arena_free(struct arena *arena);

#endif
