/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC: SDM vol. 3A, chapter 10.  In xAPIC mode its registers are in
 * memory and ids have 8 bits; in x2APIC mode they are MSRs and ids have 32. The
 * mode is the same on all CPUs, and chosen once.
 */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/panic.h>
#include <tenon/timer.h>
#include "x86.h"

#define APIC_ID		   0x020
#define APIC_TPR	   0x080
#define APIC_EOI	   0x0b0
#define APIC_LDR	   0x0d0
#define APIC_DFR	   0x0e0
#define APIC_SVR	   0x0f0
#define APIC_ESR	   0x280
#define APIC_ICR_LO	   0x300
#define APIC_ICR_HI	   0x310
#define APIC_LVT_TIMER	   0x320
#define APIC_LVT_LINT0	   0x350
#define APIC_LVT_LINT1	   0x360
#define APIC_LVT_ERROR	   0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define LVT_MASKED	   (1U << 16)
#define LVT_NMI		   (4U << 8)
#define ICR_PENDING	   (1U << 12)
#define ICR_TO_SELF	   (1U << 18) /* whatever the destination says */
#define ICR_SELF	   (ICR_TO_SELF | 1U << 14)
#define SVR_ENABLE	   (1U << 8)
#define DIVIDE_BY_16	   3

/* MSR_APIC_BASE: the APIC is on; in x2APIC mode. */
#define BASE_ENABLE (1U << 11)
#define BASE_X2APIC (1U << 10)

static volatile uint32_t *apic_base; /* NULL in x2APIC mode */
static bool is_x2apic;

/* Timer ticks in 2^32 nanoseconds, for a multiply and a shift. */
static uint64_t ticks_per_4s;

static uint32_t get(unsigned reg)
{
	return is_x2apic ? (uint32_t)rdmsr(MSR_X2APIC + reg / 16)
			 : apic_base[reg / 4];
}

static void set(unsigned reg, uint32_t v)
{
	if (is_x2apic)
		wrmsr(MSR_X2APIC + reg / 16, v);
	else
		apic_base[reg / 4] = v;
}

/*
 * The command register.  A write to its MSR waits for nothing: what was stored
 * before is made visible first (SDM vol. 3A, 10.12.3).
 */
static void send(uint32_t apic, uint32_t command)
{
	if (is_x2apic) {
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC + APIC_ICR_LO / 16,
			(uint64_t)apic << 32 | command);
		return;
	}
	while (get(APIC_ICR_LO) & ICR_PENDING)
		arch_relax();
	if (!(command & ICR_TO_SELF))
		set(APIC_ICR_HI, apic << 24);
	set(APIC_ICR_LO, command);
}

static bool has_wide_ids(void)
{
	for (unsigned i = 0; i < acpi.cpu_count; i++)
		if (acpi.cpus[i].apic_id > XAPIC_ID_MAX)
			return true;
	return false;
}

/* The firmware may have chosen already; else it is done where it is needed. */
static bool choose_x2apic(void)
{
	if (rdmsr(MSR_APIC_BASE) & BASE_X2APIC)
		return true;
	if (boot_options.x2apic == 1 && !cpu_features.has_x2apic)
		log_warn("x2apic=on: this CPU has no x2APIC");
	return cpu_features.has_x2apic &&
	       (boot_options.x2apic == 1 ||
		       (boot_options.x2apic && has_wide_ids()));
}

void apic_init(paddr_t base)
{
	is_x2apic = choose_x2apic();
	if (is_x2apic)
		log_info("local APICs: x2APIC mode");
	else
		apic_base = mm_map_device(base, 4096);
}

void apic_init_cpu(void)
{
	/* Enabled by the firmware, or now. */
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE);
	if (is_x2apic) {
		wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_X2APIC);
	} else {
		set(APIC_DFR, 0xffffffff);
		set(APIC_LDR, 0);
	}
	set(APIC_TPR, 0);
	set(APIC_LVT_TIMER, LVT_MASKED);
	set(APIC_LVT_LINT0, LVT_MASKED);
	/* The chipset's NMI goes to the first CPU. */
	set(APIC_LVT_LINT1, LVT_NMI | (this_cpu()->id ? LVT_MASKED : 0));
	set(APIC_LVT_ERROR, VECTOR_ERROR);
	set(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	set(APIC_ESR, 0);
	/* Requests left over from the firmware. */
	for (int i = 0; i < 8; i++)
		set(APIC_EOI, 0);
	set(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	set(APIC_LVT_TIMER, VECTOR_TIMER);
}

bool apic_reaches(uint32_t apic)
{
	return is_x2apic || apic <= XAPIC_ID_MAX;
}

void apic_eoi(void)
{
	set(APIC_EOI, 0);
}

uint32_t apic_id(void)
{
	return is_x2apic ? get(APIC_ID) : get(APIC_ID) >> 24;
}

void apic_send_ipi(uint32_t apic, uint32_t command)
{
	uint64_t flags = arch_irq_save();

	send(apic, command);
	arch_irq_restore(flags);
}

/* By shorthand: the destination that an interrupted sender wrote stays. */
void apic_kick_self(void)
{
	send(0, ICR_SELF | VECTOR_KICK);
	while (!is_x2apic && get(APIC_ICR_LO) & ICR_PENDING)
		arch_relax();
}

/*
 * What the timer shows, and when: read again while something (firmware, or the
 * host of a virtual machine) took the CPU away in between.
 */
static uint32_t timer_sample(uint64_t *when)
{
	uint64_t before, after;
	uint32_t count;
	unsigned tries = 100;

	do {
		before = time_now();
		count = get(APIC_TIMER_CURRENT);
		after = time_now();
	} while (after - before > 20000 && --tries);
	*when = before + (after - before) / 2;
	return count;
}

void apic_timer_calibrate(void)
{
	uint64_t t0, t1;
	uint32_t first, last;

	set(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	set(APIC_TIMER_INITIAL, ~0U);
	first = timer_sample(&t0);
	do
		last = timer_sample(&t1);
	while (t1 - t0 < 5000000);
	set(APIC_TIMER_INITIAL, 0);
	set(APIC_LVT_TIMER, VECTOR_TIMER);
	ticks_per_4s = ((uint64_t)(first - last) << 32) / (t1 - t0);
	if (ticks_per_4s == 0)
		panic("the local APIC's timer does not count");
}

void arch_timer_program(uint64_t ns)
{
	uint64_t now, ticks;

	if (ns == ~0ULL) {
		set(APIC_TIMER_INITIAL, 0);
		return;
	}
	now = time_now();
	ns = ns > now ? ns - now : 0;
	/* Far ones: wake up after a while and look again. */
	ns = MIN(ns, 1000000000ULL);
	ticks = (ns * ticks_per_4s) >> 32;
	set(APIC_TIMER_INITIAL, (uint32_t)MIN(MAX(ticks, 1), 0xffffffffULL));
}
