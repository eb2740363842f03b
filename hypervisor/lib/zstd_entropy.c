/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of entropy codes are built here, all from hostile descriptions. */
#include <tenon/errno.h>
#include "zstd_entropy.h"

#define SYMBOLS_MAX    256
#define WEIGHT_LOG_MAX 6
#define WEIGHTS_MAX    255 /* the last one is computed */

static unsigned highest_bit(uint64_t v)
{
	return 63U - (unsigned)__builtin_clzll(v);
}

int back_bits_open(struct back_bits *b, const uint8_t *start, size_t size)
{
	if (!size || !start[size - 1])
		return -EINVAL;
	b->start = start;
	b->size = size;
	b->left = (int64_t)(size - 1) * 8 + highest_bit(start[size - 1]);
	return 0;
}

int fse_build(struct fse_table *t, const int16_t *counts, unsigned symbols,
	unsigned log)
{
	uint16_t next[SYMBOLS_MAX];
	unsigned size = 1U << log, high = size, at = 0;
	unsigned step = (size >> 1) + (size >> 3) + 3;

	for (unsigned s = 0; s < symbols; s++) {
		next[s] = counts[s] < 0 ? 1 : (uint16_t)counts[s];
		if (counts[s] < 0)
			t->entry[--high].symbol = (uint8_t)s;
	}
	for (unsigned s = 0; s < symbols; s++)
		for (int i = 0; i < counts[s]; i++) {
			t->entry[at].symbol = (uint8_t)s;
			do
				at = (at + step) & (size - 1);
			while (at >= high);
		}
	if (at)
		return -EINVAL;
	for (unsigned i = 0; i < size; i++) {
		struct fse_entry *e = &t->entry[i];
		unsigned n = next[e->symbol]++;

		e->bits = (uint8_t)(log - highest_bit(n));
		e->base = (uint16_t)((n << e->bits) - size);
	}
	t->log = (uint8_t)log;
	t->is_valid = true;
	return 0;
}

void fse_build_single(struct fse_table *t, uint8_t symbol)
{
	t->entry[0] = (struct fse_entry){ .symbol = symbol };
	t->log = 0;
	t->is_valid = true;
}

/* Bits of a description, from its beginning; zeros behind its end. */
struct bits {
	const uint8_t *start;
	size_t size, at;
};

static unsigned peek(const struct bits *b, unsigned n)
{
	const struct back_bits all = { b->start, b->size, 0 };

	return (unsigned)back_bits_load(&all, b->at) & ((1U << n) - 1);
}

static unsigned take(struct bits *b, unsigned n)
{
	unsigned v = peek(b, n);

	b->at += n;
	return v;
}

/* A count plus 1, 0 to remaining + 1: small ones take a bit less. */
static unsigned take_count(struct bits *b, unsigned remaining)
{
	unsigned n = highest_bit(remaining + 1) + 1;
	unsigned low = (1U << (n - 1)) - 1;
	unsigned short_ones = (1U << n) - 1 - (remaining + 1);
	unsigned v = peek(b, n);

	if ((v & low) < short_ones) {
		b->at += n - 1;
		return v & low;
	}
	b->at += n;
	return v > low ? v - short_ones : v;
}

int fse_read(struct fse_table *t, const uint8_t **p, const uint8_t *end,
	unsigned symbols_max, unsigned log_max)
{
	struct bits b = { *p, (size_t)(end - *p), 0 };
	int16_t counts[SYMBOLS_MAX] = { 0 };
	unsigned log = take(&b, 4) + 5, n = 0, remaining, more;

	if (log > log_max)
		return -EINVAL;
	remaining = 1U << log;
	while (remaining) {
		unsigned v = take_count(&b, remaining);

		if (n == symbols_max || b.at > b.size * 8)
			return -EINVAL;
		counts[n++] = (int16_t)((int)v - 1);
		remaining -= v ? v - 1 : 1;
		/* After none: how many more there are none of. */
		for (more = v == 1 ? 3 : 0; more == 3;) {
			more = take(&b, 2);
			n += more;
			if (n > symbols_max || b.at > b.size * 8)
				return -EINVAL;
		}
	}
	*p += DIV_UP(b.at, 8);
	return fse_build(t, counts, n, log);
}

/* Weights packed with two states that take turns, until bits are missing. */
static int read_weights(const uint8_t *p, const uint8_t *end,
	struct fse_table *t, uint8_t *weights, unsigned *count)
{
	struct back_bits b;
	unsigned state[2], n = 0;
	int r = fse_read(t, &p, end, SYMBOLS_MAX, WEIGHT_LOG_MAX);

	if (!r)
		r = back_bits_open(&b, p, (size_t)(end - p));
	if (r)
		return r;
	state[0] = fse_start(t, &b);
	state[1] = fse_start(t, &b);
	if (b.left < 0)
		return -EINVAL;
	for (unsigned turn = 0;; turn ^= 1) {
		if (n + 2 > WEIGHTS_MAX)
			return -EINVAL;
		weights[n++] = t->entry[state[turn]].symbol;
		state[turn] = fse_next(t, state[turn], &b);
		if (b.left < 0) {
			/* The other state has one more. */
			weights[n++] = t->entry[state[turn ^ 1]].symbol;
			*count = n;
			return 0;
		}
	}
}

/* The table of codes with these weights and one more, which fills it. */
static int build(struct huf_table *t, uint8_t *weights, unsigned count)
{
	unsigned sum = 0, left, at = 0;

	for (unsigned i = 0; i < count; i++) {
		if (weights[i] > HUF_LOG_MAX)
			return -EINVAL;
		sum += weights[i] ? 1U << (weights[i] - 1) : 0;
	}
	if (!sum || highest_bit(sum) + 1 > HUF_LOG_MAX)
		return -EINVAL;
	t->log = (uint8_t)(highest_bit(sum) + 1);
	left = (1U << t->log) - sum;
	if (left & (left - 1))
		return -EINVAL;
	weights[count++] = (uint8_t)(highest_bit(left) + 1);
	for (unsigned w = 1; w <= t->log; w++)
		for (unsigned s = 0; s < count; s++) {
			if (weights[s] != w)
				continue;
			for (unsigned i = 0; i < 1U << (w - 1); i++, at++) {
				t->entry[at].symbol = (uint8_t)s;
				t->entry[at].bits = (uint8_t)(t->log + 1 - w);
			}
		}
	t->is_valid = true;
	return 0;
}

int huf_read(struct huf_table *t, const uint8_t **p, const uint8_t *end,
	struct fse_table *scratch)
{
	uint8_t weights[WEIGHTS_MAX + 1];
	unsigned head, count, size;
	const uint8_t *at = *p + 1;

	if (*p == end)
		return -EINVAL;
	head = **p;
	count = head - 127;
	size = head < 128 ? head : (count + 1) / 2;
	if (size > (size_t)(end - at))
		return -EINVAL;
	*p = at + size;
	if (head < 128) {
		int r = read_weights(at, at + size, scratch, weights, &count);

		if (r)
			return r;
	} else {
		for (unsigned i = 0; i < count; i++)
			weights[i] = i % 2 ? at[i / 2] & 15 : at[i / 2] >> 4;
	}
	return build(t, weights, count);
}

int huf_decode(const struct huf_table *t, const uint8_t *in, size_t in_len,
	uint8_t *out, size_t n)
{
	struct back_bits b;
	int r = back_bits_open(&b, in, in_len);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		unsigned code = (unsigned)back_bits_peek(&b, t->log);

		out[i] = t->entry[code].symbol;
		b.left -= t->entry[code].bits;
	}
	return b.left ? -EINVAL : 0;
}
