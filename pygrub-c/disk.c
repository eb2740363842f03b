/* SPDX-License-Identifier: BSD-2-Clause */
/* Which table a disk has, what its parts are for; see disk.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "part.h"

#define DISK_SIZE_MIN 4096 /* bytes; no file system is smaller */

/* Signatures at fixed places from the begin of a part. */
static const struct {
	uint32_t offset;
	uint8_t length;
	const char *bytes;
	enum disk_use use;
} signatures[] = {
	{ 0x018, 8, "LVM2 001", DISK_USE_LVM },
	{ 0x218, 8, "LVM2 001", DISK_USE_LVM },
	{ 0x418, 8, "LVM2 001", DISK_USE_LVM },
	{ 0x618, 8, "LVM2 001", DISK_USE_LVM },
	{ 0, 6, "LUKS\xba\xbe", DISK_USE_LUKS },
	{ 4086, 10, "SWAPSPACE2", DISK_USE_SWAP },
	{ 65526, 10, "SWAPSPACE2", DISK_USE_SWAP },
	/* mdraid of metadata 1.1 and 1.2 */
	{ 0, 4, "\xfc\x4e\x2b\xa9", DISK_USE_RAID },
	{ 4096, 4, "\xfc\x4e\x2b\xa9", DISK_USE_RAID },
	/* ext2 to 4, XFS, btrfs, FAT, F2FS, ISO 9660: to tell sector sizes. */
	{ 1080, 2, "\x53\xef", DISK_USE_ANY },
	{ 0, 4, "XFSB", DISK_USE_ANY },
	{ 65600, 8, "_BHRfS_M", DISK_USE_ANY },
	{ 54, 3, "FAT", DISK_USE_ANY },
	{ 82, 3, "FAT", DISK_USE_ANY },
	{ 1024, 4, "\x10\x20\xf5\xf2", DISK_USE_ANY },
	{ 32769, 5, "CD001", DISK_USE_ANY },
};

/* The index of the first signature found; -1: none. */
static int find_signature(
	const struct reader *disk, uint64_t start, uint64_t size)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(*signatures); i++) {
		uint64_t offset = signatures[i].offset;
		uint8_t length = signatures[i].length;
		char bytes[16];

		if (offset + length <= size &&
			!reader_get(disk, start + offset, bytes, length) &&
			!memcmp(bytes, signatures[i].bytes, length))
			return (int)i;
	}
	return -1;
}

/* mdraid of metadata 1.0 and 0.90 has its superblock near the end. */
static bool has_raid_at_end(
	const struct reader *disk, const struct disk_part *part)
{
	uint64_t places[2] = { 0, 0 };

	if (part->size >= 0x4000)
		places[0] = (part->size - 0x2000) & ~0xfffULL;
	if (part->size >= 0x20000)
		places[1] = (part->size & ~0xffffULL) - 0x10000;
	for (int i = 0; i < 2; i++) {
		uint8_t magic[4];

		if (places[i] &&
			!reader_get(disk, part->start + places[i], magic, 4) &&
			reader_le32(magic) == 0xa92b4efc)
			return true;
	}
	return false;
}

enum disk_use part_probe(const struct reader *disk,
	const struct disk_part *part, enum disk_use by_type)
{
	int found;

	if (by_type == DISK_USE_NONE)
		return by_type;
	found = find_signature(disk, part->start, part->size);
	if (found >= 0 && signatures[found].use != DISK_USE_ANY)
		return signatures[found].use;
	if (has_raid_at_end(disk, part))
		return DISK_USE_RAID;
	/* A type of old, and a file system: the bytes are right. */
	if (found >= 0 && by_type == DISK_USE_SWAP)
		return DISK_USE_ANY;
	return by_type;
}

bool part_is_known(const struct reader *disk, uint64_t start)
{
	return start < disk->size &&
	       find_signature(disk, start, disk->size - start) >= 0;
}

struct disk_part *part_add(const struct reader *disk, struct disk_table *table,
	uint64_t start, uint64_t count)
{
	uint64_t sectors = disk->size / table->sector;
	struct disk_part *part;

	if (start >= sectors || !count || table->count >= DISK_PARTS_MAX) {
		table->is_cut = true;
		return NULL;
	}
	if (count > sectors - start) {
		count = sectors - start;
		table->is_cut = true;
	}
	part = &table->parts[table->count++];
	*part = (struct disk_part){
		.start = start * table->sector,
		.size = count * table->sector,
	};
	return part;
}

static void add_whole(const struct reader *disk, struct disk_table *table)
{
	struct disk_part *part;

	if (table->count >= DISK_PARTS_MAX)
		return;
	part = &table->parts[table->count++];
	*part = (struct disk_part){ .size = disk->size };
	part->use = part_probe(disk, part, DISK_USE_ANY);
}

static bool has_gpt_mark(const struct mbr *mbr)
{
	for (int i = 0; i < 4; i++) {
		if (mbr->entries[i].type == 0xee)
			return true;
	}
	return false;
}

/* A hybrid's MBR repeats some partitions, and may have the active flag. */
static void merge_hybrid(const struct mbr *mbr, struct disk_table *table)
{
	for (int i = 0; i < 4; i++) {
		const struct mbr_entry *entry = &mbr->entries[i];

		if (!entry->type || entry->type == 0xee)
			continue;
		table->is_hybrid = true;
		for (unsigned int j = 0; j < table->count; j++) {
			struct disk_part *part = &table->parts[j];

			if (part->start ==
				(uint64_t)entry->start * table->sector)
				part->is_active |= entry->is_active;
		}
	}
}

