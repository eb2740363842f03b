/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What UEFI left for an operating system: its system table, the configuration
 * tables named there, its memory map.  The loader has ended its boot services;
 * its runtime services are not called.  Layouts: UEFI 2.9, chapters 4 and 7.2.
 */
#ifndef TENON_EFI_H
#define TENON_EFI_H

#include <tenon/acpi.h>
#include <tenon/types.h>

#define EFI_VENDOR_MAX 64 /* 16-bit characters kept, the last one 0 */

/* Kinds of memory, EFI_MEMORY_TYPE. */
#define EFI_BOOT_SERVICES_DATA 4

struct efi_memory {
	uint32_t type;
	paddr_t start;
	uint64_t size; /* bytes */
	uint64_t attributes;
};

/* What the loader says of the firmware; addresses 0: it says nothing. */
struct efi_boot {
	paddr_t system_table;
	const void *map; /* NULL: none */
	uint32_t map_size, entry_size;
};

struct efi_info {
	bool is_found;
	uint32_t revision, runtime_revision;
	paddr_t config; /* 24 bytes an entry: a GUID, an address */
	uint32_t config_count;
	uint32_t vendor_revision;
	uint16_t vendor[EFI_VENDOR_MAX];
	const uint8_t *map;
	uint32_t map_entries, entry_size;
};

extern struct efi_info efi;

/*
 * Fill *info from the system table.  false, and is_found false, when it is not
 * there, out of reach or not a system table.  boot->map must stay.
 */
bool efi_parse(const struct acpi_memory *mem, const struct efi_boot *boot,
	struct efi_info *info);

/* The map's entry that holds pa: 0 or -ESRCH. */
int efi_find_memory(
	const struct efi_info *info, paddr_t pa, struct efi_memory *found);

/*
 * The machine's EFI, from boot_info, before memory is given out: the table of
 * updatable firmware (ESRT), which may lie in memory of the boot services, is
 * made a reserved range of boot_info's map, so that dom0 finds it whole.
 */
void efi_init(const struct acpi_memory *mem);

#endif
