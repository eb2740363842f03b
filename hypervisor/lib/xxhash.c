/* SPDX-License-Identifier: BSD-2-Clause */
/* Four lanes of 8 bytes, then what is left, then an avalanche. */
#include <tenon/xxhash.h>

#define P1 0x9e3779b185ebca87ULL
#define P2 0xc2b2ae3d27d4eb4fULL
#define P3 0x165667b19e3779f9ULL
#define P4 0x85ebca77c2b2ae63ULL
#define P5 0x27d4eb2f165667c5ULL

static uint64_t rotate(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static uint64_t load(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	__builtin_memcpy(&v, p, n);
	return v;
}

static uint64_t step(uint64_t lane, uint64_t input)
{
	return rotate(lane + input * P2, 31) * P1;
}

static uint64_t merge(uint64_t h, uint64_t lane)
{
	return (h ^ step(0, lane)) * P1 + P4;
}

static uint64_t finish(uint64_t h, const uint8_t *p, size_t left)
{
	for (; left >= 8; p += 8, left -= 8)
		h = rotate(h ^ step(0, load(p, 8)), 27) * P1 + P4;
	if (left >= 4) {
		h = rotate(h ^ load(p, 4) * P1, 23) * P2 + P3;
		p += 4;
		left -= 4;
	}
	for (; left; p++, left--)
		h = rotate(h ^ *p * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}

uint64_t xxhash64(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t v[4] = { P1 + P2, P2, 0, 0 - P1 };
	size_t left = size;
	uint64_t h = P5;

	if (size >= 32) {
		for (; left >= 32; left -= 32)
			for (unsigned i = 0; i < 4; i++, p += 8)
				v[i] = step(v[i], load(p, 8));
		h = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) +
		    rotate(v[3], 18);
		for (unsigned i = 0; i < 4; i++)
			h = merge(h, v[i]);
	}
	return finish(h + size, p, left);
}
