/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy of a match from the output so far, for the decoders.
 */
#ifndef LIB_COPY_MATCH_H
#define LIB_COPY_MATCH_H

#include <stddef.h>
#include <stdint.h>
#include <tenon/types.h>

/* The distance bytes from from on, 1 to 7, over and over in 8 bytes. */
static inline uint64_t repeat_bytes(const uint8_t *from, size_t distance)
{
	uint64_t w = 0;

	for (size_t i = 0; i < distance; i++)
		w |= (uint64_t)from[i] << (8 * i);
	for (size_t n = distance; n < 8; n *= 2)
		w |= w << (8 * n);
	return w;
}

/*
 * Copies len > 0 bytes to out from distance bytes before it, repeating them
 * where the two overlap, and returns the end. The caller has checked that out
 * + len <= room_end and that distance bytes are there; up to 7 bytes after the
 * end, but before room_end, lose their contents.
 */
static inline uint8_t *copy_match(
	uint8_t *out, size_t distance, size_t len, const uint8_t *room_end)
{
	const uint8_t *from = out - distance;
	uint8_t *end = out + len;
	uint64_t w;

	if (unlikely((size_t)(room_end - end) < 8)) {
		do
			*out++ = *from++;
		while (out < end);
	} else if (likely(distance >= 8)) {
		do {
			__builtin_memcpy(&w, from, 8);
			__builtin_memcpy(out, &w, 8);
			from += 8;
			out += 8;
		} while (out < end);
	} else {
		/* As many whole repetitions at a time as 8 bytes hold. */
		size_t step = 8 - 8 % distance;

		w = repeat_bytes(from, distance);
		do {
			__builtin_memcpy(out, &w, 8);
			out += step;
		} while (out < end);
	}
	return end;
}

#endif
