/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's CPU policy, the list of CPUID leaves that tools gave it: what its
 * kernel sees, and may turn on, is what both the machine and the policy have.
 * What identifies the CPU (family, names, caches) is the policy's alone; what
 * belongs to this very vcpu (its number, CR4, sizes of the areas of XSAVE) is
 * never the policy's.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include <public/arch-x86/cpuid.h>
#include <public/domctl.h>

#define EXTENDED	 0x80000000U
#define LEAF1_C_XSAVE	 (1U << 26)
#define LEAF1_C_DYNAMIC	 (1U << 27 | 1U << 31) /* OSXSAVE, a hypervisor */
#define LEAF7_B_FSGSBASE 1U

#define CR4_FSGSBASE	 (1UL << 16)
#define CR4_OSXSAVE	 (1UL << 18)

static const struct xen_cpuid_leaf *find(
	const struct domain *d, uint32_t leaf, uint32_t sub)
{
	const struct xen_cpuid_leaf *l = d->arch.cpuid_policy;

	for (unsigned i = 0; l && i < d->arch.cpuid_count; i++, l++)
		if (l->leaf == leaf &&
			(l->subleaf == sub ||
				l->subleaf == XEN_CPUID_NO_SUBLEAF))
			return l;
	return NULL;
}

uint64_t pv_xcr0_mask(const struct vcpu *v)
{
	const struct xen_cpuid_leaf *one = find(v->domain, 1, 0);
	const struct xen_cpuid_leaf *states = find(v->domain, 0xd, 0);
	uint64_t mask = arch_xcr0_mask();

	if (one && !(one->c & LEAF1_C_XSAVE))
		return 0;
	return states ? mask & (states->a | (uint64_t)states->d << 32) : mask;
}

uint64_t pv_cr4_mask(const struct vcpu *v)
{
	const struct xen_cpuid_leaf *one = find(v->domain, 1, 0);
	const struct xen_cpuid_leaf *seven = find(v->domain, 7, 0);
	uint64_t mask = arch_guest_cr4_allowed();

	if (one && !(one->c & LEAF1_C_XSAVE))
		mask &= ~CR4_OSXSAVE;
	if (seven && !(seven->b & LEAF7_B_FSGSBASE))
		mask &= ~CR4_FSGSBASE;
	return mask;
}

static void copy(const struct xen_cpuid_leaf *l, uint32_t r[4])
{
	r[0] = l->a;
	r[1] = l->b;
	r[2] = l->c;
	r[3] = l->d;
}

static void limit_xstate(const struct vcpu *v, const struct xen_cpuid_leaf *l,
	uint32_t sub, uint32_t r[4])
{
	uint64_t mask = pv_xcr0_mask(v);

	if (!mask) {
		memset(r, 0, 16);
	} else if (sub == 0) {
		r[0] &= (uint32_t)mask;
		r[3] &= (uint32_t)(mask >> 32);
	} else if (sub == 1) {
		r[0] &= l ? l->a : ~0U;
	} else if (sub > 62 || !(mask >> sub & 1)) {
		memset(r, 0, 16);
	}
}

void pv_limit_cpuid(
	const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	const struct domain *d = v->domain;
	const struct xen_cpuid_leaf *first = find(d, leaf & EXTENDED, 0);
	const struct xen_cpuid_leaf *l = find(d, leaf, sub);

	if (first && leaf > first->a) {
		memset(r, 0, 16);
		return;
	}
	if (leaf == 0xd) {
		limit_xstate(v, l, sub, r);
		return;
	}
	if (!l)
		return;
	switch (leaf) {
	case 0:
	case EXTENDED: {
		uint32_t last = MIN(r[0], l->a);

		copy(l, r);
		r[0] = last;
		break;
	}
	case 1:
		r[0] = l->a;
		r[2] &= l->c | LEAF1_C_DYNAMIC;
		r[3] &= l->d;
		break;
	case 7:
		r[0] = sub ? r[0] & l->a : MIN(r[0], l->a);
		r[1] &= l->b;
		r[2] &= l->c;
		r[3] &= l->d;
		break;
	case 0x80000001:
		r[0] = l->a;
		r[2] &= l->c;
		r[3] &= l->d;
		break;
	case 0x80000007:
		r[3] &= l->d;
		break;
	case 0x80000008:
		r[1] &= l->b;
		break;
	case 2:
	case 4:
	case 0x80000002 ... 0x80000006:
		copy(l, r);
		break;
	default:
		break;
	}
}
