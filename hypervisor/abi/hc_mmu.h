/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the page-table hypercalls. */
#ifndef HC_MMU_H
#define HC_MMU_H

#include <tenon/hypercall.h>

/*
 * The domain that a foreigndom argument names: the caller, one that it may
 * control (referenced), or a pseudo-domain.  0, -ESRCH, -EPERM.
 */
must_check int mmu_foreign(domid_t id, struct domain **result);
void mmu_foreign_put(struct domain *d);

/* One request at va; 0, an error, or -ERESTART_HC: the same again. */
typedef int mmu_request_fn(struct hypercall *hc, vaddr_t va, void *context);

/*
 * The loop of mmu_update and mmuext_op: arg[0] points to arg[1] requests of
 * this size, the number done goes to arg[2].  Stops at the first error.
 */
long mmu_batch(
	struct hypercall *hc, mmu_request_fn *one, size_t size, void *context);

/* The CPUs of the vcpus in a guest's bit map.  0 or -EFAULT. */
must_check int mmu_vcpu_mask(struct domain *d, vaddr_t va, cpumask_t *result);

#endif
