/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GPT, by the UEFI specification 2.10, chapter 5.3: the header in the second
 * sector, its copy in the last one, each with checksums of itself and of the
 * entries, which it points to.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "part.h"

#define HEADER_SIZE	 92
#define ENTRY_SIZE	 128
#define TABLE_SIZE_MAX	 (1U << 20) /* usual: 16 KiB */
#define ATTRIBUTE_ACTIVE (1U << 2)

struct gpt {
	uint64_t entries; /* sector */
	uint32_t count;
	uint32_t entry_size;
	uint32_t crc; /* of all entries */
};

static const struct {
	uint8_t type[16];
	enum disk_use use;
} types[] = {
	/* c12a7328-f81f-11d2-ba4b-00a0c93ec93b */
	{ "\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b",
		DISK_USE_ESP },
	/* bc13c2ff-59e6-4262-a352-b275fd6f7172 */
	{ "\xff\xc2\x13\xbc\xe6\x59\x62\x42\xa3\x52\xb2\x75\xfd\x6f\x71\x72",
		DISK_USE_XBOOT },
	/* 0657fd6d-a4ab-43c4-84e5-0933c84b4f4f: Linux swap */
	{ "\x6d\xfd\x57\x06\xab\xa4\xc4\x43\x84\xe5\x09\x33\xc8\x4b\x4f\x4f",
		DISK_USE_SWAP },
	/* 21686148-6449-6e6f-744e-656564454649: GRUB's own, for BIOS */
	{ "\x48\x61\x68\x21\x49\x64\x6f\x6e\x74\x4e\x65\x65\x64\x45\x46\x49",
		DISK_USE_NONE },
	/* e3c9e316-0b5c-4db8-817d-f92df00215ae: reserved by Microsoft */
	{ "\x16\xe3\xc9\xe3\x5c\x0b\xb8\x4d\x81\x7d\xf9\x2d\xf0\x02\x15\xae",
		DISK_USE_NONE },
};

static int read_header(const struct reader *disk, uint64_t at,
	unsigned int sector, struct gpt *gpt)
{
	uint8_t header[4096];
	uint32_t size, crc;
	int ret = reader_get(disk, at * sector, header, sector);

	if (ret)
		return ret;
	size = reader_le32(header + 12);
	crc = reader_le32(header + 16);
	if (memcmp(header, "EFI PART", 8) || size < HEADER_SIZE ||
		size > sector)
		return -ENOENT;
	memset(header + 16, 0, 4);
	if (crc32(0, header, size) != crc || reader_le64(header + 24) != at)
		return -ENOENT;
	gpt->entries = reader_le64(header + 72);
	gpt->count = reader_le32(header + 80);
	gpt->entry_size = reader_le32(header + 84);
	gpt->crc = reader_le32(header + 88);
	if (gpt->entry_size < ENTRY_SIZE || gpt->entry_size % 8 ||
		gpt->entry_size > TABLE_SIZE_MAX || !gpt->count ||
		gpt->count > TABLE_SIZE_MAX / gpt->entry_size ||
		gpt->entries > disk->size / sector)
		return -ENOENT;
	return 0;
}

static void print_uuid(const uint8_t *raw, char out[37])
{
	snprintf(out, 37, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		reader_le32(raw), reader_le16(raw + 4), reader_le16(raw + 6),
		raw[8], raw[9], raw[10], raw[11], raw[12], raw[13], raw[14],
		raw[15]);
}

static void add(const struct reader *disk, const uint8_t *entry,
	unsigned int number, struct disk_table *table)
{
	static const uint8_t unused[16];
	uint64_t first = reader_le64(entry + 32);
	uint64_t last = reader_le64(entry + 40);
	enum disk_use use = DISK_USE_ANY;
	struct disk_part *part;

	if (!memcmp(entry, unused, sizeof(unused)))
		return;
	if (last < first || last >= disk->size / table->sector) {
		table->is_cut = true;
		return;
	}
	part = part_add(disk, table, first, last - first + 1);
	if (!part)
		return;
	part->number = number;
	part->is_active = reader_le64(entry + 48) & ATTRIBUTE_ACTIVE;
	memcpy(part->gpt_type, entry, sizeof(part->gpt_type));
	print_uuid(entry + 16, part->uuid);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (!memcmp(entry, types[i].type, sizeof(types[i].type)))
			use = types[i].use;
	}
	part->use = part_probe(disk, part, use);
}

/* The table of the header in sector `at`. */
static int add_table(
	const struct reader *disk, uint64_t at, struct disk_table *table)
{
	uint8_t *entries;
	struct gpt gpt;
	size_t size;
	int ret = read_header(disk, at, table->sector, &gpt);

	if (ret)
		return ret;
	size = (size_t)gpt.count * gpt.entry_size;
	entries = malloc(size);
	if (!entries)
		return -ENOMEM;
	ret = reader_get(disk, gpt.entries * table->sector, entries, size);
	if (!ret && crc32(0, entries, (uInt)size) != gpt.crc)
		ret = -ENOENT;
	for (uint32_t i = 0; i < gpt.count && !ret; i++)
		add(disk, entries + (size_t)i * gpt.entry_size, i + 1, table);
	free(entries);
	return ret;
}

int gpt_add(const struct reader *disk, struct disk_table *table)
{
	uint64_t sectors = disk->size / table->sector;

	if (sectors < 3)
		return -ENOENT;
	if (!add_table(disk, 1, table))
		return 0;
	if (add_table(disk, sectors - 1, table))
		return -ENOENT;
	table->is_backup = true;
	return 0;
}
