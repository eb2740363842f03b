/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU policies as the tools exchange them: lists of CPUID leaves and MSRs, and
 * the older form, a list of feature words.
 *
 * A domain's policy is what the tools gave before it ran, for its guest to see
 * (pv/cpuid_policy.c) and for them to read back when they save the domain.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include <public/sysctl.h>
#include "domctl.h"

/* Ends of the ranges that the tools' unpacking knows. */
#define BASIC_LAST	  0xdU
#define EXTENDED_FIRST	  0x80000000U
#define EXTENDED_LAST	  0x8000001cU
#define LEAF1_C_OSXSAVE	  (1U << 27) /* follows CR4, not the CPU */

#define MSR_PLATFORM_INFO 0xceU

/* The leaves as one kind of reader sees them: raw, or PV vcpu v. */
static void read_leaf(
	const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	if (v)
		pv_cpuid(v, leaf, sub, r);
	else
		arch_cpuid(leaf, sub, r);
	if (v && leaf == 1)
		r[2] &= ~LEAF1_C_OSXSAVE;
}

struct leaf_writer {
	const struct vcpu *v;
	struct xen_cpuid_leaf *out;
	unsigned room, count;
};

/* Add one leaf; sub XEN_CPUID_NO_SUBLEAF: it has none.  r: its registers. */
static void put_leaf(
	struct leaf_writer *w, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	read_leaf(w->v, leaf, sub == XEN_CPUID_NO_SUBLEAF ? 0 : sub, r);
	if (w->out && w->count < w->room)
		w->out[w->count] = (struct xen_cpuid_leaf){ leaf, sub, r[0],
			r[1], r[2], r[3] };
	w->count++;
}

static void put_basic(struct leaf_writer *w, uint32_t leaf)
{
	uint32_t r[4], last;
	uint64_t states;

	switch (leaf) {
	case 4: /* caches, to one of type 0 */
		for (unsigned sub = 0; sub < 6; sub++) {
			put_leaf(w, leaf, sub, r);
			if (!(r[0] & 0x1f))
				break;
		}
		break;
	case 7: /* register a tells the last */
		put_leaf(w, leaf, 0, r);
		last = MIN(r[0], 1U);
		for (unsigned sub = 1; sub <= last; sub++)
			put_leaf(w, leaf, sub, r);
		break;
	case 0xb:
		put_leaf(w, leaf, 0, r);
		put_leaf(w, leaf, 1, r);
		break;
	case 0xd: /* up to the highest component, in XCR0 or XSS */
		put_leaf(w, leaf, 0, r);
		states = r[0] | (uint64_t)r[3] << 32;
		put_leaf(w, leaf, 1, r);
		states |= r[2] | (uint64_t)r[3] << 32;
		for (unsigned sub = 2; sub < 63 && states >> sub; sub++)
			put_leaf(w, leaf, sub, r);
		break;
	default:
		put_leaf(w, leaf, XEN_CPUID_NO_SUBLEAF, r);
		break;
	}
}

/* A range of which only the limit is told: 0, as the hypervisor likes. */
static void put_limit(struct leaf_writer *w, uint32_t leaf)
{
	if (w->out && w->count < w->room)
		w->out[w->count] = (struct xen_cpuid_leaf){ .leaf = leaf,
			.subleaf = XEN_CPUID_NO_SUBLEAF };
	w->count++;
}

unsigned policy_leaves(unsigned which, const struct vcpu *v,
	struct xen_cpuid_leaf *out, unsigned room)
{
	struct leaf_writer w = { .out = out, .room = room };
	uint32_t r[4], last;

	switch (which) {
	case XEN_SYSCTL_cpu_policy_raw:
	case XEN_SYSCTL_cpu_policy_host:
		break;
	case XEN_SYSCTL_cpu_policy_pv_max:
	case XEN_SYSCTL_cpu_policy_pv_default:
		w.v = v;
		break;
	default:
		return 0;
	}
	read_leaf(w.v, 0, 0, r);
	last = MIN(r[0], BASIC_LAST);
	for (uint32_t leaf = 0; leaf <= last; leaf++)
		put_basic(&w, leaf);
	/* The tools' packing has both hypervisor ranges, by their limits. */
	put_limit(&w, 0x40000000);
	put_limit(&w, 0x40000100);
	read_leaf(w.v, EXTENDED_FIRST, 0, r);
	last = MIN(r[0], EXTENDED_LAST);
	for (uint32_t leaf = EXTENDED_FIRST; leaf <= last; leaf++)
		put_leaf(&w, leaf, XEN_CPUID_NO_SUBLEAF, r);
	return w.count;
}

