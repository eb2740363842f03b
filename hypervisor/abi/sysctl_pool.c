/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl: CPU pools and the scheduler's parameters. */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/pool.h>
#include "sysctl.h"

/* A vcpu runs that long undisturbed: SCHED_MINIMUM_NS (dom/sched_queue.h). */
#define RATELIMIT_US 1000

/* The policy is of that kind: weights, caps, no priorities to boost. */
int sysctl_sched_id(struct sysctl *c)
{
	c->op.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	c->must_copy_back = true;
	return 0;
}

int sysctl_scheduler(struct sysctl *c)
{
	struct xen_sysctl_scheduler_op *arg = &c->op.u.scheduler_op;

	if (!pool_exists(arg->cpupool_id))
		return -ESRCH;
	if (arg->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	switch (arg->cmd) {
	case XEN_SYSCTL_SCHEDOP_putinfo:
		/* How long a vcpu runs undisturbed is fixed: only that figure
		 * is taken. */
		if (arg->u.sched_credit2.ratelimit_us != RATELIMIT_US)
			return -EINVAL;
		return 0;
	case XEN_SYSCTL_SCHEDOP_getinfo:
		arg->u.sched_credit2.ratelimit_us = RATELIMIT_US;
		c->must_copy_back = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int create(struct sysctl *c, struct xen_sysctl_cpupool_op *arg)
{
	if (arg->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	c->must_copy_back = true;
	return pool_create(&arg->cpupool_id);
}

static int tell(struct sysctl *c, struct xen_sysctl_cpupool_op *arg)
{
	int r = pool_next(arg->cpupool_id, &arg->cpupool_id);

	if (r)
		return r;
	arg->sched_id = XEN_SCHEDULER_CREDIT2;
	arg->n_dom = pool_domain_count(arg->cpupool_id);
	c->must_copy_back = true;
	return bitmap_write(&arg->cpumap, pool_cpus(arg->cpupool_id));
}

static int move_domain(const struct xen_sysctl_cpupool_op *arg)
{
	struct domain *d = NULL;
	int r;

	if (arg->domid < DOMID_FIRST_RESERVED)
		d = domain_get((domid_t)arg->domid);
	if (!d)
		return -ESRCH;
	r = pool_move_domain(d, arg->cpupool_id);
	domain_put(d);
	return r;
}

int sysctl_cpupool(struct sysctl *c)
{
	struct xen_sysctl_cpupool_op *arg = &c->op.u.cpupool_op;

	switch (arg->op) {
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
		return create(c, arg);
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		return pool_destroy(arg->cpupool_id);
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return tell(c, arg);
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		return pool_add_cpu(arg->cpupool_id, arg->cpu);
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return pool_remove_cpu(arg->cpupool_id, arg->cpu);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return move_domain(arg);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return bitmap_write(&arg->cpumap, pool_free_cpus());
	default:
		return -ENOSYS;
	}
}
