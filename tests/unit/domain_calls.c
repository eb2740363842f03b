/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls as a guest makes them: through its registers, with its
 * structures in its memory, and again from the instruction when they stopped
 * half way.
 */
#include "sched_rig.h"

#include <string.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/efi.h>
#include <tenon/entry.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/hypercall.h>
#include <tenon/pte.h>
#include <public/callback.h>
#include <public/domctl.h>
#include <public/errno.h>
#include <public/nmi.h>
#include <public/arch-x86/xen-mca.h>
#include <public/platform.h>
#include <public/sched.h>
#include <public/version.h>

#define RIP	      0xffffffff81000102ULL
#define BAD	      8ULL /* in the page that is never mapped */
#define NON_CANONICAL 0x8000000000000000ULL

static struct domain *d;
static struct vcpu *v;

static void start(domid_t id, unsigned cpu_n)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 3,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
	};

	rig_start(cpu_n);
	assert_int_equal(domain_create(id, &config, id == 0, &d), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(vcpu_create(d, i), 0);
	v = d->vcpu[0];
	v->is_initialised = true;
	assert_int_equal(sched_set_affinity(v, 1, 1), 0);
	vcpu_bring_up(v);
	assert_int_equal(domain_unpause_by_controller(d), 0);
	rig_settle();
	assert_ptr_equal(current, v);
}

static void stop(void)
{
	vcpu_take_down(v);
	rig_settle();
	fake_stop();
}

/* A hypercall by its instruction, entered again as often as it asks. */
static unsigned restarts;

static long call(unsigned nr, uint64_t a, uint64_t b, uint64_t c)
{
	struct cpu_user_regs *regs = arch_guest_regs();

	*regs = (struct cpu_user_regs){
		.rax = nr,
		.rdi = a,
		.rsi = b,
		.rdx = c,
		.rip = RIP,
	};
	for (restarts = 0;; restarts++) {
		entry_hypercall(regs);
		if (regs->rip == RIP)
			return (long)regs->rax;
		assert_int_equal(regs->rip, RIP - 2);
		assert_int_equal(regs->rax, nr);
		regs->rip = RIP;
		assert_true(restarts < 1000);
	}
}

