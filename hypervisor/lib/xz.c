/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The .xz container: headers, blocks, index and footer, each with its own
 * CRC-32, around the LZMA2 decoder.
 */
#include <tenon/crc.h>
#include <tenon/errno.h>
#include <tenon/string.h>
#include <tenon/xz.h>
#include "lzma2.h"

#define HEADER_SIZE 12
#define FOOTER_SIZE 12

/* Filter numbers and check types of the format, sections 5.3 and 2.1.1.2. */
#define FILTER_X86   0x04
#define FILTER_LZMA2 0x21

enum check { CHECK_NONE = 0, CHECK_CRC32 = 1, CHECK_CRC64 = 4 };

/* The longest variable-length number: 63 bits, 7 a byte. */
#define VLI_MAX 9

/* A size that a block header leaves out. */
#define SIZE_UNKNOWN UINT64_MAX

struct work {
	struct lzma2 lzma;
	struct crc32_table crc32;
	struct crc64_table crc64; /* set up only for streams that use it */
};

_Static_assert(sizeof(struct work) <= XZ_WORK_SIZE, "XZ_WORK_SIZE");

struct cursor {
	const uint8_t *p, *end;
};

struct block {
	uint64_t packed_size, size; /* or SIZE_UNKNOWN */
	bool has_bcj;
	uint32_t bcj_start;
};

/* What the index has to repeat about the blocks. */
struct totals {
	uint64_t blocks, unpadded, size;
};

static const uint8_t header_magic[6] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

static size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

/* A number, 7 bits a byte from the lowest up, without needless zero bytes. */
static int read_vli(struct cursor *c, uint64_t *value)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < VLI_MAX; i++) {
		if (!left(c))
			return -ENODATA;
		v |= (uint64_t)(*c->p & 0x7f) << (7 * i);
		if (!(*c->p++ & 0x80)) {
			if (i && !c->p[-1])
				return -EINVAL;
			*value = v;
			return 0;
		}
	}
	return -EINVAL;
}

bool xz_is_xz(const void *in, size_t in_len)
{
	return in_len >= sizeof(header_magic) &&
	       !memcmp(in, header_magic, sizeof(header_magic));
}

