/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of devices in memory. */
#include <tenon/arch.h>
#include "x86.h"

volatile void *arch_map_device(paddr_t pa, size_t size)
{
	return mm_map_device(pa, size);
}

uint32_t arch_mmio_read(const volatile void *reg)
{
	return *(const volatile uint32_t *)reg;
}

void arch_mmio_write(volatile void *reg, uint32_t value)
{
	*(volatile uint32_t *)reg = value;
}

void arch_irq_eoi(void)
{
	apic_eoi();
}

unsigned arch_physical_bits(void)
{
	return cpu_features.phys_bits;
}
