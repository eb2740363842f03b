/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-shot decoding of gzip files (RFC 1952) and of the deflate format in them
 * (RFC 1951). One member; bytes after it are ignored.
 */
#ifndef TENON_INFLATE_H
#define TENON_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <tenon/types.h>

/* Bytes of scratch memory that gzip_decode() needs, aligned to 8. */
#define GZIP_WORK_SIZE (20 * 1024)

bool gzip_is_gzip(const void *in, size_t in_len);

/*
 * Decodes in to out, which holds cap bytes. Returns 0 and the length in
 * *out_len; -EINVAL: corrupt; -ENODATA: cut off; -ENOSPC: more than cap bytes
 * come out; -EOPNOTSUPP: not deflate inside. On failure out's contents are
 * undefined, *out_len is untouched.
 */
must_check int gzip_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work);

/*
 * What the last 4 bytes say that comes out (modulo 4 GiB), for allocating;
 * gzip_decode() alone proves it. Errors as above.
 */
must_check int gzip_out_size(const void *in, size_t in_len, size_t *size);

#endif