#define CALL(name, a, b, c) \
	call(__HYPERVISOR_##name, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c))

static bool always(void)
{
	return true;
}

static void unknown_numbers(void **state)
{
	(void)state;
	start(1, 1);
	assert_int_equal(call(11, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(63, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(64, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(0xffffffff, 0, 0, 0), -ENOSYS);
	assert_int_equal(CALL(xsm_op, 0, 0, 0), -ENOSYS);
	assert_int_equal(CALL(xenpmu_op, 4, 0, 0), -EOPNOTSUPP);
	stop();
}

static void multicalls(void **state)
{
	struct multicall_entry m[20];

	(void)state;
	start(1, 1);
	for (unsigned round = 0; round < 2; round++) {
		fake_should_yield = round ? always : NULL;
		memset(m, 0x55, sizeof(m));
		for (unsigned i = 0; i < 20; i++) {
			m[i].op = __HYPERVISOR_xen_version;
			m[i].args[0] = XENVER_pagesize;
			m[i].args[1] = 0;
		}
		m[3].op = 12345678901ULL;
		m[5].op = __HYPERVISOR_multicall;
		m[6].op = __HYPERVISOR_iret;
		m[7].args[0] = XENVER_version;
		assert_int_equal(CALL(multicall, m, 20, 0), 0);
		assert_int_equal(restarts, round ? 19 : 0);
		for (unsigned i = 0; i < 20; i++) {
			long want = i == 3   ? -ENOSYS
				    : i == 5 ? -EINVAL
				    : i == 6 ? -EINVAL
				    : i == 7 ? (4 << 16 | 17)
					     : 4096;

			assert_int_equal((long)m[i].result, want);
		}
	}
	fake_should_yield = NULL;
	assert_int_equal(CALL(multicall, m, 0, 0), 0);
	assert_int_equal(CALL(multicall, BAD, 1, 0), -EFAULT);
	stop();
}

/* An entry that stops half way goes on from where it was. */
static void a_call_in_parts(void **state)
{
	static char text[1000];
	struct multicall_entry m[2] = {
		{ .op = __HYPERVISOR_console_io,
			.args = { CONSOLEIO_write, sizeof(text),
				(uint64_t)text } },
		{ .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } },
	};

	(void)state;
	memset(text, 'x', sizeof(text));
	start(1, 1);
	fake_should_yield = always;
	assert_int_equal(CALL(multicall, m, 2, 0), 0);
	/* 128 bytes each: seven rests; and one between the two. */
	assert_int_equal(restarts, 8);
	assert_int_equal(m[0].result, 0);
	assert_int_equal(m[0].args[1], 1000 - 7 * 128);
	assert_int_equal(m[1].result, 4096);
	assert_int_equal(
		CALL(console_io, CONSOLEIO_write, sizeof(text), text), 0);
	assert_int_equal(restarts, 7);
	fake_should_yield = NULL;
	assert_int_equal(CALL(console_io, CONSOLEIO_write, -1, BAD), -EFAULT);
	assert_int_equal(CALL(console_io, 7, -1, BAD), -ENOSYS);
	assert_int_equal(CALL(console_io, CONSOLEIO_write, 9, BAD), -EFAULT);
	assert_int_equal(CALL(console_io, CONSOLEIO_read, 9, text), -EPERM);
	stop();
}

static void versions(void **state)
{
	struct xen_feature_info f = { 0 };
	struct xen_platform_parameters p;
	xen_capabilities_info_t caps;
	xen_extraversion_t extra;
	xen_commandline_t line;
	uint8_t handle[16];
	union {
		struct xen_build_id head;
		uint8_t bytes[16];
	} id;

	(void)state;
	start(1, 1);
	assert_int_equal(CALL(xen_version, XENVER_version, 0, 0), 0x40011);
	memset(extra, 'x', sizeof(extra));
	assert_int_equal(CALL(xen_version, XENVER_extraversion, extra, 0), 0);
	assert_int_equal(extra[0], '.');
	assert_int_equal(extra[15], 0);
	memset(caps, 'x', sizeof(caps));
	assert_int_equal(CALL(xen_version, XENVER_capabilities, caps, 0), 0);
	assert_non_null(strstr(caps, "xen-3.0-x86_64 "));
	assert_int_equal(caps[sizeof(caps) - 1], 0);
	assert_int_equal(
		CALL(xen_version, XENVER_platform_parameters, &p, 0), 0);
	assert_int_equal(p.virt_start, 0xffff800000000000);
	assert_int_equal(CALL(xen_version, XENVER_get_features, &f, 0), 0);
	assert_false(f.submap >> XENFEAT_dom0 & 1);
	assert_false(f.submap >> XENFEAT_writable_page_tables & 1);
	assert_false(f.submap >> XENFEAT_auto_translated_physmap & 1);
	assert_true(f.submap >> XENFEAT_mmu_pt_update_preserve_ad & 1);
	f.submap_idx = 1;
	assert_int_equal(
		CALL(xen_version, XENVER_get_features, &f, 0), -EINVAL);
	assert_int_equal(CALL(xen_version, XENVER_guest_handle, handle, 0), 0);
	assert_memory_equal(handle, d->handle, 16);
	/* The machine's command line is not a guest's business. */
	assert_int_equal(CALL(xen_version, XENVER_commandline, line, 0), 0);
	assert_int_equal(line[0], 0);
	assert_int_equal(CALL(xen_version, XENVER_build_id, 0, 0), -EPERM);
	d->is_privileged = true;
	assert_int_equal(CALL(xen_version, XENVER_build_id, 0, 0), 5);
	memset(&id, 0xcc, sizeof(id));
	id.head.len = 0;
	assert_int_equal(CALL(xen_version, XENVER_build_id, &id, 0), -EINVAL);
	id.head.len = 4;
	assert_int_equal(CALL(xen_version, XENVER_build_id, &id, 0), -ENOBUFS);
	id.head.len = 5;
	assert_int_equal(CALL(xen_version, XENVER_build_id, &id, 0), 5);
	assert_memory_equal(id.bytes + 4, "\1\2\3\4\5\xcc", 6);
	assert_int_equal(CALL(xen_version, XENVER_build_id, BAD, 0), -EFAULT);
	d->is_privileged = false;
	assert_int_equal(CALL(xen_version, 99, 0, 0), -ENOSYS);
	assert_int_equal(
		CALL(xen_version, XENVER_capabilities, BAD, 0), -EFAULT);
	stop();
}

static void blocking(void **state)
{
	(void)state;
	start(1, 1);
	/* Block unmasks, and does nothing if there is an event. */
	v->vcpu_info->evtchn_upcall_mask = 1;
	v->vcpu_info->evtchn_upcall_pending = 1;
	assert_int_equal(CALL(sched_op, SCHEDOP_block, 0, 0), 0);
	assert_int_equal(v->vcpu_info->evtchn_upcall_mask, 0);
	rig_settle();
	assert_ptr_equal(current, v);
	v->vcpu_info->evtchn_upcall_pending = 0;
	assert_int_equal(CALL(sched_op, SCHEDOP_block, 0, 0), 0);
	rig_settle();
	assert_true(current->is_idle);
	assert_int_equal(v->runstate.state, RUNSTATE_blocked);
	event_mark_pending(v);
	rig_settle();
	assert_ptr_equal(current, v);
	/* The first edition is the same. */
	v->vcpu_info->evtchn_upcall_pending = 0;
	assert_int_equal(CALL(sched_op_compat, SCHEDOP_block, 0, 0), 0);
	rig_settle();
	assert_true(current->is_idle);
	event_mark_pending(v);
	rig_settle();
	assert_int_equal(CALL(sched_op, SCHEDOP_yield, 0, 0), 0);
	assert_int_equal(CALL(sched_op, 77, 0, 0), -ENOSYS);
	stop();
}

static void polling(void **state)
{
	evtchn_port_t ports[2] = { 5, 6 };
	struct sched_poll poll = { .ports.p = ports, .nr_ports = 2 };
	uint64_t *pending, begun;

	(void)state;
	start(1, 1);
	pending = (uint64_t *)d->shared_info->evtchn_pending;
	v->vcpu_info->evtchn_upcall_mask = 1;
	assert_int_equal(event_alloc_unbound(d, 1, &ports[0]), 0);
	assert_int_equal(event_bind_ipi(d, 0, &ports[1]), 0);
	/* Masked for upcalls and on the port: polls all the same. */
	bit_test_and_set((uint64_t *)d->shared_info->evtchn_mask, ports[1]);
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), 0);
	rig_settle();
	assert_true(current->is_idle);
	assert_int_equal(event_send(d, ports[1]), 0);
	rig_settle();
	assert_ptr_equal(current, v);
	/* Already there. */
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), 0);
	rig_settle();
	assert_ptr_equal(current, v);
	bit_test_and_clear(pending, ports[1]);
	/* Until a time. */
	begun = time_now();
	poll.timeout = begun + 3 * MS;
	poll.nr_ports = 1;
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), 0);
	rig_settle();
	assert_true(current->is_idle);
	assert_int_equal(event_send(d, ports[1]), 0);
	rig_settle();
	assert_true(current->is_idle);
	while (current->is_idle)
		rig_step(begun + 10 * MS);
	assert_int_equal(time_now(), begun + 3 * MS);
	/* An event comes before; then the time ends no block, and an event
	 * does. */
	poll.timeout = begun + 6 * MS;
	assert_int_equal(event_bind_ipi(d, 0, &ports[0]), 0);
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), 0);
	rig_settle();
	assert_true(current->is_idle);
	assert_int_equal(d->pollers, 1);
	assert_int_equal(event_send(d, ports[0]), 0);
	rig_settle();
	assert_ptr_equal(current, v);
	assert_int_equal(d->pollers, 0);
	v->vcpu_info->evtchn_upcall_pending = 0;
	assert_int_equal(CALL(sched_op, SCHEDOP_block, 0, 0), 0);
	rig_settle();
	while (time_now() < begun + 9 * MS)
		rig_step(begun + 9 * MS);
	assert_true(current->is_idle);
	event_mark_pending(v);
	rig_settle();
	assert_ptr_equal(current, v);
	v->vcpu_info->evtchn_upcall_pending = 0;
	/* Refused. */
	poll.nr_ports = 0;
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), -EINVAL);
	poll.nr_ports = 129;
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), -EINVAL);
	poll.nr_ports = 1;
	ports[0] = EVENT_2L_PORTS;
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), -EINVAL);
	poll.ports.va = BAD;
	assert_int_equal(CALL(sched_op, SCHEDOP_poll, &poll, 0), -EFAULT);
	assert_false(v->pause_flags);
	assert_int_equal(d->pollers, 0);
	stop();
}

