/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of the fake machine: what the test hooks in. */
#include <stdlib.h>
#include <tenon/arch.h>
#include <tenon/drv.h>
#include <arch/fake.h>

uint32_t (*fake_on_io_read)(uint16_t port, unsigned size);
void (*fake_on_io_write)(uint16_t port, unsigned size, uint32_t value);
volatile void *(*fake_on_map_device)(paddr_t pa, size_t size);
uint32_t (*fake_on_mmio_read)(const volatile void *reg);
void (*fake_on_mmio_write)(volatile void *reg, uint32_t value);
unsigned fake_eois;

uint32_t arch_io_read(uint16_t port, unsigned size)
{
	return fake_on_io_read ? fake_on_io_read(port, size)
			       : (uint32_t)((1ULL << size * 8) - 1);
}

void arch_io_write(uint16_t port, unsigned size, uint32_t value)
{
	if (fake_on_io_write)
		fake_on_io_write(port, size, value);
}

volatile void *arch_map_device(paddr_t pa, size_t size)
{
	return fake_on_map_device ? fake_on_map_device(pa, size) : NULL;
}

uint32_t arch_mmio_read(const volatile void *reg)
{
	return fake_on_mmio_read ? fake_on_mmio_read(reg)
				 : *(const volatile uint32_t *)reg;
}

void arch_mmio_write(volatile void *reg, uint32_t value)
{
	if (fake_on_mmio_write)
		fake_on_mmio_write(reg, value);
	else
		*(volatile uint32_t *)reg = value;
}

void arch_irq_eoi(void)
{
	fake_eois++;
}

unsigned arch_physical_bits(void)
{
	return 40;
}

/* The core's console needs no UART here. */
uint16_t uart_port(void)
{
	return 0;
}
