/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second vcpu: brought up with registers that its kernel chose, it runs
 * beside the first, answers events, and goes down. Needs vcpus=2; with one it
 * tries only what must be refused.
 */
#include <public/event_channel.h>
#include <public/vcpu.h>
#include "guest.h"

static volatile uint64_t counter, seen_rdi, orders;
static evtchn_port_t to_first, to_second;
static char second_stack[4096] __attribute__((aligned(16)));
static struct vcpu_guest_context context;

static long op(unsigned cmd, unsigned id, void *arg)
{
	return HC3(__HYPERVISOR_vcpu_op, cmd, id, arg);
}

/* Upcalls stay masked on it: it looks for itself. */
static void __attribute__((noreturn)) second_main(uint64_t rdi)
{
	seen_rdi = rdi;
	for (;;) {
		struct evtchn_send send = { .port = to_first };

		counter++;
		if (__atomic_fetch_and(&shared->evtchn_pending[to_second / 64],
			    ~(1UL << to_second % 64), __ATOMIC_SEQ_CST) >>
				to_second % 64 &
			1)
			HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send,
				&send);
		if (orders == 1)
			op(VCPUOP_down, 1, 0);
	}
}

static void fill_context(void)
{
	context.flags = VGCF_in_kernel;
	context.user_regs.rip = (uint64_t)second_main;
	context.user_regs.rsp =
		(uint64_t)second_stack + sizeof(second_stack) - 8;
	context.user_regs.rdi = 0x1234abcd;
	context.user_regs.rflags = 0x202;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = FLAT_KERNEL_SS;
	context.kernel_ss = FLAT_KERNEL_SS;
	context.kernel_sp = context.user_regs.rsp;
	context.ctrlreg[3] =
		xen_pfn_to_cr3(virt_to_mfn((void *)start_info->pt_base));
}

static bool wait_for(bool (*is_so)(void))
{
	for (int i = 0; i < 2000; i++) {
		if (is_so())
			return true;
		sleep_ns(1000000);
	}
	return false;
}

static uint64_t mark;

static bool counts_on(void)
{
	return counter > mark + 10;
}

static bool is_down(void)
{
	return op(VCPUOP_is_up, 1, 0) == 0;
}

static bool has_answered(void)
{
	return shared->evtchn_pending[to_first / 64] >> to_first % 64 & 1;
}

static void refused(void)
{
	unsigned last = op(VCPUOP_is_up, 1, 0) >= 0 ? 2 : 1;

	expect_true("one vcpu more than there are: refused",
		op(VCPUOP_is_up, last, 0) < 0);
	expect_true("the last number: refused", op(VCPUOP_up, ~0U, 0) < 0);
	expect("we are up", (uint64_t)op(VCPUOP_is_up, 0, 0), 1);
	expect_true("ourselves again: refused",
		op(VCPUOP_initialise, 0, &context) < 0);
}

static void bad_contexts(void)
{
	struct vcpu_guest_context *c = &context;

	expect_true("up without a context: refused", op(VCPUOP_up, 1, 0) < 0);
	expect_true("a context from nowhere: refused",
		op(VCPUOP_initialise, 1, (void *)0x1000) < 0);
	c->ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(page_a));
	expect_true("a data page as root: refused",
		op(VCPUOP_initialise, 1, c) < 0);
	c->ctrlreg[3] = ~0UL;
	expect_true(
		"no frame as root: refused", op(VCPUOP_initialise, 1, c) < 0);
	fill_context();
	c->gdt_ents = 512;
	c->gdt_frames[0] = 0x200;
	expect_true("a foreign frame of descriptors: refused",
		op(VCPUOP_initialise, 1, c) < 0);
	c->gdt_ents = 0;
	c->user_regs.rip = 1UL << 63;
	expect_true("no address to run at: refused",
		op(VCPUOP_initialise, 1, c) < 0);
	fill_context();
	c->flags = 0;
	expect_true("user mode without a root for it: refused",
		op(VCPUOP_initialise, 1, c) < 0);
	fill_context();
}

void guest_tests(void)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_send send;

	fill_context();
	refused();
	if (op(VCPUOP_is_up, 1, 0) < 0)
		return;
	expect("the second is down", (uint64_t)op(VCPUOP_is_up, 1, 0), 0);
	bad_contexts();
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi);
	to_first = ipi.port;
	ipi.vcpu = 1;
	expect_error("a port of the second",
		HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi), 0);
	to_second = ipi.port;
	expect_error("its context", op(VCPUOP_initialise, 1, &context), 0);
	expect_true("a second one: refused",
		op(VCPUOP_initialise, 1, &context) < 0);
	expect_error("up", op(VCPUOP_up, 1, 0), 0);
	expect("it is", (uint64_t)op(VCPUOP_is_up, 1, 0), 1);
	expect_true("it runs", wait_for(counts_on));
	expect("with the registers it was given", seen_rdi, 0x1234abcd);
	send.port = to_second;
	HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
	expect_true("it answers an event", wait_for(has_answered));
	orders = 1;
	expect_true("it goes down", wait_for(is_down));
	orders = 0;
	mark = counter;
	expect_error("and up", op(VCPUOP_up, 1, 0), 0);
	expect_true("it goes on where it was", wait_for(counts_on));
}
