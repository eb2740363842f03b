/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shifts and rotates of a page-table entry, a bit at a time; see pt_store.h.
 * Flags: SDM vol. 2, RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR, SHLD and SHRD; the
 * overflow flag, which counts for one bit alone, is that of the last one.
 */
#include "pt_store.h"

/* What is shifted; of the double shifts the bits that come in are source's. */
struct shifted {
	uint64_t value, source;
	bool carry;
};

static bool is_left(enum store_op op)
{
	return op == OP_ROL || op == OP_RCL || op == OP_SHL || op == OP_SHLD;
}

/* The bit that comes in, when the one that goes out is out. */
static bool bit_in(
	enum store_op op, const struct shifted *x, uint64_t sign, bool out)
{
	switch (op) {
	case OP_ROL:
	case OP_ROR:
		return out;
	case OP_RCL:
	case OP_RCR:
		return x->carry;
	case OP_SAR:
		return x->value & sign;
	case OP_SHLD:
		return x->source & sign;
	case OP_SHRD:
		return x->source & 1;
	default: /* SHL, SHR */
		return false;
	}
}

static void shift_bit(enum store_op op, struct shifted *x, uint64_t sign)
{
	bool out = x->value & (is_left(op) ? sign : 1);
	bool in = bit_in(op, x, sign, out);

	if (is_left(op)) {
		x->value = (x->value & (sign - 1)) << 1 | in;
		x->source <<= 1;
	} else {
		x->value = x->value >> 1 | (in ? sign : 0);
		x->source >>= 1;
	}
	x->carry = out;
}

void store_shift(const struct store *s, const struct cpu_user_regs *regs,
	uint64_t old, struct outcome *out)
{
	uint64_t sign = 1ULL << (s->width * 8 - 1);
	struct shifted x = { old, s->operand, regs->rflags & FLAG_CF };
	unsigned count = s->count & (s->width == 8 ? 63 : 31);
	bool top, next;

	out->flag_mask = 0;
	for (unsigned i = 0; i < count; i++)
		shift_bit(s->op, &x, sign);
	out->value = x.value;
	if (!count)
		return;
	top = x.value & sign;
	next = is_left(s->op) ? x.carry : (x.value & sign >> 1) != 0;
	out->flags = (x.carry ? FLAG_CF : 0) | (top != next ? FLAG_OF : 0);
	out->flag_mask = FLAG_CF | FLAG_OF;
	if (s->op >= OP_SHL) {
		out->flags |= flags_of_result(x.value, s->width);
		out->flag_mask = FLAGS_ARITH;
	}
}
