/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Searches and ranges in bitmaps, a word at a time.
 */
#include <tenon/bitmap.h>

/* invert is 0 to look for set bits, all ones for clear ones. */
static size_t find(
	const uint64_t *map, size_t bits, size_t from, uint64_t invert)
{
	uint64_t word;
	size_t i = from / 64;

	if (from >= bits)
		return bits;
	word = (map[i] ^ invert) & (~0ULL << (from % 64));
	while (!word) {
		if (++i >= BITMAP_WORDS(bits))
			return bits;
		word = map[i] ^ invert;
	}
	from = i * 64 + (size_t)__builtin_ctzll(word);
	return from < bits ? from : bits;
}

size_t bitmap_find_next(const uint64_t *map, size_t bits, size_t from)
{
	return find(map, bits, from, 0);
}

size_t bitmap_find_next_zero(const uint64_t *map, size_t bits, size_t from)
{
	return find(map, bits, from, ~0ULL);
}

/* Adds pairs, nibbles, bytes, then all bytes: POPCNT is not in every CPU. */
static size_t weight64(uint64_t w)
{
	w -= (w >> 1) & 0x5555555555555555ULL;
	w = (w & 0x3333333333333333ULL) + ((w >> 2) & 0x3333333333333333ULL);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (size_t)((w * 0x0101010101010101ULL) >> 56);
}

size_t bitmap_weight(const uint64_t *map, size_t bits)
{
	size_t i, n = 0;

	for (i = 0; i < bits / 64; i++)
		n += weight64(map[i]);
	if (bits % 64)
		n += weight64(map[i] & (bitmap_mask(bits) - 1));
	return n;
}

/* The bits of word i that lie in [first, first + count). */
static uint64_t word_mask(size_t i, size_t first, size_t count)
{
	size_t last = first + count - 1;
	uint64_t mask = ~0ULL;

	if (i == first / 64)
		mask &= ~0ULL << (first % 64);
	if (i == last / 64)
		mask &= ~0ULL >> (63 - last % 64);
	return mask;
}

void bitmap_set_range(uint64_t *map, size_t first, size_t count)
{
	if (!count)
		return;
	for (size_t i = first / 64; i <= (first + count - 1) / 64; i++)
		map[i] |= word_mask(i, first, count);
}

void bitmap_clear_range(uint64_t *map, size_t first, size_t count)
{
	if (!count)
		return;
	for (size_t i = first / 64; i <= (first + count - 1) / 64; i++)
		map[i] &= ~word_mask(i, first, count);
}

#ifndef TENON_HOSTED
/* What the compiler calls for __builtin_popcountll: the image has no libgcc. */
int __popcountdi2(long long value);

int __popcountdi2(long long value)
{
	return (int)weight64((uint64_t)value);
}
#endif
