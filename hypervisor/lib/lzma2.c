/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LZMA2 decoding: most of the time between the boot loader and dom0's first
 * line is spent in decode_symbols(), so it counts instructions.
 *
 * Everything hot lives in locals.  Bounds are checked once a symbol: a symbol
 * takes at most 22 bytes of input (22 modelled bits that shrink the range by
 * at most 2^6.1 each, and 26 plain ones), so with LZMA_SYMBOL_IN bytes left
 * nothing inside it has to look; the input's last bytes are decoded from a
 * padded copy.
 */
#include <tenon/errno.h>
#include <tenon/string.h>
#include "copy_match.h"
#include "lzma2.h"

#define RANGE_TOP     (1U << 24)

#define PROB_INIT     1024
#define PROB_ONE      2048

#define MATCH_MIN     2
#define LITERAL_STEP  0x300
#define FIRST_SPECIAL 4	 /* slots below are distances */
#define FIRST_ALIGN   14 /* slots from here have plain bits */

/* Rows of the state machine, already times 16. */
#define ROW(n)		((n)*16)
#define ROW_AFTER_MATCH ROW(7) /* states below follow a literal */

/*
 * One modelled bit: if_zero(x) { took_zero(x); ... } else { took_one(x); ... }
 * The probability moves by a 32nd towards the bit seen; for a zero
 * p + ((2048 - p) >> 5), written so that it takes one instruction less.
 */
#define normalize()                               \
	do {                                      \
		if (range < RANGE_TOP) {          \
			range <<= 8;              \
			code = code << 8 | *in++; \
		}                                 \
	} while (0)

#define if_zero(slot)              \
	normalize();               \
	p = (slot);                \
	bound = (range >> 11) * p; \
	if (code < bound)

#define took_zero(slot)                                                        \
	do {                                                                   \
		range = bound;                                                 \
		(slot) = (uint16_t)(p -                                        \
				    (uint32_t)((int32_t)(p + 31 - PROB_ONE) >> \
					       5));                            \
	} while (0)

#define took_one(slot)                             \
	do {                                       \
		range -= bound;                    \
		code -= bound;                     \
		(slot) = (uint16_t)(p - (p >> 5)); \
	} while (0)

/* One level of a tree of bits whose node so far is symbol. */
#define tree_bit(tree)                             \
	do {                                       \
		if_zero((tree)[symbol])            \
		{                                  \
			took_zero((tree)[symbol]); \
			symbol = symbol * 2;       \
		}                                  \
		else                               \
		{                                  \
			took_one((tree)[symbol]);  \
			symbol = symbol * 2 + 1;   \
		}                                  \
	} while (0)

/*
 * One level of a literal after a match: the byte that the match would have
 * gone on with chooses the tree, until a bit differs from it.
 */
#define matched_bit(bit, differs)                                \
	do {                                                     \
		if (matched & (1U << (bit))) {                   \
			if_zero(tree[0x200 + symbol])            \
			{                                        \
				took_zero(tree[0x200 + symbol]); \
				symbol = symbol * 2;             \
				goto differs;                    \
			}                                        \
			took_one(tree[0x200 + symbol]);          \
			symbol = symbol * 2 + 1;                 \
		} else {                                         \
			if_zero(tree[0x100 + symbol])            \
			{                                        \
				took_zero(tree[0x100 + symbol]); \
				symbol = symbol * 2;             \
			}                                        \
			else                                     \
			{                                        \
				took_one(tree[0x100 + symbol]);  \
				symbol = symbol * 2 + 1;         \
				goto differs;                    \
			}                                        \
		}                                                \
	} while (0)

/* One level of a tree read from the lowest bit up, adding to distance. */
#define reverse_bit(tree, bit)                     \
	do {                                       \
		if_zero((tree)[symbol])            \
		{                                  \
			took_zero((tree)[symbol]); \
			symbol = symbol * 2;       \
		}                                  \
		else                               \
		{                                  \
			took_one((tree)[symbol]);  \
			symbol = symbol * 2 + 1;   \
			distance += 1U << (bit);   \
		}                                  \
	} while (0)

/* What a chunk's symbols read and write; the pointers move on. */
struct span {
	const uint8_t *in, *in_limit; /* no symbol starts beyond in_limit */
	uint8_t *out, *out_end;	      /* of the chunk */
	uint8_t *start;		      /* of the dictionary */
	uint8_t *room_end;	      /* of the whole output buffer */
	uint32_t range, code;
};

