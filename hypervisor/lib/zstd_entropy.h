/* SPDX-License-Identifier: BSD-2-Clause */
/* Zstandard's entropy coding (RFC 8878, section 4): bits, FSE, Huffman. */
#ifndef LIB_ZSTD_ENTROPY_H
#define LIB_ZSTD_ENTROPY_H

#include <stddef.h>
#include <stdint.h>
#include <tenon/types.h>

#define FSE_LOG_MAX 9
#define HUF_LOG_MAX 11

/* A stream that is read from its end: left bits of it are not read yet.  Below
 * 0 it was read over its beginning, which gives zeros. */
struct back_bits {
	const uint8_t *start;
	size_t size;
	int64_t left;
};

struct fse_entry {
	uint16_t base; /* of the next state */
	uint8_t symbol;
	uint8_t bits; /* to add to it */
};

struct fse_table {
	struct fse_entry entry[1 << FSE_LOG_MAX];
	uint8_t log;
	bool is_valid;
};

struct huf_table {
	struct {
		uint8_t symbol, bits;
	} entry[1 << HUF_LOG_MAX];
	uint8_t log;
	bool is_valid;
};

/* The mark that ends the stream is taken off.  0 or -EINVAL. */
must_check int back_bits_open(
	struct back_bits *b, const uint8_t *start, size_t size);

/* The 8 bytes from a bit on, those outside as zeros; 57 bits of it count. */
static inline uint64_t back_bits_load(const struct back_bits *b, uint64_t bit)
{
	size_t at = bit / 8;
	uint64_t w = 0;

	if (likely(at + 8 <= b->size))
		__builtin_memcpy(&w, b->start + at, 8);
	else
		for (size_t i = 0; at + i < b->size; i++)
			w |= (uint64_t)b->start[at + i] << (8 * i);
	return w >> bit % 8;
}

/* The next n bits, at most 56. */
static inline uint64_t back_bits_peek(const struct back_bits *b, unsigned n)
{
	uint64_t mask = (1ULL << n) - 1;

	if (likely(b->left >= (int64_t)n))
		return back_bits_load(b, (uint64_t)b->left - n) & mask;
	if (b->left <= 0)
		return 0;
	return back_bits_load(b, 0) << (n - (uint64_t)b->left) & mask;
}

static inline uint64_t back_bits_read(struct back_bits *b, unsigned n)
{
	uint64_t v = back_bits_peek(b, n);

	b->left -= n;
	return v;
}

static inline unsigned fse_start(const struct fse_table *t, struct back_bits *b)
{
	return (unsigned)back_bits_read(b, t->log);
}

static inline unsigned fse_next(
	const struct fse_table *t, unsigned state, struct back_bits *b)
{
	const struct fse_entry *e = &t->entry[state];

	return e->base + (unsigned)back_bits_read(b, e->bits);
}

/* From counts (-1: less than one) of symbols, which add up to 1 << log. */
must_check int fse_build(struct fse_table *t, const int16_t *counts,
	unsigned symbols, unsigned log);
/* One symbol for ever. */
void fse_build_single(struct fse_table *t, uint8_t symbol);
/* From its description at *p, which moves behind it.  0 or -EINVAL. */
must_check int fse_read(struct fse_table *t, const uint8_t **p,
	const uint8_t *end, unsigned symbols_max, unsigned log_max);

/* scratch: for the weights' own code. */
must_check int huf_read(struct huf_table *t, const uint8_t **p,
	const uint8_t *end, struct fse_table *scratch);
/* n symbols that the whole of one stream gives. */
must_check int huf_decode(const struct huf_table *t, const uint8_t *in,
	size_t in_len, uint8_t *out, size_t n);

#endif