/* A poll and the event that ends it, at the same time. */
static evtchn_port_t polled;
static unsigned seed;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static bool is_over;

static void polls(void *arg)
{
	struct sched_poll poll = { .ports.p = &polled, .nr_ports = 1 };
	uint64_t *pending = (uint64_t *)d->shared_info->evtchn_pending;

	(void)arg;
	for (unsigned i = 0; i < 5; i++) {
		while (!bit_test_and_clear(pending, polled)) {
			assert_int_equal(
				CALL(sched_op, SCHEDOP_poll, &poll, 0), 0);
			softirq_run();
			while (current->is_idle) {
				arch_relax();
				softirq_run();
			}
		}
	}
	is_over = true;
}

static void sends(void *arg)
{
	uint64_t *pending = (uint64_t *)d->shared_info->evtchn_pending;

	(void)arg;
	for (unsigned i = 0; i < 5; i++) {
		while (bit_test(pending, polled))
			arch_relax();
		assert_int_equal(event_send(d, polled), 0);
		arch_race_point();
	}
	while (!is_over) {
		softirq_run();
		arch_relax();
	}
}

static void no_poll_is_missed(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 200; round++) {
		seed = round;
		start(1, 2);
		v->vcpu_info->evtchn_upcall_mask = 1;
		assert_int_equal(event_bind_ipi(d, 0, &polled), 0);
		is_over = false;
		fake_spawn(0, polls, NULL);
		fake_spawn(1, sends, NULL);
		fake_run(any);
		rig_settle();
		assert_int_equal(d->pollers, 0);
		stop();
	}
}

