/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FPU and extended state: saved and restored with every switch of vcpus.
 * The guest's CR0.TS (fpu_taskswitch) is the CPU's while it runs.
 */
#include <tenon/arch.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/string.h>
#include "traps.h"
#include "x86.h"

static void clear_ts(void)
{
	__asm__ volatile("clts");
}

static void *area(struct vcpu *v)
{
	return (void *)ALIGN_UP((uintptr_t)v->arch.xsave, 64);
}

static void load_xcr0(uint64_t value)
{
	if (this_cpu()->arch.xcr0 == value)
		return;
	this_cpu()->arch.xcr0 = value;
	x86_xsetbv_safe(value);
}

void fpu_init_cpu(void)
{
	clear_ts();
	if (cpu_features.has_xsave)
		load_xcr0(cpu_features.xcr0_mask);
}

uint64_t arch_xcr0_mask(void)
{
	return cpu_features.has_xsave ? cpu_features.xcr0_mask : 0;
}

int arch_set_xcr0(struct vcpu *v, uint64_t value)
{
	/* x87 always; AVX needs SSE; AVX-512 needs AVX and comes whole. */
	if (!(value & 1) || (value & ~arch_xcr0_mask()) ||
		((value & 4) && !(value & 2)) ||
		((value & 0xe0) && ((value & 0xe0) != 0xe0 || !(value & 4))))
		return -EINVAL;
	v->arch.xcr0 = value;
	load_xcr0(value);
	return 0;
}

void fpu_save(struct vcpu *v)
{
	clear_ts();
	if (cpu_features.has_xsave)
		load_xcr0(cpu_features.xcr0_mask);
	if (cpu_features.has_xsave)
		__asm__ volatile("xsave64 (%0)" ::"r"(area(v)),
				 "a"(0xffffffffU), "d"(0xffffffffU)
				 : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(area(v)) : "memory");
	v->arch.fpu_initialised = true;
}

/* The power-up state: FCW 0x37f, MXCSR 0x1f80 (SDM vol. 3A, table 9-1). */
static void reset_area(struct vcpu *v)
{
	uint8_t *a = area(v);
	uint16_t fcw = 0x37f;
	uint32_t mxcsr = 0x1f80;

	memset(a, 0, MAX(cpu_features.xsave_size, 576U));
	memcpy(a, &fcw, 2);
	memcpy(a + 24, &mxcsr, 4);
}

/* What the CPU refuses (tools may have written it) becomes the reset state. */
void fpu_restore(struct vcpu *v)
{
	int error;

	clear_ts();
	if (!v->arch.fpu_initialised)
		reset_area(v);
	/* XCR0 is ours while the area is loaded: all parts are switched. */
	if (cpu_features.has_xsave)
		load_xcr0(cpu_features.xcr0_mask);
	if (cpu_features.has_xsave)
		error = x86_xrstor_safe(area(v), cpu_features.xcr0_mask);
	else
		error = x86_fxrstor_safe(area(v));
	if (error) {
		reset_area(v);
		if (cpu_features.has_xsave)
			x86_xrstor_safe(area(v), cpu_features.xcr0_mask);
		else
			x86_fxrstor_safe(area(v));
	}
	if (cpu_features.has_xsave)
		load_xcr0(v->arch.xcr0);
	if (v->arch.fpu_ts)
		write_cr0(read_cr0() | CR0_TS);
}

void arch_set_fpu_ts(struct vcpu *v, bool ts)
{
	v->arch.fpu_ts = ts;
	if (ts)
		write_cr0(read_cr0() | CR0_TS);
	else
		clear_ts();
}

void arch_set_fxsave(struct vcpu *v, const void *image)
{
	uint64_t components = 3; /* x87 and SSE are in the image */
	uint32_t mxcsr;

	reset_area(v);
	memcpy(area(v), image, 512);
	/* Reserved bits would make the restore fault (SDM vol. 1, 10.2.3). */
	memcpy(&mxcsr, (uint8_t *)area(v) + 24, 4);
	mxcsr &= 0xffff;
	memcpy((uint8_t *)area(v) + 24, &mxcsr, 4);
	memcpy((uint8_t *)area(v) + 512, &components, 8);
	v->arch.fpu_initialised = true;
}

void arch_get_fxsave(struct vcpu *v, void *image)
{
	if (!v->arch.fpu_initialised)
		reset_area(v);
	memcpy(image, area(v), 512);
}

size_t arch_xsave_area(struct vcpu *v, void **where)
{
	if (!cpu_features.has_xsave)
		return 0;
	if (!v->arch.fpu_initialised)
		reset_area(v);
	*where = area(v);
	return cpu_features.xsave_size;
}
