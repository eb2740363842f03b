/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: a domain's making and end, what it is doing, and its share. */
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/page.h>
#include <tenon/pool.h>
#include <tenon/sched.h>
#include <tenon/string.h>
#include "domctl.h"

/* 0; -EINVAL, -EOPNOTSUPP: what this build does not have. */
static int check_config(const struct xen_domctl_createdomain *config)
{
	unsigned grant_version =
		config->grant_opts & XEN_DOMCTL_GRANT_version_mask;

	if (config->flags & ~(2 * XEN_DOMCTL_CDF_MAX - 1U) ||
		config->iommu_opts & ~XEN_DOMCTL_IOMMU_MAX ||
		config->grant_opts & ~XEN_DOMCTL_GRANT_version_mask ||
		grant_version < 1 || grant_version > 2)
		return -EINVAL;
	/* Paravirtual guests alone, without an IOMMU. */
	if (config->flags & ~(XEN_DOMCTL_CDF_xs_domain |
				    XEN_DOMCTL_CDF_s3_integrity |
				    XEN_DOMCTL_CDF_oos_off) ||
		config->iommu_opts)
		return -EINVAL;
	if (config->vmtrace_size || config->arch.emulation_flags)
		return -EOPNOTSUPP;
	if (!pool_exists(config->cpupool_id))
		return -ENOENT;
	return pool_cpus(config->cpupool_id) ? 0 : -EINVAL;
}

int domctl_create(struct domctl *c)
{
	const struct xen_domctl_createdomain *config = &c->op.u.createdomain;
	domid_t id = c->op.domain;
	struct domain *d;
	int r = check_config(config);

	if (!r && (id == 0 || id >= DOMID_FIRST_RESERVED))
		r = domain_pick_id(&id);
	if (!r)
		r = domain_create(id, config, false, &d);
	if (r)
		return r;
	event_set_limit(d, config->max_evtchn_port);
	c->op.domain = id;
	c->must_copy_back = true;
	return 0;
}

int domctl_destroy(struct domctl *c)
{
	return domain_kill(c->d);
}

int domctl_pause(struct domctl *c)
{
	if (c->d == c->hc->d)
		return -EINVAL;
	return domain_pause_by_controller(c->d);
}

int domctl_unpause(struct domctl *c)
{
	return domain_unpause_by_controller(c->d);
}

int domctl_resume(struct domctl *c)
{
	if (c->d == c->hc->d)
		return -EINVAL;
	domain_resume(c->d);
	return 0;
}

static uint32_t life_flags(const struct domain *d)
{
	uint32_t flags = 0;

	if (d->life == DOMAIN_DEAD)
		flags |= XEN_DOMINF_dying;
	if (d->is_shut_down)
		flags |= XEN_DOMINF_shutdown |
			 (uint32_t)d->shutdown_code << XEN_DOMINF_shutdownshift;
	if (d->controller_pauses)
		flags |= XEN_DOMINF_paused;
	if (d->has_debugger)
		flags |= XEN_DOMINF_debugged;
	if (d->create_flags & XEN_DOMCTL_CDF_xs_domain)
		flags |= XEN_DOMINF_xs_domain;
	return flags;
}

void domctl_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	uint32_t flags = life_flags(d) | XEN_DOMINF_blocked;
	const struct shared_info *shared = atomic_read(&d->shared_info);
	struct vcpu *v;

	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	vcpu_for_each (d, v) {
		uint32_t why = atomic_read(&v->pause_flags);

		info->max_vcpu_id = v->id;
		info->cpu_time += sched_cpu_time(v);
		if (why & VCPU_DOWN)
			continue;
		info->nr_online_vcpus++;
		if (!(why & VCPU_BLOCKED))
			flags &= ~XEN_DOMINF_blocked;
		if (atomic_read(&v->is_running))
			flags |= XEN_DOMINF_running;
	}
	info->flags = flags;
	info->tot_pages = d->page_count;
	info->max_pages = d->page_max;
	info->outstanding_pages = d->page_claim;
	info->shared_info_frame = shared ? virt_to_mfn(shared).v : ~0ULL;
	info->ssidref = d->ssidref;
	memcpy(info->handle, d->handle, sizeof(info->handle));
	info->cpupool = d->cpupool;
}

int domctl_getinfo(struct domctl *c)
{
	domctl_fill_info(c->d, &c->op.u.getdomaininfo);
	c->op.domain = c->d->id;
	c->must_copy_back = true;
	return 0;
}

int domctl_set_handle(struct domctl *c)
{
	lock_take(&c->d->lock);
	memcpy(c->d->handle, c->op.u.setdomainhandle.handle,
		sizeof(c->d->handle));
	lock_drop(&c->d->lock);
	return 0;
}

int domctl_set_time_offset(struct domctl *c)
{
	if (c->d->life != DOMAIN_ALIVE)
		return -EINVAL;
	c->d->time_offset_seconds = c->op.u.settimeoffset.time_offset_seconds;
	time_update_wallclock(c->d);
	return 0;
}

int domctl_scheduler(struct domctl *c)
{
	struct xen_domctl_scheduler_op *op = &c->op.u.scheduler_op;
	struct xen_domctl_sched_credit2 *share = &op->u.credit2;

	if (op->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	switch (op->cmd) {
	case XEN_DOMCTL_SCHEDOP_putinfo:
		/* A weight of 0 keeps the weight. */
		sched_set_weight(c->d,
			share->weight ? share->weight : c->d->sched.weight,
			share->cap);
		return 0;
	case XEN_DOMCTL_SCHEDOP_getinfo:
		share->weight = (uint16_t)c->d->sched.weight;
		share->cap = (uint16_t)c->d->sched.cap;
		c->must_copy_back = true;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The port is the domain's; a wrong number only sends nothing. */
int domctl_subscribe(struct domctl *c)
{
	c->d->suspend_port = c->op.u.subscribe.port;
	return 0;
}

int domctl_set_virq_handler(struct domctl *c)
{
	return event_assign_virq(c->d, c->op.u.set_virq_handler.virq);
}
