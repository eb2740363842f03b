/* SPDX-License-Identifier: BSD-2-Clause */
/* domctl: every command as the tools give it, and its errors. */
#include "ctl_rig.h"
#include <tenon/entry.h>
#include <tenon/pv.h>
#include <tenon/pte.h>
#include <tenon/shadow.h>

static struct xen_domctl ctl;

/* One command on domain id with the union's member already filled. */
static long op(unsigned cmd, domid_t id)
{
	long r;

	ctl.cmd = cmd;
	ctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	ctl.domain = id;
	r = ctl_call(hc_domctl, (uintptr_t)&ctl, 0, 0);
	ctl_audit();
	return r;
}

static void clear(void)
{
	memset(&ctl, 0, sizeof(ctl));
}

static void privilege(void **state)
{
	(void)state;
	ctl_start(1);
	clear();
	ctl_play(1);
	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, 1), -EPERM);
	assert_int_equal(ctl_call(hc_sysctl, BAD_VA, 0, 0), -EPERM);
	ctl_play(0);
	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, 1), 0);
	ctl.interface_version = 0x14;
	assert_int_equal(ctl_call(hc_domctl, (uintptr_t)&ctl, 0, 0), -EACCES);
	assert_int_equal(ctl_call(hc_domctl, BAD_VA, 0, 0), -EFAULT);
	assert_int_equal(op(999, 1), -ENOSYS);
	assert_int_equal(op(~0U, 1), -ENOSYS);
	assert_int_equal(op(0, 1), -ENOSYS);
	assert_int_equal(op(XEN_DOMCTL_pausedomain, 55), -ESRCH);
	assert_int_equal(op(XEN_DOMCTL_pausedomain, DOMID_IO), -ESRCH);
	assert_int_equal(op(XEN_DOMCTL_pausedomain, DOMID_SELF), -ESRCH);
	assert_int_equal(op(XEN_DOMCTL_soft_reset, 1), -EINVAL);
	assert_int_equal(op(XEN_DOMCTL_assign_device, 1), -EOPNOTSUPP);
	assert_int_equal(op(999, 55), -ESRCH);
	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, 55), -ESRCH);
	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, DOMID_SELF), -EINVAL);
	ctl_stop();
}

static void fill_config(void)
{
	clear();
	ctl.u.createdomain = (struct xen_domctl_createdomain){
		.handle = { 1, 2, 3 },
		.max_vcpus = 4,
		.max_evtchn_port = 100,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
}

static void kill_it(domid_t id)
{
	clear();
	assert_int_equal(op(XEN_DOMCTL_destroydomain, id), 0);
	softirq_run();
}

static int debug_memory(uint64_t gva, void *buf, uint32_t len, bool is_write)
{
	clear();
	ctl.u.gdbsx_guest_memio = (struct xen_domctl_gdbsx_memio){
		.gva = gva, .uva = (uint64_t)buf, .len = len, .gwr = is_write
	};
	return op(XEN_DOMCTL_gdbsx_guestmemio, 1);
}

/* A debugger's: memory by the guest's addresses, vcpus held, breakpoints. */
static void debugger(void **state)
{
	const uint32_t *remain = &ctl.u.gdbsx_guest_memio.remain;
	const struct xen_domctl_gdbsx_domstatus *status =
		&ctl.u.gdbsx_domstatus;
	const uint64_t at = FAKE_SPACE_VA + 2 * PAGE_SIZE - 6;
	mfn_t frames[3 + FAKE_SPACE_TABLES];
	struct cpu_user_regs *regs;
	char text[32] = "";
	struct vcpu *v;

	(void)state;
	ctl_start(1);
	ctl_play(1);
	v = current;
	assert_int_equal(fake_space(v, 3, frames), 0);
	/* User code runs: its root, of which there is none, is not asked. */
	v->arch.in_kernel = false;
	ctl_play(0);
	memcpy((char *)mfn_to_virt(frames[1]) + PAGE_SIZE - 6, "across", 6);
	memcpy(mfn_to_virt(frames[2]), " pages", 7);
	assert_int_equal(debug_memory(at, text, 13, false), 0);
	assert_string_equal(text, "across pages");
	assert_int_equal(*remain, 0);
	assert_int_equal(debug_memory(at, "written", 8, true), 0);
	assert_int_equal(*remain, 0);
	assert_memory_equal(
		(char *)mfn_to_virt(frames[1]) + PAGE_SIZE - 6, "writte", 6);
	assert_string_equal(mfn_to_virt(frames[2]), "n");
	/* A table may be read, not written. */
	assert_int_equal(
		debug_memory(FAKE_SPACE_VA + 3 * PAGE_SIZE, text, 8, false), 0);
	assert_int_equal(
		debug_memory(FAKE_SPACE_VA + 3 * PAGE_SIZE, text, 8, true),
		-EFAULT);
	assert_int_equal(
		debug_memory(FAKE_SPACE_VA + 3 * PAGE_SIZE - 5, text, 8, true),
		-EFAULT);
	assert_int_equal(*remain, 3);
	assert_int_equal(debug_memory(64, text, 8, false), -EFAULT);
	assert_int_equal(*remain, 8);
	assert_int_equal(
		debug_memory(HYPERVISOR_VA_START, text, 8, false), -EFAULT);
	assert_int_equal(debug_memory(1ULL << 50, text, 8, false), -EFAULT);
	assert_int_equal(debug_memory(at, (void *)64, 8, false), -EFAULT);
	assert_int_equal(debug_memory(at, text, 1 << 20, false), -EINVAL);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_guestmemio, 0), -EINVAL);

	clear();
	assert_int_equal(domain_unpause_by_controller(dom[1]), 0);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_pausevcpu, 1), -EBUSY);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_domstatus, 1), 0);
	assert_int_equal(status->paused, 0);
	assert_int_equal(status->vcpu_id, ~0U);
	clear();
	assert_int_equal(op(XEN_DOMCTL_pausedomain, 1), 0);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_unpausevcpu, 1), -EINVAL);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_pausevcpu, 1), 0);
	assert_int_equal(v->pauses, 1);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_pausevcpu, 1), -EBUSY);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_unpausevcpu, 1), 0);
	assert_int_equal(v->pauses, 0);
	ctl.u.gdbsx_pauseunp_vcpu.vcpu = 9;
	assert_int_equal(op(XEN_DOMCTL_gdbsx_pausevcpu, 1), -EINVAL);
	clear();
	ctl.u.setdebugging.enable = 1;
	assert_int_equal(op(XEN_DOMCTL_setdebugging, 1), 0);
	assert_int_equal(domain_unpause_by_controller(dom[1]), 0);

	ctl_play(1);
	regs = arch_guest_regs();
	v->arch.in_kernel = true;
	regs->rip = FAKE_SPACE_VA + 1;
	entry_exception(regs, 3);
	assert_int_equal(regs->rip, FAKE_SPACE_VA + 1);
	ctl_play(0);
	assert_int_equal(dom[1]->pauses, 1);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_domstatus, 1), 0);
	assert_int_equal(status->paused, 1);
	assert_int_equal(status->vcpu_id, 0);
	assert_int_equal(status->vcpu_ev, 3);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_domstatus, 1), 0);
	assert_int_equal(status->vcpu_id, ~0U);
	assert_int_equal(op(XEN_DOMCTL_gdbsx_domstatus + 1, 1), -ENOSYS);
	ctl_stop();
}

