/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's grant table: its pages, the uses of its entries, and the handles
 * of its own mappings.
 */
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/string.h>
#include "grant_private.h"

/* The ABI counts map-track frames of 8-byte entries. */
#define MAPPINGS_PER_FRAME 512
/* Handles and references are 32 bits, and none is all ones. */
#define FRAMES_LIMIT (UINT32_MAX / MAPPINGS_PER_FRAME)
/* Attempts to change an entry that its guest keeps changing. */
#define ENTRY_RETRIES 16
/* Dying domains stop this often to look for other work. */
#define RELEASE_BATCH 64

/* An entry as one word: flags 0..15, grantee 16..31, frame 32..63. */
union entry_word {
	struct grant_entry_v1 e;
	uint64_t word;
};

static int alloc_arrays(struct grant_table *t, unsigned max_frames)
{
	t->shared = heap_alloc_array(max_frames, sizeof(*t->shared));
	t->active = heap_alloc_array(max_frames, sizeof(*t->active));
	return t->shared && t->active ? 0 : -ENOMEM;
}

int grant_init(struct domain *d, unsigned max_frames, unsigned max_maptrack)
{
	struct grant_table *t;

	if (max_frames > FRAMES_LIMIT || max_maptrack > FRAMES_LIMIT)
		return -EINVAL;
	t = heap_alloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	lock_init(&t->lock, LOCK_GRANT);
	lock_init(&t->track_lock, LOCK_MAPTRACK);
	t->max_frames = max_frames;
	t->max_mappings = max_maptrack * MAPPINGS_PER_FRAME;
	d->grants = t;
	if (max_frames && alloc_arrays(t, max_frames)) {
		grant_free(d);
		return -ENOMEM;
	}
	return 0;
}

void grant_free(struct domain *d)
{
	struct grant_table *t = d->grants;

	BUG_ON(t->mappings_used);
	d->grants = NULL;
	for (unsigned i = 0; t->active && i < t->frames; i++) {
		/* A domain that was never published has its pages yet. */
		if (!t->is_gone)
			page_unshare(t->shared[i]);
		heap_free(t->active[i]);
	}
	for (unsigned i = 0; i < t->track_slots; i++)
		heap_free(t->track[i]);
	heap_free(t->track);
	heap_free(t->shared);
	heap_free(t->active);
	heap_free(t);
}

struct grant_active *grant_active_locked(struct grant_table *t, uint32_t ref)
{
	if (t->is_gone || ref / ENTRIES_PER_FRAME >= t->frames)
		return NULL;
	return &t->active[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
}

struct grant_entry_v1 *grant_shared_locked(struct grant_table *t, uint32_t ref)
{
	struct grant_entry_v1 *e =
		page_to_virt(t->shared[ref / ENTRIES_PER_FRAME]);

	return &e[ref % ENTRIES_PER_FRAME];
}

/* One more page of entries. */
static int grow_locked(struct domain *d, struct grant_table *t)
{
	struct grant_active *active =
		heap_alloc_array(ENTRIES_PER_FRAME, sizeof(*active));
	struct page *pg = active ? page_alloc(0, ALLOC_ZERO) : NULL;

	if (!pg) {
		heap_free(active);
		return -ENOMEM;
	}
	if (page_share(pg, d, true)) {
		page_free(pg, 0);
		heap_free(active);
		return -ENOMEM;
	}
	t->shared[t->frames] = pg;
	t->active[t->frames] = active;
	t->frames++;
	return 0;
}

int grant_table_frame(
	struct domain *d, unsigned i, bool is_status, struct page **pg)
{
	struct grant_table *t = d->grants;
	int r = 0;

