/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRCs by slicing: table k holds the effect of a byte that k more bytes
 * follow, so that the bytes of a word are looked up independently.
 */
#include <tenon/crc.h>

#define CRC32_POLY 0xedb88320U
#define CRC64_POLY 0xc96c5795d7870f42ULL

void crc32_init(struct crc32_table *table)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t r = i;

		for (int bit = 0; bit < 8; bit++)
			r = (r >> 1) ^ (r & 1 ? CRC32_POLY : 0);
		table->t[0][i] = r;
	}
	for (int k = 1; k < 8; k++) {
		for (int i = 0; i < 256; i++) {
			uint32_t r = table->t[k - 1][i];

			table->t[k][i] = table->t[0][r & 0xff] ^ (r >> 8);
		}
	}
}

void crc64_init(struct crc64_table *table)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint64_t r = i;

		for (int bit = 0; bit < 8; bit++)
			r = (r >> 1) ^ (r & 1 ? CRC64_POLY : 0);
		table->t[0][i] = r;
	}
	for (int k = 1; k < 4; k++) {
		for (int i = 0; i < 256; i++) {
			uint64_t r = table->t[k - 1][i];

			table->t[k][i] = table->t[0][r & 0xff] ^ (r >> 8);
		}
	}
}

uint32_t crc32_update(const struct crc32_table *table, uint32_t crc,
	const void *data, size_t n)
{
	const uint32_t(*t)[256] = table->t;
	const uint8_t *p = data;

	crc = ~crc;
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t w;
		uint32_t low, high;

		__builtin_memcpy(&w, p, 8);
		low = (uint32_t)w ^ crc;
		high = (uint32_t)(w >> 32);
		crc = t[7][low & 0xff] ^ t[6][(low >> 8) & 0xff] ^
		      t[5][(low >> 16) & 0xff] ^ t[4][low >> 24] ^
		      t[3][high & 0xff] ^ t[2][(high >> 8) & 0xff] ^
		      t[1][(high >> 16) & 0xff] ^ t[0][high >> 24];
	}
	for (; n; p++, n--)
		crc = t[0][(crc ^ *p) & 0xff] ^ (crc >> 8);
	return ~crc;
}

uint64_t crc64_update(const struct crc64_table *table, uint64_t crc,
	const void *data, size_t n)
{
	const uint64_t(*t)[256] = table->t;
	const uint8_t *p = data;

	crc = ~crc;
	for (; n >= 4; p += 4, n -= 4) {
		uint32_t w;

		__builtin_memcpy(&w, p, 4);
		w ^= (uint32_t)crc;
		crc = (crc >> 32) ^ t[3][w & 0xff] ^ t[2][(w >> 8) & 0xff] ^
		      t[1][(w >> 16) & 0xff] ^ t[0][w >> 24];
	}
	for (; n; p++, n--)
		crc = t[0][(crc ^ *p) & 0xff] ^ (crc >> 8);
	return ~crc;
}