static int check_size(uint8_t type, size_t *size)
{
	switch (type) {
	case CHECK_NONE:
		*size = 0;
		return 0;
	case CHECK_CRC32:
		*size = 4;
		return 0;
	case CHECK_CRC64:
		*size = 8;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int read_stream_header(struct work *w, struct cursor *c, uint8_t *check)
{
	if (!xz_is_xz(c->p, left(c)))
		return -EINVAL;
	if (left(c) < HEADER_SIZE)
		return -ENODATA;
	if (crc32_update(&w->crc32, 0, c->p + 6, 2) != load32(c->p + 8) ||
		c->p[6] || c->p[7] > 15)
		return -EINVAL;
	*check = c->p[7];
	c->p += HEADER_SIZE;
	return 0;
}

static int read_filters(struct cursor *c, unsigned int count, struct block *b)
{
	for (unsigned int i = 0; i < count; i++) {
		uint64_t id, size;
		int rc = read_vli(c, &id);

		if (!rc)
			rc = read_vli(c, &size);
		/* The header is whole: what it lacks is not cut off. */
		if (rc || size > left(c))
			return -EINVAL;
		if (id == FILTER_LZMA2 && i == count - 1) {
			/* The dictionary's size: 40 is 4 GiB - 1. */
			if (size != 1 || *c->p > 40)
				return -EINVAL;
		} else if (id == FILTER_X86 && count == 2 && i == 0) {
			if (size && size != 4)
				return -EINVAL;
			b->has_bcj = true;
			b->bcj_start = size ? load32(c->p) : 0;
		} else {
			return -EOPNOTSUPP;
		}
		c->p += size;
	}
	return 0;
}

static int read_block_header(struct work *w, struct cursor *c, struct block *b)
{
	size_t size = ((size_t)*c->p + 1) * 4;
	struct cursor h;
	uint8_t flags;
	int rc = 0;

	if (left(c) < size)
		return -ENODATA;
	if (crc32_update(&w->crc32, 0, c->p, size - 4) !=
		load32(c->p + size - 4))
		return -EINVAL;
	h.p = c->p + 2;
	h.end = c->p + size - 4;
	flags = c->p[1];
	if (flags & 0x3c)
		return -EOPNOTSUPP;
	*b = (struct block){
		.packed_size = SIZE_UNKNOWN,
		.size = SIZE_UNKNOWN,
	};
	if (flags & 0x40)
		rc = read_vli(&h, &b->packed_size);
	if (!rc && (flags & 0x80))
		rc = read_vli(&h, &b->size);
	if (rc)
		return -EINVAL;
	rc = read_filters(&h, (flags & 3) + 1U, b);
	if (rc)
		return rc;
	for (; h.p < h.end; h.p++)
		if (*h.p)
			return -EOPNOTSUPP;
	c->p += size;
	return 0;
}

static int check_content(const struct work *w, struct cursor *c, uint8_t check,
	const uint8_t *data, size_t n)
{
	bool right = true;
	size_t size;
	int rc = check_size(check, &size);

	if (rc)
		return rc;
	if (left(c) < size)
		return -ENODATA;
	if (check == CHECK_CRC32)
		right = crc32_update(&w->crc32, 0, data, n) == load32(c->p);
	else if (check == CHECK_CRC64)
		right = crc64_update(&w->crc64, 0, data, n) == load64(c->p);
	c->p += size;
	return right ? 0 : -EINVAL;
}

/* Zero bytes up to a multiple of 4 from start. */
static int skip_padding(struct cursor *c, const uint8_t *start)
{
	while ((c->p - start) % 4) {
		if (!left(c))
			return -ENODATA;
		if (*c->p++)
			return -EINVAL;
	}
	return 0;
}

static int read_block(struct work *w, struct cursor *c, uint8_t check,
	uint8_t *out, size_t cap, struct totals *totals)
{
	const uint8_t *start = c->p, *packed;
	size_t padding, size = 0;
	struct block b;
	int rc = read_block_header(w, c, &b);

	if (rc)
		return rc;
	packed = c->p;
	rc = lzma2_decode(&w->lzma, &c->p, c->end, out, cap, &size);
	if (rc)
		return rc;
	if ((b.packed_size != SIZE_UNKNOWN &&
		    b.packed_size != (uint64_t)(c->p - packed)) ||
		(b.size != SIZE_UNKNOWN && b.size != size))
		return -EINVAL;
	padding = (size_t)(start - c->p) % 4;
	rc = skip_padding(c, start);
	if (rc)
		return rc;
	if (b.has_bcj)
		bcj_x86_decode(out, size, b.bcj_start);
	rc = check_content(w, c, check, out, size);
	if (rc)
		return rc;
	totals->blocks++;
	totals->unpadded += (uint64_t)(c->p - start) - padding;
	totals->size += size;
	return 0;
}

/* Reads the records between the index's 0 byte and its padding. */
static int read_records(struct cursor *c, struct totals *sum)
{
	uint64_t count, unpadded, size;
	int rc = read_vli(c, &count);

	*sum = (struct totals){ 0 };
	/* A record takes two bytes: the loop is bounded by the input. */
	for (; !rc && sum->blocks < count; sum->blocks++) {
		rc = read_vli(c, &unpadded);
		if (!rc)
			rc = read_vli(c, &size);
		if (!rc && (__builtin_add_overflow(
				    sum->unpadded, unpadded, &sum->unpadded) ||
				   __builtin_add_overflow(
					   sum->size, size, &sum->size)))
			rc = -EINVAL;
	}
	return rc;
}

static int read_index(struct work *w, struct cursor *c,
	const struct totals *totals, size_t *index_size)
{
	const uint8_t *start = c->p++;
	struct totals sum;
	int rc = read_records(c, &sum);

	if (!rc)
		rc = skip_padding(c, start);
	if (rc)
		return rc;
	if (left(c) < 4)
		return -ENODATA;
	if (crc32_update(&w->crc32, 0, start, (size_t)(c->p - start)) !=
			load32(c->p) ||
		sum.blocks != totals->blocks ||
		sum.unpadded != totals->unpadded || sum.size != totals->size)
		return -EINVAL;
	c->p += 4;
	*index_size = (size_t)(c->p - start);
	return 0;
}

static bool is_footer(const uint8_t *p)
{
	return p[8] == 0 && p[9] <= 15 && p[10] == 'Y' && p[11] == 'Z';
}

static int read_footer(
	struct work *w, struct cursor *c, uint8_t check, size_t index_size)
{
	if (left(c) < FOOTER_SIZE)
		return -ENODATA;
	if (!is_footer(c->p) || c->p[9] != check ||
		crc32_update(&w->crc32, 0, c->p + 4, 6) != load32(c->p) ||
		((uint64_t)load32(c->p + 4) + 1) * 4 != index_size)
		return -EINVAL;
	return 0;
}

int xz_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work)
{
	struct cursor c = { .p = in, .end = (const uint8_t *)in + in_len };
	struct totals totals = { 0 };
	struct work *w = work;
	size_t size, index_size;
	uint8_t check;
	int rc;

	crc32_init(&w->crc32);
	rc = read_stream_header(w, &c, &check);
	if (!rc)
		rc = check_size(check, &size);
	if (rc)
		return rc;
	if (check == CHECK_CRC64)
		crc64_init(&w->crc64);
	for (;;) {
		if (!left(&c))
			return -ENODATA;
		if (!*c.p)
			break;
		rc = read_block(w, &c, check, (uint8_t *)out + totals.size,
			cap - totals.size, &totals);
		if (rc)
			return rc;
	}
	rc = read_index(w, &c, &totals, &index_size);
	if (!rc)
		rc = read_footer(w, &c, check, index_size);
	if (!rc)
		*out_len = totals.size;
	return rc;
}

int xz_out_size(const void *in, size_t in_len, size_t *size)
{
	const uint8_t *start = in, *footer;
	struct totals sum;
	struct cursor c;
	uint64_t index_size;
	int rc;

	if (!xz_is_xz(in, in_len))
		return -EINVAL;
	if (in_len < HEADER_SIZE + FOOTER_SIZE + 4)
		return -ENODATA;
	footer = start + in_len - FOOTER_SIZE;
	if (!is_footer(footer))
		footer -= 4;
	if (!is_footer(footer))
		return -ENODATA;
	index_size = ((uint64_t)load32(footer + 4) + 1) * 4;
	if (index_size > (uint64_t)(footer - start) - HEADER_SIZE)
		return -EINVAL;
	c.p = footer - index_size;
	c.end = footer - 4;
	if (c.p >= c.end || *c.p++)
		return -EINVAL;
	rc = read_records(&c, &sum);
	if (rc)
		return -EINVAL;
	*size = sum.size;
	return 0;
}
