/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables as written by hand, byte for byte, and what is made of
 * them: order, names, bounds, damage. That real tools write the same is shown
 * by the tests with images.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include <zlib.h>
#include <tenonctrl/why.h>
#include "disk.h"

#define DISK_SIZE (8U << 20)

static uint8_t *disk;

static void put16(size_t at, uint16_t value)
{
	disk[at] = (uint8_t)value;
	disk[at + 1] = (uint8_t)(value >> 8);
}

static void put32(size_t at, uint32_t value)
{
	put16(at, (uint16_t)value);
	put16(at + 2, (uint16_t)(value >> 16));
}

static void put64(size_t at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static int setup(void **state)
{
	(void)state;
	disk = calloc(1, DISK_SIZE);
	return disk ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(disk);
	return 0;
}

static void put_mbr(size_t at, int slot, uint8_t flag, uint8_t type,
	uint32_t start, uint32_t count)
{
	size_t raw = at + 446 + 16 * (size_t)slot;

	disk[raw] = flag;
	disk[raw + 4] = type;
	put32(raw + 8, start);
	put32(raw + 12, count);
	put16(at + 510, 0xaa55);
}

static struct disk_table scan(void)
{
	struct reader reader = reader_memory(disk, DISK_SIZE);
	struct disk_table table;
	struct why why = { "" };

	assert_int_equal(disk_scan(&reader, 0, &table, &why), 0);
	return table;
}

static void whole_disk(void **state)
{
	struct disk_table table = scan();

	(void)state;
	assert_int_equal(table.scheme, DISK_WHOLE);
	assert_int_equal(table.count, 1);
	assert_int_equal(table.parts[0].number, 0);
	assert_int_equal(table.parts[0].size, DISK_SIZE);
	assert_string_equal(table.parts[0].device, "hd0");

	/* FAT's boot sector ends as an MBR does; so does GRUB's, empty. */
	disk[0] = 0xeb;
	memcpy(disk + 54, "FAT16", 5);
	put_mbr(0, 0, 0, 0x83, 16, 100);
	assert_int_equal(scan().scheme, DISK_WHOLE);
	memset(disk, 0, 512);
	put16(510, 0xaa55);
	assert_int_equal(scan().scheme, DISK_WHOLE);
	/* Flags that no table has. */
	put_mbr(0, 0, 0x12, 0x83, 16, 100);
	assert_int_equal(scan().scheme, DISK_WHOLE);
	/* An old table below a newer file system. */
	put_mbr(0, 0, 0, 0x83, 16, 100);
	assert_int_equal(scan().scheme, DISK_MBR);
	put16(1080, 0xef53);
	assert_int_equal(scan().scheme, DISK_WHOLE);
}

static void mbr_logical(void **state)
{
	struct disk_table table;
	unsigned int order[DISK_PARTS_MAX];

	(void)state;
	put32(440, 0x1234abcd);
	put_mbr(0, 0, 0, 0x83, 64, 100);
	put_mbr(0, 1, 0, 0x05, 1000, 4000);
	put_mbr(0, 2, 0x80, 0x83, 200, 100);
	put_mbr(1000 * 512, 0, 0, 0x83, 63, 300);
	put_mbr(1000 * 512, 1, 0, 0x05, 500, 1000);
	put_mbr(1500 * 512, 0, 0, 0x83, 63, 400);
	table = scan();
	assert_int_equal(table.scheme, DISK_MBR);
	assert_int_equal(table.count, 4);
	assert_false(table.is_cut);
	assert_int_equal(table.parts[2].number, 5);
	assert_int_equal(table.parts[2].start, 1063 * 512);
	assert_int_equal(table.parts[3].number, 6);
	assert_int_equal(table.parts[3].start, 1563 * 512);
	assert_int_equal(table.parts[3].size, 400 * 512);
	assert_string_equal(table.parts[3].device, "hd0,msdos6");
	assert_string_equal(table.parts[3].uuid, "1234abcd-06");
	assert_int_equal(disk_order(&table, order), 4);
	assert_int_equal(order[0], 1); /* the active one: number 3 */
	assert_int_equal(order[1], 0);

	/* The chain bites its own tail, and points out of the disk. */
	put_mbr(1500 * 512, 1, 0, 0x05, 500, 1000);
	table = scan();
	assert_int_equal(table.count, 4);
	assert_true(table.is_cut);
	put_mbr(1500 * 512, 1, 0, 0x05, UINT32_MAX, 1000);
	table = scan();
	assert_int_equal(table.count, 4);
	assert_true(table.is_cut);
}

static void mbr_bounds(void **state)
{
	struct disk_table table;

	(void)state;
	put_mbr(0, 0, 0, 0x83, DISK_SIZE / 512 - 8, 100);
	put_mbr(0, 1, 0, 0x83, DISK_SIZE / 512, 1);
	put_mbr(0, 2, 0, 0x83, UINT32_MAX, UINT32_MAX);
	table = scan();
	assert_int_equal(table.count, 1);
	assert_true(table.is_cut);
	assert_int_equal(table.parts[0].start + table.parts[0].size, DISK_SIZE);
}

static void long_chain(void **state)
{
	struct disk_table table;

	(void)state;
	put_mbr(0, 0, 0, 0x0f, 64, 10000);
	for (uint32_t i = 0; i < 1000; i++) {
		size_t at = (64 + 4 * (size_t)i) * 512;

		put_mbr(at, 0, 0, 0x83, 1, 1);
		put_mbr(at, 1, 0, 0x05, 4 * (i + 1), 4);
	}
	table = scan();
	assert_int_equal(table.count, DISK_PARTS_MAX);
	assert_true(table.is_cut);
}

/* 4096-byte sectors: told by what stands where the partitions begin. */
static void mbr_4096(void **state)
{
	struct disk_table table;

	(void)state;
	put_mbr(0, 0, 0, 0x83, 256, 512);
	table = scan();
	assert_int_equal(table.sector, 512);
	put16(256 * 4096 + 1080, 0xef53);
	table = scan();
	assert_int_equal(table.sector, 4096);
	assert_int_equal(table.parts[0].start, 256 * 4096);
}

static const uint8_t linux_type[16] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84,
	0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 };