static void life(void **state)
{
	struct domain *d;
	domid_t id;

	(void)state;
	ctl_start(1);
	fill_config();
	assert_int_equal(op(XEN_DOMCTL_createdomain, 0), 0);
	id = ctl.domain;
	assert_int_equal(id, 3);
	fill_config();
	assert_int_equal(op(XEN_DOMCTL_createdomain, 3), -EEXIST);
	assert_int_equal(op(XEN_DOMCTL_createdomain, 9), 0);
	kill_it(9);
	assert_int_equal(op(XEN_DOMCTL_destroydomain, 9), -ESRCH);

	clear();
	ctl.u.max_vcpus.max = 3;
	assert_int_equal(op(XEN_DOMCTL_max_vcpus, id), -EINVAL);
	ctl.u.max_vcpus.max = 4;
	assert_int_equal(op(XEN_DOMCTL_max_vcpus, id), 0);
	assert_int_equal(op(XEN_DOMCTL_max_vcpus, id), 0); /* again */
	assert_int_equal(op(XEN_DOMCTL_max_vcpus, 0), -EINVAL);
	ctl.u.max_mem.max_memkb = 4096;
	assert_int_equal(op(XEN_DOMCTL_max_mem, id), 0);

	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, id), 0);
	assert_int_equal(ctl.u.getdomaininfo.domain, id);
	assert_int_equal(ctl.u.getdomaininfo.max_pages, 1024);
	assert_int_equal(ctl.u.getdomaininfo.max_vcpu_id, 3);
	assert_int_equal(ctl.u.getdomaininfo.nr_online_vcpus, 0);
	assert_int_equal(ctl.u.getdomaininfo.handle[2], 3);
	assert_int_equal(ctl.u.getdomaininfo.flags,
		XEN_DOMINF_paused | XEN_DOMINF_blocked);
	d = domain_get(id);
	assert_int_equal(ctl.u.getdomaininfo.shared_info_frame,
		virt_to_mfn(d->shared_info).v);
	domain_put(d);

	assert_int_equal(op(XEN_DOMCTL_unpausedomain, id), 0);
	assert_int_equal(d->pauses, 0);
	assert_int_equal(op(XEN_DOMCTL_unpausedomain, id), -EINVAL);
	assert_int_equal(op(XEN_DOMCTL_pausedomain, id), 0);
	/* Each has its own end. */
	for (unsigned i = 1; i < 254; i++)
		assert_int_equal(op(XEN_DOMCTL_pausedomain, id), 0);
	assert_int_equal(op(XEN_DOMCTL_pausedomain, id), -EOVERFLOW);
	assert_int_equal(d->pauses, 254);
	for (unsigned i = 1; i < 254; i++)
		assert_int_equal(op(XEN_DOMCTL_unpausedomain, id), 0);
	assert_int_equal(d->pauses, 1);
	assert_int_equal(op(XEN_DOMCTL_pausedomain, 0), -EINVAL);
	ctl.u.setdebugging.enable = 1;
	assert_int_equal(op(XEN_DOMCTL_setdebugging, id), 0);
	assert_int_equal(op(XEN_DOMCTL_setdebugging, 0), -EINVAL);
	memset(ctl.u.setdomainhandle.handle, 8, 16);
	assert_int_equal(op(XEN_DOMCTL_setdomainhandle, id), 0);
	ctl.u.settimeoffset.time_offset_seconds = -100;
	assert_int_equal(op(XEN_DOMCTL_settimeoffset, id), 0);
	assert_int_equal(d->shared_info->wc_sec, 1700000000 - 100);
	domain_shutdown(d, 2);
	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, id), 0);
	assert_int_equal(ctl.u.getdomaininfo.flags,
		XEN_DOMINF_paused | XEN_DOMINF_blocked | XEN_DOMINF_shutdown |
			XEN_DOMINF_debugged | 2 << XEN_DOMINF_shutdownshift);
	assert_int_equal(ctl.u.getdomaininfo.handle[2], 8);
	assert_int_equal(op(XEN_DOMCTL_resumedomain, id), 0);
	assert_int_equal(op(XEN_DOMCTL_resumedomain, 0), -EINVAL);
	assert_false(d->is_shut_down);
	assert_int_equal(op(XEN_DOMCTL_destroydomain, 0), -EINVAL);

	/* The list: from a number that nobody has to the next one. */
	assert_int_equal(op(XEN_DOMCTL_destroydomain, 1), 0);
	dom[1] = NULL;
	softirq_run();
	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, 1), 0);
	assert_int_equal(ctl.domain, 2);
	assert_int_equal(op(XEN_DOMCTL_getdomaininfo, 4), -ESRCH);
	fake_should_yield = ctl_always;
	kill_it(3);
	assert_true(ctl_restarts > 3);
	ctl_stop();
}