static void ending(void **state)
{
	struct sched_shutdown s = { .reason = 0x1277 };
	struct sched_remote_shutdown remote = { .domain_id = 1 };
	struct sched_watchdog w = { 0, 2 };

	(void)state;
	start(1, 1);
	assert_int_equal(CALL(sched_op, SCHEDOP_shutdown, &s, 0), 0);
	assert_true(d->is_shut_down);
	rig_settle();
	assert_int_equal(d->shutdown_code, 0x77);
	assert_true(current->is_idle);
	fake_stop();

	start(1, 1);
	assert_int_equal(
		CALL(sched_op, SCHEDOP_remote_shutdown, &remote, 0), -EPERM);
	remote.domain_id = 99;
	assert_int_equal(
		CALL(sched_op, SCHEDOP_remote_shutdown, &remote, 0), -ESRCH);
	/* Two watchdogs, fed and ended. */
	assert_int_equal(CALL(sched_op, SCHEDOP_watchdog, &w, 0), 1);
	assert_int_equal(CALL(sched_op, SCHEDOP_watchdog, &w, 0), 2);
	assert_int_equal(CALL(sched_op, SCHEDOP_watchdog, &w, 0), -ENOSPC);
	rig_run(1900 * MS);
	w.id = 1;
	assert_int_equal(CALL(sched_op, SCHEDOP_watchdog, &w, 0), 0);
	w = (struct sched_watchdog){ 2, 0 };
	assert_int_equal(CALL(sched_op, SCHEDOP_watchdog, &w, 0), 0);
	assert_int_equal(CALL(sched_op, SCHEDOP_watchdog, &w, 0), -EINVAL);
	w.id = 3;
	assert_int_equal(CALL(sched_op, SCHEDOP_watchdog, &w, 0), -EINVAL);
	rig_run(1900 * MS);
	assert_false(d->is_shut_down);
	rig_run(200 * MS);
	assert_true(d->is_shut_down);
	assert_int_equal(d->shutdown_code, SHUTDOWN_watchdog);
	assert_true(current->is_idle);
	fake_stop();

	start(1, 1);
	s.reason = SHUTDOWN_suspend;
	assert_int_equal(CALL(sched_op, SCHEDOP_shutdown_code, &s, 0), 0);
	assert_int_equal(CALL(sched_op, SCHEDOP_shutdown_code, &s, 0), -EINVAL);
	s.reason = SHUTDOWN_poweroff;
	assert_int_equal(CALL(sched_op, SCHEDOP_shutdown, &s, 0), 0);
	rig_settle();
	assert_int_equal(d->shutdown_code, SHUTDOWN_suspend);
	assert_true(current->is_idle);
	fake_stop();
}

static void pinning(void **state)
{
	struct sched_pin_override pin = { 1 };

	(void)state;
	start(0, 2);
	assert_int_equal(CALL(sched_op, SCHEDOP_pin_override, &pin, 0), 0);
	assert_int_equal(CALL(sched_op, SCHEDOP_pin_override, &pin, 0), -EBUSY);
	rig_settle();
	fake_play(1);
	assert_ptr_equal(current, v);
	pin.pcpu = -1;
	assert_int_equal(CALL(sched_op, SCHEDOP_pin_override, &pin, 0), 0);
	rig_settle();
	assert_ptr_equal(current, v);
	assert_int_equal(
		CALL(sched_op, SCHEDOP_pin_override, &pin, 0), -ENOENT);
	pin.pcpu = 64;
	assert_int_equal(
		CALL(sched_op, SCHEDOP_pin_override, &pin, 0), -EINVAL);
	stop();
}

