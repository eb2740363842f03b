/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of disk.h: the readers of one kind of table each. They add what they
 * find to a table, judged against the disk's end, and never trust a count.
 */
#ifndef PYGRUB_PART_H
#define PYGRUB_PART_H

#include <stdbool.h>
#include <stdint.h>
#include "disk.h"

/* One of the four entries of a boot record, in sectors. */
struct mbr_entry {
	bool is_active;
	uint8_t type; /* 0: unused */
	uint32_t start;
	uint32_t count;
};

struct mbr {
	struct mbr_entry entries[4];
	uint32_t signature; /* of the disk */
};

/*
 * Reads the boot record at byte `offset`. -ENOENT when the bytes there are
 * none: no signature, a file system's own boot sector, impossible flags.
 */
int mbr_read(const struct reader *disk, uint64_t offset, struct mbr *mbr);

/* Adds primary and logical partitions, of sectors as table->sector says. */
void mbr_add(const struct reader *disk, const struct mbr *mbr,
	struct disk_table *table);

/*
 * Adds the partitions of a GPT of sectors as table->sector says. -ENOENT when
 * neither header is right, with its entries.
 */
int gpt_add(const struct reader *disk, struct disk_table *table);

/*
 * A new part of the table from `start` sectors; NULL, and table->is_cut, when
 * it begins beyond the end of the disk, is empty, or there are too many. A part
 * that ends beyond is cut there.
 */
struct disk_part *part_add(const struct reader *disk, struct disk_table *table,
	uint64_t start, uint64_t count);

/* What the bytes at a part's begin (or end) say; else what `by_type` says. */
enum disk_use part_probe(const struct reader *disk,
	const struct disk_part *part, enum disk_use by_type);

/* Is there a file system, a volume or a container that we know? */
bool part_is_known(const struct reader *disk, uint64_t start);

#endif
