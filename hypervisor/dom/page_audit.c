/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame table recounted from first principles. */
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include "../core/page_private.h"

struct tally {
	struct domain *d;
	uint64_t pages, shared;
};

static void check_tally(const struct tally *t)
{
	if (t->d && (t->pages != t->d->page_count ||
			    t->shared != t->d->shared_count))
		panic("d%u owns %lu + %lu frames, counted %lu + %lu", t->d->id,
			t->d->page_count, t->d->shared_count, t->pages,
			t->shared);
}

/* Each owner's frames are counted when its first one is met. */
static void audit_owner(struct domain *d)
{
	struct tally t = { .d = d };

	for (uint64_t m = 0; m < frame_count; m++) {
		uint64_t ref = frame_table[m].ref;

		if (ref >> PAGE_REF_OWNER_SHIFT != d->id ||
			!(ref & PAGE_REF_COUNT))
			continue;
		if (ref & PAGE_REF_SHARED)
			t.shared++;
		else
			t.pages++;
	}
	check_tally(&t);
}

void page_audit(void)
{
	uint64_t done[0x8000 / 64] = { 0 };

	(void)page_audit_free();
	for (uint64_t m = 0; m < frame_count; m++) {
		struct page *pg = &frame_table[m];
		uint64_t ref = pg->ref;
		domid_t owner = page_owner(pg);
		struct domain *d;

		if (!(ref & PAGE_REF_COUNT)) {
			if (ref & (PAGE_REF_ALLOCATED | PAGE_REF_SHARED))
				panic("frame %#lx: flags without references",
					m);
			continue;
		}
		if (ref & PAGE_REF_FREE)
			panic("frame %#lx is free and referenced", m);
		d = page_owner_domain(pg);
		if (!d)
			continue;
		if (d->id != owner)
			panic("frame %#lx: the owner table is wrong", m);
		if (!(done[owner / 64] >> (owner % 64) & 1)) {
			done[owner / 64] |= 1ULL << (owner % 64);
			audit_owner(d);
		}
		if (!(d->page_chunks[m >> 16] >> (m >> 10 & 63) & 1))
			panic("frame %#lx is not in d%u's chunk map", m, owner);
	}
}