unsigned policy_msrs(struct xen_msr_entry *out, unsigned room)
{
	/* CPUID faulting is not offered. */
	if (out && room)
		out[0] = (struct xen_msr_entry){ .idx = MSR_PLATFORM_INFO };
	return 1;
}

unsigned policy_features(
	unsigned which, const struct vcpu *v, uint32_t *out, unsigned room)
{
	/* Where each word comes from: leaf, subleaf, register.  Order: Xen's
	 * public cpufeatureset.h; words 16 and 17 are an MSR. */
	static const struct {
		uint32_t leaf;
		uint8_t sub, reg;
	} words[POLICY_FEATURES] = {
		{ 1, 0, 3 },
		{ 1, 0, 2 },
		{ 0x80000001, 0, 3 },
		{ 0x80000001, 0, 2 },
		{ 0xd, 1, 0 },
		{ 7, 0, 1 },
		{ 7, 0, 2 },
		{ 0x80000007, 0, 3 },
		{ 0x80000008, 0, 1 },
		{ 7, 0, 3 },
		{ 7, 1, 0 },
		{ 0x80000021, 0, 0 },
		{ 7, 1, 1 },
		{ 7, 2, 3 },
		{ 7, 1, 2 },
		{ 7, 1, 3 },
		{ 0, 0, 4 },
		{ 0, 0, 4 },
		{ 0x80000021, 0, 2 },
	};
	uint32_t basic[4], extended[4], seven[4];

	switch (which) {
	case XEN_SYSCTL_cpu_featureset_raw:
	case XEN_SYSCTL_cpu_featureset_host:
		v = NULL;
		break;
	case XEN_SYSCTL_cpu_featureset_pv:
	case XEN_SYSCTL_cpu_featureset_pv_max:
		break;
	default:
		return 0;
	}
	read_leaf(v, 0, 0, basic);
	read_leaf(v, EXTENDED_FIRST, 0, extended);
	memset(seven, 0, sizeof(seven));
	if (basic[0] >= 7)
		read_leaf(v, 7, 0, seven);
	for (unsigned i = 0; out && i < MIN(room, POLICY_FEATURES); i++) {
		uint32_t leaf = words[i].leaf, r[4];
		uint32_t last = leaf < EXTENDED_FIRST ? basic[0] : extended[0];

		out[i] = 0;
		/* What the CPU does not have reads as anything. */
		if (words[i].reg > 3 || leaf > last ||
			(leaf == 7 && words[i].sub > seven[0]))
			continue;
		read_leaf(v, leaf, words[i].sub, r);
		out[i] = r[words[i].reg];
	}
	return POLICY_FEATURES;
}

/* Nothing out of the ranges, and no more leaves than the machine has: 0, or
 * the bad one in *bad. */
static int check_leaves(const struct domctl *c,
	const struct xen_cpuid_leaf *leaves, unsigned count, uint32_t *bad)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t leaf = leaves[i].leaf, last[4];

		*bad = leaf;
		if ((leaf & ~0xc00001ffU) || leaf >> 30 == 3)
			return -ERANGE;
		if (leaf != 0 && leaf != EXTENDED_FIRST)
			continue;
		pv_cpuid(c->hc->v, leaf, 0, last);
		if (leaves[i].a > last[0])
			return -EINVAL;
	}
	*bad = ~0U;
	return 0;
}

