/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware tables from the input: memory from 0xe0000 on, the RSDP searched
 * for.  Two variants: the input as it is, and with all checksums made right,
 * so that what lies behind them is reached.  The same bytes are read as UEFI's
 * tables and its map of memory, too.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/acpi.h>
#include <tenon/boot.h>
#include <tenon/efi.h>
#include <tenon/panic.h>
#include <arch/fake.h>

#define BASE	  0xe0000U
#define INPUT_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t *bytes;
	size_t size;
	bool has_sums;
};

/* Make the sum of [p, p + n) zero by its byte `at`. */
static void fix_sum(uint8_t *p, size_t n, size_t at)
{
	uint8_t sum = 0;

	p[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + p[i]);
	p[at] = (uint8_t)-sum;
}

static const void *map(void *ctx, paddr_t pa, size_t size)
{
	struct input *in = ctx;
	uint8_t *p;
	uint32_t length;

	if (pa < BASE || pa - BASE > in->size || size > in->size - (pa - BASE))
		return NULL;
	p = in->bytes + (pa - BASE);
	if (in->has_sums && size >= 20 && memcmp(p, "RSD PTR ", 8) == 0) {
		fix_sum(p, 20, 8);
		if (size > 32)
			fix_sum(p, size, 32);
	} else if (in->has_sums && size >= 36) {
		memcpy(&length, p + 4, 4);
		if (length == size)
			fix_sum(p, size, 9);
	}
	return p;
}

static void check(const struct acpi_info *info)
{
	BUG_ON(info->cpu_count > NR_CPUS);
	BUG_ON(info->ioapic_count > ACPI_MAX_IOAPICS);
	BUG_ON(info->override_count > ACPI_MAX_OVERRIDES);
	for (unsigned i = 0; i < info->override_count; i++)
		BUG_ON(info->override[i].isa_irq > 15);
	BUG_ON(info->is_found && info->rsdp < BASE);
}

static void read_efi(const struct acpi_memory *mem, const struct input *in)
{
	struct efi_memory found;

	boot_info.e820_count = 1;
	boot_info.e820[0] = (struct boot_range){ 0, BASE + INPUT_MAX, 1 };
	boot_info.efi =
		(struct efi_boot){ BASE, in->bytes, (uint32_t)in->size, 48 };
	efi_init(mem);
	BUG_ON(efi.map_entries > in->size / 40);
	BUG_ON(boot_info.e820_count > BOOT_E820_MAX);
	for (unsigned i = 0; i < 62; i++)
		if (!efi_find_memory(&efi, (paddr_t)i << (i + 1), &found))
			BUG_ON(found.start > (paddr_t)i << (i + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_started;

	if (!is_started) {
		fake_start(64, 1);
		is_started = true;
	}
	if (size > INPUT_MAX)
		return 0;
	for (int has_sums = 0; has_sums < 2; has_sums++) {
		struct input in = { malloc(size ? size : 1), size, has_sums };
		const struct acpi_memory mem = { map, &in };
		struct acpi_info info;

		BUG_ON(!in.bytes);
		memcpy(in.bytes, data, size);
		if (!acpi_parse(&mem, 0, &info))
			BUG_ON(info.is_found);
		check(&info);
		read_efi(&mem, &in);
		free(in.bytes);
	}
	return 0;
}
