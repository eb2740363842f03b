/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The x86 branch filter of .xz, undone: the encoder made the operands of CALL
 * (E8) and JMP (E9) absolute, so that equal targets are equal bytes.
 *
 * Whether an opcode byte was taken for one depends on those up to three bytes
 * before it, and the encoder's rule must be followed to the bit.
 */
#include "lzma2.h"

/* The operand's top byte, as sign extension leaves it. */
static inline int is_sign_byte(uint32_t b)
{
	return b == 0x00 || b == 0xff;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

#define EACH_BYTE(b) ((b)*0x0101010101010101ULL)

/*
 * Which bytes of w are E8 or E9, that is, below 2 after the exclusive or:
 * their top bits, exactly up to the lowest.
 */
static inline uint64_t opcodes_in(uint64_t w)
{
	w ^= EACH_BYTE(0xe8);
	return (w - EACH_BYTE(2)) & ~w;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

/* The first E8 or E9 at or after p, before end; or end. */
static const uint8_t *next_opcode(const uint8_t *p, const uint8_t *end)
{
	for (; end - p >= 16; p += 16) {
		uint64_t low = opcodes_in(load64(p));
		uint64_t high = opcodes_in(load64(p + 8));

		if (!((low | high) & EACH_BYTE(0x80)))
			continue;
		low &= EACH_BYTE(0x80);
		if (low)
			return p + __builtin_ctzll(low) / 8;
		high &= EACH_BYTE(0x80);
		return p + 8 + __builtin_ctzll(high) / 8;
	}
	while (p < end && (*p & 0xfe) != 0xe8)
		p++;
	return p;
}

/*
 * The operand at p + 1 with its target made relative again. distance is how
 * far back (1 to 3) another opcode stands whose own operand was left alone, 0
 * for none: that one's top byte lies in this operand and must not become a
 * sign byte, or the encoder would have taken it for an operand; it turned the
 * value over until that held.
 */
static uint32_t relative(
	uint32_t operand, uint32_t next_ip, unsigned int distance)
{
	uint32_t below = UINT32_MAX >> (8 * distance);
	uint32_t value = operand - next_ip;

	while (distance && is_sign_byte((value >> (24 - 8 * distance)) & 0xff))
		value = (value ^ below) - next_ip;
	/* 25 bits are kept, sign-extended. */
	value &= 0x01ffffff;
	return value | (0U - (value & 0x01000000));
}

void bcj_x86_decode(uint8_t *buf, size_t n, uint32_t start)
{
	/* Bit d - 1: an opcode d bytes before p, operand left alone. */
	uint32_t mask = 0;
	uint8_t *p = buf, *end, *last = NULL;

	if (n < 5)
		return;
	end = buf + n - 4;
	while ((p = buf + (next_opcode(p, end) - buf)) < end) {
		size_t gap = last ? (size_t)(p - last) : SIZE_MAX;
		unsigned int distance;
		uint32_t value;

		mask = gap > 3 ? 0 : (mask << (gap - 1)) & 7;
		distance = mask == 4 ? 3 : mask;
		last = p;
		if ((mask & (mask - 1)) || !is_sign_byte(p[4]) ||
			(mask && is_sign_byte(p[4 - distance]))) {
			mask = mask << 1 | 1;
			p++;
			continue;
		}
		value = relative(load32(p + 1), start + (uint32_t)(p - buf) + 5,
			distance);
		__builtin_memcpy(p + 1, &value, 4);
		p += 5;
	}
}
