/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory_op hypercall: dispatch and the short operations.
 *
 * Paging, sharing, access control and memory on demand are not offered; they
 * answer as a build without them does.
 */
#include <tenon/boot.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include "memory_op.h"

int memory_get_target(
	const struct domain *caller, domid_t id, struct domain **d)
{
	*d = domain_get_or_self(id);
	if (!*d)
		return -ESRCH;
	if (*d == caller ||
		((*d)->shared_info && domain_may_control(caller, *d)))
		return 0;
	domain_put(*d);
	return -EPERM;
}

long memory_go_on(struct hypercall *hc, uint64_t start)
{
	hc->arg[0] = (hc->arg[0] & MEMORY_OP_MASK) | start << MEMORY_OP_BITS;
	return -ERESTART_HC;
}

/* An operation on struct xen_memory_domain: a number of frames. */
static long domain_query(struct hypercall *hc, unsigned op)
{
	const struct shared_info *shared;
	struct xen_memory_domain arg;
	struct domain *d;
	long r;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	r = memory_get_target(hc->d, arg.domid, &d);
	if (r)
		return r;
	switch (op) {
	case XENMEM_current_reservation:
		r = (long)d->page_count;
		break;
	case XENMEM_maximum_reservation:
		r = (long)(d->page_max & INT64_MAX);
		break;
	case XENMEM_maximum_gpfn:
		/* As the guest told us, which may be anything; the page goes
		 * when the domain is killed. */
		shared = atomic_read(&d->shared_info);
		r = -ESRCH;
		if (shared) {
			r = (long)(READ_ONCE(shared->arch.max_pfn) & INT64_MAX);
			r -= r != 0;
		}
		break;
	}
	domain_put(d);
	return r;
}

/* Guests without a physmap of ours have nothing to add to. */
static long add_to_physmap(struct hypercall *hc)
{
	struct xen_add_to_physmap arg;
	struct domain *d;
	long r;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	r = memory_get_target(hc->d, arg.domid, &d);
	if (r)
		return r;
	domain_put(d);
	return -EACCES;
}

static long add_to_physmap_batch(struct hypercall *hc)
{
	struct xen_add_to_physmap_batch arg;
	struct domain *d;
	long r;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	r = memory_get_target(hc->d, arg.domid, &d);
	if (r)
		return r;
	domain_put(d);
	return -EACCES;
}

static long remove_from_physmap(struct hypercall *hc)
{
	struct xen_remove_from_physmap arg;
	struct domain *d;
	long r;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	r = memory_get_target(hc->d, arg.domid, &d);
	if (r)
		return r;
	domain_put(d);
	return -EACCES;
}

/* No device has memory mapped one to one: there is no IOMMU in use. */
static long reserved_device_memory(struct hypercall *hc)
{
	struct xen_reserved_device_memory_map arg;

	if (guest_read_va(&arg, hc->arg[1]))
		return -EFAULT;
	if (arg.flags & ~(uint32_t)XENMEM_RDM_ALL)
		return -EINVAL;
	arg.nr_entries = 0;
	return guest_write_va(hc->arg[1], &arg);
}

long hc_memory_op(struct hypercall *hc)
{
	unsigned op = (unsigned)(hc->arg[0] & MEMORY_OP_MASK);
	uint64_t start = hc->arg[0] >> MEMORY_OP_BITS;

	switch (op) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return memory_reserve(hc, op, start);
	case XENMEM_claim_pages:
		return memory_claim(hc);
	case XENMEM_exchange:
		return memory_exchange(hc);
	case XENMEM_maximum_ram_page:
		return (long)frame_count;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return domain_query(hc, op);
	case XENMEM_memory_map:
		return memory_get_map(hc);
	case XENMEM_machine_memory_map:
		return memory_get_machine_map(hc);
	case XENMEM_set_memory_map:
		return memory_set_map(hc);
	case XENMEM_machphys_mfn_list:
		return memory_machphys_list(hc);
	case XENMEM_machphys_mapping:
		return memory_machphys_mapping(hc);
	case XENMEM_add_to_physmap:
		return add_to_physmap(hc);
	case XENMEM_add_to_physmap_batch:
		return add_to_physmap_batch(hc);
	case XENMEM_remove_from_physmap:
		return remove_from_physmap(hc);
	case XENMEM_machphys_compat_mfn_list:
	case XENMEM_get_vnumainfo:
		return -EOPNOTSUPP;
	case XENMEM_set_pod_target:
	case XENMEM_get_pod_target:
		/* Of paravirtual guests all memory is there. */
		return -EINVAL;
	case XENMEM_reserved_device_memory_map:
		return reserved_device_memory(hc);
	case XENMEM_acquire_resource:
		return memory_acquire_resource(hc, start);
	case XENMEM_get_sharing_freed_pages:
	case XENMEM_get_sharing_shared_pages:
		return 0;
	default:
		return -ENOSYS;
	}
}