static void create_errors(void **state)
{
	(void)state;
	ctl_start(1);
	fill_config();
	ctl.u.createdomain.max_vcpus = 0;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EINVAL);
	fill_config();
	ctl.u.createdomain.max_vcpus = ~0U;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EINVAL);
	fill_config();
	ctl.u.createdomain.flags = XEN_DOMCTL_CDF_hvm;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EINVAL);
	fill_config();
	ctl.u.createdomain.flags = 1U << 31;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EINVAL);
	fill_config();
	ctl.u.createdomain.flags = XEN_DOMCTL_CDF_iommu;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EINVAL);
	fill_config();
	ctl.u.createdomain.grant_opts = 0;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EINVAL);
	fill_config();
	ctl.u.createdomain.max_grant_frames = INT32_MAX;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EINVAL);
	fill_config();
	ctl.u.createdomain.cpupool_id = 1;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -ENOENT);
	fill_config();
	ctl.u.createdomain.vmtrace_size = 4096;
	assert_int_equal(op(XEN_DOMCTL_createdomain, 5), -EOPNOTSUPP);
	/* No memory, at every step: nothing is left. */
	for (unsigned n = 0;; n++) {
		uint64_t free_before = page_free_count();
		size_t heap_before = heap_used();
		long r;

		fill_config();
		fake_fail_alloc_after(n);
		r = op(XEN_DOMCTL_createdomain, 5);
		fake_fail_alloc_after(~0ULL);
		if (!r)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(heap_used(), heap_before);
		(void)free_before;
	}
	ctl_stop();
}

static void vcpus(void **state)
{
	struct xen_domctl_vcpuaffinity *a = &ctl.u.vcpuaffinity;
	uint8_t hard[16], soft[16];
	struct vcpu *v;

	(void)state;
	ctl_start(2);
	v = dom[1]->vcpu[1];
	clear();
	a->vcpu = 1;
	a->flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
	a->cpumap_hard.bitmap.p = hard;
	a->cpumap_hard.nr_bits = 128;
	a->cpumap_soft.bitmap.p = soft;
	a->cpumap_soft.nr_bits = 3;
	memset(hard, 0xff, sizeof(hard));
	memset(soft, 0xfe, sizeof(soft));
	assert_int_equal(op(XEN_DOMCTL_setvcpuaffinity, 1), 0);
	/* What is in effect: of two CPUs. */
	assert_int_equal(hard[0], 3);
	assert_int_equal(hard[15], 0);
	assert_int_equal(soft[0], 2);
	assert_int_equal(soft[1], 0xfe);
	a->flags = XEN_VCPUAFFINITY_HARD;
	memset(hard, 0, sizeof(hard));
	hard[0] = 2;
	assert_int_equal(op(XEN_DOMCTL_setvcpuaffinity, 1), 0);
	assert_int_equal(v->affinity_hard, 2);
	hard[0] = 4;
	assert_int_equal(op(XEN_DOMCTL_setvcpuaffinity, 1), -EINVAL);
	memset(hard, 0xff, sizeof(hard));
	assert_int_equal(op(XEN_DOMCTL_getvcpuaffinity, 1), 0);
	assert_int_equal(hard[0], 2);
	a->flags = 0;
	assert_int_equal(op(XEN_DOMCTL_setvcpuaffinity, 1), -EINVAL);
	a->flags = XEN_VCPUAFFINITY_HARD;
	a->cpumap_hard.bitmap.va = BAD_VA;
	assert_int_equal(op(XEN_DOMCTL_setvcpuaffinity, 1), -EFAULT);
	assert_int_equal(op(XEN_DOMCTL_getvcpuaffinity, 1), -EFAULT);
	a->cpumap_hard.nr_bits = ~0U;
	assert_int_equal(op(XEN_DOMCTL_getvcpuaffinity, 1), -EFAULT);
	a->vcpu = 2;
	assert_int_equal(op(XEN_DOMCTL_setvcpuaffinity, 1), -EINVAL);

	clear();
	ctl.u.getvcpuinfo.vcpu = 1;
	assert_int_equal(op(XEN_DOMCTL_getvcpuinfo, 1), 0);
	assert_int_equal(ctl.u.getvcpuinfo.vcpu, 1);
	assert_int_equal(ctl.u.getvcpuinfo.online, 0);
	assert_int_equal(ctl.u.getvcpuinfo.cpu, v->processor);
	ctl.u.getvcpuinfo.vcpu = ~0U;
	assert_int_equal(op(XEN_DOMCTL_getvcpuinfo, 1), -EINVAL);

	clear();
	ctl.u.sendtrigger.vcpu = 1;
	assert_int_equal(op(XEN_DOMCTL_sendtrigger, 1), 0);
	assert_true(v->nmi_pending);
	ctl.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_INIT;
	assert_int_equal(op(XEN_DOMCTL_sendtrigger, 1), -ENOSYS);
	ctl_stop();
}

