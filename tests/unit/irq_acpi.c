/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware tables: whole ones, bent ones; and the registers they name. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/errno.h>
#include <arch/fake.h>

/* Memory from 0xe0000 to 1 MiB, with the BIOS data area's one word. */
#define BASE  0xe0000U
#define LIMIT 0x100000U
#define RSDP  0xe1000U
#define XSDT  0xe2000U
#define RSDT  0xe2800U
#define MADT  0xe3000U
#define FADT  0xe4000U
#define HPET  0xe5000U
#define MCFG  0xe6000U
#define OTHER 0xe7000U

static uint8_t memory[LIMIT - BASE];
static const uint16_t ebda_segment;

static const void *map(void *ctx, paddr_t pa, size_t size)
{
	(void)ctx;
	if (pa == 0x40e && size == 2)
		return &ebda_segment;
	if (pa < BASE || pa > LIMIT || size > LIMIT - pa)
		return NULL;
	return &memory[pa - BASE];
}

static const struct acpi_memory mem = { .map = map };

static void put(paddr_t pa, unsigned size, uint64_t v)
{
	memcpy(&memory[pa - BASE], &v, size);
}

static void fix_sum(paddr_t pa, size_t n, unsigned at)
{
	uint8_t sum = 0;

	memory[pa - BASE + at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + memory[pa - BASE + i]);
	memory[pa - BASE + at] = (uint8_t)-sum;
}

static void table(paddr_t pa, const char *signature, uint32_t length)
{
	memcpy(&memory[pa - BASE], signature, 4);
	put(pa + 4, 4, length);
	fix_sum(pa, length, 9);
}

static paddr_t entry(paddr_t at, uint8_t type, uint8_t length)
{
	put(at, 1, type);
	put(at + 1, 1, length);
	return at + length;
}

static void make_madt(void)
{
	paddr_t at = MADT + 44;

	put(MADT + 36, 4, 0xfee00000);
	/* CPUs 7 and 9; one that is off; 7 once more; one of x2APIC. */
	for (unsigned i = 0; i < 4; i++) {
		static const uint8_t apic[] = { 7, 9, 11, 7 };

		put(at + 2, 1, i + 1);
		put(at + 3, 1, apic[i]);
		put(at + 4, 4, i != 2);
		at = entry(at, 0, 8);
	}
	put(at + 4, 4, 300);
	put(at + 8, 4, 1);
	put(at + 12, 4, 5);
	at = entry(at, 9, 16);
	put(at + 2, 1, 3);
	put(at + 4, 4, 0xfec00000);
	put(at + 8, 4, 24);
	at = entry(at, 1, 12);
	/* ISA 9 is low and level; 5 follows the bus; bus 1 is unknown. */
	put(at + 3, 1, 9);
	put(at + 4, 4, 20);
	put(at + 8, 2, 0xf);
	at = entry(at, 2, 10);
	put(at + 3, 1, 5);
	put(at + 4, 4, 5);
	at = entry(at, 2, 10);
	put(at + 2, 1, 1);
	at = entry(at, 2, 10);
	/* Too short for its type, and a type that nobody knows. */
	at = entry(at, 1, 6);
	at = entry(at, 77, 3);
	put(at + 4, 8, 0x1fee00000);
	at = entry(at, 5, 12);
	table(MADT, "APIC", (uint32_t)(at - MADT));
}

