/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum of a file with a saved domain; see save_sum.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tenonctrl/save_file.h>
#include "hash.h"
#include "save_sum.h"

#define WORDS  (4096 / sizeof(uint64_t))
#define CRC32C 0x82f63b78U /* Castagnoli's polynomial, reversed */

/* SSE4.2 has an instruction for it: a word of 8 bytes in one step. */
__attribute__((target("sse4.2"))) static void sum_page_fast(
	const uint64_t *page, uint32_t sum[SAVE_SUMS])
{
	uint64_t a = 0, b = 0, c = 0, d = 0;

#pragma GCC unroll 8
	for (size_t i = 0; i < WORDS; i += SAVE_SUMS) {
		a = __builtin_ia32_crc32di(a, page[i]);
		b = __builtin_ia32_crc32di(b, page[i + 1]);
		c = __builtin_ia32_crc32di(c, page[i + 2]);
		d = __builtin_ia32_crc32di(d, page[i + 3]);
	}
	sum[0] = (uint32_t)a;
	sum[1] = (uint32_t)b;
	sum[2] = (uint32_t)c;
	sum[3] = (uint32_t)d;
}

static void make_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C : 0);
		table[i] = crc;
	}
}

void save_sum_page_slow(const void *page, uint32_t sum[SAVE_SUMS])
{
	static uint32_t table[256];
	const uint8_t *at = page;

	if (!table[1])
		make_table(table);
	memset(sum, 0, SAVE_SUMS * sizeof(*sum));
	for (size_t i = 0; i < WORDS; i++) {
		uint32_t crc = sum[i % SAVE_SUMS];

		for (size_t j = 0; j < sizeof(uint64_t); j++)
			crc = crc >> 8 ^ table[(crc ^ *at++) & 255];
		sum[i % SAVE_SUMS] = crc;
	}
}

void save_sum_page(const void *page, uint32_t sum[SAVE_SUMS])
{
	if (__builtin_cpu_supports("sse4.2"))
		sum_page_fast(page, sum);
	else
		save_sum_page_slow(page, sum);
}

int save_sum_begin(struct save_sum **out)
{
	struct save_sum *sum = calloc(1, sizeof(*sum));

	if (sum)
		sum->state = XXH3_createState();
	if (!sum || !sum->state) {
		free(sum);
		return -ENOMEM;
	}
	XXH3_64bits_reset(sum->state);
	*out = sum;
	return 0;
}

void save_sum_end(struct save_sum *sum)
{
	if (sum)
		XXH3_freeState(sum->state);
	free(sum);
}

void save_sum_bytes(struct save_file *f, const void *bytes, size_t size)
{
	struct save_sum *sum = f->sum;

	if (sum->zeros) {
		XXH3_64bits_update(sum->state, &sum->zeros, sizeof(sum->zeros));
		sum->zeros = 0;
	}
	/* Nothing need not have an address. */
	if (size)
		XXH3_64bits_update(sum->state, bytes, size);
}

void save_sum_zeros(struct save_file *f, size_t pages)
{
	((struct save_sum *)f->sum)->zeros += pages;
}

void save_sum_pages(struct save_file *f, const void *pages, size_t count)
{
	uint32_t sums[64][SAVE_SUMS];
	const char *at = pages;

	for (size_t some; count; count -= some) {
		some = count < 64 ? count : 64;
		for (size_t i = 0; i < some; i++, at += 4096)
			save_sum_page(at, sums[i]);
		save_sum_bytes(f, sums, some * sizeof(sums[0]));
	}
}

uint64_t save_sum_digest(struct save_file *f)
{
	/* Zeros at the end count as well. */
	save_sum_bytes(f, NULL, 0);
	return XXH3_64bits_digest(((struct save_sum *)f->sum)->state);
}
