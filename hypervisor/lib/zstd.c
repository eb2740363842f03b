/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame's blocks; a compressed block's literals and sequences.  The window is
 * all of the output so far.  Section numbers are those of RFC 8878.
 */
#include <tenon/errno.h>
#include <tenon/string.h>
#include <tenon/xxhash.h>
#include <tenon/zstd.h>
#include "copy_match.h"
#include "zstd_entropy.h"

#define MAGIC	   0xfd2fb528
#define BLOCK_MAX  (128 * 1024)

#define LL_SYMBOLS 36
#define ML_SYMBOLS 53
#define OF_SYMBOLS 32

/* 3.1.1.3.2.2: what literal and match length codes stand for. */
static const uint32_t ll_base[LL_SYMBOLS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
	11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256,
	512, 1024, 2048, 4096, 8192, 16384, 32768, 65536 };
static const uint8_t ll_bits[LL_SYMBOLS] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16 };
static const uint32_t ml_base[ML_SYMBOLS] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
	31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259,
	515, 1027, 2051, 4099, 8195, 16387, 32771, 65539 };
static const uint8_t ml_bits[ML_SYMBOLS] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
	2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
/* 3.1.1.3.2.2.1 to 3: the codes' default counts. */
static const int16_t ll_counts[LL_SYMBOLS] = { 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1,
	-1, -1 };
static const int16_t ml_counts[ML_SYMBOLS] = { 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1 };
static const int16_t of_counts[29] = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 };

struct code {
	const int16_t *counts;
	unsigned count, symbols, log, log_max;
};
static const struct code ll_code = { ll_counts, 36, LL_SYMBOLS, 6, 9 };
static const struct code of_code = { of_counts, 29, OF_SYMBOLS, 5, 8 };
static const struct code ml_code = { ml_counts, 53, ML_SYMBOLS, 6, 9 };

/* The scratch memory. */
struct work {
	struct fse_table ll, of, ml, weights;
	struct huf_table huf;
	uint32_t repeat[3];
	size_t literals_count;
	uint8_t literals[BLOCK_MAX + 8];
};
_Static_assert(sizeof(struct work) <= ZSTD_WORK_SIZE, "ZSTD_WORK_SIZE");

struct output {
	uint8_t *start, *at, *end;
};

