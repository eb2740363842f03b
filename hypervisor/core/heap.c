/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's heap.  Small objects: pages cut into equal pieces, with a
 * header at the page's end that lists the free ones; an empty page goes back
 * at once.  Large ones: whole frames, no more than needed.
 */
#include <tenon/list.h>
#include <tenon/lock.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/poison.h>
#include <tenon/string.h>
#include "page_private.h"

struct slab {
	struct list link; /* in partial[class], unless full */
	uint16_t free;	  /* offset of the first free piece; 0xffff: none */
	uint16_t used;	  /* pieces in use */
	uint16_t class;
	uint16_t pad;
};

#define SLAB_SPACE (PAGE_SIZE - sizeof(struct slab))
#define NO_PIECE   0xffff

/* Multiples of 16, chosen so that little of a page is left over. */
static const uint16_t sizes[] = { 16, 32, 48, 64, 96, 128, 192, 256, 384, 512,
	672, 1008, 1344, 2032 };
#define CLASSES ARRAY_SIZE(sizes)

/*
 * What the first frame's type word says of it (its owner is nobody): a slab,
 * or a number of frames.
 */
#define HEAP_SLAB   (1ULL << 62)
#define HEAP_FRAMES (1ULL << 61)

static struct list partial[CLASSES];
static bool is_ready;
static size_t used_bytes;
static struct lock heap_lock = LOCK_INIT(LOCK_HEAP);

static struct slab *slab_of(const struct page *pg)
{
	return (struct slab *)((uint8_t *)page_to_virt(pg) + SLAB_SPACE);
}

void heap_reset(void)
{
	for (unsigned i = 0; i < CLASSES; i++)
		list_init(&partial[i]);
	used_bytes = 0;
	is_ready = true;
	lock_init(&heap_lock, LOCK_HEAP);
}

static struct slab *new_slab(unsigned class)
{
	struct page *pg = page_alloc(0, 0);
	unsigned size = sizes[class];
	uint8_t *base;
	struct slab *s;

	if (!pg)
		return NULL;
	pg->type = HEAP_SLAB;
	base = page_to_virt(pg);
	s = slab_of(pg);
	s->class = (uint16_t) class;
	s->used = 0;
	s->free = NO_PIECE;
	for (unsigned at = SLAB_SPACE / size * size; at; at -= size) {
		*(uint16_t *)(base + at - size) = s->free;
		s->free = (uint16_t)(at - size);
	}
	memory_forbid(base, SLAB_SPACE);
	list_add(&s->link, &partial[class]);
	return s;
}

static void *alloc_piece(unsigned class, size_t size)
{
	struct slab *s;
	uint8_t *base, *p;

	lock_take(&heap_lock);
	if (!is_ready) {
		for (unsigned i = 0; i < CLASSES; i++)
			list_init(&partial[i]);
		is_ready = true;
	}
	s = list_is_empty(&partial[class])
		    ? new_slab(class)
		    : list_first_entry(&partial[class], struct slab, link);
	if (!s) {
		lock_drop(&heap_lock);
		return NULL;
	}
	base = (uint8_t *)((uintptr_t)s & PAGE_MASK);
	p = base + s->free;
	memory_allow(p, sizes[class]);
	s->free = *(uint16_t *)p;
	s->used++;
	if (s->free == NO_PIECE)
		list_del(&s->link);
	used_bytes += sizes[class];
	lock_drop(&heap_lock);
	memset(p, 0, sizes[class]);
	memory_forbid(p + size, sizes[class] - size);
	return p;
}

static void free_piece(struct page *pg, uint8_t *p)
{
	struct slab *s = slab_of(pg);
	uint8_t *base = page_to_virt(pg);
	unsigned size = sizes[s->class];

	BUG_ON((size_t)(p - base) % size || (size_t)(p - base) >= SLAB_SPACE);
	lock_take(&heap_lock);
	memory_allow(p, size);
	*(uint16_t *)p = s->free;
	memory_forbid(p, size);
	if (s->free == NO_PIECE)
		list_add(&s->link, &partial[s->class]);
	s->free = (uint16_t)(p - base);
	used_bytes -= size;
	if (--s->used == 0) {
		list_del(&s->link);
		memory_allow(base, SLAB_SPACE);
		pg->type = 0;
		page_free(pg, 0);
	}
	lock_drop(&heap_lock);
}

static void count_frames(int64_t bytes)
{
	lock_take(&heap_lock);
	used_bytes += (size_t)bytes;
	lock_drop(&heap_lock);
}

static void *alloc_frames(size_t size)
{
	uint64_t n = DIV_UP(size, PAGE_SIZE);
	unsigned order = n > 1 ? 64 - (unsigned)__builtin_clzll(n - 1) : 0;
	struct page *pg = page_alloc(order, ALLOC_ZERO);

	if (!pg)
		return NULL;
	if (n < 1ULL << order)
		page_free_count_of(pg + n, (1ULL << order) - n);
	pg->type = HEAP_FRAMES | n;
	count_frames((int64_t)(n << PAGE_SHIFT));
	return page_to_virt(pg);
}

void *heap_alloc(size_t size)
{
	if (size > (1ULL << (PAGE_ORDER_MAX + PAGE_SHIFT)) ||
		arch_alloc_fails())
		return NULL;
	for (unsigned class = 0; class < CLASSES; class ++)
		if (size <= sizes[class])
			return alloc_piece(class, size);
	return alloc_frames(size);
}

void *heap_alloc_array(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL
						       : heap_alloc(bytes);
}

void heap_free(void *p)
{
	struct page *pg;
	uint64_t n;

	if (!p)
		return;
	pg = virt_to_page(p);
	if (pg->type & HEAP_SLAB) {
		free_piece(pg, p);
		return;
	}
	n = pg->type & ~HEAP_FRAMES;
	BUG_ON(!(pg->type & HEAP_FRAMES) || (uintptr_t)p % PAGE_SIZE);
	count_frames(-(int64_t)(n << PAGE_SHIFT));
	page_free_count_of(pg, n);
}

size_t heap_used(void)
{
	return READ_ONCE(used_bytes);
}
