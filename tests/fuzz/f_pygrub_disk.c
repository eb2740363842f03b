/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile partition tables. A disk is made of the input's pieces: each is a
 * place (16 bits, in sectors), and a sector's bytes. Each part found must lie
 * inside the disk, on sectors, with a name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t disk[DISK_SIZE];
	struct reader reader = reader_memory(disk, sizeof(disk));
	unsigned int order[DISK_PARTS_MAX];
	struct disk_table table;
	struct disk_part part;
	struct why why = { "" };

	memset(disk, 0, sizeof(disk));
	while (size > 2) {
		size_t at = (size_t)reader_le16(data) % (DISK_SIZE / 512) * 512;
		size_t len = size - 2 < 512 ? size - 2 : 512;

		memcpy(disk + at, data + 2, len);
		data += len + 2;
		size -= len + 2;
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
