/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a vcpu are its own: a fresh one has nothing in them, and
 * what is put into them is there after others have run. With "patterns" on the
 * command line it runs for ever, so that others have something to find.
 */
#include "guest.h"

extern const uint64_t first_registers[14];

static bool has_avx(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile(XEN_CPUID : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 28 & 1;
}

/* OSXSAVE and the AVX state, as a kernel turns them on. */
static bool turn_avx_on(void)
{
	uint64_t cr4;

	if (!has_avx())
		return false;
	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movq %0, %%cr4" ::"r"(cr4 | 1UL << 18));
	TRY("xsetbv", ::"a"(7), "d"(0), "c"(0));
	return last_trap.vector == TRAP_NONE;
}

static uint8_t image[16][32] __attribute__((aligned(64)));

#define EACH(do)                                                             \
	do                                                                   \
	(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do( \
		11) do(12) do(13) do(14) do(15)
#define STORE_XMM(n) "movdqu %%xmm" #n ", 32*" #n "(%0)\n\t"
#define STORE_YMM(n) "vmovdqu %%ymm" #n ", 32*" #n "(%0)\n\t"
#define LOAD_XMM(n)  "movdqu 32*" #n "(%0), %%xmm" #n "\n\t"
#define LOAD_YMM(n)  "vmovdqu 32*" #n "(%0), %%ymm" #n "\n\t"

static void store(bool avx)
{
	if (avx)
		__asm__ volatile(EACH(STORE_YMM)::"r"(image) : "memory");
	else
		__asm__ volatile(EACH(STORE_XMM)::"r"(image) : "memory");
}

static void load(bool avx, unsigned seed)
{
	for (unsigned i = 0; i < sizeof(image); i++)
		image[i / 32][i % 32] = (uint8_t)(i * 7 + seed);
	if (avx)
		__asm__ volatile(EACH(LOAD_YMM)::"r"(image) : "memory");
	else
		__asm__ volatile(EACH(LOAD_XMM)::"r"(image) : "memory");
}

static unsigned differences(bool avx, unsigned seed, bool is_clear)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof(image); i++)
		image[i / 32][i % 32] = 0x99;
	store(avx);
	for (unsigned i = 0; i < sizeof(image); i++)
		if (avx || i % 32 < 16)
			n += image[i / 32][i % 32] !=
			     (is_clear ? 0 : (uint8_t)(i * 7 + seed));
	return n;
}

static void fresh(bool avx)
{
	uint16_t fcw = 0, fsw = 0;
	uint32_t mxcsr = 0;
	uint64_t any = 0;

	for (unsigned i = 0; i < 14; i++)
		any |= first_registers[i];
	expect("the general registers of a fresh vcpu", any, 0);
	expect(avx ? "its 32-byte registers" : "its 16-byte registers",
		differences(avx, 0, true), 0);
	__asm__ volatile("fnstcw %0; fnstsw %1; stmxcsr %2"
			 : "=m"(fcw), "=m"(fsw), "=m"(mxcsr));
	expect("its x87 control word", fcw, 0x37f);
	expect("its x87 status word", fsw, 0);
	expect("its SSE control word", mxcsr, 0x1f80);
}

static void task_switch(void)
{
	HC1(__HYPERVISOR_fpu_taskswitch, 1);
	TRY("fninit");
	expect("the FPU after fpu_taskswitch: #NM", last_trap.vector, 7);
	TRY("fninit");
	expect("once", last_trap.vector, TRAP_NONE);
	HC1(__HYPERVISOR_fpu_taskswitch, 1);
	sleep_ns(1000000);
	TRY("movq %%xmm0, %%rax", ::: "rax");
	expect("SSE, after others have run: #NM", last_trap.vector, 7);
	HC1(__HYPERVISOR_fpu_taskswitch, 1);
	HC1(__HYPERVISOR_fpu_taskswitch, 0);
	TRY("fninit");
	expect("taken back", last_trap.vector, TRAP_NONE);
}

void guest_tests(void)
{
	bool avx = turn_avx_on();
	uint16_t fcw = 0x27f, seen = 0;
	unsigned bad = 0;

	fresh(avx);
	for (unsigned seed = 1; seed < 20; seed++) {
		load(avx, seed);
		sleep_ns(2000000);
		bad += differences(avx, seed, false);
	}
	expect("patterns are there after others have run", bad, 0);
	__asm__ volatile("fldcw %0" ::"m"(fcw));
	sleep_ns(2000000);
	__asm__ volatile("fnstcw %0" : "=m"(seen));
	expect("and the x87 control word", seen, 0x27f);
	task_switch();
	while (has_word("patterns")) {
		load(avx, 0xa5);
		yield();
	}
}
