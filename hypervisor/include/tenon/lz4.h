/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of LZ4's legacy frames, the form that Linux packs its kernels in:
 * LZ4's lz4_Frame_format.md ("Legacy frame") and lz4_Block_format.md. Nothing
 * in them is checked by a sum; the unpacked size, which Linux appends in 4
 * bytes, must be there and must be true.
 */
#ifndef TENON_LZ4_H
#define TENON_LZ4_H

#include <stdbool.h>
#include <stddef.h>
#include <tenon/types.h>

bool lz4_is_lz4(const void *in, size_t in_len);

/*
 * Decodes a frame and the size behind it to out, which holds cap bytes; work
 * is not used. Returns and results as decompress().
 */
must_check int lz4_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work);

/* As decompress_out_size(). */
must_check int lz4_out_size(const void *in, size_t in_len, size_t *size);

#endif
