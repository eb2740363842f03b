/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TSC's rate, measured once against the first of these counters that
 * counts: the HPET (HPET 1.0a, 2.3), channel 2 of the PIT (8254), the ACPI
 * timer (ACPI 6.4, 4.8.3.3).
 */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/panic.h>
#include "x86.h"

#define HPET_CAPS	0x00
#define HPET_PERIOD	0x04	  /* femtoseconds a tick */
#define HPET_PERIOD_MAX 100000000 /* 100 ns */
#define HPET_CONFIG	0x10
#define HPET_COUNTER	0xf0
#define HPET_ENABLE	1U

#define PIT_HZ		1193182U
#define PM_TIMER_HZ	3579545U

/* Reads in which a counter must have advanced by 10 ms: seconds on any
 * machine, in which a read of a device costs more than 4 ns. */
#define READS_MAX (1U << 24)

struct counter {
	const char *name;
	bool (*start)(uint64_t *hz); /* false: there is none */
	uint32_t (*read)(void);
	uint32_t mask; /* its width; it wraps in more than 10 ms */
};

static volatile uint8_t *hpet;

static bool start_hpet(uint64_t *hz)
{
	uint32_t period;

	if (!acpi.hpet)
		return false;
	hpet = mm_map_device(acpi.hpet, 1024);
	period = arch_mmio_read(hpet + HPET_PERIOD);
	if (period == 0 || period > HPET_PERIOD_MAX)
		return false;
	arch_mmio_write(hpet + HPET_CONFIG,
		arch_mmio_read(hpet + HPET_CONFIG) | HPET_ENABLE);
	*hz = 1000000000000000ULL / period;
	return true;
}

static uint32_t read_hpet(void)
{
	return arch_mmio_read(hpet + HPET_COUNTER);
}

/* Mode 0, from 0xffff down and around; the speaker stays off. */
static bool start_pit(uint64_t *hz)
{
	outb(0x61, (inb(0x61) & ~2) | 1);
	outb(0x43, 0xb0);
	outb(0x42, 0xff);
	outb(0x42, 0xff);
	*hz = PIT_HZ;
	return true;
}

static uint32_t read_pit(void)
{
	uint32_t low;

	outb(0x43, 0x80); /* latch */
	low = inb(0x42);
	return ~(low | (uint32_t)inb(0x42) << 8);
}

static bool start_pm_timer(uint64_t *hz)
{
	*hz = PM_TIMER_HZ;
	return acpi.pm_timer != 0;
}

static uint32_t read_pm_timer(void)
{
	return inl(acpi.pm_timer);
}

static const struct counter counters[] = {
	{ "HPET", start_hpet, read_hpet, 0xffffffff },
	{ "PIT", start_pit, read_pit, 0xffff },
	{ "ACPI timer", start_pm_timer, read_pm_timer, 0xffffff },
};

/* The counter, and the TSC at that time: of five reads the quickest, for what
 * interrupts one only makes it longer. */
static uint32_t sample(const struct counter *c, uint64_t *tsc)
{
	uint64_t best = ~0ULL;
	uint32_t value = 0;

	for (int i = 0; i < 5; i++) {
		uint64_t before = rdtsc();
		uint32_t now = c->read();
		uint64_t took = rdtsc() - before;

		if (took < best) {
			best = took;
			value = now;
			*tsc = before + took / 2;
		}
	}
	return value;
}

/* TSC ticks a second, by 10 ms of the counter; 0: it does not count. */
static uint64_t measure(const struct counter *c, uint64_t hz)
{
	uint64_t tsc_start, tsc_end;
	uint32_t start = sample(c, &tsc_start), ticks;

	for (uint32_t i = 0; i < READS_MAX; i++) {
		if (((c->read() - start) & c->mask) < hz / 100)
			continue;
		ticks = (sample(c, &tsc_end) - start) & c->mask;
		return (tsc_end - tsc_start) * hz / ticks;
	}
	return 0;
}

uint64_t clock_calibrate(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
		const struct counter *c = &counters[i];
		uint64_t hz, tsc_hz;

		if (!c->start(&hz))
			continue;
		tsc_hz = measure(c, hz);
		if (tsc_hz) {
			log_info("clock: TSC at %lu.%03lu MHz, by the %s",
				(unsigned long)(tsc_hz / 1000000),
				(unsigned long)(tsc_hz / 1000 % 1000), c->name);
			return tsc_hz;
		}
		log_warn("clock: the %s does not count", c->name);
	}
	panic("no HPET, PIT or ACPI timer counts, so the clock cannot be set: "
	      "turn one of them on in the firmware's setup");
}
