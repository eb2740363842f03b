/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores into page tables, by the instruction; see pt_store.h.  Decoded is what
 * compilers make of general registers: mov, movbe, movnti, pop, setcc, stos,
 * movs, xchg, arithmetic and logic, shifts, cmpxchg, cmpxchg8b, xadd and the
 * bit operations, of 1, 2, 4 and 8 bytes, with or without lock.
 */
#include <tenon/arch.h>
#include <tenon/guest_copy.h>
#include "pt_store.h"

struct decoder {
	const uint8_t *bytes;
	unsigned n, at;
	struct cpu_user_regs *regs;
	vaddr_t addr; /* of the memory operand */
	uint8_t rex;
	bool has_opsize, has_addrsize, has_segment, has_rep;
	uint8_t modrm;
};

/* Out of bytes: 0, and d->at beyond d->n tells. */
static uint8_t next_byte(struct decoder *d)
{
	unsigned at = d->at++;

	return at < d->n ? d->bytes[at] : 0;
}

/* An immediate of that many bytes, sign-extended. */
static uint64_t immediate(struct decoder *d, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)next_byte(d) << (8 * i);
	if (bytes < 8 && value >> (8 * bytes - 1) & 1)
		value |= ~0ULL << (8 * bytes);
	return value;
}

static uint64_t *reg_of(struct cpu_user_regs *regs, unsigned n)
{
#define AT(name) offsetof(struct cpu_user_regs, name)
	static const uint8_t at[] = { AT(rax), AT(rcx), AT(rdx), AT(rbx),
		AT(rsp), AT(rbp), AT(rsi), AT(rdi), AT(r8), AT(r9), AT(r10),
		AT(r11), AT(r12), AT(r13), AT(r14), AT(r15) };
#undef AT

	return (uint64_t *)((uint8_t *)regs + at[n]);
}

/* ModRM, SIB and displacement; false: the operand is no memory. */
static bool skip_address(struct decoder *d)
{
	unsigned mod, rm, base;

	d->modrm = next_byte(d);
	mod = d->modrm >> 6;
	rm = d->modrm & 7;
	if (mod == 3)
		return false;
	base = rm;
	if (rm == 4)
		base = next_byte(d) & 7;
	if (mod == 1)
		d->at += 1;
	else if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && base == 5))))
		d->at += 4;
	return true;
}

static unsigned modrm_reg(const struct decoder *d)
{
	return d->modrm >> 3 & 7;
}

static void use_register(const struct decoder *d, struct store *s)
{
	unsigned n = modrm_reg(d) | (d->rex & 4 ? 8 : 0);

	s->is_high = s->width == 1 && !d->rex && n >= 4;
	s->reg = reg_of(d->regs, s->is_high ? n - 4 : n);
	s->operand =
		(s->is_high ? *s->reg >> 8 : *s->reg) & width_mask(s->width);
}

/* Opcodes 80, 81 and 83: the operation is in ModRM. */
static bool decode_group1(struct decoder *d, struct store *s, uint8_t opcode)
{
	static const int8_t ops[] = { OP_ADD, OP_OR, OP_ADC, OP_SBB, OP_AND,
		OP_SUB, OP_XOR, -1 };
	int op;

	if (!skip_address(d))
		return false;
	op = ops[modrm_reg(d)];
	if (op < 0)
		return false;
	s->op = (enum store_op)op;
	s->operand = immediate(d, opcode == 0x81 ? MIN(s->width, 4) : 1) &
		     width_mask(s->width);
	return true;
}

/* Opcodes f6, f7, fe and ff: the operation is in ModRM. */
static bool decode_unary(struct decoder *d, struct store *s, uint8_t opcode)
{
	unsigned first = opcode < 0xfe ? 2 : 0;

	if (!skip_address(d) || modrm_reg(d) - first > 1)
		return false;
	s->op = (opcode < 0xfe ? OP_NOT : OP_INC) + modrm_reg(d) - first;
	return true;
}

/* Opcodes c0, c1 and d0 to d3: the operation is in ModRM, and 6 is SHL too. */
static bool decode_shift(struct decoder *d, struct store *s, uint8_t opcode)
{
	if (!skip_address(d))
		return false;
	s->op = OP_ROL + modrm_reg(d);
	if (modrm_reg(d) == 6)
		s->op = OP_SHL;
	else if (modrm_reg(d) == 7)
		s->op = OP_SAR;
	s->count = opcode < 0xd0   ? next_byte(d)
		   : opcode < 0xd2 ? 1
				   : (uint8_t)d->regs->rcx;
	return true;
}

/* Opcodes 0f a4, a5, ac and ad. */
static bool decode_double_shift(
	struct decoder *d, struct store *s, uint8_t opcode)
{
	s->op = opcode < 0xa8 ? OP_SHLD : OP_SHRD;
	use_register(d, s);
	s->reg = NULL;
	s->count = opcode & 1 ? (uint8_t)d->regs->rcx : next_byte(d);
	return true;
}

