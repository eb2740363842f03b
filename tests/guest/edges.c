/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The edges of a PV guest's world: traps and their frames, what page tables
 * are refused, what wild arguments do, events and time.
 */
#include <public/event_channel.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/version.h>
#include "guest.h"

static char page_a[4096] __attribute__((aligned(4096)));
static char user_stack[4096] __attribute__((aligned(4096)));

static void test_traps(void)
{
	uint64_t v;

	trap_skip = 2;
	__asm__ volatile("ud2");
	expect("ud2: vector", last_trap.vector, 6);
	expect("ud2: kernel code selector", last_trap.cs & 3, 0);
	expect("ud2: interrupts enabled in the frame",
		last_trap.rflags >> 9 & 1,
		!shared->vcpu_info[0].evtchn_upcall_mask);

	__asm__ volatile("int3");
	expect("int3: vector", last_trap.vector, 3);

	trap_skip = 2;
	__asm__ volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; divl %%ecx"
			 : "=a"(v)
			 :
			 : "ecx", "edx");
	expect("divide: vector", last_trap.vector, 0);

	trap_skip = 3;
	__asm__ volatile("movq (%1), %0" : "=r"(v) : "r"(0x1000UL));
	expect("page fault: vector", last_trap.vector, 14);
	expect("page fault: error of a kernel read", last_trap.error, 0);
	expect("page fault: cr2", shared->vcpu_info[0].arch.cr2, 0x1000);

	trap_skip = 3;
	__asm__ volatile("movq %0, (%1)" ::"r"(1UL), "r"(0x2000UL));
	expect("page fault: error of a kernel write", last_trap.error, 2);

	trap_skip = 3;
	__asm__ volatile("movq (%1), %0" : "=r"(v) : "r"(0xffff830000000000UL));
	expect("hypervisor's memory: page fault", last_trap.vector, 14);

	trap_skip = 3;
	__asm__ volatile("movq (%1), %0" : "=r"(v) : "r"(0x8000000000000000UL));
	expect("not canonical: #GP", last_trap.vector, 13);

	__asm__ volatile("int $0x80");
	expect("int 0x80: vector", last_trap.vector, 128);
	__asm__ volatile("int $0x81");
	expect("int 0x81: vector", last_trap.vector, 129);

	/* HLT is not emulated. */
	trap_skip = 1;
	__asm__ volatile("hlt");
	expect("hlt: #GP", last_trap.vector, 13);
	expect("hlt: error code 0", last_trap.error, 0);
}

static void test_emulation(void)
{
	uint32_t a = 0, b, c = 0, d;
	uint64_t v;
	unsigned before = trap_count;

	__asm__ volatile(".byte 0x0f, 0x0b, 'x', 'e', 'n'; cpuid"
			 : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	a = 0x40000000;
	__asm__ volatile(".byte 0x0f, 0x0b, 'x', 'e', 'n'; cpuid"
			 : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	expect("cpuid: hypervisor signature", b, 0x566e6558);
	__asm__ volatile("movq %%cr0, %0" : "=r"(v));
	expect("cr0: protected mode and paging", v & 0x80000001, 0x80000001);
	__asm__ volatile("clts");
	__asm__ volatile("movq %%cr4, %0" : "=r"(v));
	expect("cr4: PAE", v >> 5 & 1, 1);
	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(0xc0000080));
	expect("efer: long mode", a >> 10 & 1, 1);
	expect("emulation: no trap seen", trap_count, before);
	trap_skip = 2;
	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(0x12345678));
	expect("unknown MSR: #GP", last_trap.vector, 13);
}

static void __attribute__((noinline)) in_user(void)
{
	__asm__ volatile("syscall");
	for (;;)
		;
}

static void test_user_mode(void)
{
	struct mmuext_op op = { .cmd = MMUEXT_NEW_USER_BASEPTR };

	op.arg1.mfn = pfn_to_mfn(virt_to_pfn((void *)start_info->pt_base));
	expect("user root: the kernel's",
		(uint64_t)HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF),
		0);
	run_user((uint64_t)in_user, (uint64_t)user_stack + sizeof(user_stack));
	expect("syscall from user: vector", last_trap.vector, 0x201);
	expect("syscall from user: ring 3", last_trap.cs & 3, 3);
}