static void contexts(void **state)
{
	static struct vcpu_guest_context in, out;
	struct xen_domctl_ext_vcpucontext *x = &ctl.u.ext_vcpucontext;
	mfn_t frames[4 + FAKE_SPACE_TABLES];
	struct vcpu *v;

	(void)state;
	ctl_start(1);
	v = dom[1]->vcpu[1];
	/* Tables that another vcpu made; a guest's builder has its own. */
	assert_int_equal(fake_space(dom[1]->vcpu[0], 4, frames), 0);
	clear();
	ctl.u.vcpucontext.vcpu = 1;
	ctl.u.vcpucontext.ctxt.p = &out;
	assert_int_equal(op(XEN_DOMCTL_getvcpucontext, 1), -ENODATA);
	ctl.u.vcpucontext.ctxt.p = &in;
	/* No root: refused. */
	assert_int_equal(op(XEN_DOMCTL_setvcpucontext, 1), -EINVAL);
	in.ctrlreg[3] = xen_pfn_to_cr3(frames[7].v);
	in.flags = VGCF_in_kernel | VGCF_online;
	in.user_regs.rip = 0xffffffff81000000;
	in.user_regs.rsi = 0x1234;
	in.kernel_sp = 0xffffffff82000000;
	assert_int_equal(op(XEN_DOMCTL_setvcpucontext, 1), 0);
	assert_true(v->is_initialised);
	assert_int_equal(v->pause_flags, 0);
	assert_int_equal(v->arch.root.v, frames[7].v);
	ctl.u.vcpucontext.ctxt.p = &out;
	assert_int_equal(op(XEN_DOMCTL_getvcpucontext, 1), 0);
	assert_int_equal(out.user_regs.rsi, 0x1234);
	assert_int_equal(out.ctrlreg[3], in.ctrlreg[3]);
	assert_true(out.flags & VGCF_online);
	/* Errors: bad pointers, non-canonical addresses, the caller itself. */
	ctl.u.vcpucontext.ctxt.va = BAD_VA;
	assert_int_equal(op(XEN_DOMCTL_setvcpucontext, 1), -EFAULT);
	assert_int_equal(op(XEN_DOMCTL_getvcpucontext, 1), -EFAULT);
	ctl.u.vcpucontext.ctxt.p = &in;
	in.event_callback_eip = 1ULL << 63;
	assert_int_equal(op(XEN_DOMCTL_setvcpucontext, 1), -EINVAL);
	assert_int_equal(op(XEN_DOMCTL_setvcpucontext, 0), -EINVAL);
	ctl.u.vcpucontext.vcpu = 0;
	assert_int_equal(op(XEN_DOMCTL_getvcpucontext, 0), -EINVAL);

	clear();
	x->vcpu = 1;
	assert_int_equal(op(XEN_DOMCTL_get_ext_vcpucontext, 1), 0);
	assert_int_equal(x->size, sizeof(*x));
	x->sysenter_callback_eip = 0xffffffff81000100;
	x->syscall32_callback_eip = 0xffffffff81000200;
	x->syscall32_disables_events = 1;
	assert_int_equal(op(XEN_DOMCTL_set_ext_vcpucontext, 1), 0);
	assert_true(v->arch.syscall32.masks_events);
	assert_int_equal(op(XEN_DOMCTL_get_ext_vcpucontext, 1), 0);
	assert_true(x->sysenter_callback_eip == 0xffffffff81000100);
	x->sysenter_callback_eip = HYPERVISOR_VA_START;
	assert_int_equal(op(XEN_DOMCTL_set_ext_vcpucontext, 1), -EINVAL);

	clear();
	ctl.u.vcpuextstate.vcpu = 1;
	assert_int_equal(op(XEN_DOMCTL_getvcpuextstate, 1), 0);
	assert_int_equal(ctl.u.vcpuextstate.size, 0);
	assert_int_equal(op(XEN_DOMCTL_setvcpuextstate, 1), -EOPNOTSUPP);
	clear();
	ctl.u.vcpu_msrs.vcpu = 1;
	ctl.u.vcpu_msrs.msr_count = 3;
	assert_int_equal(op(XEN_DOMCTL_set_vcpu_msrs, 1), -EINVAL);
	assert_int_equal(ctl.u.vcpu_msrs.msr_count, 0);
	assert_int_equal(op(XEN_DOMCTL_get_vcpu_msrs, 1), 0);
	vcpu_take_down(v);
	ctl_stop();
}

static void subscription(void **state)
{
	(void)state;
	ctl_start(1);
	clear();
	ctl.u.subscribe.port = 5;
	assert_int_equal(op(XEN_DOMCTL_subscribe, 1), 0);
	assert_int_equal(dom[1]->suspend_port, 5);
	ctl_stop();
}