int domctl_set_policy(struct domctl *c)
{
	struct xen_domctl_cpu_policy *p = &c->op.u.cpu_policy;
	struct xen_cpuid_leaf *leaves, *old;
	int r;

	if (c->d == c->hc->d)
		return -EINVAL;
	/* What a kernel has seen once cannot change under it. */
	if (c->d->was_started)
		return -EEXIST;
	if (p->nr_leaves > POLICY_LEAVES_MAX || p->nr_msrs > POLICY_MSRS_MAX)
		return -E2BIG;
	p->err_leaf = p->err_subleaf = p->err_msr = ~0U;
	c->must_copy_back = true;
	for (unsigned i = 0; i < p->nr_msrs; i++) {
		struct xen_msr_entry msr;

		if (guest_read_at(&msr, p->msrs, i))
			return -EFAULT;
		/* Nothing can be given that is not there. */
		if (msr.flags || (msr.idx == MSR_PLATFORM_INFO && msr.val)) {
			p->err_msr = msr.idx;
			return -EINVAL;
		}
	}
	leaves = heap_alloc_array(MAX(p->nr_leaves, 1U), sizeof(*leaves));
	if (!leaves)
		return -ENOMEM;
	if (arch_copy_from_guest(
		    leaves, p->leaves.va, p->nr_leaves * sizeof(*leaves))) {
		heap_free(leaves);
		return -EFAULT;
	}
	r = check_leaves(c, leaves, p->nr_leaves, &p->err_leaf);
	if (r) {
		heap_free(leaves);
		return r;
	}
	/* It has never run, and only this call, one at a time, lets it. */
	old = c->d->arch.cpuid_policy;
	c->d->arch.cpuid_policy = leaves;
	c->d->arch.cpuid_count = p->nr_leaves;
	heap_free(old);
	return 0;
}

int domctl_get_policy(struct domctl *c)
{
	struct xen_domctl_cpu_policy *p = &c->op.u.cpu_policy;
	struct xen_cpuid_leaf *fresh = NULL;
	const struct xen_cpuid_leaf *leaves = c->d->arch.cpuid_policy;
	struct xen_msr_entry msrs[POLICY_MSRS_MAX];
	unsigned count = c->d->arch.cpuid_count;
	unsigned msr_count = policy_msrs(msrs, POLICY_MSRS_MAX);
	int r = 0;

	/* Policies change under the control lock, which is ours. */
	if (!leaves) {
		fresh = heap_alloc_array(POLICY_LEAVES_MAX, sizeof(*fresh));
		if (!fresh)
			return -ENOMEM;
		count = MIN(policy_leaves(XEN_SYSCTL_cpu_policy_pv_default,
				    c->hc->v, fresh, POLICY_LEAVES_MAX),
			POLICY_LEAVES_MAX);
		leaves = fresh;
	}
	/* A list that the caller gives no room for is not asked for. */
	if ((p->leaves.va && p->nr_leaves < count) ||
		(p->msrs.va && p->nr_msrs < msr_count))
		r = -ENOBUFS;
	else if ((p->leaves.va && arch_copy_to_guest(p->leaves.va, leaves,
					  count * sizeof(*leaves))) ||
		 (p->msrs.va && arch_copy_to_guest(p->msrs.va, msrs,
					msr_count * sizeof(msrs[0]))))
		r = -EFAULT;
	heap_free(fresh);
	p->nr_leaves = count;
	p->nr_msrs = msr_count;
	c->must_copy_back = true;
	return r;
}

int domctl_set_tsc(struct domctl *c)
{
	const struct xen_domctl_tsc_info *t = &c->op.u.tsc_info;
	int r;

	if (c->d == c->hc->d)
		return -EINVAL;
	domain_pause(c->d);
	r = tsc_set(c->d, t->tsc_mode, t->elapsed_nsec, t->gtsc_khz,
		t->incarnation);
	domain_unpause(c->d);
	return r;
}

int domctl_get_tsc(struct domctl *c)
{
	struct xen_domctl_tsc_info *t = &c->op.u.tsc_info;

	memset(t, 0, sizeof(*t));
	tsc_get(c->d, &t->tsc_mode, &t->elapsed_nsec, &t->gtsc_khz,
		&t->incarnation);
	c->must_copy_back = true;
	return 0;
}

int domctl_set_address_size(struct domctl *c)
{
	return c->op.u.address_size.size == 64 ? 0 : -EINVAL;
}

int domctl_get_address_size(struct domctl *c)
{
	c->op.u.address_size.size = 64;
	c->must_copy_back = true;
	return 0;
}