static long update(uint64_t ptr, uint64_t val)
{
	struct mmu_update u = { .ptr = ptr, .val = val };

	return HC4(__HYPERVISOR_mmu_update, &u, 1, 0, DOMID_SELF);
}

static void test_page_tables(void)
{
	uint64_t root_pfn = virt_to_pfn((void *)start_info->pt_base);
	uint64_t mfn_a = pfn_to_mfn(virt_to_pfn(page_a));
	uint64_t l1 = pte_address((uint64_t)page_a, 1);
	uint64_t l2 = pte_address((uint64_t)page_a, 2);
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L4_TABLE };
	uint64_t va = (uint64_t)page_a, v;

	expect("entry: read-only", (uint64_t)update(l1, mfn_a << 12 | 5), 0);
	trap_skip = 3;
	HC4(__HYPERVISOR_update_va_mapping, va, mfn_a << 12 | 5, UVMF_INVLPG,
		0);
	__asm__ volatile("movq %0, (%1)" ::"r"(1UL), "r"(va) : "memory");
	expect("write to it faults", last_trap.vector, 14);
	expect("with error 3 less the user bit", last_trap.error, 3);
	expect("entry: writable again",
		(uint64_t)HC4(__HYPERVISOR_update_va_mapping, va,
			mfn_a << 12 | 7, UVMF_INVLPG, 0),
		0);

	expect("a writable mapping of the root: refused",
		(uint64_t)update(l1, pfn_to_mfn(root_pfn) << 12 | 7),
		(uint64_t)-22);
	expect("a frame that is not ours: refused",
		(uint64_t)update(l1, 0x10ULL << 12 | 7) != 0, 1);
	expect("a frame number beyond memory: refused",
		(uint64_t)update(l1, 0x7ffffffffULL << 12 | 7) != 0, 1);
	expect("an L2 entry to a data page: refused",
		(uint64_t)update(l2, mfn_a << 12 | 7) != 0, 1);
	expect("a superpage: refused",
		(uint64_t)update(l2, mfn_a << 12 | 0x87) != 0, 1);
	expect("an entry in a data page: allowed, it is data",
		(uint64_t)update(mfn_a << 12, 0x1234567 & ~3ULL), 0);
	op.arg1.mfn = mfn_a;
	expect("pinning a mapped writable page as root: refused",
		(uint64_t)HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF) !=
			0,
		1);
	op.cmd = MMUEXT_UNPIN_TABLE;
	expect("unpinning what is not pinned: refused",
		(uint64_t)HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF) !=
			0,
		1);

	/* A plain write into our own L1 table: decoded and checked. */
	v = *(volatile uint64_t *)va;
	(void)v;
	{
		uint64_t table_pfn =
			((uint64_t *)0xffff800000000000ULL)[l1 >> 12];
		volatile uint64_t *e =
			(uint64_t *)((char *)pfn_to_virt(table_pfn) +
				     (l1 & 4095));
		unsigned before = trap_count;

		*e = mfn_a << 12 | 5;
		expect("store to an L1 table: no trap", trap_count, before);
		expect("store to an L1 table: done", *e & 3, 1);
		v = mfn_a << 12 | 7;
		__asm__ volatile("xchgq %0, %1" : "+r"(v), "+m"(*e));
		expect("xchg on an L1 table: old value", v & 3, 1);
		__asm__ volatile("lock andq %1, %0" : "+m"(*e) : "r"(~2UL));
		expect("lock and on an L1 table", *e & 3, 1);
		__asm__ volatile("lock btsq %1, %0" : "+m"(*e) : "r"(1UL));
		expect("lock bts on an L1 table", *e & 3, 3);
	}
}

