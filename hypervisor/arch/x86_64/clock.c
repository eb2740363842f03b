/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System time from the TSC; wall clock from the CMOS clock (MC146818, ports
 * 0x70/0x71).
 */
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/panic.h>
#include <tenon/time_scale.h>
#include <tenon/timer.h>
#include "x86.h"

static uint64_t tsc_base;
static uint64_t tsc_khz;
static struct time_scale tsc_scale;
static uint64_t wall_sec;

uint64_t arch_tsc(void)
{
	return rdtsc();
}

uint64_t clock_tsc_khz(void)
{
	return tsc_khz;
}

/*
 * Every CPU's counter runs alike: by CPUID's word, or with one CPU, or under
 * an emulator whose CPUs share one clock.
 */
bool arch_tsc_is_stable(void)
{
	return cpu_features.has_invariant_tsc || cpu_features.is_tcg ||
	       cpus_online == 1;
}

uint64_t arch_cpu_khz(void)
{
	return tsc_khz;
}

uint64_t time_now(void)
{
	return time_scale_ns(&tsc_scale, rdtsc() - tsc_base);
}

void arch_time_params(
	uint64_t *tsc_stamp, uint64_t *system_ns, uint32_t *mul, int8_t *shift)
{
	*tsc_stamp = rdtsc();
	*system_ns = time_scale_ns(&tsc_scale, *tsc_stamp - tsc_base);
	*mul = tsc_scale.mul;
	*shift = tsc_scale.shift;
}

void clock_init(uint64_t hz)
{
	tsc_khz = hz / 1000;
	if (tsc_khz < 1000)
		panic("the time-stamp counter does not count");
	tsc_scale = time_scale_of(tsc_khz * 1000);
	tsc_base = rdtsc();
}

void udelay(unsigned us)
{
	uint64_t end = rdtsc() + tsc_khz * us / 1000;

	while (rdtsc() < end)
		arch_relax();
}

static uint8_t cmos(uint8_t reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static unsigned from_bcd(uint8_t v, bool is_binary)
{
	return is_binary ? v : (v >> 4) * 10U + (v & 15);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar. */
static uint64_t days_since_epoch(unsigned year, unsigned month, unsigned day)
{
	/* Years begin in March, so that the leap day is the last. */
	if (month <= 2) {
		year--;
		month += 12;
	}
	return 365ULL * year + year / 4 - year / 100 + year / 400 +
	       (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

static uint64_t read_cmos_clock(void)
{
	uint8_t sec, min, hour, day, month, year, status;
	bool is_binary;
	unsigned h;

	for (int i = 0; i < 100000 && (cmos(0x0a) & 0x80); i++)
		arch_relax();
	sec = cmos(0);
	min = cmos(2);
	hour = cmos(4);
	day = cmos(7);
	month = cmos(8);
	year = cmos(9);
	status = cmos(0x0b);
	is_binary = status & 4;
	h = from_bcd(hour & 0x7f, is_binary);
	if (!(status & 2))
		h = h % 12 + (hour & 0x80 ? 12 : 0);
	return days_since_epoch(2000 + from_bcd(year, is_binary),
		       from_bcd(month, is_binary), from_bcd(day, is_binary)) *
		       86400 +
	       h * 3600ULL + from_bcd(min, is_binary) * 60 +
	       from_bcd(sec, is_binary);
}

void arch_wallclock(uint64_t *sec, uint32_t *nsec)
{
	uint64_t now = time_now();

	if (wall_sec == 0)
		wall_sec = read_cmos_clock() - now / 1000000000;
	*sec = wall_sec;
	*nsec = 0;
}
