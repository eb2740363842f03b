/* SPDX-License-Identifier: BSD-2-Clause */
/* The notes of writes, and the beginning and end of following a guest. */
#include <tenon/arch.h>
#include <tenon/bitmap.h>
#include <tenon/errno.h>
#include <tenon/panic.h>
#include <tenon/pv.h>
#include "pt_private.h"
#include "shadow_private.h"

/* Shadows by default: some of every process, and tables for all memory. */
#define TABLES_BASE	512
#define TABLES_LEAST	12
#define PAGES_PER_TABLE 128
/* pfns are the guest's word: a bit map of 32 MiB at most. */
#define PFNS_MAX (1ULL << 28)

void shadow_note_locked(struct shadow *s, const struct domain *d, mfn_t m)
{
	uint64_t pfn, bit;

	if (!is_ram(m) || page_owner(mfn_to_page(m)) != d->id)
		return;
	pfn = m2p[m.v];
	if (pfn >= s->pfns)
		return;
	bit = 1ULL << pfn % 64;
	if (!(s->bits[pfn / 64] & bit))
		s->stats.dirty++;
	s->bits[pfn / 64] |= bit;
}

bool shadow_is_noted(const struct shadow *s, mfn_t m)
{
	uint64_t pfn = is_ram(m) ? m2p[m.v] : s->pfns;

	return pfn < s->pfns && s->bits[pfn / 64] >> pfn % 64 & 1;
}

void shadow_note_write(struct domain *d, mfn_t m)
{
	struct shadow *s = d->shadow;
	uint64_t flags = lock_take_irq(&s->lock);

	if (s->is_on)
		shadow_note_locked(s, d, m);
	lock_drop_irq(&s->lock, flags);
}

/* As far as its pfns may go: what it may own, what it and its tools say. */
static uint64_t pfns_of(const struct domain *d)
{
	uint64_t n = MAX(d->page_max, d->max_pfn + 1);

	if (d->shared_info)
		n = MAX(n, READ_ONCE(d->shared_info->arch.max_pfn));
	n = MIN(n, PFNS_MAX);
	return ALIGN_UP(n, 64);
}

/* Made once, then d's for good: others may just look at it. */
static struct shadow *make(struct domain *d)
{
	struct shadow *s = d->shadow;

	if (!s) {
		s = heap_alloc(sizeof(*s));
		if (!s)
			return NULL;
		lock_init(&s->lock, LOCK_SHADOW);
		d->shadow = s;
	}
	return s;
}

int shadow_enable(struct domain *d, uint32_t tables)
{
	struct shadow *s = make(d);
	struct vcpu *v;
	uint64_t flags;
	int r;

	if (!s)
		return -ENOMEM;
	if (s->is_on)
		return -EINVAL;
	if (!tables)
		tables = TABLES_BASE +
			 (uint32_t)(d->page_count / PAGES_PER_TABLE);
	/* At least what all roots and some fills need. */
	tables = MAX(tables, TABLES_LEAST + 2 * d->vcpu_count);
	r = shadow_alloc_slots(s, tables);
	if (r)
		return r;
	s->pfns = pfns_of(d);
	s->bits = heap_alloc_array(s->pfns / 64, 8);
	if (!s->bits) {
		shadow_free_slots(s);
		return -ENOMEM;
	}
	s->stats = (struct shadow_stats){ 0 };
	flags = lock_take_irq(&s->lock);
	s->is_on = true;
	lock_drop_irq(&s->lock, flags);
	WRITE_ONCE(d->is_followed, true);
	vcpu_for_each (d, v) {
		shadow_set_roots(v);
		pv_prepare_bounce(v);
	}
	/* Translations of the guest's own tables must not be used any more. */
	pt_flush(d);
	return 0;
}

void shadow_disable(struct domain *d)
{
	struct shadow *s = d->shadow;
	struct vcpu *v;
	uint64_t flags, *bits;

	if (!s || !s->is_on)
		return;
	WRITE_ONCE(d->is_followed, false);
	vcpu_for_each (d, v) {
		shadow_set_roots(v);
		pv_prepare_bounce(v);
	}
	pt_flush(d);
	flags = lock_take_irq(&s->lock);
	s->is_on = false;
	bits = s->bits;
	s->bits = NULL;
	s->pfns = 0;
	lock_drop_irq(&s->lock, flags);
	heap_free(bits);
	shadow_free_slots(s);
}

void shadow_free(struct domain *d)
{
	shadow_disable(d);
	heap_free(d->shadow);
	d->shadow = NULL;
}

uint32_t shadow_tables(const struct domain *d)
{
	return d->shadow ? d->shadow->count : 0;
}

uint64_t shadow_pfns(struct domain *d)
{
	return d->shadow ? d->shadow->pfns : 0;
}

static uint64_t exchange(
	struct domain *d, uint64_t first, uint64_t keep, uint64_t add)
{
	struct shadow *s = d->shadow;
	uint64_t old = 0, flags = lock_take_irq(&s->lock);

	if (first < s->pfns) {
		old = s->bits[first / 64];
		s->bits[first / 64] = (old & keep) | add;
	}
	lock_drop_irq(&s->lock, flags);
	return old;
}

uint64_t shadow_peek(struct domain *d, uint64_t first)
{
	return exchange(d, first, ~0ULL, 0);
}

uint64_t shadow_take(struct domain *d, uint64_t first)
{
	return exchange(d, first, 0, 0);
}

void shadow_give(struct domain *d, uint64_t first, uint64_t bits)
{
	(void)exchange(d, first, ~0ULL, bits);
}

void shadow_protect(struct domain *d)
{
	struct shadow *s = d->shadow;
	uint64_t flags = lock_take_irq(&s->lock);

	shadow_protect_locked(s);
	lock_drop_irq(&s->lock, flags);
	pt_flush(d);
}

struct shadow_stats shadow_read_stats(struct domain *d, bool clean)
{
	struct shadow *s = d->shadow;
	uint64_t flags = lock_take_irq(&s->lock);
	struct shadow_stats now = s->stats;

	if (clean)
		s->stats = (struct shadow_stats){ 0 };
	lock_drop_irq(&s->lock, flags);
	return now;
}