static void timers(void **state)
{
	struct vcpu_set_singleshot_timer one = { .timeout_abs_ns = 5 * MS };
	struct vcpu_set_periodic_timer many = { 2 * MS };
	uint64_t *pending;
	uint32_t port;

	(void)state;
	start(1, 1);
	pending = (uint64_t *)d->shared_info->evtchn_pending;
	/* Whoever binds the timer and asks for nothing else has a tick. */
	rig_run(30 * MS);
	assert_int_equal(event_bind_virq(d, VIRQ_TIMER, 0, &port), 0);
	for (unsigned i = 0; i < 3; i++) {
		rig_run(10 * MS - 1);
		assert_false(bit_test(pending, port));
		rig_run(1);
		assert_true(bit_test_and_clear(pending, port));
	}
	/* It stands still without a port, and begins again with one. */
	assert_int_equal(event_close(d, port), 0);
	rig_run(30 * MS);
	assert_false(timer_is_set(&d->vcpu[0]->periodic));
	assert_int_equal(event_bind_virq(d, VIRQ_TIMER, 0, &port), 0);
	rig_run(10 * MS);
	assert_true(bit_test_and_clear(pending, port));
	assert_int_equal(CALL(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
	one.timeout_abs_ns = time_now() + 5 * MS;
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_set_singleshot_timer, 0, &one), 0);
	rig_run(5 * MS - 1);
	assert_false(bit_test(pending, port));
	rig_run(1);
	assert_true(bit_test_and_clear(pending, port));
	/* Too late, and told so or not. */
	one.flags = VCPU_SSHOTTMR_future;
	one.timeout_abs_ns = time_now() - 1;
	assert_int_equal(CALL(vcpu_op, VCPUOP_set_singleshot_timer, 0, &one),
		-XEN_ETIME);
	one.flags = 0;
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_set_singleshot_timer, 0, &one), 0);
	rig_step(time_now());
	assert_true(bit_test_and_clear(pending, port));
	/* Only one's own. */
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_set_singleshot_timer, 1, &one), -EINVAL);
	one.timeout_abs_ns = time_now() + MS;
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_set_singleshot_timer, 0, &one), 0);
	assert_int_equal(CALL(vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0), 0);
	rig_run(2 * MS);
	assert_false(bit_test(pending, port));
	/* set_timer_op: 0 stops, the past (a negative one, too) is now. */
	assert_int_equal(CALL(set_timer_op, time_now() + MS, 0, 0), 0);
	rig_run(MS);
	assert_true(bit_test_and_clear(pending, port));
	assert_int_equal(CALL(set_timer_op, time_now() + MS, 0, 0), 0);
	assert_int_equal(CALL(set_timer_op, 0, 0, 0), 0);
	rig_run(2 * MS);
	assert_false(bit_test(pending, port));
	assert_int_equal(CALL(set_timer_op, -5, 0, 0), 0);
	rig_step(time_now());
	assert_true(bit_test_and_clear(pending, port));
	/* Periodic. */
	assert_int_equal(CALL(vcpu_op, VCPUOP_set_periodic_timer, 0, &many), 0);
	for (unsigned i = 0; i < 5; i++) {
		rig_run(2 * MS);
		assert_true(bit_test_and_clear(pending, port));
	}
	assert_int_equal(CALL(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
	rig_run(20 * MS);
	assert_false(bit_test(pending, port));
	many.period_ns = 999999;
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_set_periodic_timer, 0, &many), -EINVAL);
	stop();
}

static void areas(void **state)
{
	static struct vcpu_runstate_info shown;
	static struct vcpu_time_info clock;
	struct vcpu_register_runstate_memory_area r = { .addr.v = &shown };
	struct vcpu_register_time_memory_area t = { .addr.v = &clock };
	struct vcpu_runstate_info info;

	(void)state;
	start(1, 1);
	rig_run(3 * MS);
	assert_int_equal(CALL(vcpu_op, VCPUOP_get_runstate_info, 0, &info), 0);
	assert_int_equal(info.time[RUNSTATE_running], 3 * MS);
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r), 0);
	assert_int_equal(shown.state, RUNSTATE_running);
	assert_int_equal(CALL(vm_assist, VMASST_CMD_enable,
				 VMASST_TYPE_runstate_update_flag, 0),
		0);
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &t), 0);
	assert_int_equal(clock.version % 2, 0);
	assert_int_equal(clock.system_time, time_now());
	assert_int_equal(clock.flags, XEN_PVCLOCK_TSC_STABLE_BIT);
	/* Asleep for a while: both are brought up to date. */
	assert_int_equal(CALL(sched_op, SCHEDOP_block, 0, 0), 0);
	rig_settle();
	assert_int_equal(shown.state, RUNSTATE_blocked);
	rig_run(7 * MS);
	event_mark_pending(v);
	rig_settle();
	assert_int_equal(shown.state, RUNSTATE_running);
	assert_int_equal(shown.state_entry_time, 10 * MS);
	assert_int_equal(shown.time[RUNSTATE_blocked], 7 * MS);
	assert_int_equal(clock.system_time, 10 * MS);
	assert_int_equal(v->vcpu_info->time.system_time, 10 * MS);
	assert_int_equal(clock.version, v->vcpu_info->time.version);

	r.addr.p = t.addr.p = NON_CANONICAL;
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &r),
		-EFAULT);
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &t),
		-EFAULT);
	t.addr.p = BAD;
	assert_int_equal(
		CALL(vcpu_op, VCPUOP_register_vcpu_time_memory_area, 0, &t),
		-EFAULT);
	stop();
}

