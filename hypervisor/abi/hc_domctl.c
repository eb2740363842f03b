/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The domctl hypercall: privilege, version, one copy in, one command from a
 * table, and one copy out.
 */
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/lock.h>
#include "domctl.h"

static struct lock control_lock = LOCK_INIT(LOCK_DOMCTL);

/* Tried, not taken: who holds it may be waiting for this very vcpu to leave
 * its CPU. */
bool control_begin(void)
{
	return lock_try(&control_lock);
}

void control_end(void)
{
	lock_drop(&control_lock);
}

/*
 * What a build without them answers: nested paging, monitors, and, for there
 * is no IOMMU, devices given away.
 */
static int not_supported(struct domctl *c)
{
	(void)c;
	return -EOPNOTSUPP;
}

/* Of domains of another kind, or in need of hardware for such. */
static int not_for_pv(struct domctl *c)
{
	(void)c;
	return -EINVAL;
}

/* No shares of caches are managed. */
static int no_cache_shares(struct domctl *c)
{
	(void)c;
	return -ENODEV;
}

static domctl_fn *const commands[] = {
	[XEN_DOMCTL_createdomain] = domctl_create,
	[XEN_DOMCTL_destroydomain] = domctl_destroy,
	[XEN_DOMCTL_pausedomain] = domctl_pause,
	[XEN_DOMCTL_unpausedomain] = domctl_unpause,
	[XEN_DOMCTL_getdomaininfo] = domctl_getinfo,
	[XEN_DOMCTL_setvcpuaffinity] = domctl_set_affinity,
	[XEN_DOMCTL_shadow_op] = domctl_shadow,
	[XEN_DOMCTL_max_mem] = domctl_max_mem,
	[XEN_DOMCTL_setvcpucontext] = domctl_set_context,
	[XEN_DOMCTL_getvcpucontext] = domctl_get_context,
	[XEN_DOMCTL_getvcpuinfo] = domctl_get_vcpu_info,
	[XEN_DOMCTL_max_vcpus] = domctl_max_vcpus,
	[XEN_DOMCTL_scheduler_op] = domctl_scheduler,
	[XEN_DOMCTL_setdomainhandle] = domctl_set_handle,
	[XEN_DOMCTL_setdebugging] = domctl_set_debugging,
	[XEN_DOMCTL_irq_permission] = domctl_irq_permission,
	[XEN_DOMCTL_iomem_permission] = domctl_iomem_permission,
	[XEN_DOMCTL_ioport_permission] = domctl_ioport_permission,
	[XEN_DOMCTL_hypercall_init] = domctl_hypercall_init,
	[XEN_DOMCTL_settimeoffset] = domctl_set_time_offset,
	[XEN_DOMCTL_getvcpuaffinity] = domctl_get_affinity,
	[XEN_DOMCTL_resumedomain] = domctl_resume,
	[XEN_DOMCTL_sendtrigger] = domctl_send_trigger,
	[XEN_DOMCTL_subscribe] = domctl_subscribe,
	[XEN_DOMCTL_set_address_size] = domctl_set_address_size,
	[XEN_DOMCTL_get_address_size] = domctl_get_address_size,
	[XEN_DOMCTL_assign_device] = not_supported,
	[XEN_DOMCTL_test_assign_device] = not_supported,
	[XEN_DOMCTL_deassign_device] = not_supported,
	[XEN_DOMCTL_get_device_group] = not_supported,
	[XEN_DOMCTL_set_ext_vcpucontext] = domctl_set_ext_context,
	[XEN_DOMCTL_get_ext_vcpucontext] = domctl_get_ext_context,
	[XEN_DOMCTL_debug_op] = not_for_pv,
	[XEN_DOMCTL_gettscinfo] = domctl_get_tsc,
	[XEN_DOMCTL_settscinfo] = domctl_set_tsc,
	[XEN_DOMCTL_getpageframeinfo3] = domctl_get_page_info,
	[XEN_DOMCTL_setvcpuextstate] = domctl_set_ext_state,
	[XEN_DOMCTL_getvcpuextstate] = domctl_get_ext_state,
	[XEN_DOMCTL_set_virq_handler] = domctl_set_virq_handler,
	[XEN_DOMCTL_setnodeaffinity] = domctl_set_nodes,
	[XEN_DOMCTL_getnodeaffinity] = domctl_get_nodes,
	[XEN_DOMCTL_get_vcpu_msrs] = domctl_get_msrs,
	[XEN_DOMCTL_set_vcpu_msrs] = domctl_set_msrs,
	[XEN_DOMCTL_psr_cmt_op] = no_cache_shares,
	[XEN_DOMCTL_psr_alloc] = no_cache_shares,
	[XEN_DOMCTL_monitor_op] = not_supported,
	[XEN_DOMCTL_get_cpu_policy] = domctl_get_policy,
	[XEN_DOMCTL_set_cpu_policy] = domctl_set_policy,
	[XEN_DOMCTL_vmtrace_op] = not_for_pv,
	[XEN_DOMCTL_gethvmcontext] = not_for_pv,
	[XEN_DOMCTL_sethvmcontext] = not_for_pv,
	[XEN_DOMCTL_gethvmcontext_partial] = not_for_pv,
	[XEN_DOMCTL_bind_pt_irq] = not_for_pv,
	[XEN_DOMCTL_unbind_pt_irq] = not_for_pv,
	[XEN_DOMCTL_memory_mapping] = not_for_pv,
	[XEN_DOMCTL_ioport_mapping] = not_supported,
	[XEN_DOMCTL_set_target] = not_supported,
	[XEN_DOMCTL_set_broken_page_p2m] = not_for_pv,
	[XEN_DOMCTL_setvnumainfo] = not_for_pv,
	[XEN_DOMCTL_soft_reset] = not_for_pv,
	[XEN_DOMCTL_get_paging_mempool_size] = not_supported,
	[XEN_DOMCTL_set_paging_mempool_size] = not_supported,
};