static void shares(void **state)
{
	struct xen_domctl_scheduler_op *s = &ctl.u.scheduler_op;

	(void)state;
	ctl_start(1);
	clear();
	s->sched_id = XEN_SCHEDULER_CREDIT2;
	s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	assert_int_equal(op(XEN_DOMCTL_scheduler_op, 1), 0);
	assert_int_equal(s->u.credit2.weight, 256);
	s->cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	s->u.credit2.weight = 512;
	s->u.credit2.cap = 50;
	assert_int_equal(op(XEN_DOMCTL_scheduler_op, 1), 0);
	assert_int_equal(dom[1]->sched.weight, 512);
	assert_int_equal(dom[1]->sched.cap, 50);
	s->u.credit2.weight = 0;
	assert_int_equal(op(XEN_DOMCTL_scheduler_op, 1), 0);
	assert_int_equal(dom[1]->sched.weight, 512);
	s->cmd = XEN_DOMCTL_SCHEDOP_putvcpuinfo;
	assert_int_equal(op(XEN_DOMCTL_scheduler_op, 1), -EINVAL);
	s->sched_id = XEN_SCHEDULER_CREDIT;
	assert_int_equal(op(XEN_DOMCTL_scheduler_op, 1), -EINVAL);
	ctl.u.set_virq_handler.virq = VIRQ_CONSOLE;
	assert_int_equal(op(XEN_DOMCTL_set_virq_handler, 1), 0);
	ctl.u.set_virq_handler.virq = 99;
	assert_int_equal(op(XEN_DOMCTL_set_virq_handler, 1), -EINVAL);
	ctl_stop();
}

static void rights(void **state)
{
	(void)state;
	ctl_start(1);
	clear();
	ctl.u.iomem_permission =
		(struct xen_domctl_iomem_permission){ 0xa0, 0x20, 1 };
	assert_int_equal(op(XEN_DOMCTL_iomem_permission, 1), 0);
	assert_true(rangeset_contains(dom[1]->iomem, 0xa0, 0xbf));
	ctl.u.iomem_permission.first_mfn = 0xb0;
	ctl.u.iomem_permission.allow_access = 0;
	assert_int_equal(op(XEN_DOMCTL_iomem_permission, 1), 0);
	assert_true(rangeset_contains(dom[1]->iomem, 0xa0, 0xaf));
	assert_false(rangeset_contains(dom[1]->iomem, 0xa0, 0xb0));
	ctl.u.iomem_permission.nr_mfns = 0;
	assert_int_equal(op(XEN_DOMCTL_iomem_permission, 1), -EINVAL);
	ctl.u.iomem_permission.nr_mfns = ~0ULL;
	assert_int_equal(op(XEN_DOMCTL_iomem_permission, 1), -EINVAL);
	ctl.u.iomem_permission = (struct xen_domctl_iomem_permission){ 1 << 20,
		2, 1 }; /* dom0 has it not */
	assert_int_equal(op(XEN_DOMCTL_iomem_permission, 1), -EPERM);

	clear();
	ctl.u.ioport_permission =
		(struct xen_domctl_ioport_permission){ 0x2f8, 8, 1 };
	assert_int_equal(op(XEN_DOMCTL_ioport_permission, 1), 0);
	assert_true(rangeset_contains(dom[1]->ioports, 0x2f8, 0x2ff));
	ctl.u.ioport_permission.nr_ports = 0;
	assert_int_equal(op(XEN_DOMCTL_ioport_permission, 1), -EINVAL);
	ctl.u.ioport_permission.nr_ports = 0x10000;
	assert_int_equal(op(XEN_DOMCTL_ioport_permission, 1), -EINVAL);
	ctl.u.ioport_permission.first_port = ~0U;
	assert_int_equal(op(XEN_DOMCTL_ioport_permission, 1), -EINVAL);

	clear();
	ctl.u.irq_permission.pirq = 9;
	ctl.u.irq_permission.allow_access = 1;
	assert_int_equal(op(XEN_DOMCTL_irq_permission, 1), 0);
	assert_true(rangeset_contains(dom[1]->irqs, 9, 9));
	ctl.u.irq_permission.pirq = 4000;
	assert_int_equal(op(XEN_DOMCTL_irq_permission, 1), -EPERM);
	ctl_stop();
}