static void make_tables(void)
{
	memset(memory, 0, sizeof(memory));
	make_madt();
	put(FADT + 36, 4, 0xe8000);
	put(FADT + 46, 2, 9);
	put(FADT + 56, 4, 0x600);
	put(FADT + 64, 4, 0x604);
	put(FADT + 68, 4, 0x1604);
	put(FADT + 76, 4, 0x608);
	put(FADT + 112, 4, 1 << 10);
	put(FADT + 116, 1, 1);
	put(FADT + 120, 8, 0xcf9);
	put(FADT + 128, 1, 0xf);
	put(FADT + 172, 1, 1);
	put(FADT + 176, 8, 0x704);
	table(FADT, "FACP", 244);
	put(HPET + 44, 8, 0xfed00000);
	table(HPET, "HPET", 56);
	put(MCFG + 44 + 8, 2, 1); /* another segment first */
	put(MCFG + 60, 8, 0xb0000000);
	put(MCFG + 60 + 10, 1, 2);
	put(MCFG + 60 + 11, 1, 0xff);
	table(MCFG, "MCFG", 76);
	table(OTHER, "ZZZZ", 40);

	put(XSDT + 36, 8, MADT);
	put(XSDT + 44, 8, FADT);
	put(XSDT + 52, 8, 0);
	put(XSDT + 60, 8, OTHER);
	put(XSDT + 68, 8, HPET);
	put(XSDT + 76, 8, MCFG);
	put(XSDT + 84, 8, 0xffffffffffff0000);
	table(XSDT, "XSDT", 92);
	put(RSDT + 36, 4, MADT);
	table(RSDT, "RSDT", 40);

	memcpy(&memory[RSDP - BASE], "RSD PTR ", 8);
	put(RSDP + 15, 1, 2);
	put(RSDP + 16, 4, RSDT);
	put(RSDP + 20, 4, 36);
	put(RSDP + 24, 8, XSDT);
	fix_sum(RSDP, 20, 8);
	fix_sum(RSDP, 36, 32);
}

static void check_madt(const struct acpi_info *info)
{
	assert_int_equal(info->lapic_base, 0x1fee00000);
	assert_int_equal(info->cpu_count, 3);
	assert_int_equal(info->cpus[0].apic_id, 7);
	assert_int_equal(info->cpus[0].acpi_id, 1);
	assert_int_equal(info->cpus[1].apic_id, 9);
	assert_int_equal(info->cpus[2].apic_id, 300);
	assert_int_equal(info->cpus[2].acpi_id, 5);
	assert_int_equal(info->ioapic_count, 1);
	assert_int_equal(info->ioapic[0].base, 0xfec00000);
	assert_int_equal(info->ioapic[0].gsi_base, 24);
	assert_int_equal(info->ioapic[0].id, 3);
	assert_int_equal(info->override_count, 2);
	assert_int_equal(info->override[0].isa_irq, 9);
	assert_int_equal(info->override[0].gsi, 20);
	assert_true(info->override[0].is_low && info->override[0].is_level);
	assert_false(info->override[1].is_low || info->override[1].is_level);
}

static void whole(void **state)
{
	struct acpi_info info;

	(void)state;
	fake_start(64, 1);
	make_tables();
	for (paddr_t rsdp = 0; rsdp <= RSDP; rsdp += RSDP) {
		assert_true(acpi_parse(&mem, rsdp, &info));
		assert_true(info.is_found);
		assert_int_equal(info.rsdp, RSDP);
		check_madt(&info);
		assert_int_equal(info.sci, 9);
		assert_int_equal(info.facs, 0xe8000);
		assert_int_equal(info.pm1a_event, 0x600);
		/* The wide form counts where it is given. */
		assert_int_equal(info.pm1a_control, 0x704);
		assert_int_equal(info.pm1b_control, 0x1604);
		assert_int_equal(info.pm_timer, 0x608);
		assert_true(info.reset.is_valid);
		assert_int_equal(info.reset.space, 1);
		assert_int_equal(info.reset.address, 0xcf9);
		assert_int_equal(info.reset.value, 0xf);
		assert_int_equal(info.hpet, 0xfed00000);
		assert_int_equal(info.mcfg.base, 0xb0000000);
		assert_int_equal(info.mcfg.bus_first, 2);
		assert_int_equal(info.mcfg.bus_last, 0xff);
	}
	fake_stop();
}

static void old_root(void **state)
{
	struct acpi_info info;

	(void)state;
	fake_start(64, 1);
	/* A broken XSDT: the RSDT, which knows of less. */
	make_tables();
	put(XSDT + 40, 1, 0x55);
	assert_true(acpi_parse(&mem, RSDP, &info));
	check_madt(&info);
	assert_int_equal(info.sci, 0);
	/* The first revision has no XSDT. */
	make_tables();
	put(RSDP + 15, 1, 0);
	fix_sum(RSDP, 20, 8);
	assert_true(acpi_parse(&mem, 0, &info));
	check_madt(&info);
	assert_int_equal(info.sci, 0);
	fake_stop();
}

