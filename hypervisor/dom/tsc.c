/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's time-stamp counter, by the mode that tools set: the machine's, or
 * one made from system time, for which RDTSC traps.  That one has the rate that
 * the domain has always known and goes on where it stood: after a move too.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/time_scale.h>
#include <tenon/timer.h>

/* Two measurements of one rate differ by less; they last 10 ms. */
#define KHZ_TOLERANCE 1000 /* a thousandth */

static bool is_machine_rate(uint64_t khz)
{
	uint64_t ours = arch_cpu_khz();
	uint64_t apart = khz > ours ? khz - ours : ours - khz;

	return apart <= ours / KHZ_TOLERANCE;
}

int tsc_set(struct domain *d, uint32_t mode, uint64_t elapsed_ns, uint32_t khz,
	uint32_t incarnation)
{
	struct domain_tsc *t = &d->arch.tsc;
	struct vcpu *v;

	if (mode > TSC_NEVER_EMULATE)
		return -EINVAL;
	t->mode = (uint8_t)mode;
	t->incarnation = incarnation;
	t->khz = khz ? khz : (uint32_t)arch_cpu_khz();
	t->zero_ns = time_now() - elapsed_ns;
	t->is_emulated =
		mode == TSC_ALWAYS_EMULATE ||
		(mode == TSC_DEFAULT &&
			(!arch_tsc_is_stable() || !is_machine_rate(t->khz)));
	t->scale = time_scale_of(t->khz * 1000ULL);
	vcpu_for_each (d, v)
		time_show_vcpu(v);
	return 0;
}

uint64_t tsc_read(const struct domain *d)
{
	return d->arch.tsc.is_emulated ? tsc_at(d, time_now()) : arch_tsc();
}

uint64_t tsc_at(const struct domain *d, uint64_t system_ns)
{
	const struct domain_tsc *t = &d->arch.tsc;
	uint64_t ns = system_ns - t->zero_ns;

	/* In two parts, for the product may have more than 64 bits. */
	return ns / 1000000 * t->khz + ns % 1000000 * t->khz / 1000000;
}

void tsc_get(const struct domain *d, uint32_t *mode, uint64_t *elapsed_ns,
	uint32_t *khz, uint32_t *incarnation)
{
	const struct domain_tsc *t = &d->arch.tsc;
	struct time_scale machine = time_scale_of(arch_cpu_khz() * 1000);

	*mode = t->mode;
	*incarnation = t->incarnation;
	*khz = t->is_emulated ? t->khz : (uint32_t)arch_cpu_khz();
	*elapsed_ns = t->is_emulated ? time_now() - t->zero_ns
				     : time_scale_ns(&machine, arch_tsc());
}
