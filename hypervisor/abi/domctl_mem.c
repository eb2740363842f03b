/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: a domain's memory, and its rights on the machine. */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pv.h>
#include <tenon/rangeset.h>
#include "domctl.h"

/* Frames asked about in one call, as stock. */
#define PAGE_INFO_MAX 1024
#define PORTS	      0x10000U

int domctl_max_mem(struct domctl *c)
{
	uint64_t pages = c->op.u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

	lock_take(&c->d->page_lock);
	c->d->page_max = pages;
	lock_drop(&c->d->page_lock);
	return 0;
}

/* Table or not, pinned or not; XTAB for what d does not own. */
static uint32_t page_info(struct domain *d, uint64_t frame)
{
	uint32_t info = XEN_DOMCTL_PFINFO_NOTAB;
	struct page *pg;
	uint64_t type;

	if (!mfn_valid(MFN(frame)))
		return XEN_DOMCTL_PFINFO_XTAB;
	pg = mfn_to_page(MFN(frame));
	if (!page_get(pg, d))
		return XEN_DOMCTL_PFINFO_XTAB;
	type = READ_ONCE(pg->type);
	if (type & TYPE_COUNT && type_is_table(type_of(type))) {
		/* Levels 1 to 4 in both numberings. */
		info = (uint32_t)(type_of(type) - PT_L1 + 1)
		       << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
		if (type & TYPE_PINNED)
			info |= XEN_DOMCTL_PFINFO_LPINTAB;
	}
	page_put(pg);
	return info;
}

int domctl_get_page_info(struct domctl *c)
{
	const struct xen_domctl_getpageframeinfo3 *arg =
		&c->op.u.getpageframeinfo3;

	if (arg->num > PAGE_INFO_MAX)
		return -E2BIG;
	for (uint64_t i = 0; i < arg->num; i++) {
		xen_pfn_t word;

		if (guest_read_at(&word, arg->array, i))
			return -EFAULT;
		word = page_info(c->d, word);
		if (guest_write_at(arg->array, i, &word))
			return -EFAULT;
	}
	return 0;
}

/*
 * Give the numbers [first, last] to d's set or take them away.  Who gives must
 * have them.
 */
static int change_rights(const struct domctl *c, struct rangeset *set,
	const struct rangeset *callers, uint64_t first, uint64_t last,
	bool is_allowed)
{
	int r;

	lock_take(&c->hc->d->lock);
	r = rangeset_contains(callers, first, last) ? 0 : -EPERM;
	lock_drop(&c->hc->d->lock);
	if (r)
		return r;
	lock_take(&c->d->lock);
	if (c->d->life != DOMAIN_ALIVE)
		r = -EINVAL;
	else if (is_allowed)
		r = rangeset_add(set, first, last);
	else
		r = rangeset_remove(set, first, last);
	lock_drop(&c->d->lock);
	return r;
}

int domctl_irq_permission(struct domctl *c)
{
	const struct xen_domctl_irq_permission *arg = &c->op.u.irq_permission;

	return change_rights(c, c->d->irqs, c->hc->d->irqs, arg->pirq,
		arg->pirq, arg->allow_access);
}

int domctl_iomem_permission(struct domctl *c)
{
	const struct xen_domctl_iomem_permission *arg =
		&c->op.u.iomem_permission;
	uint64_t last = arg->first_mfn + arg->nr_mfns - 1;

	if (last < arg->first_mfn || last >> (52 - PAGE_SHIFT))
		return -EINVAL;
	return change_rights(c, c->d->iomem, c->hc->d->iomem, arg->first_mfn,
		last, arg->allow_access);
}

int domctl_ioport_permission(struct domctl *c)
{
	const struct xen_domctl_ioport_permission *arg =
		&c->op.u.ioport_permission;

	if (arg->first_port >= PORTS || !arg->nr_ports ||
		arg->nr_ports > PORTS - arg->first_port)
		return -EINVAL;
	return change_rights(c, c->d->ioports, c->hc->d->ioports,
		arg->first_port, arg->first_port + arg->nr_ports - 1,
		arg->allow_access);
}

int domctl_hypercall_init(struct domctl *c)
{
	mfn_t mfn = MFN(c->op.u.hypercall_init.gmfn);
	struct page *pg;

	if (!mfn_valid(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	if (!page_get_and_type(pg, c->d, PT_WRITABLE))
		return -EINVAL;
	pv_fill_hypercall_page(page_to_virt(pg));
	page_put_and_type(pg);
	return 0;
}

/* There is one node, number 0. */
int domctl_set_nodes(struct domctl *c)
{
	uint64_t nodes;
	int r = bitmap_read(&c->op.u.nodeaffinity.nodemap, &nodes);

	if (r)
		return r;
	return nodes & 1 ? 0 : -EINVAL;
}

int domctl_get_nodes(struct domctl *c)
{
	return bitmap_write(&c->op.u.nodeaffinity.nodemap, 1);
}
