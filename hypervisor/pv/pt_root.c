/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Roots, pins, walks by software, and the end of a domain's page tables.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/hypercall.h>
#include <tenon/panic.h>
#include <tenon/pv.h>
#include <tenon/shadow.h>
#include "pt_private.h"

static struct page *get_frame(struct domain *d, mfn_t m)
{
	struct page *pg;

	if (m.v >= frame_count)
		return NULL;
	pg = mfn_to_page(m);
	return page_get(pg, d) ? pg : NULL;
}

/* The pin takes over the caller's references.  false: pinned already. */
static bool set_pin(struct page *pg)
{
	return !(atomic_or(&pg->type, TYPE_PINNED) & TYPE_PINNED);
}

int pt_pin(struct domain *d, mfn_t table, unsigned level)
{
	struct page *pg;
	int r;

	if (level < 1 || level > 4)
		return -EINVAL;
	pg = get_frame(d, table);
	if (!pg)
		return -EINVAL;
	r = d->life == DOMAIN_ALIVE ? pagetype_get(pg, type_of_level(level))
				    : -EINVAL;
	if (r) {
		page_put(pg);
		return r;
	}
	if (set_pin(pg)) {
		pagetype_note_write(d, pg);
		return 0;
	}
	page_put_and_type(pg);
	return -EINVAL;
}

/* The pin goes with its type reference: at no time can two think that they
 * hold it, and it stays while the dropping is preempted. */
int pt_unpin(struct domain *d, mfn_t table)
{
	struct page *pg = get_frame(d, table);
	uint64_t old;
	int r;

	if (!pg)
		return -EINVAL;
	old = READ_ONCE(pg->type);
	do {
		if (!(old & TYPE_PINNED)) {
			page_put(pg);
			return -EINVAL;
		}
	} while (!atomic_cas(&pg->type, &old, old & ~TYPE_PINNED));
	r = pagetype_put_preemptible(pg);
	if (r) {
		/* Pinned anew while it was half undone: then this reference
		 * is one too many. */
		if (set_pin(pg)) {
			page_put(pg);
			return r;
		}
		pagetype_put(pg);
	}
	pagetype_note_write(d, pg);
	page_put(pg); /* the pin's */
	page_put(pg); /* ours */
	return 0;
}

static int drop_root(struct vcpu *v, mfn_t root)
{
	struct page *pg;
	int r;

	if (!root.v)
		return 0;
	pg = mfn_to_page(root);
	r = pagetype_put_preemptible(pg);
	if (r == -ERESTART_HC) {
		pt_leave(v, pg);
		return r;
	}
	page_put(pg);
	return 0;
}

int pt_new_root(struct vcpu *v, mfn_t root, bool is_user)
{
	mfn_t *slot = is_user ? &v->arch.user_root : &v->arch.root;
	mfn_t old = *slot;
	struct page *pg;
	int r;

	if (!root.v && !is_user)
		return -EINVAL;
	if (root.v == old.v) {
		/* To load the same root is to flush. */
		if (v == current && is_user != v->arch.in_kernel)
			arch_load_root(v);
		return 0;
	}
	if (root.v) {
		pg = get_frame(v->domain, root);
		if (!pg)
			return -EINVAL;
		r = v->domain->life == DOMAIN_ALIVE ? pagetype_get(pg, PT_L4)
						    : -EINVAL;
		if (r) {
			page_put(pg);
			return r;
		}
	}
	*slot = root;
	shadow_set_roots(v);
	if (v == current && is_user != v->arch.in_kernel)
		arch_load_root(v);
	/* On -ERESTART_HC the rest is left to v; the call is repeated and
	 * finds the root in place. */
	return drop_root(v, old);
}

bool pt_walk(const struct vcpu *v, vaddr_t va, mfn_t *table, unsigned *index)
{
	if (!is_canonical(va) || is_hypervisor_va(va))
		return false;
	*index = pte_index(va, 1);
	return pt_walk_down(v, va, table);
}

static bool present_entry(mfn_t table, unsigned index, uint64_t *entry)
{
	uint64_t e = READ_ONCE(((const uint64_t *)mfn_to_virt(table))[index]);

	if (!(e & PTE_PRESENT))
		return false;
	*entry = e;
	return true;
}

bool pt_lookup(const struct vcpu *v, vaddr_t va, uint64_t *entry)
{
	mfn_t table;
	unsigned index;

	return pt_walk(v, va, &table, &index) &&
	       present_entry(table, index, entry);
}

bool pt_lookup_kernel(const struct vcpu *v, vaddr_t va, uint64_t *entry)
{
	mfn_t table;

	return is_canonical(va) && !is_hypervisor_va(va) &&
	       pt_walk_from(v->arch.root, va, &table) &&
	       present_entry(table, pte_index(va, 1), entry);
}

