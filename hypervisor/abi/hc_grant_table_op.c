/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grant_table_op hypercall: an operation on each element of an array.  When
 * other work waits it goes on later with the rest of the array.
 */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/grant.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <tenon/string.h>
#include <public/grant_table.h>

/* The domain whose table a query is about.  GNTST_*; okay: a reference. */
static int16_t get_target(struct domain *caller, domid_t id, struct domain **d)
{
	*d = domain_get_or_self(id);
	if (!*d)
		return GNTST_bad_domain;
	if ((*d)->grants && (*d == caller || domain_may_control(caller, *d)))
		return GNTST_okay;
	domain_put(*d);
	return GNTST_permission_denied;
}

/* An operation on one element at va; 0 or -EFAULT. */
static int do_map(struct vcpu *v, vaddr_t va)
{
	struct gnttab_map_grant_ref op;

	if (guest_read_va(&op, va))
		return -EFAULT;
	grant_map(v, &op);
	return guest_write_va(va, &op);
}

static int16_t list_frames(
	struct domain *d, const struct gnttab_setup_table *op)
{
	struct page *pg;
	xen_pfn_t frame;

	for (unsigned i = 0; i < op->nr_frames; i++) {
		if (grant_table_frame(d, i, false, &pg))
			return GNTST_general_error;
		frame = page_to_mfn(pg).v;
		if (guest_write_at(op->frame_list, i, &frame))
			return GNTST_bad_virt_addr;
	}
	return GNTST_okay;
}

static int do_setup_table(struct vcpu *v, vaddr_t va)
{
	struct gnttab_setup_table op;
	unsigned frames, max;
	struct page *pg;
	struct domain *d;

	if (guest_read_va(&op, va))
		return -EFAULT;
	op.status = get_target(v->domain, op.dom, &d);
	if (!op.status) {
		grant_table_size(d, &frames, &max);
		if (op.nr_frames > max ||
			(op.nr_frames && grant_table_frame(d, op.nr_frames - 1,
						 false, &pg)))
			op.status = GNTST_general_error;
		else
			op.status = list_frames(d, &op);
		domain_put(d);
	}
	return guest_write_va(va, &op);
}

static int do_query_size(struct vcpu *v, vaddr_t va)
{
	struct gnttab_query_size op;
	struct domain *d;

	if (guest_read_va(&op, va))
		return -EFAULT;
	op.status = get_target(v->domain, op.dom, &d);
	if (!op.status) {
		unsigned frames, max;

		grant_table_size(d, &frames, &max);
		op.nr_frames = frames;
		op.max_nr_frames = max;
		domain_put(d);
	}
	return guest_write_va(va, &op);
}

static int do_copy(struct vcpu *v, vaddr_t va)
{
	struct gnttab_copy op;

	if (guest_read_va(&op, va))
		return -EFAULT;
	grant_copy(v->domain, &op);
	return guest_write_va(va, &op);
}

static int do_transfer(struct vcpu *v, vaddr_t va)
{
	struct gnttab_transfer op;

	if (guest_read_va(&op, va))
		return -EFAULT;
	grant_transfer(v->domain, &op);
	return guest_write_va(va, &op);
}

static int do_swap(struct vcpu *v, vaddr_t va)
{
	struct gnttab_swap_grant_ref op;

	if (guest_read_va(&op, va))
		return -EFAULT;
	op.status = grant_swap(v->domain, op.ref_a, op.ref_b);
	return guest_write_va(va, &op);
}

/* Version 1 has no status frames. */
static int do_get_status_frames(struct vcpu *v, vaddr_t va)
{
	struct gnttab_get_status_frames op;
	struct domain *d;

	if (guest_read_va(&op, va))
		return -EFAULT;
	op.status = get_target(v->domain, op.dom, &d);
	if (!op.status) {
		op.status = GNTST_general_error;
		domain_put(d);
	}
	return guest_write_va(va, &op);
}

static int get_version(struct vcpu *v, vaddr_t va)
{
	struct gnttab_get_version op;
	struct domain *d;

	if (guest_read_va(&op, va))
		return -EFAULT;
	switch (get_target(v->domain, op.dom, &d)) {
	case GNTST_okay:
		break;
	case GNTST_bad_domain:
		return -ESRCH;
	default:
		return -EPERM;
	}
	domain_put(d);
	op.version = 1;
	return guest_write_va(va, &op);
}

/* Both results: the error is returned, the version in force copied back. */
static int set_version(vaddr_t va)
{
	struct gnttab_set_version op;
	int r = 0;

	if (guest_read_va(&op, va))
		return -EFAULT;
	if (op.version == 2)
		r = -ENOSYS;
	else if (op.version != 1)
		r = -EINVAL;
	op.version = 1;
	return guest_write_va(va, &op) ? -EFAULT : r;
}

