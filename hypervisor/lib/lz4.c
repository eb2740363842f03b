/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame is its magic number and blocks; a block is its packed size and
 * sequences; a sequence is literals, and a match in what the block has given
 * so far (none in the last one).
 */
#include <tenon/errno.h>
#include <tenon/lz4.h>
#include "copy_match.h"

#define MAGIC	    0x184c2102
#define BLOCK_MAX   MIB(8) /* unpacked */
#define LENGTH_MORE 15
#define MATCH_LEAST 4

struct output {
	uint8_t *at, *end;
};

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

bool lz4_is_lz4(const void *in, size_t in_len)
{
	return in_len >= 4 && load32(in) == MAGIC;
}

/* A length of 15 goes on in bytes, up to one that is not 255. */
static int read_length(const uint8_t **p, const uint8_t *end, size_t *length)
{
	uint8_t more;

	if (*length != LENGTH_MORE)
		return 0;
	do {
		if (*p == end)
			return -EINVAL;
		more = *(*p)++;
		*length += more;
	} while (more == 255);
	return 0;
}

static int copy_literals(const uint8_t **p, const uint8_t *end,
	struct output *out, size_t length)
{
	const uint8_t *from = *p;
	uint8_t *to = out->at;

	if (length > (size_t)(end - from))
		return -EINVAL;
	if (length > (size_t)(out->end - to))
		return -ENOSPC;
	*p += length;
	out->at += length;
	if ((size_t)(end - from) >= length + 8 &&
		(size_t)(out->end - to) >= length + 8) {
		for (; to < out->at; to += 8, from += 8)
			__builtin_memcpy(to, from, 8);
	} else {
		while (to < out->at)
			*to++ = *from++;
	}
	return 0;
}

static int decode_block(
	const uint8_t *p, const uint8_t *end, struct output *out)
{
	const uint8_t *start = out->at;

	for (;;) {
		size_t literals, match, distance;
		int rc;

		if (p == end)
			return -EINVAL;
		literals = *p >> 4;
		match = *p++ & 15;
		rc = read_length(&p, end, &literals);
		if (!rc)
			rc = copy_literals(&p, end, out, literals);
		if (rc || p == end)
			return rc;
		if (end - p < 2)
			return -EINVAL;
		distance = p[0] | (size_t)p[1] << 8;
		p += 2;
		rc = read_length(&p, end, &match);
		if (rc)
			return rc;
		match += MATCH_LEAST;
		if (!distance || distance > (size_t)(out->at - start))
			return -EINVAL;
		if (match > (size_t)(out->end - out->at))
			return -ENOSPC;
		out->at = copy_match(out->at, distance, match, out->end);
	}
}

int lz4_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work)
{
	const uint8_t *p = in, *end = p + in_len - 4;
	struct output o = { out, (uint8_t *)out + cap };
	size_t len;

	(void)work;
	if (!lz4_is_lz4(in, in_len))
		return -EINVAL;
	if (in_len < 8)
		return -ENODATA;
	for (p += 4; p < end;) {
		uint8_t *start = o.at;
		size_t size;
		int rc;

		if (end - p < 4)
			return -ENODATA;
		size = load32(p);
		p += 4;
		if (size > (size_t)(end - p))
			return -ENODATA;
		rc = decode_block(p, p + size, &o);
		if (rc)
			return rc;
		if ((size_t)(o.at - start) > BLOCK_MAX)
			return -EINVAL;
		p += size;
	}
	len = (size_t)(o.at - (uint8_t *)out);
	if (load32(end) != (uint32_t)len)
		return load32(end) > len ? -ENODATA : -EINVAL;
	*out_len = len;
	return 0;
}

int lz4_out_size(const void *in, size_t in_len, size_t *size)
{
	if (!lz4_is_lz4(in, in_len))
		return -EINVAL;
	if (in_len < 8)
		return -ENODATA;
	*size = load32((const uint8_t *)in + in_len - 4);
	return 0;
}
