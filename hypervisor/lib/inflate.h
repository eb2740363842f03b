/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The deflate decoder, for the container in gzip.c.
 */
#ifndef LIB_INFLATE_H
#define LIB_INFLATE_H

#include <stddef.h>
#include <stdint.h>
#include <tenon/types.h>

#define HUFFMAN_LEN_MAX	 15
#define HUFFMAN_SYMBOLS	 288
#define HUFFMAN_FAST_MAX 11

/*
 * One prefix code. Codes of up to fast_bits bits are found in one look-up of
 * fast[] by the next bits: symbol << 4 | length; longer ones, which occur once
 * in 2^fast_bits symbols, are counted through by length.
 */
struct huffman {
	uint16_t fast[1 << HUFFMAN_FAST_MAX];
	uint16_t count[HUFFMAN_LEN_MAX + 1];
	uint16_t symbols[HUFFMAN_SYMBOLS]; /* in the order of their codes */
	unsigned int fast_bits;
};

struct inflate {
	struct huffman literals, distances;
	uint8_t lengths[HUFFMAN_SYMBOLS + 32];
};

/*
 * Decodes one deflate stream from *in on, which ends before in_end, to out,
 * which holds cap bytes. Sets *in behind its last byte, and *out_len. Returns
 * 0, -EINVAL, -ENODATA or -ENOSPC as gzip_decode() does.
 */
must_check int inflate_decode(struct inflate *s, const uint8_t **in,
	const uint8_t *in_end, uint8_t *out, size_t cap, size_t *out_len);

#endif
