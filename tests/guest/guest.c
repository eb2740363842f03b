/* SPDX-License-Identifier: BSD-2-Clause */
/* The micro-guest's runtime: see guest.h. */
#include <public/sched.h>
#include "guest.h"

#define VIRT_BASE 0xffffffff80000000ULL

extern uint64_t kernel_rsp;
extern char run_user_end[];
extern char trap_0[], trap_1[], trap_3[], trap_6[], trap_7[], trap_13[],
	trap_14[], trap_128[], trap_129[], trap_event[], trap_failsafe[],
	trap_syscall[];

void guest_main(struct start_info *si);
void trap(struct frame *f);

struct start_info *start_info;
struct shared_info *shared;
struct frame last_trap;
volatile unsigned trap_count, upcall_count;
uint64_t trap_skip;
uint64_t last_events[64];

static unsigned passed, failed;
static char shared_page[4096] __attribute__((aligned(4096)));

void print(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	HC3(__HYPERVISOR_console_io, 0, n, s);
}

void print_number(uint64_t n)
{
	char buf[19];
	int i = 18;

	buf[i] = '\0';
	do
		buf[--i] = "0123456789abcdef"[n & 15];
	while ((n >>= 4) && i > 2);
	buf[--i] = 'x';
	buf[--i] = '0';
	print(buf + i);
}

void expect(const char *name, uint64_t got, uint64_t expected)
{
	if (got == expected) {
		passed++;
		print("ok ");
		print(name);
	} else {
		failed++;
		print("not ok ");
		print(name);
		print(": got ");
		print_number(got);
		print(", expected ");
		print_number(expected);
	}
	print("\n");
}

uint64_t pfn_to_mfn(uint64_t pfn)
{
	return ((uint64_t *)start_info->mfn_list)[pfn];
}

void *pfn_to_virt(uint64_t pfn)
{
	return (void *)(VIRT_BASE + (pfn << 12));
}

uint64_t virt_to_pfn(const void *p)
{
	return ((uint64_t)p - VIRT_BASE) >> 12;
}

static uint64_t mfn_to_pfn(uint64_t mfn)
{
	return ((uint64_t *)0xffff800000000000ULL)[mfn];
}

uint64_t pte_address(uint64_t va, unsigned level)
{
	uint64_t *table = (uint64_t *)start_info->pt_base;
	uint64_t mfn = pfn_to_mfn(virt_to_pfn(table));

	for (unsigned l = 4; l > level; l--) {
		uint64_t e = table[va >> (12 + 9 * (l - 1)) & 511];

		mfn = (e & 0x000ffffffffff000ULL) >> 12;
		table = pfn_to_virt(mfn_to_pfn(mfn));
	}
	return (mfn << 12) + (va >> (12 + 9 * (level - 1)) & 511) * 8;
}

/* Acknowledge all that is pending, in the order that the ABI asks for. */
static void take_events(void)
{
	uint64_t sel;

	shared->vcpu_info[0].evtchn_upcall_pending = 0;
	sel = __atomic_exchange_n(
		&shared->vcpu_info[0].evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (; sel; sel &= sel - 1) {
		unsigned word = (unsigned)__builtin_ctzll(sel);

		last_events[word] = __atomic_exchange_n(
			&shared->evtchn_pending[word], 0, __ATOMIC_SEQ_CST);
	}
}

void trap(struct frame *f)
{
	last_trap = *f;
	if (f->vector == 0x200) {
		upcall_count++;
		take_events();
		return;
	}
	trap_count++;
	f->rip += trap_skip;
	if (f->cs & 3) {
		/* Back from user mode into run_user's caller. */
		f->cs = 0xe030;
		f->rsp = kernel_rsp;
		f->rip = (uint64_t)run_user_end;
	}
	trap_skip = 0;
}

static void set_traps(void)
{
	static struct trap_info table[] = { { 0, 0, 0xe033, 0 },
		{ 1, 0, 0xe033, 0 }, { 3, 3, 0xe033, 0 }, { 6, 0, 0xe033, 0 },
		{ 7, 0, 0xe033, 0 }, { 13, 0, 0xe033, 0 }, { 14, 0, 0xe033, 0 },
		{ 128, 3, 0xe033, 0 }, { 129, 0, 0xe033, 0 }, { 0, 0, 0, 0 } };
	char *const entry[] = { trap_0, trap_1, trap_3, trap_6, trap_7, trap_13,
		trap_14, trap_128, trap_129 };

	for (unsigned i = 0; i < 9; i++)
		table[i].address = (uint64_t)entry[i];
	HC1(__HYPERVISOR_set_trap_table, table);
	HC3(__HYPERVISOR_set_callbacks, trap_event, trap_failsafe,
		trap_syscall);
}

void guest_main(struct start_info *si)
{
	struct sched_shutdown off = { .reason = SHUTDOWN_reboot };

	start_info = si;
	shared = (struct shared_info *)shared_page;
	set_traps();
	HC4(__HYPERVISOR_update_va_mapping, shared_page, si->shared_info | 7,
		UVMF_INVLPG, 0);
	guest_tests();
	print("micro-guest: ");
	print_number(passed);
	print(" passed, ");
	print_number(failed);
	print(" failed\n");
	HC2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &off);
}