static const uint8_t row_after_literal[12] = { ROW(0), ROW(0), ROW(0), ROW(0),
	ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(4), ROW(5) };

/*
 * Decodes until the chunk's output is full, its input is near its end or the
 * data is wrong, which is told by the pointers and -EINVAL.
 */
static int decode_symbols(struct lzma2 *s, struct span *span)
{
	uint16_t *const probs = s->probs;
	const uint8_t *in = span->in;
	uint8_t *out = span->out;
	uint8_t *const start = span->start;
	uint32_t range = span->range, code = span->code;
	uint32_t rep0 = s->rep[0], rep1 = s->rep[1], rep2 = s->rep[2],
		 rep3 = s->rep[3];
	size_t state = s->state;
	uint32_t p, bound;
	int rc = 0;

	while (out < span->out_end && in <= span->in_limit) {
		size_t pos = (size_t)(out - start);
		size_t row = pos & s->pos_mask;
		size_t symbol, len;
		uint16_t *lens, *tree;

		if_zero(probs[LZMA_IS_MATCH + state + row])
		{
			uint32_t previous = pos ? out[-1] : 0;

			took_zero(probs[LZMA_IS_MATCH + state + row]);
			/* The unit of both position and byte is a context. */
			tree = probs + LZMA_LITERAL +
			       LITERAL_STEP *
				       (size_t)(((pos & s->literal_pos_mask)
							<< s->literal_bits) +
						(previous >>
							(8 - s->literal_bits)));
			symbol = 1;
			if (state >= ROW_AFTER_MATCH) {
				uint32_t matched = out[-(ptrdiff_t)rep0 - 1];

				matched_bit(7, plain6);
				matched_bit(6, plain5);
				matched_bit(5, plain4);
				matched_bit(4, plain3);
				matched_bit(3, plain2);
				matched_bit(2, plain1);
				matched_bit(1, plain0);
				matched_bit(0, literal_done);
				goto literal_done;
			}
			tree_bit(tree);
		plain6:
			tree_bit(tree);
		plain5:
			tree_bit(tree);
		plain4:
			tree_bit(tree);
		plain3:
			tree_bit(tree);
		plain2:
			tree_bit(tree);
		plain1:
			tree_bit(tree);
		plain0:
			tree_bit(tree);
		literal_done:
			*out++ = (uint8_t)symbol;
			state = row_after_literal[state / 16];
			continue;
		}
		took_one(probs[LZMA_IS_MATCH + state + row]);
		if_zero(probs[LZMA_IS_REP + state])
		{
			took_zero(probs[LZMA_IS_REP + state]);
			lens = probs + LZMA_MATCH_LEN;
			rep3 = rep2;
			rep2 = rep1;
			rep1 = rep0;
			rep0 = UINT32_MAX; /* the distance comes below */
			state = state < ROW_AFTER_MATCH ? ROW(7) : ROW(10);
		}
		else
		{
			took_one(probs[LZMA_IS_REP + state]);
			if_zero(probs[LZMA_IS_REP0 + state])
			{
				took_zero(probs[LZMA_IS_REP0 + state]);
				if_zero(probs[LZMA_IS_REP0_LONG + state + row])
				{
					took_zero(probs[LZMA_IS_REP0_LONG +
							state + row]);
					if (rep0 >= pos)
						goto corrupt;
					*out = out[-(ptrdiff_t)rep0 - 1];
					out++;
					state = state < ROW_AFTER_MATCH
							? ROW(9)
							: ROW(11);
					continue;
				}
				took_one(
					probs[LZMA_IS_REP0_LONG + state + row]);
			}
			else
			{
				uint32_t distance;

				took_one(probs[LZMA_IS_REP0 + state]);
				if_zero(probs[LZMA_IS_REP1 + state])
				{
					took_zero(probs[LZMA_IS_REP1 + state]);
					distance = rep1;
				}
				else
				{
					took_one(probs[LZMA_IS_REP1 + state]);
					if_zero(probs[LZMA_IS_REP2 + state])
					{
						took_zero(probs[LZMA_IS_REP2 +
								state]);
						distance = rep2;
					}
					else
					{
						took_one(probs[LZMA_IS_REP2 +
							       state]);
						distance = rep3;
						rep3 = rep2;
					}
					rep2 = rep1;
				}
				rep1 = rep0;
				rep0 = distance;
			}
			lens = probs + LZMA_REP_LEN;
			state = state < ROW_AFTER_MATCH ? ROW(8) : ROW(11);
		}

		symbol = 1;
		if_zero(lens[LZMA_LEN_CHOICE])
		{
			took_zero(lens[LZMA_LEN_CHOICE]);
			tree = lens + LZMA_LEN_LOW + row * 8;
			tree_bit(tree);
			tree_bit(tree);
			tree_bit(tree);
			len = symbol - 8 + MATCH_MIN;
		}
		else
		{
			took_one(lens[LZMA_LEN_CHOICE]);
			if_zero(lens[LZMA_LEN_CHOICE + 1])
			{
				took_zero(lens[LZMA_LEN_CHOICE + 1]);
				tree = lens + LZMA_LEN_MID + row * 8;
				tree_bit(tree);
				tree_bit(tree);
				tree_bit(tree);
				len = symbol + MATCH_MIN;
			}
			else
			{
				took_one(lens[LZMA_LEN_CHOICE + 1]);
				tree = lens + LZMA_LEN_HIGH;
				do
					tree_bit(tree);
				while (symbol < 256);
				len = symbol - 256 + 16 + MATCH_MIN;
			}
		}

		/* A new match's state is one of these two, and only its. */
		if (state == ROW(7) || state == ROW(10)) {
			uint32_t slot, bits, distance;

			tree = probs + LZMA_SLOT +
			       64 * (len < 6 ? len - MATCH_MIN : 3);
			symbol = 1;
			tree_bit(tree);
			tree_bit(tree);
			tree_bit(tree);
			tree_bit(tree);
			tree_bit(tree);
			tree_bit(tree);
			slot = (uint32_t)symbol - 64;
			distance = slot;
			if (slot >= FIRST_SPECIAL) {
				bits = (slot >> 1) - 1;
				distance = (2 | (slot & 1)) << bits;
				symbol = 1;
				if (slot < FIRST_ALIGN) {
					uint32_t bit = 0;

					tree = probs + LZMA_SPECIAL + distance -
					       slot;
					do
						reverse_bit(tree, bit);
					while (++bit < bits);
				} else {
					uint32_t plain = 0;

					bits -= 4;
					do {
						normalize();
						range >>= 1;
						plain <<= 1;
						if (code >= range) {
							code -= range;
							plain++;
						}
					} while (--bits);
					distance += plain << 4;
					tree = probs + LZMA_ALIGN;
					reverse_bit(tree, 0);
					reverse_bit(tree, 1);
					reverse_bit(tree, 2);
					reverse_bit(tree, 3);
				}
			}
			rep0 = distance;
		}
		if (rep0 >= pos || len > (size_t)(span->out_end - out))
			goto corrupt;
		out = copy_match(out, (size_t)rep0 + 1, len, span->room_end);
	}
	goto done;
corrupt:
	rc = -EINVAL;
done:
	span->in = in;
	span->out = out;
	span->range = range;
	span->code = code;
	s->rep[0] = rep0;
	s->rep[1] = rep1;
	s->rep[2] = rep2;
	s->rep[3] = rep3;
	s->state = (uint32_t)state;
	return rc;
}

