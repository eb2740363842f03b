/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: a domain's vcpus, their state and where they may run. */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <tenon/sched.h>
#include <tenon/string.h>
#include "domctl.h"

int bitmap_read(const struct xenctl_bitmap *map, uint64_t *bits)
{
	unsigned bytes = MIN(DIV_UP(map->nr_bits, 8U), 8U);
	uint64_t value = 0;

	if (bytes && arch_copy_from_guest(&value, map->bitmap.va, bytes))
		return -EFAULT;
	if (map->nr_bits < 64)
		value &= (1ULL << map->nr_bits) - 1;
	*bits = value;
	return 0;
}

int bitmap_write(const struct xenctl_bitmap *map, uint64_t bits)
{
	/* Nobody needs more than this, and what they asked for is a number. */
	uint32_t nr_bits = MIN(map->nr_bits, 32768U);
	unsigned bytes = DIV_UP(nr_bits, 8U), ours = MIN(bytes, 8U);

	if (nr_bits < 64)
		bits &= (1ULL << nr_bits) - 1;
	if (ours && arch_copy_to_guest(map->bitmap.va, &bits, ours))
		return -EFAULT;
	if (bytes > ours &&
		arch_clear_guest(map->bitmap.va + ours, bytes - ours))
		return -EFAULT;
	return 0;
}

int domctl_find_vcpu(const struct domctl *c, uint32_t id, struct vcpu **v)
{
	if (id >= c->d->vcpu_count)
		return -EINVAL;
	*v = atomic_read(&c->d->vcpu[id]);
	return *v ? 0 : -ESRCH;
}

int domctl_max_vcpus(struct domctl *c)
{
	unsigned max = c->op.u.max_vcpus.max;

	if (c->d == c->hc->d || max != c->d->vcpu_count)
		return -EINVAL;
	for (unsigned i = 0; i < max; i++) {
		int r;

		if (c->d->vcpu[i])
			continue;
		r = vcpu_create(c->d, i);
		if (r)
			return r;
	}
	return 0;
}

/* Take the mask that is asked for, if it is, and what of it can be. */
static int wanted_mask(const struct xenctl_bitmap *map, bool is_asked,
	uint64_t present, uint64_t *mask)
{
	uint64_t asked;
	int r;

	*mask = present;
	if (!is_asked)
		return 0;
	r = bitmap_read(map, &asked);
	if (r)
		return r;
	if (!(asked & cpus_online))
		return -EINVAL;
	*mask = asked;
	return 0;
}

int domctl_set_affinity(struct domctl *c)
{
	struct xen_domctl_vcpuaffinity *a = &c->op.u.vcpuaffinity;
	bool is_hard = a->flags & XEN_VCPUAFFINITY_HARD;
	bool is_soft = a->flags & XEN_VCPUAFFINITY_SOFT;
	uint64_t hard, soft;
	struct vcpu *v;
	int r = domctl_find_vcpu(c, a->vcpu, &v);

	if (r)
		return r;
	if (!is_hard && !is_soft)
		return -EINVAL;
	r = wanted_mask(&a->cpumap_hard, is_hard, v->affinity_hard, &hard);
	if (!r)
		r = wanted_mask(
			&a->cpumap_soft, is_soft, v->affinity_soft, &soft);
	/* An override by the vcpu itself stands until it is ended by force. */
	if (!r && is_hard && v->affinity_saved) {
		if (!(a->flags & XEN_VCPUAFFINITY_FORCE))
			return -EBUSY;
		v->affinity_saved = 0;
	}
	if (!r)
		r = sched_set_affinity(v, hard, soft);
	if (r)
		return r;
	/* What is in effect. */
	if (is_hard)
		r = bitmap_write(&a->cpumap_hard, v->allowed);
	if (!r && is_soft)
		r = bitmap_write(&a->cpumap_soft, v->allowed & soft);
	return r;
}

int domctl_get_affinity(struct domctl *c)
{
	struct xen_domctl_vcpuaffinity *a = &c->op.u.vcpuaffinity;
	struct vcpu *v;
	int r = domctl_find_vcpu(c, a->vcpu, &v);

	if (r)
		return r;
	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return -EINVAL;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		r = bitmap_write(&a->cpumap_hard, v->affinity_hard);
	if (!r && a->flags & XEN_VCPUAFFINITY_SOFT)
		r = bitmap_write(&a->cpumap_soft, v->affinity_soft);
	return r;
}

int domctl_set_context(struct domctl *c)
{
	const struct xen_domctl_vcpucontext *arg = &c->op.u.vcpucontext;
	struct vcpu_guest_context *ctx;
	struct vcpu *v;
	int r;

	if (domctl_find_vcpu(c, arg->vcpu, &v))
		return -EINVAL;
	if (c->d == c->hc->d || !arg->ctxt.va || c->d->life != DOMAIN_ALIVE)
		return -EINVAL;
	ctx = heap_alloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	if (guest_read(ctx, arg->ctxt)) {
		heap_free(ctx);
		return -EFAULT;
	}
	domain_pause(c->d);
	r = pv_set_context(v, ctx);
	if (!r) {
		v->is_initialised = true;
		if (ctx->flags & VGCF_online)
			vcpu_bring_up(v);
		else
			vcpu_take_down(v);
	}
	domain_unpause(c->d);
	heap_free(ctx);
	return r;
}

