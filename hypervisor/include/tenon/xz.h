/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-shot decoding of .xz files, after "The .xz File Format" 1.1.0
 * (tukaani.org/xz/xz-file-format.txt) and the LZMA specification.
 *
 * Understood: the LZMA2 filter, alone or behind the x86 branch filter; checks
 * CRC32, CRC64 and none; any number of blocks; one stream, after which more
 * bytes may follow (a Linux image appends its size).  The output buffer is the
 * dictionary, so memory does not depend on the dictionary's size.
 */
#ifndef TENON_XZ_H
#define TENON_XZ_H

#include <stdbool.h>
#include <stddef.h>
#include <tenon/types.h>

/* Bytes of scratch memory that xz_decode() needs, aligned to 8. */
#define XZ_WORK_SIZE (48 * 1024)

bool xz_is_xz(const void *in, size_t in_len);

/*
 * Decodes in to out, which holds cap bytes.  Returns 0 and the length in
 * *out_len; -EINVAL: corrupt; -ENODATA: cut off; -ENOSPC: more than cap bytes
 * come out; -EOPNOTSUPP: a filter or check not listed above.  On failure out's
 * contents are undefined, *out_len is untouched.
 */
must_check int xz_decode(const void *in, size_t in_len, void *out, size_t cap,
	size_t *out_len, void *work);

/*
 * What the stream's own index says that comes out, for allocating; xz_decode()
 * alone proves it.  in must end with the stream, or 4 bytes after it.  Errors
 * as above.
 */
must_check int xz_out_size(const void *in, size_t in_len, size_t *size);

#endif