/* Decodes one chunk of n bytes of input, all of which are there. */
static int decode_chunk(
	struct lzma2 *s, struct span *span, size_t n, const uint8_t *in_end)
{
	const uint8_t *chunk_end = span->in + n;
	size_t safe = (size_t)(in_end - span->in);
	int rc;

	if (n < 5 || span->in[0])
		return -EINVAL;
	span->code = (uint32_t)span->in[1] << 24 | (uint32_t)span->in[2] << 16 |
		     (uint32_t)span->in[3] << 8 | span->in[4];
	span->range = UINT32_MAX;
	if (safe >= n + LZMA_SYMBOL_IN)
		span->in_limit = chunk_end;
	else if (safe >= 5 + LZMA_SYMBOL_IN)
		span->in_limit = in_end - LZMA_SYMBOL_IN;
	else
		span->in_limit = span->in; /* straight to the tail */
	span->in += 5;
	rc = decode_symbols(s, span);
	if (rc)
		return rc;
	/* Output is lacking, so it was the limit that ended the loop. */
	if (span->out < span->out_end && span->in_limit != chunk_end &&
		span->in <= chunk_end) {
		size_t left = (size_t)(chunk_end - span->in);

		/* Less than LZMA_SYMBOL_IN: in lies beyond in_limit. */
		memset(s->tail, 0, sizeof(s->tail));
		memcpy(s->tail, span->in, left);
		span->in = s->tail;
		chunk_end = s->tail + left;
		span->in_limit = chunk_end;
		rc = decode_symbols(s, span);
		if (rc)
			return rc;
	}
	if (span->out < span->out_end)
		return -EINVAL;
	/* The encoder flushed: one byte may be left to take in. */
	if (span->range < RANGE_TOP && span->in < chunk_end) {
		span->code = span->code << 8 | *span->in++;
		span->range <<= 8;
	}
	return span->in == chunk_end && !span->code ? 0 : -EINVAL;
}

