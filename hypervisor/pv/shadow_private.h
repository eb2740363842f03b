/* SPDX-License-Identifier: BSD-2-Clause */
/* Between shadow.c and log_dirty.c. */
#ifndef SHADOW_PRIVATE_H
#define SHADOW_PRIVATE_H

#include <tenon/lock.h>
#include <tenon/page.h>
#include <tenon/shadow.h>

#define SHADOW_NONE 0 /* slots are numbered from 1 */

/* One shadow: of which table, of which level; where it is. */
struct shadow_slot {
	mfn_t table;
	uint64_t *entries;
	uint32_t next;
	uint8_t level; /* 0: of no table */
};

/* Stays with the domain once made; everything is guarded by lock. */
struct shadow {
	struct lock lock;
	bool is_on;
	uint32_t count; /* slots; 1 to count */
	struct shadow_slot *slots;
	uint32_t *buckets; /* by table; bucket_mask + 1 of them */
	uint32_t bucket_mask;
	/* Lists.  dead: CPUs may remember them, until a flush. */
	uint32_t free, dead;
	uint32_t free_count;
	uint64_t *bits; /* a bit a pfn */
	uint64_t pfns;	/* a multiple of 64 */
	struct shadow_stats stats;
};

/* Note a write to a frame of d, if it is d's; s->lock is held. */
void shadow_note_locked(struct shadow *s, const struct domain *d, mfn_t m);
bool shadow_is_noted(const struct shadow *s, mfn_t m);

/* Memory for count shadows; 0 or -ENOMEM.  And back. */
must_check int shadow_alloc_slots(struct shadow *s, uint32_t count);
void shadow_free_slots(struct shadow *s);
/* No shadow lets anybody write; s->lock is held. */
void shadow_protect_locked(struct shadow *s);

#endif
