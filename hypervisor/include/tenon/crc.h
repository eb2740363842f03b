/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32 (ISO 3309, as in gzip and xz) and CRC-64 (ECMA-182, as in xz), four
 * or eight bytes a step, over tables that the caller keeps.
 */
#ifndef TENON_CRC_H
#define TENON_CRC_H

#include <stddef.h>
#include <stdint.h>

struct crc32_table {
	uint32_t t[8][256];
};

struct crc64_table {
	uint64_t t[4][256];
};

void crc32_init(struct crc32_table *table);
void crc64_init(struct crc64_table *table);

/* Continue crc (0 at the start) over n bytes. */
uint32_t crc32_update(const struct crc32_table *table, uint32_t crc,
	const void *data, size_t n);
uint64_t crc64_update(const struct crc64_table *table, uint64_t crc,
	const void *data, size_t n);

#endif