static const uint8_t esp_type[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2,
	0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };

static void put_gpt_header(unsigned int sector, uint64_t at, uint64_t entries)
{
	size_t raw = at * sector;

	memset(disk + raw, 0, sector);
	memcpy(disk + raw, "EFI PART", 8);
	put32(raw + 8, 0x10000);
	put32(raw + 12, 92);
	put64(raw + 24, at);
	put64(raw + 72, entries);
	put32(raw + 80, 128);
	put32(raw + 84, 128);
	put32(raw + 88, (uint32_t)crc32(0, disk + entries * sector, 128 * 128));
	put32(raw + 16, (uint32_t)crc32(0, disk + raw, 92));
}

static void put_gpt(unsigned int sector)
{
	uint64_t last = DISK_SIZE / sector - 1;
	uint64_t copy = last - 128 * 128 / sector;
	size_t raw = 2 * (size_t)sector;

	put_mbr(0, 0, 0, 0xee, 1, UINT32_MAX);
	memcpy(disk + raw, esp_type, 16);
	memset(disk + raw + 16, 0x11, 16);
	put64(raw + 32, 100);
	put64(raw + 40, 199);
	raw += 128;
	memcpy(disk + raw, linux_type, 16);
	memset(disk + raw + 16, 0x22, 16);
	put64(raw + 32, 200);
	put64(raw + 40, 299);
	memcpy(disk + copy * sector, disk + 2 * (size_t)sector, 128 * 128);
	put_gpt_header(sector, 1, 2);
	put_gpt_header(sector, last, copy);
}

static void gpt_both_sizes(void **state)
{
	static const unsigned int sectors[] = { 512, 4096 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		unsigned int sector = sectors[i];
		unsigned int order[DISK_PARTS_MAX];
		struct disk_table table;

		memset(disk, 0, DISK_SIZE);
		put_gpt(sector);
		table = scan();
		assert_int_equal(table.scheme, DISK_GPT);
		assert_false(table.is_hybrid);
		assert_false(table.is_backup);
		assert_int_equal(table.sector, sector);
		assert_int_equal(table.count, 2);
		assert_int_equal(table.parts[1].start, 200 * sector);
		assert_int_equal(table.parts[1].size, 100 * sector);
		assert_string_equal(table.parts[1].device, "hd0,gpt2");
		assert_string_equal(table.parts[1].uuid,
			"22222222-2222-2222-2222-222222222222");
		assert_int_equal(table.parts[0].use, DISK_USE_ESP);
		assert_int_equal(disk_order(&table, order), 2);
		assert_int_equal(order[0], 1);

		/* Damaged entries, a damaged header: the copy is taken. */
		disk[2 * sector + 40]++;
		table = scan();
		assert_true(table.is_backup);
		assert_int_equal(table.count, 2);
		disk[2 * sector + 40]--;
		disk[sector + 60]++;
		assert_true(scan().is_backup);
		/* Both damaged: what remains is the protective partition. */
		disk[DISK_SIZE - sector + 60]++;
		table = scan();
		assert_int_not_equal(table.scheme, DISK_GPT);
	}
}