	if (!t || is_status)
		return -EINVAL;
	lock_take(&t->lock);
	if (i >= t->max_frames || t->is_gone || d->life != DOMAIN_ALIVE)
		r = -EINVAL;
	while (!r && t->frames <= i)
		r = grow_locked(d, t);
	if (!r)
		*pg = t->shared[i];
	lock_drop(&t->lock);
	return r;
}

void grant_table_size(struct domain *d, unsigned *frames, unsigned *max)
{
	lock_take(&d->grants->lock);
	*frames = d->grants->frames;
	*max = d->grants->max_frames;
	lock_drop(&d->grants->lock);
}

int grant_set_limits(struct domain *d, unsigned frames, unsigned maptrack)
{
	struct grant_table *t = d->grants;
	struct page **shared = t->shared;
	struct grant_active **active = t->active;
	int r = 0;

	if (!frames || frames > FRAMES_LIMIT || maptrack > FRAMES_LIMIT)
		return -EINVAL;
	lock_take(&t->lock);
	if (frames < t->frames || t->is_gone) {
		r = -EBUSY;
	} else if (alloc_arrays(t, frames)) {
		heap_free(t->shared);
		heap_free(t->active);
		t->shared = shared;
		t->active = active;
		r = -ENOMEM;
	} else {
		memcpy(t->shared, shared, t->frames * sizeof(*shared));
		memcpy(t->active, active, t->frames * sizeof(*active));
		heap_free(shared);
		heap_free(active);
		t->max_frames = frames;
		lock_take(&t->track_lock);
		t->max_mappings = maptrack * MAPPINGS_PER_FRAME;
		lock_drop(&t->track_lock);
	}
	lock_drop(&t->lock);
	return r;
}

/*
 * Set the in-use bits in the shared entry if it allows this use by user; *frame
 * is what it granted at that very moment.
 */
static int16_t mark_shared(struct grant_entry_v1 *shared, domid_t user,
	bool is_readonly, uint32_t *frame)
{
	union entry_word now, want;
	uint64_t *word = (uint64_t *)shared;

	now.word = atomic_read(word);
	for (unsigned i = 0; i < ENTRY_RETRIES; i++) {
		if ((now.e.flags & GTF_type_mask) != GTF_permit_access ||
			now.e.domid != user)
			return GNTST_general_error;
		if (!is_readonly && now.e.flags & GTF_readonly)
			return GNTST_general_error;
		want = now;
		want.e.flags |= GTF_reading | (is_readonly ? 0 : GTF_writing);
		if (atomic_cas(word, &now.word, want.word)) {
			*frame = want.e.frame;
			return GNTST_okay;
		}
	}
	return GNTST_general_error;
}

/* In-use bits fall after the last user. */
static void unmark_shared(
	struct grant_entry_v1 *shared, const struct grant_active *active)
{
	uint16_t idle = (active->uses ? 0 : GTF_reading) |
			(active->writes ? 0 : GTF_writing);

	if (idle)
		(void)atomic_and(&shared->flags, (uint16_t)~idle);
}

/* References for one use of a frame of granter. */
static bool get_frame(struct domain *granter, uint64_t frame, bool is_readonly)
{
	if (!mfn_valid(MFN(frame)))
		return false;
	if (is_readonly)
		return page_get(mfn_to_page(MFN(frame)), granter);
	return page_get_and_type(mfn_to_page(MFN(frame)), granter, PT_WRITABLE);
}

static int16_t acquire_locked(struct domain *granter, uint32_t ref,
	domid_t user, bool is_readonly, uint64_t *frame)
{
	struct grant_table *t = granter->grants;
	struct grant_active *active = grant_active_locked(t, ref);
	struct grant_entry_v1 *shared;
	uint32_t granted;
	int16_t status;

	if (!active)
		return GNTST_bad_gntref;
	if (granter->life != DOMAIN_ALIVE)
		return GNTST_bad_domain;
	if (active->uses && active->grantee != user)
		return GNTST_general_error;
	if (active->uses == UINT32_MAX)
		return GNTST_general_error;
	shared = grant_shared_locked(t, ref);
	/* In use like this already: what the entry says now changes nothing. */
	if (!active->uses || (!is_readonly && !active->writes)) {
		status = mark_shared(shared, user, is_readonly, &granted);
		if (status)
			return status;
		if (!active->uses) {
			active->frame = granted;
			active->grantee = user;
		}
	}
	if (!get_frame(granter, active->frame, is_readonly)) {
		unmark_shared(shared, active);
		return GNTST_general_error;
	}
	active->uses++;
	active->writes += !is_readonly;
	*frame = active->frame;
	return GNTST_okay;
}

int16_t grant_acquire(struct domain *granter, uint32_t ref,
	const struct domain *user, bool is_readonly, struct grant_use *use)
{
	struct grant_table *t = granter->grants;
	uint64_t frame;
	int16_t status;

	if (!t)
		return GNTST_bad_domain;
	if (!domain_may_talk(granter, user))
		return GNTST_permission_denied;
	lock_take(&t->lock);
	status = acquire_locked(granter, ref, user->id, is_readonly, &frame);
	lock_drop(&t->lock);
	if (status)
		return status;
	domain_ref(granter);
	*use = (struct grant_use){
		.granter = granter,
		.page = mfn_to_page(MFN(frame)),
		.ref = ref,
		.is_readonly = is_readonly,
	};
	return GNTST_okay;
}

void grant_release(const struct grant_use *use)
{
	struct grant_table *t = use->granter->grants;
	struct grant_active *active;

	if (use->is_readonly) {
		page_put(use->page);
	} else {
		pagetype_note_write(use->granter, use->page);
		page_put_and_type(use->page);
	}

	lock_take(&t->lock);
	active = &t->active[use->ref / ENTRIES_PER_FRAME]
			   [use->ref % ENTRIES_PER_FRAME];
	BUG_ON(!active->uses || (!use->is_readonly && !active->writes));
	active->uses--;
	active->writes -= !use->is_readonly;
	if (!t->is_gone)
		unmark_shared(grant_shared_locked(t, use->ref), active);
	lock_drop(&t->lock);
	domain_put(use->granter);
}

struct grant_mapping *grant_mapping_locked(
	struct grant_table *t, uint32_t handle)
{
	struct grant_mapping *m;

