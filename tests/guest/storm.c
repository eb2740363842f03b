/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile: a guest that never stops, with one of these on its command line.
 * faults: exceptions, each handled; nested: each inside another's handler, its
 * stack taken back; events: all ports it can get, and sends to them for ever;
 * calls: every hypercall with wild arguments; tables: pins, unpins and new
 * roots; memory: gives pages back and takes them; console: writes to the
 * hypervisor's log; timers: one that is always due; spin: nothing at all.
 */
#include <public/event_channel.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include "guest.h"

static void faults(void)
{
	uint64_t v;

	TRY("ud2");
	TRY("movq (%1), %0", : "=r"(v) : "r"(0x1000UL));
	TRY("rdmsr", : "=a"(v) : "c"(0x1234) : "rdx");
	TRY("movq (%1), %0", : "=r"(v) : "r"(0xffff830000000000UL));
}

static bool nest(struct frame *f)
{
	(void)f;
	__asm__ volatile("leaq stack_end(%rip), %rsp; ud2");
	return true;
}

static void nested(void)
{
	trap_hook = nest;
	__asm__ volatile("ud2");
}

static void events(void)
{
	static struct evtchn_bind_ipi ipi;
	static unsigned last;
	struct evtchn_send send;

	while (HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi) ==
		0) {
		last = ipi.port;
		__atomic_and_fetch(&shared->evtchn_mask[last / 64],
			~(1UL << last % 64), __ATOMIC_SEQ_CST);
	}
	shared->vcpu_info[0].evtchn_upcall_mask = 0;
	for (send.port = 1; send.port <= last; send.port++)
		HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

static void calls(void)
{
	static uint64_t x = 88172645463325252;
	uint64_t a[5];
	unsigned nr;

	for (int i = 0; i < 6; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (i < 5)
			a[i] = x & 1   ? x >> 60
			       : x & 2 ? (uint64_t)page_a
			       : x & 4 ? x >> 40
				       : x;
	}
	nr = x >> 32 & 63;
	if (nr == __HYPERVISOR_iret ||
		(nr == __HYPERVISOR_sched_op && (uint32_t)a[0]) ||
		(nr == __HYPERVISOR_sched_op_compat && (uint32_t)a[0]) ||
		(nr == __HYPERVISOR_vcpu_op && (uint32_t)a[0] == VCPUOP_down))
		return;
	hypercall(nr, a[0], a[1], a[2], a[3], a[4]);
	if (nr <= __HYPERVISOR_set_callbacks)
		set_traps();
}

static void tables(void)
{
	struct mmuext_op op[4] = { { .cmd = MMUEXT_PIN_L4_TABLE },
		{ .cmd = MMUEXT_NEW_BASEPTR }, { .cmd = MMUEXT_UNPIN_TABLE },
		{ .cmd = MMUEXT_TLB_FLUSH_ALL } };
	uint64_t root = virt_to_mfn((void *)start_info->pt_base);

	for (int i = 0; i < 3; i++)
		op[i].arg1.mfn = root;
	HC4(__HYPERVISOR_mmuext_op, op, 4, 0, DOMID_SELF);
	map(page_a, 0);
	map(page_a, virt_to_mfn(page_a) << 12 | 5);
	map(page_a, virt_to_mfn(page_a) << 12 | 7);
}

static void memory(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct xen_memory_reservation r = { .nr_extents = 1,
		.domid = DOMID_SELF };
	uint64_t *mfn = &((uint64_t *)start_info->mfn_list)[virt_to_pfn(page)];
	xen_pfn_t frame = *mfn;

	r.extent_start.p = &frame;
	map(page, 0);
	HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r);
	frame = virt_to_pfn(page);
	if (HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) == 1)
		*mfn = frame;
	map(page, *mfn << 12 | 7);
	page[0] = 1;
}

static void console(void)
{
	HC3(__HYPERVISOR_console_io, 0, 20, "storm storm storm 1\n");
}

static void timers(void)
{
	HC1(__HYPERVISOR_set_timer_op, 1);
}

static void spin(void)
{
	__asm__ volatile("pause");
}

void guest_tests(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} kinds[] = { { "faults", faults }, { "nested", nested },
		{ "events", events }, { "calls", calls }, { "tables", tables },
		{ "memory", memory }, { "console", console },
		{ "timers", timers }, { "spin", spin } };

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!has_word(kinds[i].name))
			continue;
		print("ok storm begins\n");
		for (;;)
			kinds[i].fn();
	}
}
