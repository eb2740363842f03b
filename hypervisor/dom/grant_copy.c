/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying between granted frames and the caller's own, giving frames away, and
 * the rest of what is done with grants.
 */
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/string.h>
#include "grant_private.h"

#define DUMP_MAX 64 /* uses that a dump shows of a domain */

/* One side of a copy: a frame held for it. */
struct side {
	struct page *page;
	struct grant_use use; /* with is_grant */
	bool is_grant, is_writable;
};

static int16_t get_grant(struct domain *d, const struct gnttab_copy_ptr *ptr,
	bool is_writable, struct side *side)
{
	struct domain *granter = domain_get_or_self(ptr->domid);
	int16_t status;

	if (!granter)
		return GNTST_bad_domain;
	status =
		grant_acquire(granter, ptr->u.ref, d, !is_writable, &side->use);
	domain_put(granter);
	if (!status)
		side->page = side->use.page;
	return status;
}

static int16_t get_own(struct domain *d, const struct gnttab_copy_ptr *ptr,
	bool is_writable, struct side *side)
{
	mfn_t mfn = MFN(ptr->u.gmfn);

	/* Frames of others are reached by grants alone. */
	if (ptr->domid != DOMID_SELF)
		return GNTST_permission_denied;
	if (!mfn_valid(mfn))
		return GNTST_bad_page;
	side->page = mfn_to_page(mfn);
	if (is_writable ? !page_get_and_type(side->page, d, PT_WRITABLE)
			: !page_get(side->page, d))
		return GNTST_bad_page;
	return GNTST_okay;
}

static int16_t get_side(struct domain *d, const struct gnttab_copy_ptr *ptr,
	bool is_grant, bool is_writable, struct side *side)
{
	side->is_grant = is_grant;
	side->is_writable = is_writable;
	return is_grant ? get_grant(d, ptr, is_writable, side)
			: get_own(d, ptr, is_writable, side);
}

static void put_side(const struct side *side)
{
	if (side->is_grant) {
		grant_release(&side->use);
	} else if (side->is_writable) {
		pagetype_note_write(current->domain, side->page);
		page_put_and_type(side->page);
	} else {
		page_put(side->page);
	}
}

static uint8_t *address_in(const struct side *side, uint16_t offset)
{
	return (uint8_t *)page_to_virt(side->page) + offset;
}

void grant_copy(struct domain *d, struct gnttab_copy *op)
{
	struct side from, to;

	if ((uint32_t)op->source.offset + op->len > PAGE_SIZE ||
		(uint32_t)op->dest.offset + op->len > PAGE_SIZE) {
		op->status = GNTST_bad_copy_arg;
		return;
	}
	op->status = get_side(
		d, &op->source, op->flags & GNTCOPY_source_gref, false, &from);
	if (op->status)
		return;
	op->status = get_side(
		d, &op->dest, op->flags & GNTCOPY_dest_gref, true, &to);
	if (!op->status) {
		memmove(address_in(&to, op->dest.offset),
			address_in(&from, op->source.offset), op->len);
		put_side(&to);
	}
	put_side(&from);
}

/* The entry by which heir wants to receive a frame of d: committed, so that
 * its guest keeps its hands off. */
static struct grant_entry_v1 *commit_entry(
	struct domain *heir, uint32_t ref, domid_t from)
{
	struct grant_table *t = heir->grants;
	struct grant_active *active = grant_active_locked(t, ref);
	struct grant_entry_v1 *shared;
	uint32_t now, want;

	if (!active || active->uses)
		return NULL;
	shared = grant_shared_locked(t, ref);
	/* Flags and domid are one aligned word. */
	now = GTF_accept_transfer | (uint32_t)from << 16;
	want = now | GTF_transfer_committed;
	return atomic_cas((uint32_t *)shared, &now, want) ? shared : NULL;
}

static int16_t give(
	struct domain *d, struct page *pg, struct domain *heir, uint32_t ref)
{
	struct grant_table *t = heir->grants;
	struct grant_entry_v1 *shared;
	int16_t status = GNTST_okay;

	lock_take(&t->lock);
	shared = commit_entry(heir, ref, d->id);
	if (!shared) {
		status = GNTST_bad_gntref;
	} else if (page_assign(pg, heir)) {
		(void)atomic_and(
			&shared->flags, (uint16_t)~GTF_transfer_committed);
		status = GNTST_general_error;
	} else {
		atomic_write(&shared->frame, (uint32_t)page_to_mfn(pg).v);
		(void)atomic_or(
			&shared->flags, (uint16_t)GTF_transfer_completed);
	}
	lock_drop(&t->lock);
	return status;
}