static void ups_and_downs(void **state)
{
	struct vcpu_get_physid id;

	(void)state;
	start(1, 2);
	assert_int_equal(CALL(vcpu_op, VCPUOP_is_up, 0, 0), 1);
	assert_int_equal(CALL(vcpu_op, VCPUOP_is_up, 1, 0), 0);
	assert_int_equal(CALL(vcpu_op, VCPUOP_is_up, 2, 0), -ENOENT);
	assert_int_equal(CALL(vcpu_op, VCPUOP_is_up, 99, 0), -ENOENT);
	assert_int_equal(CALL(vcpu_op, 99, 0, 0), -ENOSYS);
	assert_int_equal(CALL(vcpu_op, VCPUOP_up, 1, 0), -EINVAL);
	assert_int_equal(CALL(vcpu_op, VCPUOP_initialise, 0, BAD), -EFAULT);
	assert_int_equal(CALL(vcpu_op, VCPUOP_initialise, 1, BAD), -EFAULT);
	d->vcpu[1]->is_initialised = true;
	assert_int_equal(CALL(vcpu_op, VCPUOP_up, 1, 0), 0);
	rig_settle();
	assert_true(d->vcpu[1]->is_running);
	assert_int_equal(CALL(vcpu_op, VCPUOP_get_physid, 1, &id), -EINVAL);
	assert_int_equal(CALL(vcpu_op, VCPUOP_get_physid, 0, &id), 0);
	assert_int_equal(id.phys_id, 0);
	assert_int_equal(CALL(vcpu_op, VCPUOP_send_nmi, 1, 0), 0);
	assert_true(d->vcpu[1]->nmi_pending);
	assert_int_equal(CALL(vcpu_op, VCPUOP_down, 1, 0), 0);
	rig_settle();
	assert_false(d->vcpu[1]->is_running);
	assert_false(d->is_shut_down);
	/* The last one: nobody can wake the domain any more. */
	assert_int_equal(CALL(vcpu_op, VCPUOP_down, 0, 0), 0);
	rig_settle();
	assert_true(d->is_shut_down);
	assert_int_equal(d->shutdown_code, SHUTDOWN_poweroff);
	fake_stop();
}

static void kernel_state(void **state)
{
	struct trap_info traps[3] = {
		{ 14, 4, 0xe030, 0xffffffff81000000 },
		{ 0x80, 3, 0xe033, 0xffffffff81000010 },
		{ 0, 0, 0, 0 },
	};
	static struct trap_info endless[300];
	struct callback_register cb = { CALLBACKTYPE_nmi, 0, RIP };
	struct callback_unregister un = { CALLBACKTYPE_event, 0 };
	struct xennmi_callback nmi = { RIP, 0 };

	(void)state;
	start(1, 1);
	assert_int_equal(CALL(set_trap_table, traps, 0, 0), 0);
	assert_int_equal(v->arch.traps[14].address, traps[0].address);
	assert_int_equal(v->arch.traps[14].cs, 0xe033);
	assert_int_equal(v->arch.traps[0x80].flags, 3);
	traps[1].address = NON_CANONICAL;
	assert_int_equal(CALL(set_trap_table, traps, 0, 0), -EINVAL);
	for (unsigned i = 0; i < 300; i++)
		endless[i].address = RIP;
	assert_int_equal(CALL(set_trap_table, endless, 0, 0), -EINVAL);
	assert_int_equal(CALL(set_trap_table, 0, 0, 0), 0);
	assert_int_equal(v->arch.traps[14].address, 0);

	assert_int_equal(CALL(set_callbacks, RIP, RIP + 1, RIP + 2), 0);
	assert_int_equal(v->arch.syscall.rip, RIP + 2);
	assert_int_equal(CALL(set_callbacks, RIP, NON_CANONICAL, RIP), -EINVAL);
	assert_int_equal(v->arch.failsafe.rip, RIP + 1);
	assert_int_equal(CALL(callback_op, CALLBACKOP_register, &cb, 0), 0);
	assert_true(v->arch.nmi.masks_events);
	cb.type = 6;
	assert_int_equal(
		CALL(callback_op, CALLBACKOP_register, &cb, 0), -ENOSYS);
	assert_int_equal(
		CALL(callback_op, CALLBACKOP_unregister, &un, 0), -EINVAL);
	un.type = CALLBACKTYPE_nmi;
	assert_int_equal(CALL(callback_op, CALLBACKOP_unregister, &un, 0), 0);
	assert_int_equal(v->arch.nmi.rip, 0);
	assert_int_equal(CALL(nmi_op, XENNMI_register_callback, &nmi, 0), 0);
	assert_int_equal(v->arch.nmi.rip, RIP);

	assert_int_equal(CALL(stack_switch, 0xe02b, RIP, 0), 0);
	assert_int_equal(v->arch.kernel_sp, RIP);
	assert_int_equal(CALL(stack_switch, 0xe02b, NON_CANONICAL, 0), -EINVAL);
	assert_int_equal(CALL(set_segment_base, SEGBASE_FS, RIP, 0), 0);
	assert_int_equal(v->arch.fs_base, RIP);
	assert_int_equal(
		CALL(set_segment_base, SEGBASE_FS, NON_CANONICAL, 0), -EINVAL);
	assert_int_equal(CALL(set_segment_base, 4, 0, 0), -EINVAL);
	assert_int_equal(CALL(fpu_taskswitch, 1, 0, 0), 0);
	assert_true(v->arch.fpu_ts);
	assert_int_equal(CALL(get_debugreg, 8, 0, 0), -ENODEV);
	assert_int_equal(CALL(set_debugreg, 8, 0, 0), -ENODEV);
	assert_int_equal(CALL(set_debugreg, 0, 0x1000, 0), 0);
	assert_int_equal(CALL(get_debugreg, 0, 0, 0), 0x1000);
	/* Bits that no register has, the general detect bit, I/O. */
	assert_int_equal(CALL(set_debugreg, 6, 1UL << 32, 0), -EINVAL);
	assert_int_equal(CALL(set_debugreg, 7, 1UL << 32, 0), -EINVAL);
	assert_int_equal(CALL(set_debugreg, 7, 1 << 13, 0), -EPERM);
	assert_int_equal(CALL(set_debugreg, 7, 2 << 16, 0), -EPERM);
	assert_int_equal(CALL(set_debugreg, 7, 0, 0), 0);
	assert_int_equal(CALL(get_debugreg, 7, 0, 0), 0x400);
	assert_int_equal(CALL(vm_assist, VMASST_CMD_enable, 77, 0), -EINVAL);
	stop();
}