static void gpt_hybrid(void **state)
{
	struct disk_table table;

	(void)state;
	put_gpt(512);
	put_mbr(0, 1, 0x80, 0x83, 200, 100);
	table = scan();
	assert_int_equal(table.scheme, DISK_GPT);
	assert_true(table.is_hybrid);
	assert_true(table.parts[1].is_active);
	assert_int_equal(table.count, 2);
}

static void gpt_bounds(void **state)
{
	struct disk_table table;

	(void)state;
	put_gpt(512);
	/* Ends beyond the disk; ends before it begins; a huge count. */
	put64(2 * 512 + 40, DISK_SIZE / 512);
	put64(2 * 512 + 128 + 40, 199);
	put_gpt_header(512, 1, 2);
	table = scan();
	assert_true(table.is_cut);
	assert_int_equal(table.count, 0);
	put32(512 + 80, UINT32_MAX);
	put32(512 + 16, 0);
	put32(512 + 16, (uint32_t)crc32(0, disk + 512, 92));
	table = scan();
	assert_true(table.is_backup);
	assert_int_equal(table.count, 2);
}

static void uses(void **state)
{
	struct disk_table table;
	unsigned int order[DISK_PARTS_MAX];

	(void)state;
	put_mbr(0, 0, 0, 0x8e, 100, 500);
	put_mbr(0, 1, 0, 0xfd, 1000, 1000);
	put_mbr(0, 2, 0, 0x82, 3000, 100);
	put_mbr(0, 3, 0, 0x83, 4000, 100);
	memcpy(disk + 101 * 512 + 24, "LVM2 001", 8);
	put32(1000 * 512 + 4096, 0xa92b4efc);
	memcpy(disk + 4000 * 512, "LUKS\xba\xbe", 6);
	table = scan();
	assert_int_equal(table.parts[0].use, DISK_USE_LVM);
	assert_int_equal(table.parts[1].use, DISK_USE_RAID);
	assert_int_equal(table.parts[2].use, DISK_USE_SWAP);
	assert_int_equal(table.parts[3].use, DISK_USE_LUKS);
	assert_int_equal(disk_order(&table, order), 0);
	assert_string_equal(disk_use_name(table.parts[1].use), "mdraid");

	/* mdraid with its superblock at the end: 1.0, then 0.90. */
	put32(1000 * 512 + 4096, 0);
	put32(1000 * 512 + ((1000 * 512 - 0x2000) & ~0xfff), 0xa92b4efc);
	assert_int_equal(scan().parts[1].use, DISK_USE_RAID);
	put32(1000 * 512 + ((1000 * 512 - 0x2000) & ~0xfff), 0);
	assert_int_equal(scan().parts[1].use, DISK_USE_ANY);
	put32(1000 * 512 + ((1000 * 512) & ~0xffff) - 0x10000, 0xa92b4efc);
	assert_int_equal(scan().parts[1].use, DISK_USE_RAID);
}

static void iso_hybrid(void **state)
{
	struct disk_table table;
	unsigned int order[DISK_PARTS_MAX];

	(void)state;
	memcpy(disk + 32769, "CD001", 5);
	put_mbr(0, 1, 0, 0xef, 200, 100);
	table = scan();
	assert_int_equal(table.count, 2);
	assert_int_equal(disk_order(&table, order), 2);
	assert_int_equal(table.parts[order[0]].number, 0);
}

static int fail_to_read(void *ctx, uint64_t offset, void *buf, size_t len)
{
	(void)ctx;
	(void)offset;
	(void)buf;
	(void)len;
	return -EIO;
}

static void offsets_and_errors(void **state)
{
	struct reader reader = reader_memory(disk, DISK_SIZE);
	struct disk_table table;
	struct disk_part part;
	struct why why = { "" };

	(void)state;
	put_mbr(0, 0, 0, 0x83, 64, 100);
	table = scan();
	assert_int_equal(disk_at_offset(&reader, &table, 64 * 512, &part), 0);
	assert_int_equal(part.number, 1);
	assert_int_equal(disk_at_offset(&reader, &table, 4096, &part), 0);
	assert_int_equal(part.size, DISK_SIZE - 4096);
	assert_int_equal(
		disk_at_offset(&reader, &table, DISK_SIZE, &part), -ERANGE);
	reader.size = 100;
	assert_int_equal(disk_scan(&reader, 0, &table, &why), -EINVAL);
	assert_non_null(strstr(why.text, "100 bytes"));
	reader = (struct reader){ .read = fail_to_read, .size = DISK_SIZE };
	assert_int_equal(disk_scan(&reader, 0, &table, &why), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(whole_disk),
		TEST(mbr_logical),
		TEST(mbr_bounds),
		TEST(long_chain),
		TEST(mbr_4096),
		TEST(gpt_both_sizes),
		TEST(gpt_hybrid),
		TEST(gpt_bounds),
		TEST(uses),
		TEST(iso_hybrid),
		TEST(offsets_and_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