/* Opcodes 0f 90 to 9f. */
static bool decode_set(struct decoder *d, struct store *s, uint8_t opcode)
{
	uint64_t f = d->regs->rflags;
	bool is_less = !(f & FLAG_SF) != !(f & FLAG_OF);
	const bool holds[] = { f & FLAG_OF, f & FLAG_CF, f & FLAG_ZF,
		f & (FLAG_CF | FLAG_ZF), f & FLAG_SF, f & FLAG_PF, is_less,
		is_less || f & FLAG_ZF };

	s->op = OP_MOV;
	s->width = 1;
	s->operand = holds[opcode >> 1 & 7] != (opcode & 1);
	return true;
}

/* Opcode 8f. */
static bool decode_pop(struct decoder *d, struct store *s)
{
	if (!skip_address(d) || modrm_reg(d) != 0)
		return false;
	s->op = OP_MOV;
	s->width = d->has_opsize ? 2 : 8;
	s->is_pop = true;
	return !arch_copy_from_guest(&s->operand, d->regs->rsp, s->width);
}

/* Opcode 0f 38 f1. */
static bool decode_movbe(struct decoder *d, struct store *s)
{
	if (next_byte(d) != 0xf1 || d->has_rep || !skip_address(d))
		return false;
	s->op = OP_MOV;
	use_register(d, s);
	s->operand = __builtin_bswap64(s->operand) >> (64 - 8 * s->width);
	s->reg = NULL;
	return true;
}

/*
 * Opcodes a4, a5, aa and ab: one element.  Those behind it are stored by the
 * instruction itself when it is entered again, and fault where they must.
 */
static bool decode_string(struct decoder *d, struct store *s, uint8_t opcode)
{
	s->op = OP_MOV;
	s->is_string = true;
	s->is_repeated = d->has_rep;
	s->has_source = opcode < 0xaa;
	s->operand = d->regs->rax & width_mask(s->width);
	if (d->has_addrsize || d->regs->rdi != d->addr)
		return false;
	if (!s->has_source)
		return true;
	s->operand = 0;
	return !d->has_segment &&
	       !arch_copy_from_guest(&s->operand, d->regs->rsi, s->width);
}

static bool decode_bits(
	struct decoder *d, struct store *s, unsigned op, bool is_immediate)
{
	static const int8_t ops[] = { OP_BTS, OP_BTR, OP_BTC };

	s->op = (enum store_op)ops[op];
	if (is_immediate)
		s->operand = immediate(d, 1);
	else
		use_register(d, s);
	/* The fault is at the word that holds the bit. */
	s->operand &= s->width * 8 - 1;
	s->reg = NULL;
	return s->width > 1;
}

/* Opcodes 0f xx. */
static bool decode_two(struct decoder *d, struct store *s)
{
	uint8_t opcode = next_byte(d);

	switch (opcode) {
	case 0xb0:
	case 0xc0:
		s->width = 1;
		break;
	case 0x38:
		return decode_movbe(d, s);
	default:
		break;
	}
	if (!skip_address(d))
		return false;
	if ((opcode & 0xf0) == 0x90)
		return decode_set(d, s, opcode);
	switch (opcode) {
	case 0xa4:
	case 0xa5:
	case 0xac:
	case 0xad:
		return decode_double_shift(d, s, opcode);
	case 0xab:
		return decode_bits(d, s, 0, false);
	case 0xb3:
		return decode_bits(d, s, 1, false);
	case 0xbb:
		return decode_bits(d, s, 2, false);
	case 0xba:
		return modrm_reg(d) >= 5 &&
		       decode_bits(d, s, modrm_reg(d) - 5, true);
	case 0xb0:
	case 0xb1:
		s->op = OP_CMPXCHG;
		use_register(d, s);
		return true;
	case 0xc0:
	case 0xc1:
		s->op = OP_XADD;
		use_register(d, s);
		return true;
	case 0xc3: /* MOVNTI */
		s->op = OP_MOV;
		use_register(d, s);
		return s->width >= 4 && !d->has_rep;
	case 0xc7:
		s->op = OP_CMPXCHG8B;
		s->width = 8;
		return modrm_reg(d) == 1 && !(d->rex & 8);
	default:
		return false;
	}
}