static void memory(void **state)
{
	xen_pfn_t words[4];
	mfn_t frames[4 + FAKE_SPACE_TABLES];
	uint8_t nodes[2] = { 1, 0 };

	(void)state;
	ctl_start(1);
	assert_int_equal(fake_space(dom[1]->vcpu[0], 4, frames), 0);
	clear();
	ctl.u.getpageframeinfo3.num = 4;
	ctl.u.getpageframeinfo3.array.p = words;
	words[0] = frames[0].v;
	words[1] = frames[4].v;
	words[2] = frames[7].v;
	words[3] = ~0UL;
	assert_int_equal(op(XEN_DOMCTL_getpageframeinfo3, 1), 0);
	assert_int_equal(words[0], XEN_DOMCTL_PFINFO_NOTAB);
	assert_int_equal(words[1], XEN_DOMCTL_PFINFO_L1TAB);
	assert_int_equal(words[2] & XEN_DOMCTL_PFINFO_LTABTYPE_MASK,
		XEN_DOMCTL_PFINFO_L4TAB);
	assert_int_equal(words[3], XEN_DOMCTL_PFINFO_XTAB);
	words[0] = frames[0].v; /* another's */
	ctl.u.getpageframeinfo3.num = 1;
	assert_int_equal(op(XEN_DOMCTL_getpageframeinfo3, 2), 0);
	assert_int_equal(words[0], XEN_DOMCTL_PFINFO_XTAB);
	ctl.u.getpageframeinfo3.num = 1025;
	assert_int_equal(op(XEN_DOMCTL_getpageframeinfo3, 1), -E2BIG);
	ctl.u.getpageframeinfo3.num = 1;
	ctl.u.getpageframeinfo3.array.va = BAD_VA;
	assert_int_equal(op(XEN_DOMCTL_getpageframeinfo3, 1), -EFAULT);

	clear();
	ctl.u.hypercall_init.gmfn = frames[1].v;
	assert_int_equal(op(XEN_DOMCTL_hypercall_init, 1), 0);
	assert_int_not_equal(*(uint8_t *)mfn_to_virt(frames[1]), 0);
	ctl.u.hypercall_init.gmfn = frames[5].v; /* a table */
	assert_int_equal(op(XEN_DOMCTL_hypercall_init, 1), -EINVAL);
	ctl.u.hypercall_init.gmfn = ~0ULL;
	assert_int_equal(op(XEN_DOMCTL_hypercall_init, 1), -EINVAL);

	clear();
	ctl.u.nodeaffinity.nodemap.bitmap.p = nodes;
	ctl.u.nodeaffinity.nodemap.nr_bits = 16;
	assert_int_equal(op(XEN_DOMCTL_setnodeaffinity, 1), 0);
	nodes[0] = 2;
	assert_int_equal(op(XEN_DOMCTL_setnodeaffinity, 1), -EINVAL);
	nodes[1] = 7;
	assert_int_equal(op(XEN_DOMCTL_getnodeaffinity, 1), 0);
	assert_int_equal(nodes[0], 1);
	assert_int_equal(nodes[1], 0);
	ctl_stop();
}

static int shadow(uint32_t what, uint64_t pages, const void *map)
{
	clear();
	ctl.u.shadow_op.op = what;
	ctl.u.shadow_op.pages = pages;
	ctl.u.shadow_op.dirty_bitmap.va = (uintptr_t)map;
	return op(XEN_DOMCTL_shadow_op, 1);
}

static void dirty_maps(void **state)
{
	mfn_t frames[4 + FAKE_SPACE_TABLES];
	uint8_t map[4096] = { 0xff, 0xff, 0xff };
	uint64_t word = 1;
	struct vcpu *v;

	(void)state;
	ctl_start(1);
	v = dom[1]->vcpu[0];
	assert_int_equal(fake_space(v, 4, frames), 0);
	assert_int_equal(shadow(XEN_DOMCTL_SHADOW_OP_CLEAN, 24, map), -EINVAL);
	assert_int_equal(shadow(XEN_DOMCTL_SHADOW_OP_OFF, 0, NULL), 0);
	assert_int_equal(
		shadow(XEN_DOMCTL_SHADOW_OP_ENABLE_TEST, 0, NULL), -EINVAL);
	clear();
	ctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
	ctl.u.shadow_op.mb = 2000;
	assert_int_equal(op(XEN_DOMCTL_shadow_op, 1), -ENOMEM);
	ctl.u.shadow_op.mb = 1;
	assert_int_equal(op(XEN_DOMCTL_shadow_op, 1), 0);
	assert_int_equal(
		shadow(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL), 0);
	assert_int_equal(shadow_tables(dom[1]), 256);
	assert_int_equal(
		shadow(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL), -EINVAL);
	assert_int_equal(
		shadow(XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION, 0, NULL), 0);
	assert_int_equal(ctl.u.shadow_op.mb, 1);
	ctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
	assert_int_equal(op(XEN_DOMCTL_shadow_op, 1), -EBUSY);

	/* It writes frame 2 (and its table, by the dirty bit). */
	fake_enter(v, 0);
	assert_int_equal(
		arch_copy_to_guest(FAKE_SPACE_VA + 2 * PAGE_SIZE, &word, 8), 0);
	ctl_play(0);
	assert_int_equal(shadow(XEN_DOMCTL_SHADOW_OP_PEEK, 4, map), 0);
	assert_int_equal(ctl.u.shadow_op.pages, 4);
	assert_int_equal(ctl.u.shadow_op.stats.dirty_count, 2);
	assert_int_equal(map[0], 1 << 2);
	assert_int_equal(map[1], 0xff);
	/* Nowhere to write: nothing is lost. */
	assert_int_equal(shadow(XEN_DOMCTL_SHADOW_OP_CLEAN, 24, (void *)BAD_VA),
		-EFAULT);
	assert_int_equal(shadow(XEN_DOMCTL_SHADOW_OP_CLEAN, 3, map), 0);
	assert_int_equal(map[0], 1 << 2);
	/* What was not asked for is still there. */
	assert_int_equal(shadow(XEN_DOMCTL_SHADOW_OP_CLEAN, 1 << 30, map), 0);
	assert_int_equal(map[0], 1 << 4);
	assert_int_equal(map[1], 0);
	assert_true(ctl.u.shadow_op.pages < 1 << 30);
	assert_int_equal(shadow(XEN_DOMCTL_SHADOW_OP_CLEAN, 24, map), 0);
	assert_int_equal(map[0], 0);
	clear();
	ctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_CLEAN;
	ctl.u.shadow_op.mode = 2;
	assert_int_equal(op(XEN_DOMCTL_shadow_op, 1), -EINVAL);
	clear();
	ctl.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_PEEK;
	assert_int_equal(op(XEN_DOMCTL_shadow_op, 0), -EINVAL);
	assert_int_equal(shadow(99, 0, NULL), -EINVAL);
	/* It dies as it is. */
	kill_it(1);
	dom[1] = NULL;
	ctl_stop();
}