void grant_transfer(struct domain *d, struct gnttab_transfer *op)
{
	struct domain *heir;
	struct page *pg;

	op->status = GNTST_bad_page;
	if (!mfn_valid(MFN(op->mfn)))
		return;
	pg = mfn_to_page(MFN(op->mfn));
	if (!page_get(pg, d))
		return;
	heir = domain_get(op->domid);
	if (!heir || !heir->grants || heir == d) {
		op->status = GNTST_bad_domain;
		page_put(pg);
		goto out;
	}
	if (!domain_may_talk(d, heir)) {
		op->status = GNTST_permission_denied;
		page_put(pg);
		goto out;
	}
	if (page_steal(pg, d)) {
		page_put(pg);
		goto out;
	}
	/* d may remember translations of it. */
	pt_flush(d);
	op->status = give(d, pg, heir, op->ref);
	if (op->status)
		page_free_stolen(pg);
out:
	if (heir)
		domain_put(heir);
}

int16_t grant_swap(struct domain *d, uint32_t a, uint32_t b)
{
	struct grant_table *t = d->grants;
	struct grant_active *active_a, *active_b;
	int16_t status = GNTST_okay;

	lock_take(&t->lock);
	active_a = grant_active_locked(t, a);
	active_b = grant_active_locked(t, b);
	if (!active_a || !active_b) {
		status = GNTST_bad_gntref;
	} else if (active_a->uses || active_b->uses) {
		status = GNTST_eagain;
	} else if (a != b) {
		uint64_t *x = (uint64_t *)grant_shared_locked(t, a);
		uint64_t *y = (uint64_t *)grant_shared_locked(t, b);

		atomic_write(x, atomic_swap(y, atomic_read(x)));
	}
	lock_drop(&t->lock);
	return status;
}

void grant_dump(struct domain *d)
{
	struct grant_table *t = d->grants;
	unsigned shown = 0;

	lock_take(&t->lock);
	log_info("d%u: grants: %u of %u pages, %u mappings of others", d->id,
		t->frames, t->max_frames, t->mappings_used);
	for (uint32_t ref = 0; ref < t->frames * ENTRIES_PER_FRAME; ref++) {
		const struct grant_active *a = grant_active_locked(t, ref);

		if (!a || !a->uses || shown++ >= DUMP_MAX)
			continue;
		log_info("  %u to d%u: frame %#llx, %u uses, %u write", ref,
			(unsigned)a->grantee, (unsigned long long)a->frame,
			a->uses, a->writes);
	}
	lock_drop(&t->lock);
	log_info("d%u: %u grants in use%s", d->id, shown,
		shown > DUMP_MAX ? ", not all shown" : "");
}

/* Mappings of entry ref of granter that user has. */
static void count_mappings(const struct domain *user,
	const struct domain *granter, uint32_t ref, uint32_t *uses,
	uint32_t *writes)
{
	const struct grant_table *t = user->grants;

	for (uint32_t i = 0; t && i < t->mappings; i++) {
		const struct grant_mapping *m =
			&t->track[i / MAPPINGS_PER_PAGE][i % MAPPINGS_PER_PAGE];

		if (m->granter != granter || m->ref != ref)
			continue;
		BUG_ON(!(m->flags & MAPPING_USES) || m->flags & MAPPING_BUSY);
		(*uses)++;
		*writes += !(m->flags & GNTMAP_readonly);
	}
}

static void audit_entry(
	const struct domain *d, uint32_t ref, const struct grant_active *a)
{
	uint32_t uses = 0, writes = 0;
	struct domain *user;

	if (a->uses) {
		const struct page *pg = mfn_to_page(MFN(a->frame));

		BUG_ON(!mfn_valid(MFN(a->frame)) || page_owner(pg) != d->id);
		user = domain_get(a->grantee);
		BUG_ON(!user);
		count_mappings(user, d, ref, &uses, &writes);
		domain_put(user);
	}
	if (uses != a->uses || writes != a->writes)
		panic("grant %u of d%u: %u uses, %u writing, counted %u, %u",
			ref, d->id, a->uses, a->writes, uses, writes);
}

void grant_audit(const struct domain *d)
{
	const struct grant_table *t = d->grants;
	unsigned used = 0;

	if (!t)
		return;
	BUG_ON(t->frames > t->max_frames || t->mappings > t->max_mappings);
	for (unsigned i = 0; i < t->frames; i++)
		for (unsigned j = 0; j < ENTRIES_PER_FRAME; j++)
			audit_entry(d, (uint32_t)(i * ENTRIES_PER_FRAME + j),
				&t->active[i][j]);
	for (uint32_t i = 0; i < t->mappings; i++)
		used += t->track[i / MAPPINGS_PER_PAGE][i % MAPPINGS_PER_PAGE]
				.granter != NULL;
	BUG_ON(used != t->mappings_used);
}