int domctl_get_context(struct domctl *c)
{
	const struct xen_domctl_vcpucontext *arg = &c->op.u.vcpucontext;
	struct vcpu_guest_context *ctx;
	struct vcpu *v;
	int r;

	if (domctl_find_vcpu(c, arg->vcpu, &v) || v == current)
		return -EINVAL;
	if (!v->is_initialised)
		return -ENODATA;
	ctx = heap_alloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	vcpu_pause(v);
	arch_sync_vcpu(v);
	pv_get_context(v, ctx);
	vcpu_unpause(v);
	r = guest_write(arg->ctxt, ctx);
	heap_free(ctx);
	c->must_copy_back = true;
	return r;
}

int domctl_get_vcpu_info(struct domctl *c)
{
	struct xen_domctl_getvcpuinfo *info = &c->op.u.getvcpuinfo;
	struct vcpu *v;
	uint32_t why;
	int r = domctl_find_vcpu(c, info->vcpu, &v);

	if (r)
		return r;
	memset(info, 0, sizeof(*info));
	why = atomic_read(&v->pause_flags);
	info->vcpu = v->id;
	info->online = !(why & VCPU_DOWN);
	info->blocked = (why & VCPU_BLOCKED) != 0;
	info->running = atomic_read(&v->is_running);
	info->cpu_time = sched_cpu_time(v);
	info->cpu = v->processor;
	c->must_copy_back = true;
	return 0;
}

int domctl_get_ext_context(struct domctl *c)
{
	struct xen_domctl_ext_vcpucontext *x = &c->op.u.ext_vcpucontext;
	struct vcpu *v;
	int r = domctl_find_vcpu(c, x->vcpu, &v);

	if (r)
		return r;
	memset(x, 0, sizeof(*x));
	x->vcpu = v->id;
	x->size = sizeof(*x);
	x->sysenter_callback_cs = FLAT_KERNEL_CS;
	x->sysenter_callback_eip = v->arch.sysenter.rip;
	x->sysenter_disables_events = v->arch.sysenter.masks_events;
	x->syscall32_callback_cs = FLAT_KERNEL_CS;
	x->syscall32_callback_eip = v->arch.syscall32.rip;
	x->syscall32_disables_events = v->arch.syscall32.masks_events;
	c->must_copy_back = true;
	return 0;
}

static bool is_callback(uint64_t rip)
{
	return is_canonical(rip) && !is_hypervisor_va(rip);
}

int domctl_set_ext_context(struct domctl *c)
{
	const struct xen_domctl_ext_vcpucontext *x = &c->op.u.ext_vcpucontext;
	struct vcpu *v;
	int r = domctl_find_vcpu(c, x->vcpu, &v);

	if (r)
		return r;
	/* The first edition ended before the machine check registers. */
	if (v == current ||
		x->size <
			offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap) ||
		!is_callback(x->sysenter_callback_eip) ||
		!is_callback(x->syscall32_callback_eip))
		return -EINVAL;
	vcpu_pause(v);
	v->arch.sysenter.rip = x->sysenter_callback_eip;
	v->arch.sysenter.masks_events = x->sysenter_disables_events;
	v->arch.syscall32.rip = x->syscall32_callback_eip;
	v->arch.syscall32.masks_events = x->syscall32_disables_events;
	vcpu_unpause(v);
	return 0;
}

/* MSRs of a PV vcpu travel in its context: none are left. */
int domctl_get_msrs(struct domctl *c)
{
	struct vcpu *v;
	int r = domctl_find_vcpu(c, c->op.u.vcpu_msrs.vcpu, &v);

	if (r)
		return r;
	c->op.u.vcpu_msrs.msr_count = 0;
	c->must_copy_back = true;
	return 0;
}

int domctl_set_msrs(struct domctl *c)
{
	struct vcpu *v;
	int r = domctl_find_vcpu(c, c->op.u.vcpu_msrs.vcpu, &v);

	if (r || !c->op.u.vcpu_msrs.msr_count)
		return r;
	c->op.u.vcpu_msrs.msr_count = 0; /* the index of the bad one */
	c->must_copy_back = true;
	return -EINVAL;
}

int domctl_send_trigger(struct domctl *c)
{
	struct vcpu *v;
	int r = domctl_find_vcpu(c, c->op.u.sendtrigger.vcpu, &v);

	if (r)
		return r;
	if (c->op.u.sendtrigger.trigger != XEN_DOMCTL_SENDTRIGGER_NMI)
		return -ENOSYS;
	vcpu_send_nmi(v);
	return 0;
}
