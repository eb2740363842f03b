/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes at offsets, of a known number: a disk, a partition or a file of a
 * guest. Nothing outside is ever read; the bytes may change between two reads.
 */
#ifndef PYGRUB_READER_H
#define PYGRUB_READER_H

#include <stddef.h>
#include <stdint.h>

struct reader {
	/*
	 * Fills all of `buf` from byte `offset`, which lies inside with all of
	 * `len`: reader_get looks. 0 or a negative errno.
	 */
	int (*read)(void *ctx, uint64_t offset, void *buf, size_t len);
	void *ctx;
	uint64_t size; /* in bytes */
};

/* Fills all of `buf`, or returns -ERANGE (beyond the end) or read's error. */
int reader_get(
	const struct reader *reader, uint64_t offset, void *buf, size_t len);

/* A reader of bytes in memory, which must outlive it. */
struct reader reader_memory(const void *bytes, size_t size);

/* Numbers as they stand on disks, lowest byte first. */
static inline uint16_t reader_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t reader_le32(const uint8_t *p)
{
	return reader_le16(p) | (uint32_t)reader_le16(p + 2) << 16;
}

static inline uint64_t reader_le64(const uint8_t *p)
{
	return reader_le32(p) | (uint64_t)reader_le32(p + 4) << 32;
}

#endif
