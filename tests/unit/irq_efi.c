/* SPDX-License-Identifier: BSD-2-Clause */
/* UEFI's tables: whole ones, bent ones; the ESRT kept from memory's users. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <tenon/boot.h>
#include <tenon/efi.h>
#include <tenon/errno.h>
#include <arch/fake.h>

#define LIMIT	0x8000U
#define SYSTEM	0x1000U
#define RUNTIME 0x2000U
#define VENDOR	0x3000U
#define CONFIG	0x4000U
#define ESRT	0x5ff8U /* its entries are in the next page */
#define ENTRY	48U	/* of the map: firmware may make it larger than 40 */

static uint8_t memory[LIMIT];
static uint8_t memory_map[3 * ENTRY];

static const void *map(void *ctx, paddr_t pa, size_t size)
{
	(void)ctx;
	return pa <= LIMIT && size <= LIMIT - pa ? &memory[pa] : NULL;
}

static const struct acpi_memory mem = { .map = map };

static void put(paddr_t pa, unsigned size, uint64_t v)
{
	memcpy(&memory[pa], &v, size);
}

static void put_range(unsigned i, uint32_t type, uint64_t start, uint64_t pages)
{
	uint64_t attributes = 0x8000000000000000 + i;

	memcpy(memory_map + i * ENTRY, &type, 4);
	memcpy(memory_map + i * ENTRY + 8, &start, 8);
	memcpy(memory_map + i * ENTRY + 24, &pages, 8);
	memcpy(memory_map + i * ENTRY + 32, &attributes, 8);
}

static const struct efi_boot boot = { SYSTEM, memory_map, sizeof(memory_map),
	ENTRY };

static int setup(void **state)
{
	static const uint8_t esrt[16] = { 0x63, 0xa2, 0x22, 0xb1, 0x61, 0x36,
		0x68, 0x4f, 0x99, 0x29, 0x78, 0xf8, 0xb0, 0xd6, 0x21, 0x80 };

	(void)state;
	memset(memory, 0, sizeof(memory));
	memcpy(&memory[SYSTEM], "IBI SYST", 8);
	put(SYSTEM + 8, 4, 0x20046);
	put(SYSTEM + 24, 8, VENDOR);
	put(SYSTEM + 32, 4, 7);
	put(SYSTEM + 88, 8, RUNTIME);
	put(SYSTEM + 104, 8, 2);
	put(SYSTEM + 112, 8, CONFIG);
	memcpy(&memory[RUNTIME], "RUNTSERV", 8);
	put(RUNTIME + 8, 4, 0x20032);
	put(VENDOR, 4, 'E' | 'D' << 16);
	memcpy(&memory[CONFIG + 24], esrt, 16);
	put(CONFIG + 40, 8, ESRT);
	put(ESRT, 4, 2);
	put_range(0, 7, 0, 4);
	put_range(1, EFI_BOOT_SERVICES_DATA, 0x4000, 4);
	put_range(2, 7, 0x8000, ~0ULL >> 12); /* to the end and over it */
	boot_info.e820_count = 2;
	boot_info.e820[0] = (struct boot_range){ 0, 0x8000, 1 };
	boot_info.e820[1] = (struct boot_range){ 0x8000, 0x1000, 2 };
	boot_info.efi = boot;
	return 0;
}

static void read_all(void **state)
{
	struct efi_info info;

	(void)state;
	assert_true(efi_parse(&mem, &boot, &info));
	assert_int_equal(info.revision, 0x20046);
	assert_int_equal(info.runtime_revision, 0x20032);
	assert_int_equal(info.config, CONFIG);
	assert_int_equal(info.config_count, 2);
	assert_int_equal(info.vendor_revision, 7);
	assert_int_equal(info.vendor[0], 'E');
	assert_int_equal(info.vendor[1], 'D');
	assert_int_equal(info.vendor[2], 0);
	assert_int_equal(info.map_entries, 3);
}

