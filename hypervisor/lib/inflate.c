/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deflate decoding (RFC 1951).
 */
#include <stdbool.h>
#include <tenon/errno.h>
#include <tenon/string.h>
#include "copy_match.h"
#include "inflate.h"

#define END_OF_BLOCK  256
#define LENGTH_CODES  29
#define MATCH_MIN     3
#define DIST_CODES    30
#define PRECODE_CODES 19

/* Input as a window of bits: the next bit is bit 0 of buf. */
struct bits {
	const uint8_t *in, *in_end; /* in: the first byte not counted in buf */
	uint64_t buf;
	unsigned int count;
};

/* Base value and number of extra bits, RFC 1951 section 3.2.5. */
static const uint16_t length_base[LENGTH_CODES] = { 3, 4, 5, 6, 7, 8, 9, 10, 11,
	13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
	195, 227, 258 };
static const uint8_t length_extra[LENGTH_CODES] = { 0, 0, 0, 0, 0, 0, 0, 0, 1,
	1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint16_t dist_base[DIST_CODES] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25,
	33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
	4097, 6145, 8193, 12289, 16385, 24577 };
static const uint8_t dist_extra[DIST_CODES] = { 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4,
	4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };
/* Section 3.2.7: the order in which the code lengths' own lengths stand. */
static const uint8_t precode_order[PRECODE_CODES] = { 16, 17, 18, 0, 8, 7, 9, 6,
	10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };

/* Fills the window: to 56 bits or more, or with all that is left. */
static inline void refill(struct bits *b)
{
	if (b->in_end - b->in >= 8) {
		uint64_t w;

		/* Bits beyond count are those of *in: the next OR agrees. */
		__builtin_memcpy(&w, b->in, 8);
		b->buf |= w << b->count;
		b->in += (63 - b->count) >> 3;
		b->count |= 56;
		return;
	}
	for (; b->count <= 56 && b->in < b->in_end; b->count += 8)
		b->buf |= (uint64_t)*b->in++ << b->count;
}

/* Takes n bits that the window may not have. */
static inline int take(struct bits *b, unsigned int n, unsigned int *value)
{
	if (n > b->count)
		return -ENODATA;
	*value = (unsigned int)(b->buf & ((1ULL << n) - 1));
	b->buf >>= n;
	b->count -= n;
	return 0;
}

/* Puts a code's entry at each index whose low bits are the code, reversed. */
static void fill_fast(struct huffman *h, unsigned int code, unsigned int len,
	unsigned int symbol)
{
	unsigned int reversed = 0;

	for (unsigned int i = 0; i < len; i++)
		reversed |= ((code >> i) & 1) << (len - 1 - i);
	for (; reversed < 1U << h->fast_bits; reversed += 1U << len)
		h->fast[reversed] = (uint16_t)(symbol << 4 | len);
}

/*
 * Makes the code that has these lengths. More codes than fit are an error;
 * fewer are one too, but for a code of a single bit or, where none_ok, of no
 * symbol at all.
 */
static int build(struct huffman *h, unsigned int fast_bits,
	const uint8_t *lengths, unsigned int n, bool none_ok)
{
	unsigned int next[HUFFMAN_LEN_MAX + 2], index[HUFFMAN_LEN_MAX + 2];
	int room = 1;

	memset(h->count, 0, sizeof(h->count));
	memset(h->fast, 0, sizeof(h->fast[0]) << fast_bits);
	h->fast_bits = fast_bits;
	for (unsigned int i = 0; i < n; i++)
		h->count[lengths[i]]++;
	if (h->count[0] == n && !none_ok)
		return -EINVAL;
	next[1] = index[1] = 0;
	for (unsigned int len = 1; len <= HUFFMAN_LEN_MAX; len++) {
		room = room * 2 - h->count[len];
		if (room < 0)
			return -EINVAL;
		next[len + 1] = (next[len] + h->count[len]) << 1;
		index[len + 1] = index[len] + h->count[len];
	}
	if (room && h->count[0] != n &&
		!(h->count[1] == 1 && h->count[0] == n - 1))
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int len = lengths[i];

		if (!len)
			continue;
		h->symbols[index[len]++] = (uint16_t)i;
		if (len <= fast_bits)
			fill_fast(h, next[len], len, i);
		next[len]++;
	}
	h->count[0] = 0;
	return 0;
}