/* A CPU whose leaves are full of ones, as far as they go. */
static void all_ones(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	(void)sub;
	memset(r, 0xff, 16);
	if (leaf == 0)
		r[0] = 0x16;
	else if (leaf == 0x80000000)
		r[0] = 0x80000021;
	else if (leaf == 7)
		r[0] = 2;
}

static void policies(void **state)
{
	struct xen_cpuid_leaf leaves[200] = { { 0, ~0U, 13, 1, 2, 3 } };
	struct vcpu *v;
	uint32_t r[4];
	struct xen_msr_entry msrs[2] = { { 0xce, 0, 0 } };
	struct xen_domctl_cpu_policy *p = &ctl.u.cpu_policy;

	(void)state;
	ctl_start(1);
	clear();
	*p = (struct xen_domctl_cpu_policy){ .nr_leaves = 5, .nr_msrs = 1 };
	p->leaves.p = leaves;
	p->msrs.p = msrs;
	/* A CPU without CPUID has no leaf but 0. */
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -EINVAL);
	assert_int_equal(p->err_leaf, 0);
	fake_cpuid = all_ones;
	leaves[0].a = 14;
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -EINVAL);
	leaves[0].a = 13;
	leaves[1].leaf = 0xc0000000;
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -ERANGE);
	assert_int_equal(p->err_leaf, 0xc0000000);
	leaves[1].leaf = 0x200;
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -ERANGE);
	leaves[1] = (struct xen_cpuid_leaf){ 1, ~0U, 0x600f12, 0, 1, 4 };
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), 0);
	v = dom[1]->vcpu[0];
	pv_cpuid(v, 1, 0, r);
	assert_int_equal(r[0], 0x600f12);
	assert_int_equal(r[2], 1 | 1U << 31);
	assert_int_equal(r[3], 4);
	pv_cpuid(dom[2]->vcpu[0], 1, 0, r);
	assert_int_not_equal(r[3], 4);
	assert_int_equal(p->err_leaf, ~0U);
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), 0);
	memset(leaves, 0, sizeof(leaves));
	p->nr_leaves = 200;
	assert_int_equal(op(XEN_DOMCTL_get_cpu_policy, 1), 0);
	assert_int_equal(p->nr_leaves, 5);
	assert_int_equal(leaves[0].a, 13);
	p->nr_leaves = 4;
	assert_int_equal(op(XEN_DOMCTL_get_cpu_policy, 1), -ENOBUFS);
	/* One that nobody set. */
	p->nr_leaves = 200;
	p->nr_msrs = 2;
	assert_int_equal(op(XEN_DOMCTL_get_cpu_policy, 2), 0);
	assert_true(p->nr_leaves > 0);
	p->nr_leaves = 1000;
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -E2BIG);
	p->nr_leaves = 1;
	p->nr_msrs = 1;
	msrs[0].val = 1;
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -EINVAL);
	assert_int_equal(p->err_msr, 0xce);
	p->nr_msrs = 0;
	p->leaves.va = BAD_VA;
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -EFAULT);
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 0), -EINVAL);
	/* Not once it has run. */
	assert_int_equal(domain_unpause_by_controller(dom[1]), 0);
	assert_int_equal(domain_pause_by_controller(dom[1]), 0);
	assert_int_equal(op(XEN_DOMCTL_set_cpu_policy, 1), -EEXIST);
	fake_cpuid = NULL;

	clear();
	ctl.u.tsc_info.tsc_mode = 1;
	ctl.u.tsc_info.incarnation = 4;
	assert_int_equal(op(XEN_DOMCTL_settscinfo, 1), 0);
	memset(&ctl.u, 0xff, sizeof(ctl.u));
	assert_int_equal(op(XEN_DOMCTL_gettscinfo, 1), 0);
	assert_int_equal(ctl.u.tsc_info.tsc_mode, 1);
	assert_int_equal(ctl.u.tsc_info.incarnation, 4);
	assert_int_equal(ctl.u.tsc_info.pad, 0);
	assert_true(dom[1]->arch.tsc.is_emulated);
	/* By default only a rate that is not the machine's. */
	clear();
	ctl.u.tsc_info.gtsc_khz = (uint32_t)arch_cpu_khz() - 100;
	assert_int_equal(op(XEN_DOMCTL_settscinfo, 1), 0);
	assert_false(dom[1]->arch.tsc.is_emulated);
	assert_int_equal(op(XEN_DOMCTL_gettscinfo, 1), 0);
	assert_int_equal(ctl.u.tsc_info.gtsc_khz, arch_cpu_khz());
	assert_int_equal(ctl.u.tsc_info.elapsed_nsec, arch_tsc());
	ctl.u.tsc_info.gtsc_khz = (uint32_t)arch_cpu_khz() / 2;
	ctl.u.tsc_info.elapsed_nsec = 77000;
	assert_int_equal(op(XEN_DOMCTL_settscinfo, 1), 0);
	assert_true(dom[1]->arch.tsc.is_emulated);
	fake_advance(1000);
	assert_int_equal(op(XEN_DOMCTL_gettscinfo, 1), 0);
	assert_int_equal(ctl.u.tsc_info.gtsc_khz, arch_cpu_khz() / 2);
	assert_int_equal(ctl.u.tsc_info.elapsed_nsec, 78000);
	ctl.u.tsc_info.tsc_mode = 2;
	assert_int_equal(op(XEN_DOMCTL_settscinfo, 1), 0);
	assert_false(dom[1]->arch.tsc.is_emulated);
	assert_int_equal(op(XEN_DOMCTL_settscinfo, 0), -EINVAL);
	ctl.u.tsc_info.tsc_mode = 3;
	assert_int_equal(op(XEN_DOMCTL_settscinfo, 1), -EINVAL);
	ctl.u.address_size.size = 64;
	assert_int_equal(op(XEN_DOMCTL_set_address_size, 1), 0);
	ctl.u.address_size.size = 32;
	assert_int_equal(op(XEN_DOMCTL_set_address_size, 1), -EINVAL);
	assert_int_equal(op(XEN_DOMCTL_get_address_size, 1), 0);
	assert_int_equal(ctl.u.address_size.size, 64);
	ctl_stop();
}

