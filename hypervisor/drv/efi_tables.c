/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UEFI's tables, found and read once.  They are the firmware's own, but no
 * length or address in them is believed before it is checked.
 */
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/efi.h>
#include <tenon/page.h>
#include <tenon/string.h>

/* EFI_SYSTEM_TABLE, its header first. */
#define SYSTEM_SIGNATURE       0x5453595320494249 /* "IBI SYST" */
#define SYSTEM_SIZE	       120
#define SYSTEM_REVISION	       8
#define SYSTEM_VENDOR	       24
#define SYSTEM_VENDOR_REVISION 32
#define SYSTEM_RUNTIME	       88
#define SYSTEM_CONFIG_COUNT    104
#define SYSTEM_CONFIG	       112

#define RUNTIME_SIGNATURE      0x56524553544e5552 /* "RUNTSERV" */
#define HEADER_SIZE	       24

#define CONFIG_SIZE	       24
#define CONFIG_MAX	       256

/* EFI_MEMORY_DESCRIPTOR of version 1. */
#define DESCRIPTOR_SIZE 40

/* EFI_SYSTEM_RESOURCE_TABLE: UEFI 2.9, 23.4. */
#define ESRT_HEADER 16
#define ESRT_ENTRY  40
#define ESRT_MAX    256

struct efi_info efi;

static uint64_t get(const uint8_t *p, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static void read_vendor(
	const struct acpi_memory *mem, paddr_t pa, uint16_t *vendor)
{
	for (unsigned i = 0; pa && i < EFI_VENDOR_MAX - 1; i++) {
		const uint8_t *c = mem->map(mem->ctx, pa + i * 2, 2);

		vendor[i] = c ? (uint16_t)get(c, 2) : 0;
		if (!vendor[i])
			return;
	}
}

bool efi_parse(const struct acpi_memory *mem, const struct efi_boot *boot,
	struct efi_info *info)
{
	const uint8_t *t = NULL, *r;
	uint64_t count;

	memset(info, 0, sizeof(*info));
	if (boot->system_table)
		t = mem->map(mem->ctx, boot->system_table, SYSTEM_SIZE);
	if (!t || get(t, 8) != SYSTEM_SIGNATURE)
		return false;
	info->revision = (uint32_t)get(t + SYSTEM_REVISION, 4);
	info->vendor_revision = (uint32_t)get(t + SYSTEM_VENDOR_REVISION, 4);
	read_vendor(mem, get(t + SYSTEM_VENDOR, 8), info->vendor);
	r = mem->map(mem->ctx, get(t + SYSTEM_RUNTIME, 8), HEADER_SIZE);
	if (r && get(r, 8) == RUNTIME_SIGNATURE)
		info->runtime_revision = (uint32_t)get(r + SYSTEM_REVISION, 4);
	count = get(t + SYSTEM_CONFIG_COUNT, 8);
	info->config = get(t + SYSTEM_CONFIG, 8);
	if (count <= CONFIG_MAX &&
		mem->map(mem->ctx, info->config, count * CONFIG_SIZE))
		info->config_count = (uint32_t)count;
	if (boot->map && boot->entry_size >= DESCRIPTOR_SIZE) {
		info->map = boot->map;
		info->entry_size = boot->entry_size;
		info->map_entries = boot->map_size / boot->entry_size;
	}
	info->is_found = true;
	return true;
}

/* Cut [start, end) out of the RAM of boot_info's map. */
static void reserve(paddr_t start, paddr_t end)
{
	unsigned n = boot_info.e820_count;

	for (unsigned i = 0; i < n; i++) {
		struct boot_range *r = &boot_info.e820[i];
		paddr_t stop = r->start + r->size;

		if (r->type != 1 || start < r->start || end > stop)
			continue;
		if (n + 2 > BOOT_E820_MAX)
			return;
		r->size = start - r->start;
		boot_info.e820[n] =
			(struct boot_range){ start, end - start, 2 };
		boot_info.e820[n + 1] =
			(struct boot_range){ end, stop - end, 1 };
		boot_info.e820_count = n + 2;
		return;
	}
}

static void keep_esrt(const struct acpi_memory *mem, paddr_t pa)
{
	const uint8_t *t = mem->map(mem->ctx, pa, ESRT_HEADER);
	struct efi_memory where;
	uint64_t count;

	if (!t || efi_find_memory(&efi, pa, &where) ||
		where.type != EFI_BOOT_SERVICES_DATA)
		return;
	count = get(t, 4);
	if (count > ESRT_MAX)
		return;
	reserve(ALIGN_DOWN(pa, PAGE_SIZE),
		ALIGN_UP(pa + ESRT_HEADER + count * ESRT_ENTRY, PAGE_SIZE));
}

void efi_init(const struct acpi_memory *mem)
{
	/* b122a263-3661-4f68-9929-78f8b0d62180 */
	static const uint8_t esrt[16] = { 0x63, 0xa2, 0x22, 0xb1, 0x61, 0x36,
		0x68, 0x4f, 0x99, 0x29, 0x78, 0xf8, 0xb0, 0xd6, 0x21, 0x80 };
	const uint8_t *tables;

	if (!efi_parse(mem, &boot_info.efi, &efi)) {
		if (boot_info.efi.system_table)
			log_warn("EFI: the system table at %#lx cannot be "
				 "read: dom0 is told of no EFI",
				(unsigned long)boot_info.efi.system_table);
		return;
	}
	tables = mem->map(
		mem->ctx, efi.config, (size_t)efi.config_count * CONFIG_SIZE);
	for (unsigned i = 0; i < efi.config_count; i++)
		if (memcmp(tables + i * CONFIG_SIZE, esrt, 16) == 0)
			keep_esrt(mem, get(tables + i * CONFIG_SIZE + 16, 8));
	log_info("EFI: version %u.%u, %u tables, %u ranges of memory",
		efi.revision >> 16, (efi.revision & 0xffff) / 10,
		efi.config_count, efi.map_entries);
}