/* A code longer than fast_bits: by length, from the numbers of codes. */
static int decode_slowly(
	const struct huffman *h, struct bits *b, unsigned int *symbol)
{
	unsigned int code = 0, first = 0, index = 0;

	for (unsigned int len = 1; len <= HUFFMAN_LEN_MAX; len++) {
		unsigned int count = h->count[len];

		if (len > b->count)
			return -ENODATA;
		code |= (unsigned int)(b->buf >> (len - 1)) & 1;
		if (code < first + count) {
			*symbol = h->symbols[index + code - first];
			b->buf >>= len;
			b->count -= len;
			return 0;
		}
		index += count;
		first = (first + count) << 1;
		code <<= 1;
	}
	return -EINVAL;
}

static inline int decode(
	const struct huffman *h, struct bits *b, unsigned int *symbol)
{
	unsigned int entry = h->fast[b->buf & ((1U << h->fast_bits) - 1)];
	unsigned int len = entry & 15;

	if (!len || len > b->count)
		return decode_slowly(h, b, symbol);
	b->buf >>= len;
	b->count -= len;
	*symbol = entry >> 4;
	return 0;
}

/* Reads n code lengths, which are themselves coded (section 3.2.7). */
static int read_lengths(struct inflate *s, struct bits *b, unsigned int n)
{
	unsigned int i = 0;
	int rc;

	while (i < n) {
		unsigned int symbol, times;
		uint8_t len = 0;

		refill(b);
		rc = decode(&s->literals, b, &symbol);
		if (rc)
			return rc;
		if (symbol < 16) {
			s->lengths[i++] = (uint8_t)symbol;
			continue;
		}
		if (symbol == 16) {
			if (!i)
				return -EINVAL;
			len = s->lengths[i - 1];
		}
		rc = take(b, symbol == 16 ? 2 : symbol == 17 ? 3 : 7, &times);
		if (rc)
			return rc;
		times += symbol == 18 ? 11 : 3;
		if (times > n - i)
			return -EINVAL;
		memset(s->lengths + i, len, times);
		i += times;
	}
	return 0;
}

static int read_dynamic_codes(struct inflate *s, struct bits *b)
{
	uint8_t precode[PRECODE_CODES] = { 0 };
	unsigned int literals, distances, n, len;
	int rc;

	refill(b);
	if (take(b, 5, &literals) || take(b, 5, &distances) || take(b, 4, &n))
		return -ENODATA;
	literals += 257;
	distances += 1;
	n += 4;
	if (literals > 286 || distances > DIST_CODES)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++) {
		refill(b);
		if (take(b, 3, &len))
			return -ENODATA;
		precode[precode_order[i]] = (uint8_t)len;
	}
	/* The literals' tables are free until the lengths are known. */
	rc = build(&s->literals, 7, precode, PRECODE_CODES, false);
	if (!rc)
		rc = read_lengths(s, b, literals + distances);
	if (rc)
		return rc;
	if (!s->lengths[END_OF_BLOCK])
		return -EINVAL;
	rc = build(&s->distances, 8, s->lengths + literals, distances, true);
	if (!rc)
		rc = build(&s->literals, HUFFMAN_FAST_MAX, s->lengths, literals,
			false);
	return rc;
}

