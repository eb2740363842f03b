/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the page-table hypercalls. */
#ifndef HC_MMU_H
#define HC_MMU_H

#include <tenon/arch.h>
#include <tenon/errno.h>
#include <tenon/hypercall.h>
#include <tenon/pagetype.h>

/*
 * The domain that a foreigndom argument names: the caller, one that it may
 * control (referenced), or a pseudo-domain.  0, -ESRCH, -EPERM.
 */
must_check int mmu_foreign(domid_t id, struct domain **result);
void mmu_foreign_put(struct domain *d);

/* One request at va; 0, an error, or -ERESTART_HC: the same again. */
typedef int mmu_request_fn(struct hypercall *hc, vaddr_t va, void *context);

/*
 * The count as it comes: the top bit says that this is a continuation, whose
 * total of completed requests then stands in the upper half.  The guest sees
 * and may change it; it can only fool itself.
 */
#define COUNT_PREEMPTED (1U << 31)

/* Stores the number of completed requests, if the guest wants it. */
static inline long mmu_finish_batch(uint64_t done_va, unsigned done, int r)
{
	uint32_t value = done;

	if (done_va && arch_copy_to_guest(done_va, &value, sizeof(value)) && !r)
		r = -EFAULT;
	return r;
}

/*
 * The loop of mmu_update and mmuext_op: arg[0] points to arg[1] requests of
 * this size, the number done goes to arg[2].  Stops at the first error.
 */
static inline long mmu_batch(
	struct hypercall *hc, mmu_request_fn *one, size_t size, void *context)
{
	unsigned count = (uint32_t)hc->arg[1];
	unsigned before = 0, i = 0;
	int r = 0;

	if (count & COUNT_PREEMPTED) {
		count &= ~COUNT_PREEMPTED;
		before = (unsigned)(hc->arg[1] >> 32);
	}
	while (i < count) {
		r = one(hc, hc->arg[0] + i * size, context);
		if (r && r != -ERESTART_HC)
			break;
		if (!r) {
			i++;
			r = pt_finish(hc->v);
		}
		if (r || (i < count && hypercall_should_yield())) {
			hc->arg[0] += i * size;
			hc->arg[1] = (count - i) | COUNT_PREEMPTED |
				     (uint64_t)(before + i) << 32;
			return -ERESTART_HC;
		}
	}
	return mmu_finish_batch(hc->arg[2], before + i, r);
}

/* The CPUs of the vcpus in a guest's bit map.  0 or -EFAULT. */
must_check int mmu_vcpu_mask(struct domain *d, vaddr_t va, cpumask_t *result);

#endif
