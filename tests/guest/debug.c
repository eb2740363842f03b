/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug registers: breakpoints come as #DB to the kernel that set them, and
 * are gone when it clears them; addresses and kinds that would watch the
 * hypervisor are refused.
 */
#include "guest.h"

static uint64_t watched;

static long set(unsigned nr, uint64_t value)
{
	return HC2(__HYPERVISOR_set_debugreg, nr, value);
}

static uint64_t get(unsigned nr)
{
	return (uint64_t)HC1(__HYPERVISOR_get_debugreg, nr);
}

static unsigned hits;

/* Resumes behind a breakpoint on instructions. */
static bool on_debug(struct frame *f)
{
	if (f->vector != 1)
		return false;
	hits++;
	f->rflags |= 1 << 16;
	f->rflags &= ~(1UL << 8);
	return true;
}

static void __attribute__((noinline)) called(void)
{
	__asm__ volatile("nop");
}

static void fresh(void)
{
	expect("dr7 of a fresh vcpu", get(7), 0x400);
	expect("dr6 of a fresh vcpu", get(6), 0xffff0ff0);
	for (unsigned i = 0; i < 4; i++)
		expect("an address of a fresh vcpu", get(i), 0);
	watched = 1;
	expect("no breakpoint of others fires here", hits, 0);
}

static void breakpoints(void)
{
	expect_error("a watched variable", set(0, (uint64_t)&watched), 0);
	/* Length 8, writes, enabled. */
	expect_error("is enabled", set(7, 1 | 9 << 16), 0);
	*(volatile uint64_t *)&watched = 2;
	expect("a write to it: #DB", hits, 1);
	expect("dr6 says which", get(6) & 15, 1);
	yield();
	*(volatile uint64_t *)&watched = 3;
	expect("it is there after a while", hits, 2);
	expect_error("is disabled", set(7, 0), 0);
	*(volatile uint64_t *)&watched = 4;
	expect("and does not fire", hits, 2);
	expect_error("an instruction", set(1, (uint64_t)called), 0);
	set(7, 4);
	called();
	expect("executing it: #DB", hits, 3);
	expect("dr7 is what was set", get(7), 0x404);
	set(7, 0);
	called();
	expect("disabled", hits, 3);
}

static void single_step(void)
{
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" ::
				 : "memory", "cc");
	expect("one step: #DB", hits, 4);
	expect("dr6 says so", get(6) >> 14 & 1, 1);
	set(6, 0);
	/* Over an instruction that is emulated. */
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; clts; nop" ::
				 : "memory", "cc");
	expect_true("over clts: #DB", hits >= 5);
}

static void refused(void)
{
	expect_true("an address of the hypervisor: refused",
		set(0, 0xffff830000000000) < 0);
	expect_true("no address: refused", set(1, 1UL << 63) < 0);
	expect_true("ports: refused", set(7, 1 | 2 << 16) < 0);
	expect_true("register 8: refused", set(8, 0) < 0);
	expect_true("register 4096: refused", set(4096, 0) < 0);
	set(7, 1 << 13);
	expect("the bit that guards the registers is not given",
		get(7) >> 13 & 1, 0);
	set(7, 0);
}

void guest_tests(void)
{
	trap_hook = on_debug;
	fresh();
	breakpoints();
	single_step();
	refused();
	/* Whoever runs here next must not be hit by it. */
	if (has_word("leave")) {
		set(0, (uint64_t)&watched);
		set(7, 1 | 9 << 16);
		set(7, 0);
	}
}