static void broken(void **state)
{
	struct acpi_info info;

	(void)state;
	fake_start(64, 1);
	/* A table whose sum is wrong is left out, and only that one. */
	make_tables();
	put(FADT + 46, 1, 10);
	assert_true(acpi_parse(&mem, RSDP, &info));
	assert_int_equal(info.pm1a_control, 0);
	assert_int_equal(info.hpet, 0xfed00000);
	/* Lengths beyond memory, below a header, beyond reason. */
	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t lengths[] = { 0x1e000, 35, ~0U };

		make_tables();
		put(FADT + 4, 4, lengths[i]);
		assert_true(acpi_parse(&mem, RSDP, &info));
		assert_int_equal(info.pm1a_control, 0);
	}
	/* An entry of no length, and one past the table's end. */
	for (unsigned length = 0; length <= 200; length += 200) {
		make_tables();
		put(MADT + 45, 1, length);
		fix_sum(MADT, memory[MADT - BASE + 4], 9);
		assert_true(acpi_parse(&mem, RSDP, &info));
		assert_int_equal(info.cpu_count, 0);
		assert_int_equal(info.lapic_base, 0xfee00000);
	}
	/* No root, no pointer. */
	make_tables();
	put(XSDT, 1, 'Y');
	put(RSDT, 1, 'Y');
	assert_false(acpi_parse(&mem, RSDP, &info));
	assert_false(info.is_found);
	make_tables();
	put(RSDP, 1, 'Y');
	assert_false(acpi_parse(&mem, RSDP, &info));
	assert_false(acpi_parse(&mem, 0, &info));
	/* A pointer that does not hold: the search finds the true one. */
	make_tables();
	assert_true(acpi_parse(&mem, RSDP + 16, &info));
	assert_int_equal(info.rsdp, RSDP);
	fake_stop();
}

static struct {
	uint16_t port;
	unsigned size;
	uint32_t value;
} writes[8];
static unsigned write_count;

static void on_write(uint16_t port, unsigned size, uint32_t value)
{
	assert_true(write_count < 8);
	writes[write_count].port = port;
	writes[write_count].size = size;
	writes[write_count++].value = value;
}

static void power(void **state)
{
	(void)state;
	fake_start(64, 1);
	fake_on_io_write = on_write;
	write_count = 0;
	memset(&acpi, 0, sizeof(acpi));
	assert_int_equal(acpi_enter_sleep(0, 0, 3), -EOPNOTSUPP);
	assert_int_equal(acpi_enter_sleep(0, 0, 5), -ENODEV);
	acpi_reset();
	assert_int_equal(write_count, 0);

	acpi.is_found = true;
	acpi.pm1a_control = 0x604;
	acpi.pm1b_control = 0x1604;
	if (fake_panics()) {
		assert_string_equal(fake_panic_text, "the core halts");
	} else {
		(void)acpi_enter_sleep(0x11400, 0x401, 5);
		fail();
	}
	fake_panic_end();
	arch_irq_enable();
	assert_int_equal(write_count, 2);
	assert_int_equal(writes[0].port, 0x604);
	assert_int_equal(writes[0].size, 2);
	assert_int_equal(writes[0].value, 0x3400);
	assert_int_equal(writes[1].port, 0x1604);
	assert_int_equal(writes[1].value, 0x2401);

	write_count = 0;
	acpi.reset.is_valid = true;
	acpi.reset.space = 1;
	acpi.reset.address = 0xcf9;
	acpi.reset.value = 6;
	acpi_reset();
	assert_int_equal(write_count, 1);
	assert_int_equal(writes[0].port, 0xcf9);
	assert_int_equal(writes[0].size, 1);
	assert_int_equal(writes[0].value, 6);
	acpi.reset.address = 0x10cf9;
	acpi_reset();
	assert_int_equal(write_count, 1);
	/* Device 3, function 1, offset 0x42 of bus 0. */
	acpi.reset.space = 2;
	acpi.reset.address = 3ULL << 32 | 1 << 16 | 0x42;
	acpi_reset();
	assert_int_equal(write_count, 3);
	assert_int_equal(writes[1].value, 0x80001940);
	assert_int_equal(writes[2].port, 0xcfe);

	fake_on_io_write = NULL;
	memset(&acpi, 0, sizeof(acpi));
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(old_root),
		cmocka_unit_test(broken),
		cmocka_unit_test(power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