	if (handle >= t->mappings)
		return NULL;
	m = &t->track[handle / MAPPINGS_PER_PAGE][handle % MAPPINGS_PER_PAGE];
	return m->granter ? m : NULL;
}

static struct grant_mapping *entry_of(struct grant_table *t, uint32_t handle)
{
	return &t->track[handle / MAPPINGS_PER_PAGE]
			[handle % MAPPINGS_PER_PAGE];
}

/* One more page of handles; false: the limit is reached, or no memory. */
static bool grow_handles_locked(struct grant_table *t)
{
	struct grant_mapping *fresh;

	if (t->mappings >= t->max_mappings)
		return false;
	if (t->mappings / MAPPINGS_PER_PAGE >= t->track_slots) {
		unsigned slots = t->track_slots ? 2 * t->track_slots : 4;
		struct grant_mapping **track =
			heap_alloc_array(slots, sizeof(*track));

		if (!track)
			return false;
		if (t->track)
			memcpy(track, t->track,
				t->track_slots * sizeof(*track));
		heap_free(t->track);
		t->track = track;
		t->track_slots = slots;
	}
	fresh = heap_alloc_array(MAPPINGS_PER_PAGE, sizeof(*fresh));
	if (!fresh)
		return false;
	t->track[t->mappings / MAPPINGS_PER_PAGE] = fresh;
	for (unsigned i = MAPPINGS_PER_PAGE; i-- > 0;) {
		fresh[i].ref = t->free_handle;
		t->free_handle = t->mappings + i + 1;
	}
	t->mappings += MAPPINGS_PER_PAGE;
	return true;
}

bool grant_handle_alloc(struct grant_table *t, uint32_t *handle)
{
	bool is_done = false;

	lock_take(&t->track_lock);
	if (t->free_handle || grow_handles_locked(t)) {
		*handle = t->free_handle - 1;
		t->free_handle = entry_of(t, *handle)->ref;
		t->mappings_used++;
		is_done = true;
	}
	lock_drop(&t->track_lock);
	return is_done;
}

void grant_handle_free_locked(
	struct grant_table *t, struct grant_mapping *m, uint32_t handle)
{
	m->granter = NULL;
	m->flags = 0;
	m->ref = t->free_handle;
	t->free_handle = handle + 1;
	t->mappings_used--;
}

void grant_handle_free(struct grant_table *t, uint32_t handle)
{
	lock_take(&t->track_lock);
	grant_handle_free_locked(t, entry_of(t, handle), handle);
	lock_drop(&t->track_lock);
}

static void give_back_pages(struct domain *d)
{
	struct grant_table *t = d->grants;

	lock_take(&t->lock);
	if (!t->is_gone) {
		t->is_gone = true;
		for (unsigned i = 0; i < t->frames; i++)
			page_unshare(t->shared[i]);
	}
	lock_drop(&t->lock);
}

struct page *grant_page_in_use(struct domain *granter, uint32_t ref)
{
	struct grant_table *t = granter->grants;
	const struct grant_active *active;
	uint64_t frame;

	lock_take(&t->lock);
	active = &t->active[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
	BUG_ON(!active->uses);
	frame = active->frame;
	lock_drop(&t->lock);
	return mfn_to_page(MFN(frame));
}

int grant_release_mappings(struct domain *d)
{
	struct grant_table *t = d->grants;
	unsigned n = 0;

	/* No vcpu of d runs: nobody else changes the entries. */
	while (t->mappings_used && t->release_cursor < t->mappings) {
		uint32_t handle = t->release_cursor++;
		struct grant_mapping *m = entry_of(t, handle);
		struct grant_use use;

		if (!m->granter)
			continue;
		use.granter = m->granter;
		use.page = grant_page_in_use(m->granter, m->ref);
		use.ref = m->ref;
		use.is_readonly = m->flags & GNTMAP_readonly;
		grant_handle_free(t, handle);
		grant_release(&use);
		if (++n % RELEASE_BATCH == 0 && hypercall_should_yield())
			return -ERESTART_HC;
	}
	give_back_pages(d);
	return 0;
}
