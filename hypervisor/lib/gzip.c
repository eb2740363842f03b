/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gzip container (RFC 1952) around deflate.
 */
#include <tenon/crc.h>
#include <tenon/errno.h>
#include <tenon/inflate.h>
#include "inflate.h"

#define HEADER_SIZE    10
#define TRAILER_SIZE   8
#define METHOD_DEFLATE 8

/* Flags of byte 3. */
#define HAS_HEADER_CRC 0x02
#define HAS_EXTRA      0x04
#define HAS_NAME       0x08
#define HAS_COMMENT    0x10
#define RESERVED_FLAGS 0xe0

struct work {
	struct inflate inflate;
	struct crc32_table crc32;
};

_Static_assert(sizeof(struct work) <= GZIP_WORK_SIZE, "GZIP_WORK_SIZE");

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

bool gzip_is_gzip(const void *in, size_t in_len)
{
	const uint8_t *p = in;

	return in_len >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static int skip_string(const uint8_t **p, const uint8_t *end)
{
	do {
		if (*p == end)
			return -ENODATA;
	} while (*(*p)++);
	return 0;
}

/* Sets *p from the file's start to that of the deflate stream. */
static int skip_header(
	const struct work *w, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *start = *at, *p = start + HEADER_SIZE;
	uint8_t flags;

	if (!gzip_is_gzip(start, (size_t)(end - start)))
		return -EINVAL;
	if (end - start < HEADER_SIZE)
		return -ENODATA;
	flags = start[3];
	if (start[2] != METHOD_DEFLATE || (flags & RESERVED_FLAGS))
		return -EOPNOTSUPP;
	if (flags & HAS_EXTRA) {
		size_t len;

		if (end - p < 2)
			return -ENODATA;
		len = (size_t)p[0] | (size_t)p[1] << 8;
		p += 2;
		if (len > (size_t)(end - p))
			return -ENODATA;
		p += len;
	}
	if ((flags & HAS_NAME) && skip_string(&p, end))
		return -ENODATA;
	if ((flags & HAS_COMMENT) && skip_string(&p, end))
		return -ENODATA;
	if (flags & HAS_HEADER_CRC) {
		uint32_t crc =
			crc32_update(&w->crc32, 0, start, (size_t)(p - start));

		if (end - p < 2)
			return -ENODATA;
		if ((crc & 0xffff) != (p[0] | (uint32_t)p[1] << 8))
			return -EINVAL;
		p += 2;
	}
	*at = p;
	return 0;
}

int gzip_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work)
{
	const uint8_t *p = in, *end = p + in_len;
	struct work *w = work;
	size_t len;
	int rc;

	crc32_init(&w->crc32);
	rc = skip_header(w, &p, end);
	if (!rc)
		rc = inflate_decode(&w->inflate, &p, end, out, cap, &len);
	if (rc)
		return rc;
	if (end - p < TRAILER_SIZE)
		return -ENODATA;
	if (load32(p) != crc32_update(&w->crc32, 0, out, len) ||
		load32(p + 4) != (uint32_t)len)
		return -EINVAL;
	*out_len = len;
	return 0;
}

int gzip_out_size(const void *in, size_t in_len, size_t *size)
{
	if (!gzip_is_gzip(in, in_len))
		return -EINVAL;
	if (in_len < HEADER_SIZE + TRAILER_SIZE)
		return -ENODATA;
	*size = load32((const uint8_t *)in + in_len - 4);
	return 0;
}
