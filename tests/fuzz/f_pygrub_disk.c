/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile partition tables. A disk is made of the input's pieces: each is a
 * place (16 bits, in sectors), and a sector's bytes. A first byte 'c' has the
 * checksums of a GPT set right, or no input would get behind them. Each part
 * found must lie inside the disk, on sectors, with a name.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <tenonctrl/why.h>
#include "disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DISK_SIZE (1U << 20)
#define PIECE	  514

static void must(int truth)
{
	if (!truth)
		abort();
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void set_checksums(uint8_t *header, uint8_t *disk, unsigned int sector)
{
	uint64_t at = reader_le64(header + 72);
	uint64_t size =
		(uint64_t)reader_le32(header + 80) * reader_le32(header + 84);
	uint32_t header_size = reader_le32(header + 12);

	if (memcmp(header, "EFI PART", 8) || header_size > sector ||
		at > DISK_SIZE / sector || size > DISK_SIZE - at * sector)
		return;
	put32(header + 88, (uint32_t)crc32(0, disk + at * sector, (uInt)size));
	put32(header + 16, 0);
	put32(header + 16, (uint32_t)crc32(0, header, header_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t disk[DISK_SIZE];
	bool has_checksums = size && *data == 'c';
	struct reader reader = reader_memory(disk, sizeof(disk));
	unsigned int order[DISK_PARTS_MAX];
	struct disk_table table;
	struct disk_part part;
	struct why why = { "" };

	memset(disk, 0, sizeof(disk));
	data += size > 0;
	size -= size > 0;
	while (size > 2) {
		size_t at = (size_t)reader_le16(data) % (DISK_SIZE / 512) * 512;
		size_t len = size - 2 < 512 ? size - 2 : 512;

		memcpy(disk + at, data + 2, len);
		data += len + 2;
		size -= len + 2;
	}
	for (unsigned int sector = 512; sector <= 4096 && has_checksums;
		sector *= 8) {
		set_checksums(disk + sector, disk, sector);
		set_checksums(disk + sizeof(disk) - sector, disk, sector);
	}
	if (disk_scan(&reader, 0, &table, &why))
		abort();
	must(table.count <= DISK_PARTS_MAX);
	must(table.sector == 512 || table.sector == 4096);
	for (unsigned int i = 0; i < table.count; i++) {
		const struct disk_part *p = &table.parts[i];

		must(p->size && p->start < DISK_SIZE);
		must(p->size <= DISK_SIZE - p->start);
		must(!(p->start % table.sector));
		must(!strncmp(p->device, "hd0", 3));
		must(disk_use_name(p->use) != NULL);
		must(!disk_at_offset(&reader, &table, p->start, &part));
	}
	for (unsigned int i = disk_order(&table, order); i--;)
		must(order[i] < table.count);
	return 0;
}
