/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy of a match from the output so far, for the decoders.
 */
#ifndef LIB_COPY_MATCH_H
#define LIB_COPY_MATCH_H

#include <stddef.h>
#include <stdint.h>
#include <tenon/string.h>

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

	if (distance >= 8 && (size_t)(room_end - end) >= 8) {
		do {
			uint64_t w;

			__builtin_memcpy(&w, from, 8);
			__builtin_memcpy(out, &w, 8);
			from += 8;
			out += 8;
		} while (out < end);
		return end;
	}
	if (distance == 1) {
		memset(out, *from, len);
		return end;
	}
	do {
		*out++ = *from++;
	} while (out < end);
	return end;
}

#endif