/* The debugger's, with numbers from another range. */
static domctl_fn *const debugger[] = {
	domctl_debug_memory,
	domctl_debug_pause_vcpu,
	domctl_debug_unpause_vcpu,
	domctl_debug_status,
};

static domctl_fn *find_command(uint32_t cmd)
{
	uint32_t n = cmd - XEN_DOMCTL_gdbsx_guestmemio;

	if (cmd < ARRAY_SIZE(commands))
		return commands[cmd];
	return n < ARRAY_SIZE(debugger) ? debugger[n] : NULL;
}

/*
 * The domain of the command: 0 with a reference (none for createdomain), or
 * -ESRCH; -EINVAL from a number that no domain can have.
 */
static int find_domain(struct domctl *c)
{
	if (c->op.cmd == XEN_DOMCTL_createdomain)
		return 0;
	/* This one lists the domains there are: from the number given on. */
	if (c->op.cmd == XEN_DOMCTL_getdomaininfo) {
		if (c->op.domain >= DOMID_FIRST_RESERVED)
			return -EINVAL;
		c->d = domain_get_next(c->op.domain);
	} else if (c->op.domain < DOMID_FIRST_RESERVED) {
		c->d = domain_get(c->op.domain);
	}
	return c->d ? 0 : -ESRCH;
}

static int run(struct domctl *c)
{
	domctl_fn *fn = find_command(c->op.cmd);
	int r = find_domain(c);

	if (r)
		return r;
	r = fn ? fn(c) : -ENOSYS;
	if (c->d)
		domain_put(c->d);
	return r;
}

long hc_domctl(struct hypercall *hc)
{
	struct domctl c = { .hc = hc };
	int r;

	if (!hc->d->is_privileged)
		return -EPERM;
	if (guest_read_va(&c.op, hc->arg[0]))
		return -EFAULT;
	if (c.op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (!control_begin())
		return -ERESTART_HC;
	r = run(&c);
	control_end();
	if (c.must_copy_back && r != -ERESTART_HC &&
		guest_write_va(hc->arg[0], &c.op))
		r = -EFAULT;
	return r;
}