static bool decode_one(struct decoder *d, struct store *s, uint8_t opcode)
{
	switch (opcode) {
	case 0x00:
	case 0x01:
		s->op = OP_ADD;
		break;
	case 0x08:
	case 0x09:
		s->op = OP_OR;
		break;
	case 0x10:
	case 0x11:
		s->op = OP_ADC;
		break;
	case 0x18:
	case 0x19:
		s->op = OP_SBB;
		break;
	case 0x20:
	case 0x21:
		s->op = OP_AND;
		break;
	case 0x28:
	case 0x29:
		s->op = OP_SUB;
		break;
	case 0x30:
	case 0x31:
		s->op = OP_XOR;
		break;
	case 0x86:
	case 0x87:
		s->op = OP_XCHG;
		break;
	case 0x88:
	case 0x89:
		s->op = OP_MOV;
		break;
	case 0x8f:
		return decode_pop(d, s);
	case 0xc0:
	case 0xc1:
	case 0xd0:
	case 0xd1:
	case 0xd2:
	case 0xd3:
		return decode_shift(d, s, opcode);
	case 0xc6:
	case 0xc7:
		if (!skip_address(d) || modrm_reg(d) != 0)
			return false;
		s->op = OP_MOV;
		s->operand =
			immediate(d, MIN(s->width, 4)) & width_mask(s->width);
		return true;
	case 0x80:
	case 0x81:
	case 0x83:
		return decode_group1(d, s, opcode);
	case 0xa2:
	case 0xa3: /* at an address in the instruction */
		s->op = OP_MOV;
		s->operand = d->regs->rax & width_mask(s->width);
		d->at += d->has_addrsize ? 4 : 8;
		return true;
	case 0xa4:
	case 0xa5:
	case 0xaa:
	case 0xab:
		return decode_string(d, s, opcode);
	case 0xf6:
	case 0xf7:
	case 0xfe:
	case 0xff:
		return decode_unary(d, s, opcode);
	default:
		return false;
	}
	if (!skip_address(d))
		return false;
	use_register(d, s);
	return true;
}

/* Prefixes; the opcode's first byte is returned. */
static uint8_t skip_prefixes(struct decoder *d)
{
	for (;;) {
		uint8_t byte = next_byte(d);

		switch (byte) {
		case 0x66:
			d->has_opsize = true;
			break;
		case 0x64:
		case 0x65:
			d->has_segment = true;
			break;
		case 0x67:
			d->has_addrsize = true;
			break;
		case 0xf2: /* hints, but for strings */
		case 0xf3:
			d->has_rep = true;
			break;
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x26:
		case 0xf0:
			break;
		default:
			if ((byte & 0xf0) != 0x40)
				return byte;
			/* REX counts only right before the opcode. */
			d->rex = byte;
			byte = next_byte(d);
			return byte;
		}
		if (d->at > INSN_MAX)
			return 0xf1; /* nothing that we decode */
	}
}

bool store_decode(struct cpu_user_regs *regs, vaddr_t addr,
	const uint8_t *bytes, unsigned n, struct store *s)
{
	struct decoder d = {
		.bytes = bytes, .n = n, .regs = regs, .addr = addr
	};
	uint8_t opcode = skip_prefixes(&d);
	bool ok;

	*s = (struct store){ 0 };
	s->width = d.rex & 8 ? 8 : d.has_opsize ? 2 : 4;
	if (opcode == 0x0f) {
		ok = decode_two(&d, s);
	} else {
		if (!(opcode & 1))
			s->width = 1;
		ok = decode_one(&d, s, opcode);
	}
	s->length = d.at;
	return ok && d.at <= n;
}

/* Flags of a + b + carry or, for is_sub, a - b - carry (cut to the width). */
static uint64_t flags_of_sum(uint64_t a, uint64_t b, uint64_t carry,
	uint64_t result, unsigned width, bool is_sub)
{
	uint64_t flags = flags_of_result(result, width);
	uint64_t sign = 1ULL << (width * 8 - 1);

	if (is_sub ? a < b || (carry && a == b)
		   : result < a || (carry && result == a))
		flags |= FLAG_CF;
	if ((a ^ b ^ result) & 0x10)
		flags |= FLAG_AF;
	if ((is_sub ? (a ^ b) & (a ^ result) : ~(a ^ b) & (a ^ result)) & sign)
		flags |= FLAG_OF;
	return flags;
}

static void add(const struct store *s, uint64_t old, uint64_t b, uint64_t carry,
	struct outcome *out)
{
	out->value = (old + b + carry) & width_mask(s->width);
	out->flags = flags_of_sum(old, b, carry, out->value, s->width, false);
}

static void subtract(const struct store *s, uint64_t old, uint64_t b,
	uint64_t carry, struct outcome *out)
{
	out->value = (old - b - carry) & width_mask(s->width);
	out->flags = flags_of_sum(old, b, carry, out->value, s->width, true);
}

static uint64_t pair(uint64_t high, uint64_t low)
{
	return high << 32 | (uint32_t)low;
}