static const struct {
	int (*fn)(struct vcpu *v, vaddr_t va);
	unsigned size; /* bytes of an element */
	bool is_single;
} ops[] = {
	[GNTTABOP_map_grant_ref] = { do_map,
		sizeof(struct gnttab_map_grant_ref), false },
	[GNTTABOP_setup_table] = { do_setup_table,
		sizeof(struct gnttab_setup_table), true },
	[GNTTABOP_transfer] = { do_transfer, sizeof(struct gnttab_transfer),
		false },
	[GNTTABOP_copy] = { do_copy, sizeof(struct gnttab_copy), false },
	[GNTTABOP_query_size] = { do_query_size,
		sizeof(struct gnttab_query_size), true },
	[GNTTABOP_get_status_frames] = { do_get_status_frames,
		sizeof(struct gnttab_get_status_frames), true },
	[GNTTABOP_swap_grant_ref] = { do_swap,
		sizeof(struct gnttab_swap_grant_ref), false },
};

/* To be entered again for what is left from element i on. */
static long go_on_at(struct hypercall *hc, uint64_t i, unsigned size)
{
	hc->arg[1] += i * size;
	hc->arg[2] -= i;
	return -ERESTART_HC;
}

/* Both kinds of unmapping have the same layout but for the second field. */
union unmap_op {
	struct gnttab_unmap_grant_ref unmap;
	struct gnttab_unmap_and_replace replace;
};

_Static_assert(
	sizeof(struct gnttab_unmap_grant_ref) ==
			sizeof(struct gnttab_unmap_and_replace) &&
		offsetof(struct gnttab_unmap_grant_ref, status) ==
			offsetof(struct gnttab_unmap_and_replace, status),
	"one loop serves both");

/*
 * A batch of n elements at va: mappings go, one flush, references go, and only
 * then the results.  The number done, or -EFAULT.
 */
static int unmap_batch(struct vcpu *v, vaddr_t va, unsigned n, bool is_replace)
{
	struct grant_unmap u[GRANT_UNMAP_BATCH];
	int16_t status[GRANT_UNMAP_BATCH];
	union unmap_op op;
	unsigned i;
	int r = 0;

	for (i = 0; i < n; i++) {
		if (guest_read_va(&op, va + i * sizeof(op))) {
			r = -EFAULT;
			break;
		}
		u[i] = (struct grant_unmap){
			.host_addr = op.unmap.host_addr,
			.handle = op.unmap.handle,
		};
		if (is_replace)
			u[i].replace_va = op.replace.new_addr;
		else
			u[i].bus_addr = op.unmap.dev_bus_addr;
		status[i] = grant_unmap_start(v, &u[i]);
	}
	grant_unmap_finish(v, u, i);
	while (i-- > 0)
		if (arch_copy_to_guest(
			    va + i * sizeof(op) +
				    offsetof(union unmap_op, unmap.status),
			    &status[i], sizeof(status[i])))
			r = -EFAULT;
	return r;
}

static long unmap_all(struct hypercall *hc, bool is_replace)
{
	uint64_t count = hc->arg[2], i = 0;

	while (i < count) {
		unsigned n = (unsigned)MIN(count - i, GRANT_UNMAP_BATCH);

		if (unmap_batch(hc->v, hc->arg[1] + i * sizeof(union unmap_op),
			    n, is_replace))
			return -EFAULT;
		i += n;
		if (i < count && hypercall_should_yield())
			return go_on_at(hc, i, sizeof(union unmap_op));
	}
	return 0;
}

long hc_grant_table_op(struct hypercall *hc)
{
	unsigned cmd = (unsigned)hc->arg[0];
	uint64_t count = (uint32_t)hc->arg[2];
	int r;

	if (count > INT32_MAX)
		return -EINVAL;
	hc->arg[2] = count;
	switch (cmd) {
	case GNTTABOP_unmap_grant_ref:
		return unmap_all(hc, false);
	case GNTTABOP_unmap_and_replace:
		return unmap_all(hc, true);
	/* These two look at no count. */
	case GNTTABOP_set_version:
		return set_version(hc->arg[1]);
	case GNTTABOP_get_version:
		return get_version(hc->v, hc->arg[1]);
	case GNTTABOP_cache_flush:
		return -EOPNOTSUPP;
	}
	if (cmd >= ARRAY_SIZE(ops) || !ops[cmd].fn)
		return -ENOSYS;
	if (ops[cmd].is_single && count != 1)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		if (i && hypercall_should_yield())
			return go_on_at(hc, i, ops[cmd].size);
		r = ops[cmd].fn(hc->v, hc->arg[1] + i * ops[cmd].size);
		if (r)
			return r;
	}
	return 0;
}
