/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of packing formats.
 */
#include <tenon/decompress.h>
#include <tenon/errno.h>
#include <tenon/inflate.h>
#include <tenon/lz4.h>
#include <tenon/xz.h>
#include <tenon/zstd.h>

struct format {
	const char *name;
	size_t work_size;
	bool (*matches)(const void *in, size_t in_len);
	int (*out_size)(const void *in, size_t in_len, size_t *size);
	int (*decode)(const void *in, size_t in_len, void *out, size_t cap,
		size_t *out_len, void *work);
};

static const struct format formats[] = {
	{ "gzip", GZIP_WORK_SIZE, gzip_is_gzip, gzip_out_size, gzip_decode },
	{ "xz", XZ_WORK_SIZE, xz_is_xz, xz_out_size, xz_decode },
	{ "lz4", 0, lz4_is_lz4, lz4_out_size, lz4_decode },
	{ "zstd", ZSTD_WORK_SIZE, zstd_is_zstd, zstd_out_size, zstd_decode },
};

static const struct format *find(const void *in, size_t in_len)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].matches(in, in_len))
			return &formats[i];
	return NULL;
}

const char *decompress_format(const void *in, size_t in_len)
{
	const struct format *f = find(in, in_len);

	return f ? f->name : NULL;
}

size_t decompress_work_size(const void *in, size_t in_len)
{
	const struct format *f = find(in, in_len);

	return f ? f->work_size : 0;
}

int decompress_out_size(const void *in, size_t in_len, size_t *size)
{
	const struct format *f = find(in, in_len);

	return f ? f->out_size(in, in_len, size) : -EOPNOTSUPP;
}

int decompress(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work)
{
	const struct format *f = find(in, in_len);

	return f ? f->decode(in, in_len, out, cap, out_len, work) : -EOPNOTSUPP;
}