void store_compute(const struct store *s, const struct cpu_user_regs *regs,
	uint64_t old, struct outcome *out)
{
	uint64_t mask = width_mask(s->width), b = s->operand;
	uint64_t acc = regs->rax & mask, bit = 1ULL << (b & 63);
	uint64_t carry = regs->rflags & FLAG_CF;

	*out = (struct outcome){
		.value = b, .writes = true, .flag_mask = FLAGS_ARITH
	};
	switch (s->op) {
	case OP_MOV:
	case OP_XCHG:
		out->flag_mask = 0;
		return;
	case OP_ADD:
	case OP_XADD:
		add(s, old, b, 0, out);
		return;
	case OP_ADC:
		add(s, old, b, carry, out);
		return;
	case OP_SUB:
		subtract(s, old, b, 0, out);
		return;
	case OP_SBB:
		subtract(s, old, b, carry, out);
		return;
	case OP_INC:
		out->flag_mask &= ~FLAG_CF;
		add(s, old, 1, 0, out);
		return;
	case OP_DEC:
		out->flag_mask &= ~FLAG_CF;
		subtract(s, old, 1, 0, out);
		return;
	case OP_NOT:
		out->value = ~old & mask;
		out->flag_mask = 0;
		return;
	case OP_NEG:
		subtract(s, 0, old, 0, out);
		return;
	case OP_OR:
		out->value = old | b;
		break;
	case OP_AND:
		out->value = old & b;
		break;
	case OP_XOR:
		out->value = old ^ b;
		break;
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
		out->value = s->op == OP_BTS   ? old | bit
			     : s->op == OP_BTR ? old & ~bit
					       : old ^ bit;
		out->flags = old & bit ? FLAG_CF : 0;
		out->flag_mask = FLAG_CF;
		return;
	case OP_CMPXCHG:
		out->flags = flags_of_sum(
			acc, old, 0, (acc - old) & mask, s->width, true);
		out->writes = acc == old;
		return;
	case OP_CMPXCHG8B:
		out->value = pair(regs->rcx, regs->rbx);
		out->writes = pair(regs->rdx, regs->rax) == old;
		out->flags = out->writes ? FLAG_ZF : 0;
		out->flag_mask = FLAG_ZF;
		return;
	default: /* shifts and rotates */
		store_shift(s, regs, old, out);
		return;
	}
	out->flags = flags_of_result(out->value, s->width);
}

/* A register result; 4 bytes clear the upper half, 1 and 2 keep the rest. */
static void set_register(
	uint64_t *reg, bool is_high, uint64_t value, unsigned width)
{
	unsigned shift = is_high ? 8 : 0;

	if (width >= 4)
		*reg = value;
	else
		*reg = (*reg & ~(width_mask(width) << shift)) | value << shift;
}

/* False: the instruction goes on with the next element. */
static bool finish_element(const struct store *s, struct cpu_user_regs *regs)
{
	uint64_t step = regs->rflags & FLAG_DF ? -(uint64_t)s->width : s->width;

	regs->rdi += step;
	if (s->has_source)
		regs->rsi += step;
	return !s->is_repeated || --regs->rcx == 0;
}

void store_finish(const struct store *s, struct cpu_user_regs *regs,
	uint64_t old, const struct outcome *out)
{
	if (s->op == OP_XCHG || s->op == OP_XADD) {
		set_register(s->reg, s->is_high, old, s->width);
	} else if (s->op == OP_CMPXCHG && !out->writes) {
		set_register(&regs->rax, false, old, s->width);
	} else if (s->op == OP_CMPXCHG8B && !out->writes) {
		regs->rax = (uint32_t)old;
		regs->rdx = old >> 32;
	}
	regs->rflags = (regs->rflags & ~(out->flag_mask | FLAG_RF)) |
		       (out->flags & out->flag_mask);
	if (s->is_pop)
		regs->rsp += s->width;
	if (!s->is_string || finish_element(s, regs))
		regs->rip += s->length;
}

static no_inline unsigned decode_long(struct cpu_user_regs *regs,
	const uint8_t bytes[INSN_MAX], uint64_t **reg)
{
	struct decoder d = { .bytes = bytes, .n = INSN_MAX, .at = 2 };

	if (!skip_address(&d))
		return 0;
	*reg = reg_of(regs, modrm_reg(&d) | (bytes[0] & 4) << 1);
	return d.at;
}

unsigned store_decode_frequent(struct cpu_user_regs *regs,
	const uint8_t bytes[INSN_MAX], uint64_t **reg)
{
	uint8_t rex = bytes[0], opcode = bytes[1], modrm = bytes[2];

	if ((rex & 0xf8) != 0x48 || (opcode != 0x89 && opcode != 0x87))
		return 0;
	if (unlikely(modrm >= 0x40 || (modrm & 7) == 4 || (modrm & 7) == 5))
		return decode_long(regs, bytes, reg);
	/* To where a register points: no more bytes. */
	*reg = reg_of(regs, modrm >> 3 | (rex & 4) << 1);
	return 3;
}