static long firmware(struct xen_platform_op *op, uint32_t index)
{
	op->cmd = XENPF_firmware_info;
	op->u.firmware_info.type = XEN_FW_EFI_INFO;
	op->u.firmware_info.index = index;
	return CALL(platform_op, op, 0, 0);
}

static void efi_facts(struct xen_platform_op *op)
{
	union xenpf_efi_info *info = &op->u.firmware_info.u.efi_info;
	static uint8_t map[40] = { 10 };
	uint16_t name[4] = { 1, 2, 3, 4 };
	uint64_t start = 0x10000, pages = 16;

	assert_int_equal(firmware(op, XEN_FW_EFI_CONFIG_TABLE), -ENODEV);
	memcpy(map + 8, &start, 8);
	memcpy(map + 24, &pages, 8);
	efi = (struct efi_info){ .is_found = true,
		.revision = 0x20046,
		.runtime_revision = 0x20032,
		.config = 0x1234,
		.config_count = 5,
		.vendor_revision = 9,
		.vendor = { 'E', 'D', 'K', 'I' },
		.map = map,
		.map_entries = 1,
		.entry_size = 40 };
	assert_int_equal(firmware(op, XEN_FW_EFI_VERSION), 0);
	assert_int_equal(info->version, 0x20046);
	assert_int_equal(firmware(op, XEN_FW_EFI_RT_VERSION), 0);
	assert_int_equal(info->version, 0x20032);
	assert_int_equal(firmware(op, XEN_FW_EFI_CONFIG_TABLE), 0);
	assert_int_equal(info->cfg.addr, 0x1234);
	assert_int_equal(info->cfg.nent, 5);
	/* The name is cut to the room, with its end. */
	info->vendor.bufsz = 7;
	info->vendor.name.va = (vaddr_t)name;
	assert_int_equal(firmware(op, XEN_FW_EFI_VENDOR), 0);
	assert_int_equal(info->vendor.revision, 9);
	assert_int_equal(name[1], 'D');
	assert_int_equal(name[2], 0);
	assert_int_equal(name[3], 4);
	info->mem.addr = 0x12345;
	info->mem.size = ~0ULL;
	assert_int_equal(firmware(op, XEN_FW_EFI_MEM_INFO), 0);
	assert_int_equal(info->mem.addr, 0x12345);
	assert_int_equal(info->mem.size, 0x20000 - 0x12345);
	assert_int_equal(info->mem.type, 10);
	info->mem.addr = 0x20000;
	assert_int_equal(firmware(op, XEN_FW_EFI_MEM_INFO), -ENODEV);
	assert_int_equal(firmware(op, XEN_FW_EFI_PCI_ROM), -ENODEV);
	assert_int_equal(firmware(op, 99), -EINVAL);
	op->cmd = XENPF_efi_runtime_call;
	assert_int_equal(CALL(platform_op, op, 0, 0), -ENOSYS);
	efi.is_found = false;
}

/* However much a guest writes, so many lines a second are shown. */
static void few_lines(void **state)
{
	char text[] = "all work and no play\n";

	(void)state;
	start(1, 1);
	boot_options.guest_loglvl = LOG_ERR;
	boot_options.guest_loglvl_limited = LOG_WARN;
	for (unsigned second = 0; second < 3; second++) {
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(CALL(console_io, CONSOLEIO_write,
						 sizeof(text) - 1, text),
				0);
		assert_in_range(d->log_printed, 1, 20);
		assert_int_equal(d->log_printed + d->log_dropped, 100);
		fake_advance(1000 * MS);
	}
	stop();
}

