/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instruction that stores into a page table: decoded, computed, finished.
 * The memory operand is where the fault was, so of its addressing form only
 * the length matters.  Opcodes: SDM vol. 2.
 */
#ifndef PV_PT_STORE_H
#define PV_PT_STORE_H

#include <tenon/types.h>
#include <public/xen.h>

#define INSN_MAX 15

enum store_op {
	OP_MOV,
	OP_XCHG,
	OP_ADD,
	OP_ADC,
	OP_SUB,
	OP_SBB,
	OP_OR,
	OP_AND,
	OP_XOR,
	OP_INC,
	OP_DEC,
	OP_NOT,
	OP_NEG,
	OP_BTS,
	OP_BTR,
	OP_BTC,
	OP_CMPXCHG,
	OP_CMPXCHG8B,
	OP_XADD,
	/* As ModRM numbers them; those from OP_SHL on set all flags. */
	OP_ROL,
	OP_ROR,
	OP_RCL,
	OP_RCR,
	OP_SHL,
	OP_SHR,
	OP_SAR,
	OP_SHLD,
	OP_SHRD,
};

#define FLAG_CF	    (1ULL << 0)
#define FLAG_PF	    (1ULL << 2)
#define FLAG_AF	    (1ULL << 4)
#define FLAG_ZF	    (1ULL << 6)
#define FLAG_SF	    (1ULL << 7)
#define FLAG_DF	    (1ULL << 10)
#define FLAG_OF	    (1ULL << 11)
#define FLAG_RF	    (1ULL << 16)
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

struct store {
	enum store_op op;
	unsigned width;	  /* bytes */
	uint64_t *reg;	  /* the register operand; NULL: immediate */
	bool is_high;	  /* AH, CH, DH, BH */
	uint64_t operand; /* its value, or the immediate; a bit's number */
	bool is_string;	  /* STOS or MOVS: one element of it */
	bool has_source;  /* MOVS */
	bool is_repeated;
	bool is_pop;	/* the operand was the stack's */
	unsigned count; /* of a shift, as the instruction says it */
	unsigned length;
};

/* What it makes of the memory operand. */
struct outcome {
	uint64_t value;
	bool writes;	    /* cmpxchg may not */
	uint64_t flags;	    /* arithmetic ones */
	uint64_t flag_mask; /* which of them change */
};

/*
 * Decodes the n bytes at regs' rip, a store to addr; false: not one that is
 * known.  The source of MOVS and POP is read from the guest.
 */
bool store_decode(struct cpu_user_regs *regs, vaddr_t addr,
	const uint8_t *bytes, unsigned n, struct store *s);
/* For a memory operand that is old. */
void store_compute(const struct store *s, const struct cpu_user_regs *regs,
	uint64_t old, struct outcome *out);
/* The same for OP_ROL and what follows it. */
void store_shift(const struct store *s, const struct cpu_user_regs *regs,
	uint64_t old, struct outcome *out);
/* Its registers, flags and rip, when memory has been written. */
void store_finish(const struct store *s, struct cpu_user_regs *regs,
	uint64_t old, const struct outcome *out);

/*
 * REX.W 89 /r and REX.W 87 /r, a store and an exchange of 8 bytes: the length
 * and the register; 0: another instruction.
 */
unsigned store_decode_frequent(struct cpu_user_regs *regs,
	const uint8_t bytes[INSN_MAX], uint64_t **reg);

static inline uint64_t width_mask(unsigned width)
{
	return width == 8 ? ~0ULL : (1ULL << (8 * width)) - 1;
}

/* The flags that tell of a result, cut to the width: ZF, SF and PF. */
static inline uint64_t flags_of_result(uint64_t result, unsigned width)
{
	uint64_t flags = 0;

	if (!(result & width_mask(width)))
		flags |= FLAG_ZF;
	if (result >> (width * 8 - 1) & 1)
		flags |= FLAG_SF;
	if (!(__builtin_popcount(result & 0xff) & 1))
		flags |= FLAG_PF;
	return flags;
}

#endif
