/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory freed all at once; see arena.h. */
#include <stdlib.h>
#include <string.h>
#include "arena.h"

#define BLOCK_SIZE 16384
#define ALIGN	   (sizeof(max_align_t))

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	max_align_t bytes[];
};

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t room;
	void *at;

	if (size > arena->limit - arena->used) {
		arena->is_full = true;
		return NULL;
	}
	room = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!block || room > block->size - block->used) {
		size_t fresh = room > BLOCK_SIZE ? room : BLOCK_SIZE;

		block = calloc(1, sizeof(*block) + fresh);
		if (!block)
			return NULL;
		block->size = fresh;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	at = (char *)block->bytes + block->used;
	block->used += room;
	arena->used += size;
	return at;
}

char *arena_text(struct arena *arena, const char *bytes, size_t len)
{
	char *text = arena_alloc(arena, len + 1);

	if (text)
		memcpy(text, bytes, len);
	return text;
}

void arena_free(struct arena *arena)
{
	struct arena_block *next;

	for (struct arena_block *block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	arena->blocks = NULL;
	arena->used = 0;
	arena->is_full = false;
}