static void platform(void **state)
{
	struct xen_platform_op op = {
		.cmd = XENPF_settime64,
		.interface_version = XENPF_INTERFACE_VERSION,
		.u.settime64 = { 1800000000, 500000000, 0, 0 },
	};

	(void)state;
	start(1, 1);
	assert_int_equal(CALL(platform_op, &op, 0, 0), -EPERM);
	stop();

	start(0, 2);
	assert_int_equal(d->shared_info->wc_sec, 1700000000);
	assert_int_equal(CALL(platform_op, &op, 0, 0), 0);
	assert_int_equal(d->shared_info->wc_sec, 1800000000);
	assert_int_equal(d->shared_info->wc_nsec, 500000000);
	assert_int_equal(d->shared_info->wc_version % 2, 0);
	op.u.settime64.mbz = 1;
	assert_int_equal(CALL(platform_op, &op, 0, 0), -EINVAL);
	op.cmd = XENPF_get_cpuinfo;
	op.u.pcpu_info.xen_cpuid = 1;
	assert_int_equal(CALL(platform_op, &op, 0, 0), 0);
	assert_int_equal(op.u.pcpu_info.max_present, 1);
	assert_int_equal(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
	op.u.pcpu_info.xen_cpuid = 64;
	assert_int_equal(CALL(platform_op, &op, 0, 0), 0);
	assert_int_equal(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
	efi_facts(&op);
	op.cmd = XENPF_microcode_update;
	assert_int_equal(CALL(platform_op, &op, 0, 0), -ENOSYS);
	op.interface_version = 0;
	assert_int_equal(CALL(platform_op, &op, 0, 0), -EACCES);
	stop();
}

static void machine_checks(void **state)
{
	struct mcinfo_logical_cpu info[3];
	struct xen_mc op = { .cmd = XEN_MC_physcpuinfo };

	(void)state;
	start(1, 2);
	assert_int_equal(CALL(mca, &op, 0, 0), -EPERM);
	d->is_hardware = true;
	assert_int_equal(CALL(mca, &op, 0, 0), -EACCES);
	assert_int_equal(CALL(mca, BAD, 0, 0), -EFAULT);
	op.interface_version = XEN_MCA_INTERFACE_VERSION;
	assert_int_equal(CALL(mca, &op, 0, 0), 0);
	assert_int_equal(op.u.mc_physcpuinfo.ncpus, 2);
	memset(info, 0xcc, sizeof(info));
	op.u.mc_physcpuinfo.info.p = info;
	op.u.mc_physcpuinfo.ncpus = 3;
	assert_int_equal(CALL(mca, &op, 0, 0), 0);
	assert_int_equal(op.u.mc_physcpuinfo.ncpus, 2);
	assert_int_equal(info[1].mc_cpunr, 1);
	assert_int_equal(info[1].mc_ncores, 2);
	assert_int_equal(info[2].mc_cpunr, 0xcccccccc);
	op.u.mc_physcpuinfo.ncpus = 1;
	memset(info, 0xcc, sizeof(info));
	assert_int_equal(CALL(mca, &op, 0, 0), 0);
	assert_int_equal(info[1].mc_cpunr, 0xcccccccc);
	op.u.mc_physcpuinfo.ncpus = 0;
	assert_int_equal(CALL(mca, &op, 0, 0), -EINVAL);
	op.u.mc_physcpuinfo.ncpus = 1;
	op.u.mc_physcpuinfo.info.va = BAD;
	assert_int_equal(CALL(mca, &op, 0, 0), -EFAULT);

	op.cmd = XEN_MC_fetch;
	op.u.mc_fetch.flags = XEN_MC_URGENT;
	op.u.mc_fetch.data.va = 0;
	assert_int_equal(CALL(mca, &op, 0, 0), -EINVAL);
	op.u.mc_fetch.data.va = BAD;
	assert_int_equal(CALL(mca, &op, 0, 0), 0);
	assert_int_equal(op.u.mc_fetch.flags, XEN_MC_NODATA);
	op.u.mc_fetch.flags = XEN_MC_URGENT | XEN_MC_ACK;
	assert_int_equal(CALL(mca, &op, 0, 0), 0);
	op.u.mc_fetch.flags = XEN_MC_URGENT | XEN_MC_NONURGENT;
	assert_int_equal(CALL(mca, &op, 0, 0), -EINVAL);
	op.cmd = XEN_MC_mceinject;
	assert_int_equal(CALL(mca, &op, 0, 0), -EOPNOTSUPP);
	op.cmd = 99;
	assert_int_equal(CALL(mca, &op, 0, 0), -EINVAL);
	d->is_hardware = false;
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_numbers),
		cmocka_unit_test(multicalls),
		cmocka_unit_test(a_call_in_parts),
		cmocka_unit_test(versions),
		cmocka_unit_test(blocking),
		cmocka_unit_test(polling),
		cmocka_unit_test(no_poll_is_missed),
		cmocka_unit_test(ending),
		cmocka_unit_test(pinning),
		cmocka_unit_test(timers),
		cmocka_unit_test(areas),
		cmocka_unit_test(ups_and_downs),
		cmocka_unit_test(kernel_state),
		cmocka_unit_test(few_lines),
		cmocka_unit_test(platform),
		cmocka_unit_test(machine_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
