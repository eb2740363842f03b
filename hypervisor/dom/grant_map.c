/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mapping granted frames and taking the mappings away.  The references belong
 * to the grant, not to the page-table entry: they are dropped only after the
 * entry is gone and the TLBs are flushed.
 */
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <tenon/trace.h>
#include "grant_private.h"

static int16_t map(
	struct vcpu *v, struct gnttab_map_grant_ref *op, struct domain *granter)
{
	struct grant_table *mine = v->domain->grants;
	struct grant_mapping *m;
	struct grant_use use;
	uint32_t handle;
	int16_t status;

	if (!grant_handle_alloc(mine, &handle))
		return GNTST_no_device_space;
	status = grant_acquire(
		granter, op->ref, v->domain, op->flags & GNTMAP_readonly, &use);
	if (!status && op->flags & GNTMAP_host_map) {
		status = (int16_t)pt_grant_map(
			v, op->host_addr, page_to_mfn(use.page), op->flags);
		if (status)
			grant_release(&use);
	}
	if (status) {
		grant_handle_free(mine, handle);
		return status;
	}
	lock_take(&mine->track_lock);
	m = &mine->track[handle / MAPPINGS_PER_PAGE]
			[handle % MAPPINGS_PER_PAGE];
	m->ref = op->ref;
	m->flags = (uint16_t)(op->flags & MAPPING_KEPT);
	m->granter = granter; /* takes over the reference of use */
	lock_drop(&mine->track_lock);
	TRACE(TRC_MEM_PAGE_GRANT_MAP, op->dom);
	op->handle = handle;
	/* Without an IOMMU devices see machine addresses. */
	op->dev_bus_addr = page_to_mfn(use.page).v << PAGE_SHIFT;
	return GNTST_okay;
}

void grant_map(struct vcpu *v, struct gnttab_map_grant_ref *op)
{
	struct domain *granter;

	if (!(op->flags & MAPPING_USES)) {
		op->status = GNTST_bad_gntref;
		return;
	}
	granter = domain_get_or_self(op->dom);
	if (!granter) {
		op->status = GNTST_bad_domain;
		return;
	}
	op->status = map(v, op, granter);
	domain_put(granter);
}

/* Find the mapping and make it ours alone; *found is a copy of it. */
static int16_t claim(struct grant_table *t, struct grant_unmap *u,
	struct grant_mapping *found)
{
	struct grant_mapping *m;
	int16_t status = GNTST_okay;

	lock_take(&t->track_lock);
	m = grant_mapping_locked(t, u->handle);
	if (!m) {
		status = GNTST_bad_handle;
	} else if (m->flags & MAPPING_BUSY) {
		status = GNTST_general_error;
	} else {
		m->flags |= MAPPING_BUSY;
		*found = *m;
	}
	lock_drop(&t->track_lock);
	return status;
}

/* Not busy any more, and without these uses.  True: none is left, and the
 * handle is free. */
static bool unclaim(struct grant_table *t, uint32_t handle, unsigned uses)
{
	struct grant_mapping *m;
	bool is_unused;

	lock_take(&t->track_lock);
	m = grant_mapping_locked(t, handle);
	BUG_ON(!m || !(m->flags & MAPPING_BUSY));
	is_unused = !(m->flags & MAPPING_USES & ~uses);
	if (is_unused)
		grant_handle_free_locked(t, m, handle);
	else
		m->flags &= (uint16_t) ~(uses | MAPPING_BUSY);
	lock_drop(&t->track_lock);
	return is_unused;
}

int16_t grant_unmap_start(struct vcpu *v, struct grant_unmap *u)
{
	struct grant_table *t = v->domain->grants;
	struct grant_mapping m;
	int16_t status;

	u->granter = NULL;
	u->uses = 0;
	status = claim(t, u, &m);
	if (status)
		return status;
	u->page = grant_page_in_use(m.granter, m.ref);
	if (u->bus_addr && m.flags & GNTMAP_device_map) {
		if (u->bus_addr >> PAGE_SHIFT == page_to_mfn(u->page).v)
			u->uses |= GNTMAP_device_map;
		else
			status = GNTST_general_error;
	}
	if (!status && u->host_addr && m.flags & GNTMAP_host_map) {
		status = (int16_t)pt_grant_unmap(v, u->host_addr,
			page_to_mfn(u->page), m.flags, u->replace_va);
		u->uses |= GNTMAP_host_map;
	}
	if (status) {
		(void)unclaim(t, u->handle, 0);
		return status;
	}
	u->granter = m.granter;
	u->ref = m.ref;
	u->is_readonly = m.flags & GNTMAP_readonly;
	return GNTST_okay;
}

void grant_unmap_finish(struct vcpu *v, struct grant_unmap *u, unsigned count)
{
	struct grant_table *t = v->domain->grants;
	bool must_flush = false;

	for (unsigned i = 0; i < count; i++)
		must_flush |= u[i].granter && u[i].uses & GNTMAP_host_map;
	if (must_flush)
		pt_flush(v->domain);
	for (unsigned i = 0; i < count; i++) {
		struct grant_use use = {
			.granter = u[i].granter,
			.page = u[i].page,
			.ref = u[i].ref,
			.is_readonly = u[i].is_readonly,
		};

		if (!use.granter || !unclaim(t, u[i].handle, u[i].uses))
			continue;
		TRACE(TRC_MEM_PAGE_GRANT_UNMAP, use.granter->id);
		grant_release(&use);
	}
}
