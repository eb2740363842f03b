/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu_op: a domain's vcpus, as it handles them itself. */
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/page.h>
#include <tenon/pte.h>
#include <tenon/pv.h>
#include <public/errno.h>
#include <public/sched.h>
#include <public/vcpu.h>

#define PERIOD_MIN_NS 1000000ULL /* one interrupt a millisecond at most */

/* Once for a vcpu; it stays down. */
static long do_initialise(struct vcpu *v, vaddr_t va)
{
	struct vcpu_guest_context *ctx;
	struct domain *d = v->domain;
	long r = -EFAULT;

	if (!v->vcpu_info_page && v->id >= XEN_LEGACY_MAX_VCPUS)
		return -EINVAL;
	ctx = heap_alloc(sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	if (guest_read_va(ctx, va) == 0) {
		/* Which of two that initialise one vcpu is the first? */
		lock_take(&d->lock);
		r = v == current || v->is_initialised ? -EEXIST : 0;
		if (!r) {
			/* Brought up meanwhile, it waits until all is there. */
			atomic_add(&v->pauses, 1);
			v->is_initialised = true;
		}
		lock_drop(&d->lock);
		if (!r) {
			r = pv_set_context(v, ctx);
			if (r) {
				v->is_initialised = false;
				vcpu_take_down(v);
			}
			vcpu_unpause(v);
		}
	}
	heap_free(ctx);
	return r;
}

static long do_up(struct vcpu *v)
{
	if (!v->is_initialised)
		return -EINVAL;
	vcpu_bring_up(v);
	return 0;
}

static long do_down(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct vcpu *other;

	vcpu_take_down(v);
	vcpu_for_each (d, other)
		if (!(atomic_read(&other->pause_flags) & VCPU_DOWN))
			return 0;
	/* Nobody is left who could bring one up. */
	domain_shutdown(d, SHUTDOWN_poweroff);
	return 0;
}

static long do_get_runstate(struct vcpu *v, vaddr_t va)
{
	struct vcpu_runstate_info info = { 0 };

	sched_get_runstate(v, &info);
	return guest_write_va(va, &info);
}

/* The guest's addresses are used as long as v runs: checked at each use. */
static long do_register_runstate(struct vcpu *v, vaddr_t va)
{
	struct vcpu_register_runstate_memory_area area;
	struct vcpu_runstate_info info = { 0 };

	if (guest_read_va(&area, va) != 0)
		return -EFAULT;
	if (!is_canonical(area.addr.p))
		return -EFAULT;
	if (v == current) {
		v->runstate_va = area.addr.p;
		runstate_write_guest(v);
		return 0;
	}
	/* That of another: shown once now, then by itself when it runs. */
	sched_get_runstate(v, &info);
	if (area.addr.p && guest_write_va(area.addr.p, &info) != 0)
		return -EFAULT;
	WRITE_ONCE(v->runstate_va, area.addr.p);
	return 0;
}

static long do_register_time(struct vcpu *v, vaddr_t va)
{
	struct vcpu_register_time_memory_area area;

	if (guest_read_va(&area, va) != 0)
		return -EFAULT;
	if (!is_canonical(area.addr.p))
		return -EFAULT;
	WRITE_ONCE(v->time_va, area.addr.p);
	v->time_area_is_stale = area.addr.p != 0;
	if (v != current)
		return 0;
	time_show_vcpu(v);
	time_write_guest(v);
	return v->time_area_is_stale ? -EFAULT : 0;
}

static long do_register_info(struct vcpu *v, vaddr_t va)
{
	struct vcpu_register_vcpu_info op;

	if (guest_read_va(&op, va) != 0)
		return -EFAULT;
	return vcpu_info_register(v, MFN(op.mfn), op.offset);
}

static long do_set_periodic(struct vcpu *v, vaddr_t va)
{
	struct vcpu_set_periodic_timer op;

	if (guest_read_va(&op, va) != 0)
		return -EFAULT;
	if (op.period_ns < PERIOD_MIN_NS || op.period_ns >> 62)
		return -EINVAL;
	time_set_periodic(v, op.period_ns);
	return 0;
}

static long do_set_singleshot(struct vcpu *v, vaddr_t va)
{
	struct vcpu_set_singleshot_timer op;

	if (guest_read_va(&op, va) != 0)
		return -EFAULT;
	if (op.flags & VCPU_SSHOTTMR_future && op.timeout_abs_ns < time_now())
		return -XEN_ETIME;
	time_set_singleshot(v, MIN(op.timeout_abs_ns, ~0ULL - 1));
	return 0;
}

static long do_send_nmi(struct vcpu *v)
{
	vcpu_send_nmi(v);
	return 0;
}

static long do_get_physid(struct vcpu *v, vaddr_t va)
{
	struct vcpu_get_physid op;
	cpumask_t hard = v->affinity_hard & atomic_read(&cpus_online);
	const struct cpu *c;

	/* Only where it cannot change: one CPU is allowed. */
	if (!hard || hard & (hard - 1))
		return -EINVAL;
	c = cpus[__builtin_ctzll(hard)];
	if (!c)
		return -EINVAL;
	op.phys_id = (uint64_t)c->acpi_id << 32 | c->apic_id;
	return guest_write_va(va, &op);
}

/* Arguments: the command, the vcpu, its structure. */
long hc_vcpu_op(struct hypercall *hc)
{
	uint64_t id = (uint32_t)hc->arg[1];
	vaddr_t va = hc->arg[2];
	struct vcpu *v;

	if (id >= hc->d->vcpu_count)
		return -ENOENT;
	v = atomic_read(&hc->d->vcpu[id]);
	if (!v)
		return -ENOENT;

	switch ((uint32_t)hc->arg[0]) {
	case VCPUOP_initialise:
		return do_initialise(v, va);
	case VCPUOP_up:
		return do_up(v);
	case VCPUOP_down:
		return do_down(v);
	case VCPUOP_is_up:
		return !(atomic_read(&v->pause_flags) & VCPU_DOWN);
	case VCPUOP_get_runstate_info:
		return do_get_runstate(v, va);
	case VCPUOP_register_runstate_memory_area:
		return do_register_runstate(v, va);
	case VCPUOP_set_periodic_timer:
		return do_set_periodic(v, va);
	case VCPUOP_stop_periodic_timer:
		time_set_periodic(v, 0);
		return 0;
	case VCPUOP_set_singleshot_timer:
		return v == hc->v ? do_set_singleshot(v, va) : -EINVAL;
	case VCPUOP_stop_singleshot_timer:
		if (v != hc->v)
			return -EINVAL;
		time_set_singleshot(v, ~0ULL);
		return 0;
	case VCPUOP_register_vcpu_info:
		return do_register_info(v, va);
	case VCPUOP_register_vcpu_time_memory_area:
		return do_register_time(v, va);
	case VCPUOP_send_nmi:
		return do_send_nmi(v);
	case VCPUOP_get_physid:
		return do_get_physid(v, va);
	default:
		return -ENOSYS;
	}
}
