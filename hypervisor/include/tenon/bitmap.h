/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bitmaps over 64-bit words; bit n is bit n % 64 of word n / 64, as in the
 * guest ABI's event words.
 *
 * The plain functions need the owner's lock.  The _atomic ones do not, and are
 * full barriers; they also serve words that a guest shares.
 */
#ifndef TENON_BITMAP_H
#define TENON_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORDS(bits)	   (((bits) + 63) / 64)
#define DECLARE_BITMAP(name, bits) uint64_t name[BITMAP_WORDS(bits)]

static inline uint64_t bitmap_mask(size_t bit)
{
	return 1ULL << (bit % 64);
}

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
	return map[bit / 64] & bitmap_mask(bit);
}

static inline void bitmap_set(uint64_t *map, size_t bit)
{
	map[bit / 64] |= bitmap_mask(bit);
}

static inline void bitmap_clear(uint64_t *map, size_t bit)
{
	map[bit / 64] &= ~bitmap_mask(bit);
}

static inline bool bitmap_test_and_set(uint64_t *map, size_t bit)
{
	bool old = bitmap_test(map, bit);

	bitmap_set(map, bit);
	return old;
}

static inline bool bitmap_test_and_clear(uint64_t *map, size_t bit)
{
	bool old = bitmap_test(map, bit);

	bitmap_clear(map, bit);
	return old;
}

static inline bool bitmap_test_atomic(const uint64_t *map, size_t bit)
{
	return __atomic_load_n(&map[bit / 64], __ATOMIC_ACQUIRE) &
	       bitmap_mask(bit);
}

static inline void bitmap_set_atomic(uint64_t *map, size_t bit)
{
	__atomic_fetch_or(&map[bit / 64], bitmap_mask(bit), __ATOMIC_SEQ_CST);
}

static inline void bitmap_clear_atomic(uint64_t *map, size_t bit)
{
	__atomic_fetch_and(&map[bit / 64], ~bitmap_mask(bit), __ATOMIC_SEQ_CST);
}

static inline bool bitmap_test_and_set_atomic(uint64_t *map, size_t bit)
{
	return __atomic_fetch_or(
		       &map[bit / 64], bitmap_mask(bit), __ATOMIC_SEQ_CST) &
	       bitmap_mask(bit);
}

static inline bool bitmap_test_and_clear_atomic(uint64_t *map, size_t bit)
{
	return __atomic_fetch_and(
		       &map[bit / 64], ~bitmap_mask(bit), __ATOMIC_SEQ_CST) &
	       bitmap_mask(bit);
}

/*
 * The first set (or clear) bit at or after from, below bits; bits itself when
 * there is none.
 */
size_t bitmap_find_next(const uint64_t *map, size_t bits, size_t from);
size_t bitmap_find_next_zero(const uint64_t *map, size_t bits, size_t from);

static inline size_t bitmap_find_first(const uint64_t *map, size_t bits)
{
	return bitmap_find_next(map, bits, 0);
}

static inline size_t bitmap_find_first_zero(const uint64_t *map, size_t bits)
{
	return bitmap_find_next_zero(map, bits, 0);
}

/* How many of the first bits bits are set. */
size_t bitmap_weight(const uint64_t *map, size_t bits);

/* Sets, or clears, count bits from first on. */
void bitmap_set_range(uint64_t *map, size_t first, size_t count);
void bitmap_clear_range(uint64_t *map, size_t first, size_t count);

#define bitmap_for_each(bit, map, bits)                              \
	for ((bit) = bitmap_find_next(map, bits, 0); (bit) < (bits); \
		(bit) = bitmap_find_next(map, bits, (bit) + 1))

#endif
