/* SPDX-License-Identifier: BSD-2-Clause */
/* Power off and reset by the ACPI registers: ACPI 6.4, 4.8.3 and 5.2.9. */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/panic.h>

#define SLP_EN (1U << 13)

/* The direct map shows devices too up to here. */
#define LOW_MAPPED   GIB(4)

#define SPACE_MEMORY 0
#define SPACE_IO     1
#define SPACE_PCI    2

/* Firmware's tables lie in RAM below 4 GiB as a rule, which the direct map
 * shows; each of the others gets a mapping of its own. */
const void *acpi_map_firmware(void *ctx, paddr_t pa, size_t size)
{
	(void)ctx;
	if (pa + size < pa)
		return NULL;
	if (pa + size <= LOW_MAPPED)
		return directmap + pa;
	return (const void *)arch_map_device(pa, size);
}

int acpi_enter_sleep(uint32_t pm1a, uint32_t pm1b, uint32_t state)
{
	if (state != 5)
		return -EOPNOTSUPP;
	if (!acpi.pm1a_control)
		return -ENODEV;
	log_info("power off");
	arch_stop_others();
	arch_irq_disable();
	arch_io_write(acpi.pm1a_control, 2, (pm1a & 0xffff) | SLP_EN);
	if (acpi.pm1b_control)
		arch_io_write(acpi.pm1b_control, 2, (pm1b & 0xffff) | SLP_EN);
	arch_delay_ms(1000);
	log_err("power off: the machine stays on; halted");
	arch_halt();
}

void acpi_reset(void)
{
	uint64_t at = acpi.reset.address;

	if (!acpi.is_found || !acpi.reset.is_valid)
		return;
	switch (acpi.reset.space) {
	case SPACE_IO:
		if (at <= 0xffff)
			arch_io_write((uint16_t)at, 1, acpi.reset.value);
		break;
	case SPACE_MEMORY:
		if (at < LOW_MAPPED)
			*(volatile uint8_t *)(directmap + at) =
				acpi.reset.value;
		break;
	case SPACE_PCI:
		/* Bus 0: device, function and offset in 16 bits each. */
		arch_io_write(0xcf8, 4,
			0x80000000 | (uint32_t)(at >> 32 & 31) << 11 |
				(uint32_t)(at >> 16 & 7) << 8 |
				(uint32_t)(at & 0xfc));
		arch_io_write(
			(uint16_t)(0xcfc + (at & 3)), 1, acpi.reset.value);
		break;
	}
	arch_delay_ms(50);
}