static void reset_state(struct lzma2 *s)
{
	/* One tree a value of the chosen bits of position and last byte. */
	size_t contexts = ((size_t)s->literal_pos_mask + 1) << s->literal_bits;
	size_t used = LZMA_LITERAL + contexts * LITERAL_STEP;

	for (size_t i = 0; i < used; i++)
		s->probs[i] = PROB_INIT;
	memset(s->rep, 0, sizeof(s->rep));
	s->state = 0;
}

static int set_properties(struct lzma2 *s, uint8_t byte)
{
	uint32_t literal_pos_bits;

	if (byte >= 9 * 5 * 5)
		return -EINVAL;
	s->pos_mask = (1U << (byte / 45)) - 1;
	byte %= 45;
	literal_pos_bits = byte / 9;
	s->literal_bits = byte % 9;
	s->literal_pos_mask = (1U << literal_pos_bits) - 1;
	return s->literal_bits + literal_pos_bits > 4 ? -EINVAL : 0;
}

/* What the chunks so far have set up for the next. */
enum need { NEED_NOTHING, NEED_PROPERTIES, NEED_DICTIONARY };

int lzma2_decode(struct lzma2 *s, const uint8_t **in_at, const uint8_t *in_end,
	uint8_t *out, size_t cap, size_t *out_len)
{
	struct span span = {
		.in = *in_at,
		.out = out,
		.start = out,
		.room_end = out + cap,
	};
	enum need need = NEED_DICTIONARY;

	for (;;) {
		size_t left = (size_t)(in_end - span.in), size, packed;
		uint8_t control;
		int rc = 0;

		if (!left)
			return -ENODATA;
		control = span.in[0];
		if (!control)
			break;
		if (control >= 0xe0 || control == 1) {
			need = NEED_PROPERTIES;
			span.start = span.out;
		} else if (need == NEED_DICTIONARY ||
			   (control < 0x80 && control > 2)) {
			return -EINVAL;
		}
		if (left < (control >= 0xc0 ? 6U : control >= 0x80 ? 5U : 3U))
			return -ENODATA;
		size = ((size_t)span.in[1] << 8 | span.in[2]) + 1;
		if (control < 0x80) {
			span.in += 3;
			packed = size;
		} else {
			size += (size_t)(control & 0x1f) << 16;
			packed = ((size_t)span.in[3] << 8 | span.in[4]) + 1;
			span.in += 5;
			if (control >= 0xc0) {
				rc = set_properties(s, *span.in++);
				need = NEED_NOTHING;
			} else if (need == NEED_PROPERTIES) {
				return -EINVAL;
			}
			if (rc)
				return rc;
			if (control >= 0xa0)
				reset_state(s);
		}
		if (size > (size_t)(span.room_end - span.out))
			return -ENOSPC;
		if (packed > (size_t)(in_end - span.in))
			return -ENODATA;
		span.out_end = span.out + size;
		if (control < 0x80) {
			memcpy(span.out, span.in, size);
			span.out += size;
			span.in += size;
		} else {
			const uint8_t *next = span.in + packed;

			rc = decode_chunk(s, &span, packed, in_end);
			if (rc)
				return rc;
			span.in = next;
		}
	}
	*in_at = span.in + 1;
	*out_len = (size_t)(span.out - out);
	return 0;
}