static void bent(void **state)
{
	struct efi_info info;
	struct efi_boot b = boot;

	(void)state;
	/* A name without an end, a count that lies, no runtime table. */
	memset(&memory[VENDOR], 1, LIMIT - VENDOR);
	put(SYSTEM + 24, 8, LIMIT - 6);
	put(SYSTEM + 104, 8, ~0ULL);
	put(SYSTEM + 88, 8, ~0ULL);
	assert_true(efi_parse(&mem, &boot, &info));
	assert_int_equal(info.vendor[2], 0x0101);
	assert_int_equal(info.vendor[3], 0);
	assert_int_equal(info.config_count, 0);
	assert_int_equal(info.runtime_revision, 0);
	put(SYSTEM + 24, 8, VENDOR);
	assert_true(efi_parse(&mem, &boot, &info));
	assert_int_equal(info.vendor[EFI_VENDOR_MAX - 1], 0);
	put(SYSTEM + 104, 8, 256);
	assert_true(efi_parse(&mem, &boot, &info));
	assert_int_equal(info.config_count, 256);
	put(SYSTEM + 112, 8, LIMIT - 256 * 24 + 1);
	assert_true(efi_parse(&mem, &boot, &info));
	assert_int_equal(info.config_count, 0);
	b.entry_size = 39;
	assert_true(efi_parse(&mem, &b, &info));
	assert_int_equal(info.map_entries, 0);
	b.system_table = LIMIT - 8;
	assert_false(efi_parse(&mem, &b, &info));
	b.system_table = SYSTEM + 1;
	assert_false(efi_parse(&mem, &b, &info));
	assert_false(info.is_found);
}

static void memory_is_found(void **state)
{
	struct efi_info info;
	struct efi_memory m;

	(void)state;
	assert_true(efi_parse(&mem, &boot, &info));
	assert_int_equal(efi_find_memory(&info, 0x7fff, &m), 0);
	assert_int_equal(m.type, EFI_BOOT_SERVICES_DATA);
	assert_int_equal(m.start, 0x4000);
	assert_int_equal(m.size, 0x4000);
	assert_int_equal(m.attributes, 0x8000000000000001);
	assert_int_equal(efi_find_memory(&info, 0x8000, &m), 0);
	assert_int_equal(m.attributes, 0x8000000000000002);
	put_range(2, 7, 0x8000, 1);
	assert_int_equal(efi_find_memory(&info, 0x9000, &m), -ESRCH);
}

static void esrt_is_kept(void **state)
{
	(void)state;
	efi_init(&mem);
	assert_true(efi.is_found);
	assert_int_equal(boot_info.e820_count, 4);
	assert_int_equal(boot_info.e820[0].size, 0x5000);
	assert_int_equal(boot_info.e820[2].start, 0x5000);
	assert_int_equal(boot_info.e820[2].size, 0x2000);
	assert_int_equal(boot_info.e820[2].type, 2);
	assert_int_equal(boot_info.e820[3].start, 0x7000);
	assert_int_equal(boot_info.e820[3].size, 0x1000);
	assert_int_equal(boot_info.e820[3].type, 1);
}

static void esrt_is_not_believed(void **state)
{
	(void)state;
	put(ESRT, 4, 1000000);
	efi_init(&mem);
	assert_int_equal(boot_info.e820_count, 2);
	put(CONFIG + 40, 8, ~0ULL);
	efi_init(&mem);
	assert_int_equal(boot_info.e820_count, 2);
	/* In memory that the firmware keeps itself nothing is to be done. */
	setup(NULL);
	put_range(1, 6, 0x4000, 4);
	efi_init(&mem);
	assert_int_equal(boot_info.e820_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(read_all, setup),
		cmocka_unit_test_setup(bent, setup),
		cmocka_unit_test_setup(memory_is_found, setup),
		cmocka_unit_test_setup(esrt_is_kept, setup),
		cmocka_unit_test_setup(esrt_is_not_believed, setup),
	};

	fake_start(64, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