/* Section 3.2.6. Two distances of the 32 are never used, but have codes. */
static int make_fixed_codes(struct inflate *s)
{
	uint8_t *l = s->lengths;
	int rc;

	memset(l, 8, 144);
	memset(l + 144, 9, 256 - 144);
	memset(l + 256, 7, 280 - 256);
	memset(l + 280, 8, 288 - 280);
	memset(l + 288, 5, 32);
	rc = build(&s->literals, HUFFMAN_FAST_MAX, l, 288, false);
	return rc ? rc : build(&s->distances, 8, l + 288, 32, false);
}

static int copy_stored(struct bits *b, uint8_t **out, const uint8_t *out_end)
{
	size_t len;

	/* Give whole bytes back; the rest of the current one is skipped. */
	b->in -= b->count / 8;
	b->buf = 0;
	b->count = 0;
	if (b->in_end - b->in < 4)
		return -ENODATA;
	len = (size_t)b->in[0] | (size_t)b->in[1] << 8;
	if ((len ^ 0xffff) != ((size_t)b->in[2] | (size_t)b->in[3] << 8))
		return -EINVAL;
	b->in += 4;
	if (len > (size_t)(b->in_end - b->in))
		return -ENODATA;
	if (len > (size_t)(out_end - *out))
		return -ENOSPC;
	memcpy(*out, b->in, len);
	b->in += len;
	*out += len;
	return 0;
}

/* The rest of a match whose length code was read. */
static int decode_match(const struct inflate *s, struct bits *b,
	unsigned int code, const uint8_t *start, uint8_t **out,
	const uint8_t *out_end)
{
	unsigned int len, distance, extra;
	int rc;

	if (code >= LENGTH_CODES)
		return -EINVAL;
	rc = take(b, length_extra[code], &extra);
	if (rc)
		return rc;
	len = length_base[code] + extra;
	rc = decode(&s->distances, b, &code);
	if (rc)
		return rc;
	if (code >= DIST_CODES)
		return -EINVAL;
	rc = take(b, dist_extra[code], &extra);
	if (rc)
		return rc;
	distance = dist_base[code] + extra;
	if (distance > (size_t)(*out - start))
		return -EINVAL;
	if (len > (size_t)(out_end - *out))
		return -ENOSPC;
	*out = copy_match(*out, distance, len, out_end);
	return 0;
}

static int decode_block(const struct inflate *s, struct bits *bits,
	const uint8_t *start, uint8_t **out_at, const uint8_t *out_end)
{
	struct bits b = *bits;
	uint8_t *out = *out_at;
	unsigned int symbol;
	int rc;

	for (;;) {
		/* A symbol takes at most 15 + 5 + 15 + 13 bits. */
		refill(&b);
		rc = decode(&s->literals, &b, &symbol);
		if (rc || symbol == END_OF_BLOCK)
			break;
		if (symbol < END_OF_BLOCK) {
			if (out == out_end)
				return -ENOSPC;
			*out++ = (uint8_t)symbol;
			continue;
		}
		rc = decode_match(
			s, &b, symbol - END_OF_BLOCK - 1, start, &out, out_end);
		if (rc)
			break;
	}
	*bits = b;
	*out_at = out;
	return rc;
}

int inflate_decode(struct inflate *s, const uint8_t **in, const uint8_t *in_end,
	uint8_t *out, size_t cap, size_t *out_len)
{
	struct bits b = { .in = *in, .in_end = in_end };
	const uint8_t *start = out, *out_end = out + cap;
	unsigned int is_last, type;
	int rc;

	do {
		refill(&b);
		if (take(&b, 1, &is_last) || take(&b, 2, &type))
			return -ENODATA;
		switch (type) {
		case 0:
			rc = copy_stored(&b, &out, out_end);
			break;
		case 1:
			rc = make_fixed_codes(s);
			break;
		case 2:
			rc = read_dynamic_codes(s, &b);
			break;
		default:
			rc = -EINVAL;
			break;
		}
		if (!rc && type)
			rc = decode_block(s, &b, start, &out, out_end);
		if (rc)
			return rc;
	} while (!is_last);
	*in = b.in - b.count / 8;
	*out_len = (size_t)(out - start);
	return 0;
}
