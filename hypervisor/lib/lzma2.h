/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two filters of an .xz block, for xz.c.
 */
#ifndef LIB_LZMA2_H
#define LIB_LZMA2_H

#include <stddef.h>
#include <stdint.h>
#include <tenon/types.h>

/* Where each group of probabilities starts; sizes are the LZMA format's. */
enum {
	LZMA_IS_MATCH = 0,		/* [12 states][16 positions] */
	LZMA_IS_REP0_LONG = 12 * 16,	/* the same */
	LZMA_IS_REP = 2 * 12 * 16,	/* [12], 16 apart as state is kept */
	LZMA_IS_REP0 = LZMA_IS_REP + 1, /* interleaved with it, as are */
	LZMA_IS_REP1 = LZMA_IS_REP + 2, /* these two */
	LZMA_IS_REP2 = LZMA_IS_REP + 3,
	LZMA_SLOT = 3 * 12 * 16,	   /* [4 lengths][64] */
	LZMA_SPECIAL = LZMA_SLOT + 4 * 64, /* 1 + 128 - 14 */
	LZMA_ALIGN = LZMA_SPECIAL + 116,   /* 16 */
	LZMA_MATCH_LEN = LZMA_ALIGN + 16,  /* see LZMA_LEN_* */
	LZMA_REP_LEN = LZMA_MATCH_LEN + 528,
	LZMA_LITERAL = LZMA_REP_LEN + 528, /* [up to 16 contexts][0x300] */
	LZMA_PROBS = LZMA_LITERAL + 16 * 0x300,

	LZMA_LEN_CHOICE = 0, /* two */
	LZMA_LEN_LOW = 8,    /* [16 positions][8] */
	LZMA_LEN_MID = 136,  /* the same */
	LZMA_LEN_HIGH = 264, /* 256, ends at 520 */
};

/* Input that one symbol may take, at most 22 bytes, rounded up. */
#define LZMA_SYMBOL_IN 32

struct lzma2 {
	uint16_t probs[LZMA_PROBS];
	uint32_t rep[4];
	uint32_t state; /* times 16: the index of its row above */
	uint32_t pos_mask, literal_pos_mask, literal_bits;
	uint8_t tail[2 * LZMA_SYMBOL_IN]; /* the input's end, padded */
};

/*
 * Decodes one LZMA2 stream from *in on, which ends before in_end, to out,
 * which holds cap bytes.  Sets *in behind the stream's end mark and *out_len.
 * Returns 0, -EINVAL, -ENODATA or -ENOSPC as xz_decode() does.
 */
must_check int lzma2_decode(struct lzma2 *s, const uint8_t **in,
	const uint8_t *in_end, uint8_t *out, size_t cap, size_t *out_len);

/* Undoes the x86 branch filter in place; start is where buf[0] would run. */
void bcj_x86_decode(uint8_t *buf, size_t n, uint32_t start);

#endif