/* XCR0, all that it ever was, then the image with its header (SDM vol. 1,
 * 13.4.2). */
#define XSAVE_BYTES  832
#define XSAVE_HEADER (2 + 512 / 8)

static long set_state(const uint64_t *buffer, size_t size)
{
	ctl.u.vcpuextstate = (struct xen_domctl_vcpuextstate){
		.vcpu = 1, .size = size, .buffer.p = (uint64_t *)buffer
	};
	return op(XEN_DOMCTL_setvcpuextstate, 1);
}

static void extended_state(void **state)
{
	static uint64_t area[XSAVE_BYTES / 8], buffer[2 + XSAVE_BYTES / 8];
	struct vcpu *v;

	(void)state;
	ctl_start(1);
	v = dom[1]->vcpu[1];
	fake_xcr0_mask = 7;
	fake_xsave_size = XSAVE_BYTES;
	v->arch.xsave = area;
	v->arch.xcr0 = 3;
	area[0] = 0x1234;
	area[XSAVE_BYTES / 8 - 1] = 0x5678;
	clear();
	ctl.u.vcpuextstate.vcpu = 1;
	assert_int_equal(op(XEN_DOMCTL_getvcpuextstate, 1), 0);
	assert_int_equal(ctl.u.vcpuextstate.size, sizeof(buffer));
	assert_int_equal(ctl.u.vcpuextstate.xfeature_mask, 7);
	ctl.u.vcpuextstate.buffer.p = buffer;
	ctl.u.vcpuextstate.size--;
	assert_int_equal(op(XEN_DOMCTL_getvcpuextstate, 1), -EINVAL);
	ctl.u.vcpuextstate.size++;
	assert_int_equal(op(XEN_DOMCTL_getvcpuextstate, 1), 0);
	assert_int_equal(buffer[0], 3);
	assert_memory_equal(buffer + 2, area, XSAVE_BYTES);
	ctl.u.vcpuextstate.buffer.va = BAD_VA;
	assert_int_equal(op(XEN_DOMCTL_getvcpuextstate, 1), -EFAULT);
	ctl.u.vcpuextstate.vcpu = 9;
	assert_int_equal(op(XEN_DOMCTL_getvcpuextstate, 1), -EINVAL);

	/* And back, if a CPU can load it. */
	buffer[2] = 0xabcd;
	assert_int_equal(set_state(buffer, sizeof(buffer) + 1), -EINVAL);
	assert_int_equal(set_state(buffer, 16 + 575), -EINVAL);
	assert_int_equal(
		set_state((const uint64_t *)BAD_VA, sizeof(buffer)), -EFAULT);
	buffer[0] = 2;
	assert_int_equal(set_state(buffer, sizeof(buffer)), -EINVAL);
	buffer[0] = 8 | 3;
	assert_int_equal(set_state(buffer, sizeof(buffer)), -EINVAL);
	buffer[0] = 3;
	buffer[XSAVE_HEADER] = 8;
	assert_int_equal(set_state(buffer, sizeof(buffer)), -EINVAL);
	buffer[XSAVE_HEADER] = 3;
	buffer[XSAVE_HEADER + 1] = 1UL << 63; /* compacted */
	assert_int_equal(set_state(buffer, sizeof(buffer)), -EINVAL);
	buffer[XSAVE_HEADER + 1] = 0;
	assert_int_equal(area[0], 0x1234);
	assert_int_equal(set_state(buffer, sizeof(buffer)), 0);
	assert_memory_equal(buffer + 2, area, XSAVE_BYTES);
	assert_true(v->arch.fpu_initialised);
	/* A shorter one: the rest is in its first state. */
	assert_int_equal(set_state(buffer, 16 + 576), 0);
	assert_int_equal(area[XSAVE_BYTES / 8 - 1], 0);
	v->arch.xsave = NULL;
	fake_xsave_size = 0;
	fake_xcr0_mask = 0;
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(privilege),
		cmocka_unit_test(debugger),
		cmocka_unit_test(life),
		cmocka_unit_test(create_errors),
		cmocka_unit_test(vcpus),
		cmocka_unit_test(contexts),
		cmocka_unit_test(subscription),
		cmocka_unit_test(extended_state),
		cmocka_unit_test(shares),
		cmocka_unit_test(rights),
		cmocka_unit_test(memory),
		cmocka_unit_test(dirty_maps),
		cmocka_unit_test(policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