/*
 * How many partitions of an MBR begin with something known, when its sectors
 * have this size? Nothing on the disk says what size they have.
 */
static unsigned int count_known(
	const struct reader *disk, const struct mbr *mbr, unsigned int sector)
{
	unsigned int count = 0;

	for (int i = 0; i < 4; i++) {
		const struct mbr_entry *entry = &mbr->entries[i];
		uint64_t start = (uint64_t)entry->start * sector;
		struct mbr inner;

		if (!entry->type || !entry->start)
			continue;
		if (part_is_known(disk, start) ||
			!mbr_read(disk, start, &inner))
			count++;
	}
	return count;
}

static bool scan_tables(const struct reader *disk, const struct mbr *mbr,
	struct disk_table *table)
{
	static const unsigned int sectors[] = { 512, 4096 };

	for (int i = 0; i < 2 && has_gpt_mark(mbr); i++) {
		table->sector = sectors[i];
		if (gpt_add(disk, table))
			continue;
		table->scheme = DISK_GPT;
		merge_hybrid(mbr, table);
		return true;
	}
	table->sector =
		count_known(disk, mbr, 4096) > count_known(disk, mbr, 512)
			? 4096
			: 512;
	/* A file system made over an old table may have left that in place. */
	if (!count_known(disk, mbr, table->sector) && !table->count &&
		part_is_known(disk, 0))
		return false;
	table->scheme = DISK_MBR;
	mbr_add(disk, mbr, table);
	return table->count > 0;
}

static void name_parts(struct disk_table *table, unsigned int number)
{
	const char *kind = table->scheme == DISK_GPT ? "gpt" : "msdos";

	for (unsigned int i = 0; i < table->count; i++) {
		struct disk_part *part = &table->parts[i];

		if (part->number)
			snprintf(part->device, sizeof(part->device),
				"hd%u,%s%u", number % 1000, kind,
				part->number % 10000);
		else
			snprintf(part->device, sizeof(part->device), "hd%u",
				number % 1000);
	}
}

int disk_scan(const struct reader *disk, unsigned int number,
	struct disk_table *table, struct why *why)
{
	struct disk_table made = { .scheme = DISK_WHOLE, .sector = 512 };
	char iso[5];
	struct mbr mbr;
	int ret;

	if (disk->size < DISK_SIZE_MIN)
		return why_set(why, -EINVAL,
			"the disk has only %llu bytes: there is nothing to "
			"boot on it; is it the right file?",
			(unsigned long long)disk->size);
	ret = mbr_read(disk, 0, &mbr);
	if (ret && ret != -ENOENT)
		return why_set(why, ret,
			"cannot read the first sector of the disk: %s",
			strerror(-ret));
	/* A CD's image that can be booted as a disk has a table as well. */
	if (!ret && !reader_get(disk, 32769, iso, sizeof(iso)) &&
		!memcmp(iso, "CD001", sizeof(iso)))
		add_whole(disk, &made);
	if (ret || !scan_tables(disk, &mbr, &made)) {
		made.scheme = DISK_WHOLE;
		made.sector = 512;
		made.count = 0;
		add_whole(disk, &made);
	}
	name_parts(&made, number);
	*table = made;
	return 0;
}

int disk_at_offset(const struct reader *disk, const struct disk_table *table,
	uint64_t offset, struct disk_part *part)
{
	if (offset >= disk->size)
		return -ERANGE;
	for (unsigned int i = 0; i < table->count; i++) {
		if (table->parts[i].start == offset) {
			*part = table->parts[i];
			return 0;
		}
	}
	*part = (struct disk_part){
		.start = offset,
		.size = disk->size - offset,
		.device = "hd0",
	};
	part->use = part_probe(disk, part, DISK_USE_ANY);
	return 0;
}

/* The lower, the earlier; -1: never. */
static int rank(const struct disk_part *part)
{
	switch (part->use) {
	case DISK_USE_ANY:
		return part->is_active ? 0 : 2;
	case DISK_USE_XBOOT:
		return part->is_active ? 0 : 1;
	case DISK_USE_ESP:
		return 3;
	default:
		return -1;
	}
}

unsigned int disk_order(
	const struct disk_table *table, unsigned int order[DISK_PARTS_MAX])
{
	unsigned int count = 0;

	for (int wanted = 0; wanted <= 3; wanted++) {
		for (unsigned int i = 0; i < table->count; i++) {
			if (rank(&table->parts[i]) == wanted)
				order[count++] = i;
		}
	}
	return count;
}

const char *disk_use_name(enum disk_use use)
{
	static const char *const names[] = {
		[DISK_USE_ANY] = "file system",
		[DISK_USE_ESP] = "EFI system partition",
		[DISK_USE_XBOOT] = "extended boot loader partition",
		[DISK_USE_LVM] = "LVM",
		[DISK_USE_RAID] = "mdraid",
		[DISK_USE_LUKS] = "LUKS",
		[DISK_USE_SWAP] = "swap",
		[DISK_USE_NONE] = "no files",
	};

	return names[use];
}
