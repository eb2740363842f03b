/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of Zstandard (RFC 8878): one frame, without a dictionary.  Behind it
 * the unpacked size stands in 4 bytes, as Linux appends it; without these the
 * frame must tell its size itself.
 */
#ifndef TENON_ZSTD_H
#define TENON_ZSTD_H

#include <stdbool.h>
#include <stddef.h>
#include <tenon/types.h>

/* Bytes of scratch memory that zstd_decode() needs, aligned to 8. */
#define ZSTD_WORK_SIZE (160 * 1024)

bool zstd_is_zstd(const void *in, size_t in_len);

/* Returns and results as decompress(). */
must_check int zstd_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work);

/* As decompress_out_size(). */
must_check int zstd_out_size(const void *in, size_t in_len, size_t *size);

#endif