/* Every hypercall with pointers and numbers that lead nowhere. */
static void test_wild_arguments(void)
{
	static const uint64_t wild[] = { 0, 1, 0x1000, 0x7fffffffffff,
		0x8000000000000000, 0xffff830000000000, 0xffffffffffffffff,
		0xffff87fffffffff8, 0xffffffff7ffffff8 };
	struct {
		unsigned nr;
	} skip[] = { { 23 }, { 29 }, { 6 }, { 7 }, { 5 }, { 4 }, { 0 }, { 2 },
		{ 3 }, { 25 }, { 8 }, { 26 }, { 14 }, { 30 }, { 16 }, { 24 } };
	unsigned before = trap_count;

	for (unsigned nr = 0; nr < 64; nr++) {
		bool is_skipped = false;

		for (unsigned i = 0; i < sizeof(skip) / sizeof(skip[0]); i++)
			is_skipped |= skip[i].nr == nr;
		if (is_skipped)
			continue;
		for (unsigned op = 0; op < 40; op++)
			for (unsigned i = 0; i < sizeof(wild) / 8; i++) {
				hypercall(nr, op, wild[i], 1, 0, DOMID_SELF);
				hypercall(nr, wild[i], op, wild[8 - i], 0,
					DOMID_SELF);
			}
	}
	expect("wild arguments: no trap", trap_count, before);
	expect("an unknown hypercall: ENOSYS", (uint64_t)HC0(50),
		(uint64_t)-38);
	expect("a hypercall number beyond the table: ENOSYS",
		(uint64_t)HC0(0xffffffff), (uint64_t)-38);
}

static void test_events(void)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_send send;
	struct evtchn_close end;
	unsigned before;

	expect("bind an IPI port",
		(uint64_t)HC2(
			__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &ipi),
		0);
	__atomic_and_fetch(&shared->evtchn_mask[ipi.port / 64],
		~(1UL << ipi.port % 64), __ATOMIC_SEQ_CST);
	shared->vcpu_info[0].evtchn_upcall_mask = 0;
	before = upcall_count;
	send.port = ipi.port;
	expect("send to it",
		(uint64_t)HC2(
			__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send),
		0);
	expect("one upcall came", upcall_count, before + 1);
	expect("by the event callback", last_trap.vector, 0x200);
	expect("the port was pending",
		last_events[ipi.port / 64] >> ipi.port % 64 & 1, 1);
	end.port = ipi.port;
	expect("close it",
		(uint64_t)HC2(
			__HYPERVISOR_event_channel_op, EVTCHNOP_close, &end),
		0);
	expect("closing it twice: refused",
		(uint64_t)HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_close,
			&end) != 0,
		1);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
}

static uint64_t system_time(void)
{
	volatile struct vcpu_time_info *t = &shared->vcpu_info[0].time;
	uint32_t lo, hi;
	uint64_t delta;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	delta = (lo | (uint64_t)hi << 32) - t->tsc_timestamp;
	delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift
				 : delta << t->tsc_shift;
	return t->system_time +
	       (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >>
			  32);
}

static void test_time(void)
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
	uint64_t start = system_time();
	unsigned before = upcall_count;

	expect("bind the timer",
		(uint64_t)HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq,
			&virq),
		0);
	__atomic_and_fetch(&shared->evtchn_mask[virq.port / 64],
		~(1UL << virq.port % 64), __ATOMIC_SEQ_CST);
	HC1(__HYPERVISOR_set_timer_op, start + 2000000);
	/* Block unmasks and waits. */
	HC2(__HYPERVISOR_sched_op, SCHEDOP_block, 0);
	expect("the timer woke us", upcall_count, before + 1);
	expect("not early", system_time() - start >= 2000000, 1);
	shared->vcpu_info[0].evtchn_upcall_mask = 1;
}

void guest_tests(void)
{
	expect("version 4.17",
		(uint64_t)HC2(__HYPERVISOR_xen_version, XENVER_version, 0),
		4 << 16 | 17);
	test_traps();
	test_emulation();
	test_page_tables();
	test_events();
	test_time();
	test_user_mode();
	test_wild_arguments();
}
