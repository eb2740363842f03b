/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts from the firmware's static ACPI tables (no AML): ACPI 6.4, chapter 5.
 */
#ifndef TENON_ACPI_H
#define TENON_ACPI_H

#include <tenon/types.h>

#define ACPI_MAX_IOAPICS   8
#define ACPI_MAX_OVERRIDES 24

struct acpi_info {
	bool is_found;
	paddr_t rsdp;
	/* MADT: usable CPUs, the boot CPU among them. */
	struct {
		uint32_t apic_id, acpi_id;
	} cpus[NR_CPUS];
	unsigned cpu_count;
	paddr_t lapic_base;
	struct {
		paddr_t base;
		uint32_t gsi_base;
		uint8_t id;
	} ioapic[ACPI_MAX_IOAPICS];
	unsigned ioapic_count;
	/* ISA interrupts that are wired elsewhere, or otherwise triggered. */
	struct {
		uint8_t isa_irq;
		uint32_t gsi;
		bool is_low, is_level;
	} override[ACPI_MAX_OVERRIDES];
	unsigned override_count;
	/* FADT: ports; 0: none. */
	uint16_t pm1a_control, pm1b_control, pm_timer;
	uint16_t pm1a_event;
	uint16_t sci;
	struct {
		uint8_t space; /* 0 memory, 1 I/O, 2 PCI */
		uint64_t address;
		uint8_t value;
		bool is_valid;
	} reset;
	paddr_t facs;
	paddr_t hpet; /* registers */
	struct {
		paddr_t base;
		uint16_t segment;
		uint8_t bus_first, bus_last;
	} mcfg;
};

extern struct acpi_info acpi;

/*
 * How the reader sees memory: size bytes at pa, or NULL.  It stays valid
 * while the tables are read.
 */
struct acpi_memory {
	const void *(*map)(void *ctx, paddr_t pa, size_t size);
	void *ctx;
};

/*
 * Fill *info from the tables; rsdp 0: search where a BIOS puts it.  false, and
 * is_found false, when there is no root table that is whole.
 */
bool acpi_parse(
	const struct acpi_memory *mem, paddr_t rsdp, struct acpi_info *info);

/* The machine's own memory, as acpi_memory.map. */
const void *acpi_map_firmware(void *ctx, paddr_t pa, size_t size);

/* Read the tables from the RSDP on (boot_info.rsdp, or a search); checks every
 * length and checksum.  Without tables acpi.is_found stays false. */
void acpi_init(void);

/* Sleep by the PM1 control values that dom0 gives (XENPF_enter_acpi_sleep);
 * state 5 does not return; others: -EOPNOTSUPP; -ENODEV without registers. */
int acpi_enter_sleep(uint32_t pm1a, uint32_t pm1b, uint32_t state);

/* By the FADT's reset register; returns if there is none or it failed. */
void acpi_reset(void);

#endif
