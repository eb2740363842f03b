/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmuext_op: pins, roots, flushes, the LDT, and pages cleared and copied for
 * the guest.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include "hc_mmu.h"

/* Entries of an LDT: SDM vol. 3A, section 3.5.1, 64 KiB. */
#define LDT_ENTRIES_MAX 8192

static int set_ldt(struct vcpu *v, vaddr_t base, unsigned entries)
{
	if (base & ~PAGE_MASK || entries > LDT_ENTRIES_MAX ||
		(entries && (!is_canonical(base) || is_hypervisor_va(base) ||
				    !is_canonical(base + entries * 8 - 1) ||
				    is_hypervisor_va(base + entries * 8 - 1))))
		return -EINVAL;
	if (v->arch.ldt_base == base && v->arch.ldt_entries == entries)
		return 0;
	pv_invalidate_ldt(v);
	v->arch.ldt_base = entries ? base : 0;
	v->arch.ldt_entries = entries;
	arch_show_descriptors(v);
	return 0;
}

/* A frame of the guest that it may write to now. */
static struct page *get_writable(struct domain *d, uint64_t mfn)
{
	struct page *pg;

	if (mfn >= frame_count)
		return NULL;
	pg = mfn_to_page(MFN(mfn));
	return page_get_and_type(pg, d, PT_WRITABLE) ? pg : NULL;
}

static int clear_page(struct domain *d, uint64_t mfn)
{
	struct page *pg = get_writable(d, mfn);

	if (!pg)
		return -EINVAL;
	memset(page_to_virt(pg), 0, PAGE_SIZE);
	page_put_and_type(pg);
	return 0;
}

static int copy_page(struct domain *d, uint64_t mfn, uint64_t from)
{
	struct page *src, *dst;
	int r = -EINVAL;

	if (from >= frame_count)
		return -EINVAL;
	src = mfn_to_page(MFN(from));
	if (!page_get(src, d))
		return -EINVAL;
	dst = get_writable(d, mfn);
	if (dst) {
		memcpy(page_to_virt(dst), page_to_virt(src), PAGE_SIZE);
		page_put_and_type(dst);
		r = 0;
	}
	page_put(src);
	return r;
}

static int flush(struct domain *d, const struct mmuext_op *op)
{
	cpumask_t mask = 0;

	switch (op->cmd) {
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_INVLPG_LOCAL:
		mask = CPUMASK(this_cpu()->id);
		break;
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_ALL:
		mask = atomic_read(&d->tlb_cpus);
		break;
	default:
		if (mmu_vcpu_mask(d, op->arg2.vcpumask.va, &mask))
			return -EINVAL;
	}
	if (op->cmd == MMUEXT_INVLPG_LOCAL || op->cmd == MMUEXT_INVLPG_ALL ||
		op->cmd == MMUEXT_INVLPG_MULTI) {
		if (!is_canonical(op->arg1.linear_addr) ||
			is_hypervisor_va(op->arg1.linear_addr))
			return 0;
		arch_tlb_flush(mask, TLB_PAGE, op->arg1.linear_addr);
	} else {
		arch_tlb_flush(mask, TLB_ALL, 0);
	}
	return 0;
}

static int flush_cache(struct domain *d, bool everywhere)
{
	/* Slow for the whole machine: for those who talk to devices. */
	if (!d->is_hardware)
		return -EACCES;
	arch_cache_flush(
		everywhere ? READ_ONCE(cpus_online) : CPUMASK(this_cpu()->id));
	return 0;
}

static int one_op(struct hypercall *hc, vaddr_t va, void *context)
{
	struct domain *foreign = context;
	struct mmuext_op op;

	if (arch_copy_from_guest(&op, va, sizeof(op)))
		return -EFAULT;
	switch (op.cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return pt_pin(foreign, MFN(op.arg1.mfn),
			op.cmd - MMUEXT_PIN_L1_TABLE + 1);
	case MMUEXT_UNPIN_TABLE:
		return pt_unpin(foreign, MFN(op.arg1.mfn));
	case MMUEXT_CLEAR_PAGE:
		return clear_page(foreign, op.arg1.mfn);
	case MMUEXT_COPY_PAGE:
		return copy_page(foreign, op.arg1.mfn, op.arg2.src_mfn);
	default:
		break;
	}
	/* The rest is about the caller itself. */
	if (foreign != hc->d)
		return -EPERM;
	switch (op.cmd) {
	case MMUEXT_NEW_BASEPTR:
		return pt_new_root(hc->v, MFN(op.arg1.mfn), false);
	case MMUEXT_NEW_USER_BASEPTR:
		return pt_new_root(hc->v, MFN(op.arg1.mfn), true);
	case MMUEXT_TLB_FLUSH_LOCAL:
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_TLB_FLUSH_ALL:
	case MMUEXT_INVLPG_LOCAL:
	case MMUEXT_INVLPG_MULTI:
	case MMUEXT_INVLPG_ALL:
		return flush(hc->d, &op);
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		return flush_cache(hc->d, op.cmd == MMUEXT_FLUSH_CACHE_GLOBAL);
	case MMUEXT_SET_LDT:
		return set_ldt(hc->v, op.arg1.linear_addr, op.arg2.nr_ents);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		/* As where guests get no superpages. */
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

long hc_mmuext_op(struct hypercall *hc)
{
	struct domain *foreign;
	long r = pt_finish(hc->v);

	if (r)
		return r;
	r = mmu_foreign((domid_t)hc->arg[3], &foreign);
	if (r)
		return r;
	r = mmu_batch(hc, one_op, sizeof(struct mmuext_op), foreign);
	mmu_foreign_put(foreign);
	return r;
}
