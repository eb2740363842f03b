/* SPDX-License-Identifier: BSD-2-Clause */
/* Initial page tables of a PV guest; entries hold machine frames. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <tenonctrl/build_pv.h>

#define PAGE	4096ULL
#define ENTRIES 512U
#define P	0x001ULL /* present */
#define RW	0x002ULL
#define US	0x004ULL
#define A	0x020ULL
#define D	0x040ULL
#define LEAF	(P | A | D)
/* A guest's kernel runs in ring 3: its upper levels must let it through. */
#define UPPER (P | RW | US | A | D)

static unsigned int slot(uint64_t va, unsigned int level)
{
	return va >> (12 + 9 * (level - 1)) & (ENTRIES - 1);
}

/* Hangs a fresh table under table[at]; NULL when the pool is used up. */
static uint64_t *grow(struct pv_tables *pool, uint64_t *table, unsigned int at,
	const xen_pfn_t *p2m)
{
	uint64_t *fresh;

	if (pool->used == pool->count)
		return NULL;
	fresh = pool->base + pool->used * ENTRIES;
	table[at] = p2m[pool->pfn + pool->used] * PAGE | UPPER;
	pool->used++;
	return fresh;
}

int pv_tables_map(struct pv_tables *pool, uint64_t *l4, uint64_t va,
	uint64_t pfn, uint64_t count, const xen_pfn_t *p2m,
	const struct pv_tables *read_only)
{
	/* The tables on the way to `va`, by level; [4] is the root. */
	uint64_t *table[5] = { NULL, NULL, NULL, NULL, l4 };

	for (uint64_t i = 0; i < count; i++, va += PAGE, pfn++) {
		bool fixed = read_only && pfn >= read_only->pfn &&
			     pfn < read_only->pfn + read_only->count;
		bool fresh = i == 0;

		for (unsigned int level = 4; level > 1; level--) {
			/* A new table below as soon as this slot is new. */
			fresh |= !(va & ((PAGE << 9 * (level - 1)) - 1));
			if (!fresh)
				continue;
			table[level - 1] =
				grow(pool, table[level], slot(va, level), p2m);
			if (!table[level - 1])
				return -ENOMEM;
		}
		table[1][slot(va, 1)] =
			p2m[pfn] * PAGE | LEAF | (fixed ? 0 : RW);
	}
	return 0;
}
