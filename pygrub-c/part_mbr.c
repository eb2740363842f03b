/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot records: four entries, of which some hold a chain of further records,
 * one for each logical partition. A chain may have loops: no record is read
 * twice, and their number is bounded by that of parts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "part.h"

#define MBR_SIZE      512
#define TYPE_GPT      0xee
#define FIRST_LOGICAL 5

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* A FAT or NTFS boot sector ends in the same two bytes as a boot record. */
static bool is_boot_sector(const uint8_t *sector)
{
	if (sector[0] != 0xeb && sector[0] != 0xe9)
		return false;
	return !memcmp(sector + 54, "FAT", 3) ||
	       !memcmp(sector + 82, "FAT32", 5) ||
	       !memcmp(sector + 3, "NTFS", 4) ||
	       !memcmp(sector + 3, "EXFAT", 5);
}

int mbr_read(const struct reader *disk, uint64_t offset, struct mbr *mbr)
{
	uint8_t sector[MBR_SIZE];
	struct mbr read = { 0 };
	int ret = reader_get(disk, offset, sector, sizeof(sector));

	if (ret)
		return ret;
	if (sector[510] != 0x55 || sector[511] != 0xaa ||
		is_boot_sector(sector))
		return -ENOENT;
	read.signature = reader_le32(sector + 440);
	for (int i = 0; i < 4; i++) {
		const uint8_t *raw = sector + 446 + 16 * i;

		if (raw[0] & 0x7f)
			return -ENOENT;
		read.entries[i] = (struct mbr_entry){
			.is_active = raw[0] == 0x80,
			.type = raw[4],
			.start = reader_le32(raw + 8),
			.count = reader_le32(raw + 12),
		};
	}
	*mbr = read;
	return 0;
}

static enum disk_use use_of(uint8_t type)
{
	switch (type) {
	case 0xef:
		return DISK_USE_ESP;
	case 0xea:
		return DISK_USE_XBOOT;
	case 0x82:
		return DISK_USE_SWAP;
	case TYPE_GPT:
		return DISK_USE_NONE;
	default:
		return DISK_USE_ANY;
	}
}

static void add(const struct reader *disk, const struct mbr_entry *entry,
	uint64_t base, uint32_t signature, unsigned int number,
	struct disk_table *table)
{
	struct disk_part *part =
		part_add(disk, table, base + entry->start, entry->count);

	if (!part)
		return;
	part->number = number;
	part->is_active = entry->is_active;
	part->mbr_type = entry->type;
	part->use = part_probe(disk, part, use_of(entry->type));
	snprintf(part->uuid, sizeof(part->uuid), "%08x-%02x", signature,
		number & 0xff);
}

static bool is_seen(const uint64_t *seen, unsigned int count, uint64_t at)
{
	for (unsigned int i = 0; i < count; i++) {
		if (seen[i] == at)
			return true;
	}
	return false;
}

/*
 * Logical partitions: each record has one, at an offset from the record, and
 * the place of the next, at an offset from the extended partition.
 */
static void add_logical(const struct reader *disk,
	const struct mbr_entry *extended, uint32_t signature,
	unsigned int *number, struct disk_table *table)
{
	uint64_t seen[DISK_PARTS_MAX];
	unsigned int count = 0;
	uint64_t at = extended->start;

	for (;;) {
		const struct mbr_entry *next = NULL;
		struct mbr record;

		if (count >= DISK_PARTS_MAX || is_seen(seen, count, at) ||
			mbr_read(disk, at * table->sector, &record)) {
			table->is_cut = true;
			return;
		}
		seen[count++] = at;
		for (int i = 0; i < 4; i++) {
			const struct mbr_entry *entry = &record.entries[i];

			if (!entry->type || !entry->count)
				continue;
			if (!is_extended(entry->type))
				add(disk, entry, at, signature, (*number)++,
					table);
			else if (!next)
				next = entry;
		}
		if (!next)
			return;
		at = (uint64_t)extended->start + next->start;
	}
}

void mbr_add(const struct reader *disk, const struct mbr *mbr,
	struct disk_table *table)
{
	unsigned int number = FIRST_LOGICAL;

	for (unsigned int i = 0; i < 4; i++) {
		const struct mbr_entry *entry = &mbr->entries[i];

		if (entry->type && entry->count && !is_extended(entry->type))
			add(disk, entry, 0, mbr->signature, i + 1, table);
	}
	for (unsigned int i = 0; i < 4; i++) {
		const struct mbr_entry *entry = &mbr->entries[i];

		if (entry->count && is_extended(entry->type))
			add_logical(
				disk, entry, mbr->signature, &number, table);
	}
}
