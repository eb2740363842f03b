/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock and its timers: it never goes back, nothing fires early, a poll
 * ends by its time-out, a bad timer is refused.
 */
#include <public/event_channel.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include "guest.h"

#define MS 1000000ULL

static void clock(void)
{
	uint64_t last = system_time(), now = last;
	bool went_back = false;

	for (int i = 0; i < 20000; i++) {
		now = system_time();
		went_back |= now < last;
		last = now;
	}
	expect_true("the clock does not go back", !went_back);
	expect_true("there is a wall clock", shared->wc_sec > 1600000000);
	expect("its version is even", shared->wc_version & 1, 0);
}

static void rdtsc(void)
{
	__asm__ volatile("rdtsc; syscall");
	for (;;)
		;
}

/* The counter that traps: for user code too, unless its kernel forbids it. */
static void counter(void)
{
	uint64_t cr4;
	uint32_t r[4] = { 0x40000003, 0, 0, 0 };

	__asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n\tcpuid"
			 : "+a"(r[0]), "=b"(r[1]), "+c"(r[2]), "=d"(r[3]));
	expect("CPUID says whether the counter is emulated", r[0] & 1,
		has_word("emulated"));
	share_root();
	run_user(rdtsc);
	expect("user code may read the counter", last_trap.vector,
		TRAP_SYSCALL);
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | 4));
	run_user(rdtsc);
	expect("not with CR4.TSD", last_trap.vector, 13);
	TRY("rdtsc", ::: "rax", "rdx", "memory");
	expect("its kernel still may", last_trap.vector, TRAP_NONE);
	__asm__ volatile("mov %0, %%cr4" ::"r"(cr4));
	run_user(rdtsc);
	expect("user code, without CR4.TSD", last_trap.vector, TRAP_SYSCALL);
}

void guest_tests(void)
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
	struct evtchn_unmask unmask;
	struct vcpu_set_singleshot_timer single = { .flags = 0 };
	struct vcpu_set_periodic_timer periodic = { .period_ns = 1000 };
	struct vcpu_runstate_info run;
	uint64_t start;
	unsigned before;

	clock();
	counter();
	expect_error("the timer's port",
		HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &virq),
		0);
	/* By the call: a tick may wait already. */
	unmask.port = virq.port;
	expect_error("unmasking it",
		HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, &unmask),
		0);
	before = upcall_count;
	start = system_time();
	for (int i = 0; i < 3; i++)
		HC2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
	expect_true("a tick that nobody asked for wakes us",
		upcall_count >= before + 3);
	expect_true("every 10 ms", system_time() - start >= 20 * MS);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
	expect_error("it can be stopped",
		HC3(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
	shared->vcpu_info[0].evtchn_upcall_mask = 0;
	yield();
	before = upcall_count;
	/* Masked: it may come before we block, which unmasks and waits. */
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
	start = system_time();
	HC1(__HYPERVISOR_set_timer_op, start + 2 * MS);
	HC2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
	expect("the timer woke us", upcall_count, before + 1);
	expect_true("not early", system_time() - start >= 2 * MS);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
	single.timeout_abs_ns = system_time() + MS;
	expect_error("a single shot",
		HC3(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0,
			&single),
		0);
	HC2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
	expect("it woke us", upcall_count, before + 2);
	single.timeout_abs_ns = 1;
	single.flags = VCPU_SSHOTTMR_future;
	expect_error("one in the past that must be in the future: refused",
		HC3(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0,
			&single),
		XEN_ETIME);
	expect_true("a period of a microsecond: refused",
		HC3(__HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, 0,
			&periodic) < 0);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
	start = system_time();
	sleep_ns(3 * MS);
	expect_true(
		"a poll ends by its time-out", system_time() - start >= 3 * MS);
	expect_error("the run state",
		HC3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, &run),
		0);
	expect("we run", (uint64_t)run.state, RUNSTATE_running);
	expect_true("we have slept", run.time[RUNSTATE_blocked] > 0);
	expect_true("and run", run.time[RUNSTATE_running] > 0);
}
