/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine's calls by which a stopped domain is read and set; see
 * os_fake.h. Kinds of pages are found by walking the pinned tables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <public/domctl.h>
#include "os_fake.h"

#define PAGE	4096UL
#define PRESENT 1ULL
#define FRAME	0x000ffffffffff000ULL

/* The level of the table `mfn` below a table of `level`; 0: it is none. */
static unsigned int level_of(
	struct fake *f, uint64_t table, unsigned int level, uint64_t mfn)
{
	const uint64_t *entries = fake_frame(f, table);
	unsigned int found = table == mfn ? level : 0;

	for (int i = 0; level > 1 && !found && i < 512; i++) {
		if (entries[i] & PRESENT)
			found = level_of(
				f, (entries[i] & FRAME) / PAGE, level - 1, mfn);
	}
	return found;
}

static long page_types(struct fake *f, struct xen_domctl *op)
{
	struct fake_domain *d = &f->domains[op->domain];

	for (uint64_t i = 0; i < op->u.getpageframeinfo3.num; i++) {
		xen_pfn_t *word = &op->u.getpageframeinfo3.array.p[i];
		uint64_t mfn = *word;

		*word = XEN_DOMCTL_PFINFO_NOTAB;
		if (!fake_frame(f, mfn) ||
			f->owner[mfn - FAKE_FIRST] != op->domain)
			*word = XEN_DOMCTL_PFINFO_XTAB;
		else if (d->root)
			*word = (xen_pfn_t)level_of(f, d->root, 4, mfn)
				<< XEN_DOMCTL_PFINFO_LTAB_SHIFT;
		if (mfn == d->root)
			*word |= XEN_DOMCTL_PFINFO_LPINTAB;
	}
	return 0;
}

static long policy(struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;
	bool set = op->cmd == XEN_DOMCTL_set_cpu_policy;

	if (set)
		return p->nr_leaves == 1 && p->leaves.p[0].a == FAKE_LEAF
			       ? 0
			       : -EINVAL;
	p->nr_leaves = 1;
	p->nr_msrs = 1;
	p->leaves.p[0] = (struct xen_cpuid_leaf){ .a = FAKE_LEAF };
	p->msrs.p[0] = (struct xen_msr_entry){ .idx = 0xce };
	return 0;
}

static long shadow(struct fake_domain *d, struct xen_domctl_shadow_op *op)
{
	switch (op->op) {
	case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY:
		if (d->is_followed)
			return -EINVAL;
		memset(d->dirty, 0, sizeof(d->dirty));
		d->is_followed = true;
		return 0;
	case XEN_DOMCTL_SHADOW_OP_OFF:
		d->is_followed = false;
		return 0;
	case XEN_DOMCTL_SHADOW_OP_CLEAN:
		if (!d->is_followed)
			return -EINVAL;
		if (op->pages > FAKE_FRAMES)
			op->pages = FAKE_FRAMES;
		memcpy(op->dirty_bitmap.p, d->dirty, (op->pages + 7) / 8);
		memset(d->dirty, 0, sizeof(d->dirty));
		return 0;
	default:
		return -EINVAL;
	}
}

long fake_state(struct fake *f, struct xen_domctl *op)
{
	struct fake_domain *d = &f->domains[op->domain];

	switch (op->cmd) {
	case XEN_DOMCTL_getvcpucontext:
		if (op->u.vcpucontext.vcpu)
			return -ENODATA;
		memcpy((void *)op->u.vcpucontext.ctxt.p, &d->context,
			sizeof(d->context));
		return 0;
	case XEN_DOMCTL_get_ext_vcpucontext:
		op->u.ext_vcpucontext.size = sizeof(op->u.ext_vcpucontext);
		op->u.ext_vcpucontext.sysenter_callback_eip = d->sysenter;
		return 0;
	case XEN_DOMCTL_set_ext_vcpucontext:
		d->sysenter = op->u.ext_vcpucontext.sysenter_callback_eip;
		return 0;
	case XEN_DOMCTL_getvcpuextstate:
		op->u.vcpuextstate.size = 0;
		return 0;
	case XEN_DOMCTL_get_vcpu_msrs:
		op->u.vcpu_msrs.msr_count = 0;
		return 0;
	case XEN_DOMCTL_gettscinfo:
		op->u.tsc_info =
			(struct xen_domctl_tsc_info){ .elapsed_nsec =
							      d->cpu_ns };
		return 0;
	case XEN_DOMCTL_settscinfo:
		d->cpu_ns = op->u.tsc_info.elapsed_nsec;
		return 0;
	case XEN_DOMCTL_get_cpu_policy:
	case XEN_DOMCTL_set_cpu_policy:
		return policy(op);
	case XEN_DOMCTL_getpageframeinfo3:
		return page_types(f, op);
	case XEN_DOMCTL_shadow_op:
		return shadow(d, &op->u.shadow_op);
	case XEN_DOMCTL_resumedomain:
		d->resumed++;
		return 0;
	default:
		return -ENOSYS;
	}
}