int pt_update_va(
	struct vcpu *v, struct domain *foreign, vaddr_t va, uint64_t entry)
{
	const struct pt_change c = { v->domain, foreign, v, false };
	struct page *pg;
	bool is_light;
	mfn_t table;
	unsigned index;
	int r;

	if (!pt_walk(v, va, &table, &index))
		return -EINVAL;
	pg = mfn_to_page(table);
	is_light = fast_table_get(pg, v->domain, PT_L1);
	if (!is_light && !page_get_and_type(pg, v->domain, PT_L1))
		return -EINVAL;
	do {
		uint64_t *slot = &table_entries(pg)[index];

		r = pt_entry_swap(&c, slot, 1, index, READ_ONCE(*slot), entry);
	} while (r == -EAGAIN);
	if (!is_light)
		page_put_and_type(pg);
	else if (!fast_type_put(pg))
		pagetype_put(pg);
	return r;
}

struct relinquish {
	struct domain *d;
	unsigned done; /* frames since the last question whether to go on */
};

/* Asked once in so many frames; the first ones are always done. */
#define YIELD_FRAMES 64

static int yield_sometimes(struct relinquish *rel)
{
	if (rel->done++ != YIELD_FRAMES)
		return 0;
	rel->done = 0;
	return hypercall_should_yield() ? -ERESTART_HC : 0;
}

/* Pins, and what preempted validations left: all that a table may hold when
 * no root is loaded any more. */
static int drop_table(struct page *pg, void *arg)
{
	struct relinquish *rel = arg;
	uint64_t old = READ_ONCE(pg->type);
	int r = yield_sometimes(rel);

	if (r)
		return r;
	if (old & TYPE_PINNED)
		r = pt_unpin(rel->d, page_to_mfn(pg));
	if (r == -ERESTART_HC)
		return r;
	old = READ_ONCE(pg->type);
	if (old & TYPE_ORPHAN && (old & TYPE_COUNT) == 1) {
		/* Asking for any other type undoes it. */
		r = pagetype_get(pg, PT_WRITABLE);
		if (!r)
			pagetype_put(pg);
		if (r == -ERESTART_HC)
			return r;
	}
	return 0;
}

/* What is in use by others still: the last of them frees it. */
static int drop_frame(struct page *pg, void *arg)
{
	int r = drop_table(pg, arg);

	if (!r)
		(void)page_unalloc(pg);
	return r;
}

static int relinquish_vcpu(struct vcpu *v)
{
	mfn_t root = v->arch.root, user = v->arch.user_root;
	int r = pt_finish(v);

	if (r)
		return r;
	v->arch.root = MFN(0);
	shadow_set_roots(v);
	r = drop_root(v, root);
	if (r)
		return r;
	v->arch.user_root = MFN(0);
	shadow_set_roots(v);
	r = drop_root(v, user);
	if (r)
		return r;
	pv_destroy_gdt(v);
	pv_invalidate_ldt(v);
	return 0;
}

/* A CPU that idles, or runs another domain, forgets d's last root. */
static void leave_root(void *arg)
{
	struct domain *d = arg;

	if (current->domain != d)
		arch_load_root(current);
}

enum {
	RELINQUISH_ROOTS,
	RELINQUISH_TABLES,
	RELINQUISH_IDLE,
	RELINQUISH_FRAMES,
	RELINQUISH_DONE
};

static int drop_roots(struct domain *d)
{
	struct vcpu *v;
	int r;

	shadow_disable(d);
	arch_call(atomic_read(&d->tlb_cpus), leave_root, d);
	vcpu_for_each (d, v) {
		r = relinquish_vcpu(v);
		if (r)
			return r;
	}
	return 0;
}

/* Tables first: after them nearly all frames are idle, and go in runs. */
int pt_relinquish(struct domain *d)
{
	struct relinquish rel = { .d = d };
	uint64_t *cursor = &d->relinquish_cursor;
	int r;

	while (d->relinquish_step != RELINQUISH_DONE) {
		switch (d->relinquish_step) {
		case RELINQUISH_ROOTS:
			r = drop_roots(d);
			break;
		case RELINQUISH_TABLES:
			r = page_for_each(d, cursor, drop_table, &rel);
			break;
		case RELINQUISH_IDLE:
			r = page_free_idle(d, cursor);
			break;
		default:
			r = page_for_each(d, cursor, drop_frame, &rel);
			break;
		}
		if (r)
			return r;
		*cursor = 0;
		d->relinquish_step++;
	}
	return 0;
}