static uint64_t load(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

bool zstd_is_zstd(const void *in, size_t in_len)
{
	return in_len >= 4 && load(in, 4) == MAGIC;
}

/* Four streams behind three sizes, or one. */
static int decode_streams(
	struct work *w, const uint8_t *p, const uint8_t *end, bool is_one)
{
	size_t n = w->literals_count, part = (n + 3) / 4, rest, size;
	uint8_t *to = w->literals;
	int r = 0;

	if (is_one)
		return huf_decode(&w->huf, p, (size_t)(end - p), to, n);
	if (end - p < 6 || n < 6)
		return -EINVAL;
	rest = (size_t)(end - p) - 6;
	for (unsigned i = 0, at = 6; !r && i < 4; i++) {
		size = i < 3 ? load(p + i * 2, 2) : rest;
		if (size > rest)
			return -EINVAL;
		r = huf_decode(
			&w->huf, p + at, size, to, i < 3 ? part : n - 3 * part);
		at += (unsigned)size;
		rest -= size;
		to += part;
	}
	return r;
}

enum { RAW, RLE, COMPRESSED, TREELESS };

/* 3.1.1.3.1.  *p moves behind the section. */
static int read_literals(struct work *w, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *p = *at;
	unsigned type = p[0] & 3, format = p[0] >> 2 & 3, head, bits;
	size_t packed;
	uint64_t v;
	int r = 0;

	if (type == RAW || type == RLE) {
		head = format == 1 ? 2 : format == 3 ? 3 : 1;
		if (head > (size_t)(end - p))
			return -EINVAL;
		v = load(p, head) >> (head == 1 ? 3 : 4);
		packed = type == RAW ? v : 1;
	} else {
		head = format < 2 ? 3 : format + 2;
		bits = format < 2 ? 10 : format == 2 ? 14 : 18;
		if (head > (size_t)(end - p))
			return -EINVAL;
		v = load(p, head) >> 4;
		packed = v >> bits & ((1U << bits) - 1);
		v &= (1U << bits) - 1;
	}
	p += head;
	if (packed > (size_t)(end - p) || v > BLOCK_MAX)
		return -EINVAL;
	*at = p + packed;
	w->literals_count = v;
	if (type == RAW) {
		memcpy(w->literals, p, v);
		return 0;
	}
	if (type == RLE) {
		memset(w->literals, p[0], v);
		return 0;
	}
	if (type == COMPRESSED)
		r = huf_read(&w->huf, &p, *at, &w->weights);
	if (r || !w->huf.is_valid)
		return -EINVAL;
	return decode_streams(w, p, *at, format == 0);
}

/* 3.1.1.3.2.1.1: predefined, one symbol, described, or the last one again. */
static int read_code(struct fse_table *t, const struct code *c, unsigned mode,
	const uint8_t **p, const uint8_t *end)
{
	switch (mode) {
	case 0:
		return fse_build(t, c->counts, c->count, c->log);
	case 1:
		if (*p == end || **p >= c->symbols)
			return -EINVAL;
		fse_build_single(t, *(*p)++);
		return 0;
	case 2:
		return fse_read(t, p, end, c->symbols, c->log_max);
	default:
		return t->is_valid ? 0 : -EINVAL;
	}
}

/* 3.1.1.5: the last three offsets have short names. */
static uint32_t offset_of(struct work *w, uint64_t value, bool has_literals)
{
	unsigned i = (unsigned)value - 1 + !has_literals;
	uint32_t offset;

	if (value > 3) {
		offset = (uint32_t)(value - 3);
		i = 2;
	} else {
		offset = i < 3 ? w->repeat[i] : w->repeat[0] - 1;
	}
	if (i > 1)
		w->repeat[2] = w->repeat[1];
	if (i > 0)
		w->repeat[1] = w->repeat[0];
	w->repeat[0] = offset;
	return offset;
}

static int put_literals(
	struct output *o, const uint8_t **from, size_t *left, size_t n)
{
	if (n > *left)
		return -EINVAL;
	if (n > (size_t)(o->end - o->at))
		return -ENOSPC;
	memcpy(o->at, *from, n);
	o->at += n;
	*from += n;
	*left -= n;
	return 0;
}

static int put_match(struct output *o, uint32_t offset, size_t n)
{
	if (!offset || offset > (size_t)(o->at - o->start))
		return -EINVAL;
	if (n > (size_t)(o->end - o->at))
		return -ENOSPC;
	o->at = copy_match(o->at, offset, n, o->end);
	return 0;
}

static int run_sequences(
	struct work *w, struct back_bits *b, unsigned count, struct output *o)
{
	const uint8_t *from = w->literals;
	size_t left = w->literals_count;
	unsigned ll = fse_start(&w->ll, b);
	unsigned of = fse_start(&w->of, b);
	unsigned ml = fse_start(&w->ml, b);
	int r = 0;

	while (count--) {
		unsigned lc = w->ll.entry[ll].symbol;
		unsigned mc = w->ml.entry[ml].symbol;
		unsigned oc = w->of.entry[of].symbol;
		uint64_t value = (1ULL << oc) + back_bits_read(b, oc);
		size_t match = ml_base[mc] + back_bits_read(b, ml_bits[mc]);
		size_t n = ll_base[lc] + back_bits_read(b, ll_bits[lc]);

		r = put_literals(o, &from, &left, n);
		if (!r)
			r = put_match(o, offset_of(w, value, n != 0), match);
		if (r || b->left < 0)
			return r ? r : -EINVAL;
		if (!count)
			break;
		ll = fse_next(&w->ll, ll, b);
		ml = fse_next(&w->ml, ml, b);
		of = fse_next(&w->of, of, b);
	}
	return b->left ? -EINVAL : put_literals(o, &from, &left, left);
}

static int decode_block(
	struct work *w, const uint8_t *p, const uint8_t *end, struct output *o)
{
	const uint8_t *from = w->literals;
	struct back_bits b;
	unsigned count, head, modes;
	int r;

	if (p == end)
		return -EINVAL;
	r = read_literals(w, &p, end);
	if (r || p == end)
		return -EINVAL;
	/* 3.1.1.3.2.1: how many sequences, and their codes. */
	count = p[0];
	if (!count)
		return p + 1 == end ? put_literals(o, &from, &w->literals_count,
					      w->literals_count)
				    : -EINVAL;
	head = count < 128 ? 1 : count < 255 ? 2 : 3;
	if (end - p < (ptrdiff_t)head + 1)
		return -EINVAL;
	if (head == 2)
		count = (count - 128) << 8 | p[1];
	else if (head == 3)
		count = (unsigned)load(p + 1, 2) + 0x7f00;
	modes = p[head];
	p += head + 1;
	if (modes & 3 || read_code(&w->ll, &ll_code, modes >> 6, &p, end) ||
		read_code(&w->of, &of_code, modes >> 4 & 3, &p, end) ||
		read_code(&w->ml, &ml_code, modes >> 2 & 3, &p, end) ||
		back_bits_open(&b, p, (size_t)(end - p)))
		return -EINVAL;
	return run_sequences(w, &b, count, o);
}

struct frame {
	const uint8_t *p, *end; /* of the blocks and what follows */
	bool has_sum, has_size;
	uint64_t size;
};

/* 3.1.1.1 */
static int read_header(struct frame *f, const uint8_t *p, size_t in_len)
{
	static const uint8_t dictionary[] = { 0, 1, 2, 4 };
	unsigned flags, skip, size_bytes;

	if (!zstd_is_zstd(p, in_len))
		return -EINVAL;
	if (in_len < 5)
		return -ENODATA;
	flags = p[4];
	if (flags & 8)
		return -EOPNOTSUPP;
	size_bytes = flags >> 6 ? 1U << (flags >> 6) : flags >> 5 & 1;
	skip = 5 + !(flags >> 5 & 1) + dictionary[flags & 3];
	if (in_len < skip + size_bytes)
		return -ENODATA;
	if (load(p + skip - dictionary[flags & 3], dictionary[flags & 3]))
		return -EOPNOTSUPP;
	f->has_sum = flags >> 2 & 1;
	f->has_size = size_bytes;
	f->size = load(p + skip, size_bytes) + (size_bytes == 2 ? 256 : 0);
	f->p = p + skip + size_bytes;
	f->end = p + in_len;
	return 0;
}

static int decode_blocks(struct frame *f, struct work *w, struct output *o)
{
	bool is_last = false;

	while (!is_last) {
		unsigned head, size, type;
		uint8_t *before = o->at;
		int r = 0;

		if (f->end - f->p < 3)
			return -ENODATA;
		head = (unsigned)load(f->p, 3);
		f->p += 3;
		is_last = head & 1;
		type = head >> 1 & 3;
		size = head >> 3;
		if (type == 3 || size > BLOCK_MAX)
			return -EINVAL;
		if ((type == RLE ? 1 : size) > (size_t)(f->end - f->p))
			return -ENODATA;
		if (type != COMPRESSED && size > (size_t)(o->end - o->at))
			return -ENOSPC;
		if (type == RAW) {
			memcpy(o->at, f->p, size);
			o->at += size;
		} else if (type == RLE) {
			memset(o->at, f->p[0], size);
			o->at += size;
		} else {
			r = decode_block(w, f->p, f->p + size, o);
		}
		if (r)
			return r;
		if (o->at - before > BLOCK_MAX)
			return -EINVAL;
		f->p += type == RLE ? 1 : size;
	}
	return 0;
}

/* The sum, and the size that Linux appends. */
static int check_end(const struct frame *f, const struct output *o)
{
	size_t n = (size_t)(o->at - o->start);
	size_t left = (size_t)(f->end - f->p), sum = f->has_sum ? 4 : 0;

	if (left != sum + 4 && !(left == sum && f->has_size))
		return left < sum + 4 ? -ENODATA : -EINVAL;
	if (sum && load(f->p, 4) != (uint32_t)xxhash64(o->start, n))
		return -EINVAL;
	if (left != sum && load(f->p + sum, 4) != (uint32_t)n)
		return -EINVAL;
	return f->has_size && f->size != n ? -EINVAL : 0;
}

int zstd_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work)
{
	struct output o = { out, out, (uint8_t *)out + cap };
	struct work *w = work;
	struct frame f;
	int r = read_header(&f, in, in_len);

	if (r)
		return r;
	w->ll.is_valid = w->of.is_valid = w->ml.is_valid = false;
	w->huf.is_valid = false;
	w->repeat[0] = 1;
	w->repeat[1] = 4;
	w->repeat[2] = 8;
	r = decode_blocks(&f, w, &o);
	if (!r)
		r = check_end(&f, &o);
	if (!r)
		*out_len = (size_t)(o.at - o.start);
	return r;
}

int zstd_out_size(const void *in, size_t in_len, size_t *size)
{
	struct frame f;
	int r = read_header(&f, in, in_len);

	if (r)
		return r;
	if (!f.has_size && f.end - f.p < 4)
		return -ENODATA;
	*size = f.has_size ? f.size : load(f.end - 4, 4);
	return 0;
}
