/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of whatever a boot image is packed with, told by its first bytes.
 *
 * Input and output are whole buffers; nothing is allocated; time is bounded by
 * the input's and output's sizes. Formats: gzip (inflate.h), xz (xz.h),
 * lz4 (lz4.h), zstd (zstd.h).
 */
#ifndef TENON_DECOMPRESS_H
#define TENON_DECOMPRESS_H

#include <stddef.h>
#include <tenon/types.h>

/* The name of the format ("gzip", "xz"...), or NULL when it is not known. */
const char *decompress_format(const void *in, size_t in_len);

/*
 * Bytes of scratch memory, aligned to 8, that decompress() needs for this
 * input; 0 when it needs none or the format is not known.
 */
size_t decompress_work_size(const void *in, size_t in_len);

/*
 * How many bytes the input says come out, for allocating: not to be trusted
 * beyond a bound of the caller's. Up to 4 bytes may follow the input's end, as
 * Linux appends the size. Returns 0, -EINVAL, -ENODATA; -EOPNOTSUPP: the
 * format is not known.
 */
must_check int decompress_out_size(const void *in, size_t in_len, size_t *size);

/*
 * Decodes in to out, which holds cap bytes. Returns 0 and the length in
 * *out_len; -EINVAL: corrupt; -ENODATA: cut off; -ENOSPC: more than cap bytes
 * come out; -EOPNOTSUPP: the format, or a feature of it, is not known. On
 * failure out's contents are undefined, *out_len is untouched.
 */
must_check int decompress(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work);

#endif
