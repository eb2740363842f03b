/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl shadow_op: which frames of a guest were written to. */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/shadow.h>
#include <tenon/string.h>
#include "domctl.h"

#define TABLES_PER_MIB (MIB(1) / PAGE_SIZE)
#define ALLOCATION_MAX 1024 /* MiB */
#define WORDS	       64   /* of the map at a time */

/* Its vcpu_infos are written to at any time: never clean. */
static void note_vcpu_infos(struct domain *d)
{
	struct vcpu *v;

	vcpu_for_each (d, v)
		if (v->vcpu_info_page)
			pagetype_note_write(d, v->vcpu_info_page);
}

/* One piece of the map, of count bits from first on. */
static int copy_piece(struct domain *d, struct xen_domctl_shadow_op *op,
	uint64_t first, uint64_t count, bool clean)
{
	uint64_t words[WORDS], n = DIV_UP(count, 64);

	for (uint64_t i = 0; i < n; i++)
		words[i] = clean ? shadow_take(d, first + i * 64)
				 : shadow_peek(d, first + i * 64);
	if (!op->dirty_bitmap.va)
		return 0;
	if (count % 64) {
		uint64_t asked = (1ULL << count % 64) - 1;

		/* What nobody asked for is not lost. */
		if (clean)
			shadow_give(
				d, first + (n - 1) * 64, words[n - 1] & ~asked);
		words[n - 1] &= asked;
	}
	if (!arch_copy_to_guest(
		    op->dirty_bitmap.va + first / 8, words, DIV_UP(count, 8)))
		return 0;
	for (uint64_t i = 0; clean && i < n; i++)
		shadow_give(d, first + i * 64, words[i]);
	return -EFAULT;
}

static int read_map(struct domctl *c, bool clean)
{
	struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;
	struct domain *d = c->d;
	struct shadow_stats stats;
	int r = 0;

	if (!d->is_followed || op->mode & ~XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL)
		return -EINVAL;
	domain_pause(d);
	if (clean)
		shadow_protect(d);
	note_vcpu_infos(d);
	op->pages = MIN(op->pages, shadow_pfns(d));
	for (uint64_t at = 0; !r && at < op->pages; at += WORDS * 64)
		r = copy_piece(
			d, op, at, MIN(op->pages - at, WORDS * 64), clean);
	stats = shadow_read_stats(d, clean && !r);
	op->stats.fault_count = stats.faults;
	op->stats.dirty_count = stats.dirty;
	domain_unpause(d);
	c->must_copy_back = !r;
	return r;
}

static int enable(struct domctl *c)
{
	int r;

	domain_pause(c->d);
	r = c->d->life == DOMAIN_ALIVE
		    ? shadow_enable(
			      c->d, c->d->shadow_mib * (uint32_t)TABLES_PER_MIB)
		    : -EINVAL;
	domain_unpause(c->d);
	return r;
}

static int disable(struct domctl *c)
{
	domain_pause(c->d);
	shadow_disable(c->d);
	domain_unpause(c->d);
	return 0;
}

/* Memory for it counts when it is enabled next. */
static int set_allocation(struct domctl *c)
{
	uint32_t mib = c->op.u.shadow_op.mb;

	if (mib > ALLOCATION_MAX)
		return -ENOMEM;
	if (c->d->is_followed)
		return -EBUSY;
	c->d->shadow_mib = mib;
	return 0;
}

static int get_allocation(struct domctl *c)
{
	uint32_t tables = shadow_tables(c->d);

	c->op.u.shadow_op.mb = tables ? (uint32_t)DIV_UP(tables, TABLES_PER_MIB)
				      : c->d->shadow_mib;
	c->must_copy_back = true;
	return 0;
}

int domctl_shadow(struct domctl *c)
{
	const struct xen_domctl_shadow_op *op = &c->op.u.shadow_op;

	/* Nobody can stop himself. */
	if (c->d == c->hc->d)
		return -EINVAL;
	switch (op->op) {
	case XEN_DOMCTL_SHADOW_OP_OFF:
		return disable(c);
	case XEN_DOMCTL_SHADOW_OP_ENABLE:
		if (op->mode != XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY)
			return -EINVAL;
		return enable(c);
	case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY:
		return enable(c);
	case XEN_DOMCTL_SHADOW_OP_CLEAN:
		return read_map(c, true);
	case XEN_DOMCTL_SHADOW_OP_PEEK:
		return read_map(c, false);
	case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
		return get_allocation(c);
	case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
		return set_allocation(c);
	default:
		return -EINVAL;
	}
}
