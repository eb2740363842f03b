/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writable page tables: a guest kernel stores into a table that it sees read
 * only; the fault tells where, the instruction tells what.
 *
 * Only what kernels use on page-table entries is decoded: mov, xchg, add, or,
 * and, sub, xor, cmpxchg, xadd and the bit operations, of 1, 2, 4 and 8 bytes,
 * with or without lock.  The memory operand is where the fault was, so of its
 * addressing form only the length matters.  Opcodes: SDM vol. 2.
 */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/pv.h>
#include "pt_private.h"

#define INSN_MAX 15

enum store_op {
	OP_MOV,
	OP_XCHG,
	OP_ADD,
	OP_OR,
	OP_AND,
	OP_SUB,
	OP_XOR,
	OP_BTS,
	OP_BTR,
	OP_BTC,
	OP_CMPXCHG,
	OP_XADD,
};

struct store {
	enum store_op op;
	unsigned width;	  /* bytes */
	uint64_t *reg;	  /* the register operand; NULL: immediate */
	bool is_high;	  /* AH, CH, DH, BH */
	uint64_t operand; /* its value, or the immediate; a bit's number */
	unsigned length;
};

struct decoder {
	const uint8_t *bytes;
	unsigned n, at;
	struct cpu_user_regs *regs;
	uint8_t rex;
	bool has_opsize;
	uint8_t modrm;
};

#define FLAG_CF	    (1ULL << 0)
#define FLAG_PF	    (1ULL << 2)
#define FLAG_AF	    (1ULL << 4)
#define FLAG_ZF	    (1ULL << 6)
#define FLAG_SF	    (1ULL << 7)
#define FLAG_TF	    (1ULL << 8)
#define FLAG_OF	    (1ULL << 11)
#define FLAG_RF	    (1ULL << 16)
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

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

static uint64_t width_mask(unsigned width)
{
	return width == 8 ? ~0ULL : (1ULL << (8 * width)) - 1;
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
	static const int8_t ops[] = { OP_ADD, OP_OR, -1, -1, OP_AND, OP_SUB,
		OP_XOR, -1 };
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
	default:
		break;
	}
	if (!skip_address(d))
		return false;
	switch (opcode) {
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
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x26:
		case 0x64:
		case 0x65:
		case 0x67:
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

static bool decode(struct cpu_user_regs *regs, const uint8_t *bytes, unsigned n,
	struct store *s)
{
	struct decoder d = { .bytes = bytes, .n = n, .regs = regs };
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

static uint64_t flags_of_result(uint64_t result, unsigned width)
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

/* Flags of a + b or, for is_sub, a - b = result (all cut to the width). */
static uint64_t flags_of_sum(
	uint64_t a, uint64_t b, uint64_t result, unsigned width, bool is_sub)
{
	uint64_t flags = flags_of_result(result, width);
	uint64_t sign = 1ULL << (width * 8 - 1);

	if (is_sub ? a < b : result < a)
		flags |= FLAG_CF;
	if ((a ^ b ^ result) & 0x10)
		flags |= FLAG_AF;
	if ((is_sub ? (a ^ b) & (a ^ result) : ~(a ^ b) & (a ^ result)) & sign)
		flags |= FLAG_OF;
	return flags;
}

struct outcome {
	uint64_t value;	    /* of the memory operand */
	bool writes;	    /* cmpxchg may not */
	uint64_t flags;	    /* arithmetic ones */
	uint64_t flag_mask; /* which of them change */
};

/* What the instruction makes of a memory operand that is old. */
static void compute(const struct store *s, const struct cpu_user_regs *regs,
	uint64_t old, struct outcome *out)
{
	uint64_t mask = width_mask(s->width), b = s->operand;
	uint64_t acc = regs->rax & mask, bit = 1ULL << (b & 63);

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
		out->value = (old + b) & mask;
		out->flags = flags_of_sum(old, b, out->value, s->width, false);
		return;
	case OP_SUB:
		out->value = (old - b) & mask;
		out->flags = flags_of_sum(old, b, out->value, s->width, true);
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
			acc, old, (acc - old) & mask, s->width, true);
		out->writes = acc == old;
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

static void finish(const struct store *s, struct cpu_user_regs *regs,
	uint64_t old, const struct outcome *out)
{
	if (s->op == OP_XCHG || s->op == OP_XADD)
		set_register(s->reg, s->is_high, old, s->width);
	else if (s->op == OP_CMPXCHG && !out->writes)
		set_register(&regs->rax, false, old, s->width);
	regs->rflags = (regs->rflags & ~(out->flag_mask | FLAG_RF)) |
		       (out->flags & out->flag_mask);
	regs->rip += s->length;
}

/* Executes s at offset of the table: atomically, as if locked. */
static int execute(struct vcpu *v, struct page *pg, unsigned level,
	unsigned offset, const struct store *s, struct cpu_user_regs *regs)
{
	const struct pt_change c = { v->domain, v->domain, v, false };
	unsigned index = offset / 8, shift = offset % 8 * 8;
	uint64_t *slot = &table_entries(pg)[index];
	uint64_t mask = width_mask(s->width);
	struct outcome out;
	uint64_t old;
	int r;

	do {
		uint64_t entry = READ_ONCE(*slot);

		old = entry >> shift & mask;
		compute(s, regs, old, &out);
		r = !out.writes ? 0
				: pt_entry_swap(&c, slot, level, index, entry,
					  (entry & ~(mask << shift)) |
						  out.value << shift);
		if (r == -EAGAIN && v->arch.old_table)
			return -ERESTART_HC;
	} while (r == -EAGAIN);
	if (!r)
		finish(s, regs, old, &out);
	return r;
}

/*
 * What kernels do most, in few steps: a plain store or exchange of a whole
 * entry of a level-1 table, REX.W 89 /r and REX.W 87 /r.  False: nothing was
 * done, the general way decides.
 */
static bool write_frequent(struct vcpu *v, uint64_t *slot, const uint8_t *bytes,
	struct cpu_user_regs *regs)
{
	struct decoder d = { .bytes = bytes, .n = INSN_MAX, .at = 2 };
	uint8_t rex = bytes[0], opcode = bytes[1];
	uint64_t old, *reg;
	int r;

	if ((rex & 0xf8) != 0x48 || (opcode != 0x89 && opcode != 0x87) ||
		!skip_address(&d))
		return false;
	reg = reg_of(regs, modrm_reg(&d) | (rex & 4) << 1);
	do {
		old = READ_ONCE(*slot);
		r = fast_entry_swap(v->domain, slot, old, *reg);
	} while (r == -EAGAIN);
	if (r)
		return false;
	if (opcode == 0x87)
		*reg = old;
	regs->rip += d.at;
	regs->rflags &= ~FLAG_RF;
	return true;
}

/* True: done.  False: nothing is held or changed. */
static bool write_level1(struct vcpu *v, vaddr_t addr, uint64_t entry,
	struct cpu_user_regs *regs)
{
	struct page *pg = mfn_to_page(pte_mfn(entry));
	uint8_t bytes[16];
	uint64_t *slot;
	bool is_done;

	if (addr % 8 || !fast_table_get(pg, v->domain, PT_L1))
		return false;
	slot = &table_entries(pg)[(addr & ~PAGE_MASK) / 8];
	is_done = (regs->rip & ~PAGE_MASK) <= PAGE_SIZE - sizeof(bytes) &&
		  !arch_copy_from_guest(bytes, regs->rip, sizeof(bytes)) &&
		  write_frequent(v, slot, bytes, regs);
	if (unlikely(!fast_type_put(pg)))
		pagetype_put(pg);
	return is_done;
}

/* The frame that an entry maps read-only, if it is a table of v's domain in
 * use: with a page and a type reference. */
static int get_faulting_table(
	struct vcpu *v, uint64_t entry, struct page **pg, enum page_type *type)
{
	uint64_t word;

	*pg = mfn_to_page(pte_mfn(entry));
	if (!page_get(*pg, v->domain))
		return -EFAULT;
	word = READ_ONCE((*pg)->type);
	*type = type_of(word);
	if (word & TYPE_COUNT && type_is_table(*type) &&
		!pagetype_get(*pg, *type))
		return 0;
	page_put(*pg);
	return -EFAULT;
}

/*
 * A plain store to a device's memory that is read-only for everybody: it is
 * dropped, for drivers do not expect a fault there.
 */
static bool drop_device_store(
	struct vcpu *v, uint64_t entry, struct cpu_user_regs *regs)
{
	uint8_t bytes[INSN_MAX];
	struct store s;

	if (!v->domain->is_hardware || !pt_is_readonly_device(pte_mfn(entry)) ||
		!decode(regs, bytes,
			pv_fetch(v, regs->rip, bytes, sizeof(bytes)), &s) ||
		s.op != OP_MOV)
		return false;
	regs->rip += s.length;
	regs->rflags &= ~FLAG_RF;
	return true;
}

static bool write_general(struct vcpu *v, vaddr_t addr, uint64_t entry,
	struct cpu_user_regs *regs)
{
	uint8_t bytes[INSN_MAX];
	struct store s;
	struct page *pg;
	enum page_type type;
	int r;

	if (get_faulting_table(v, entry, &pg, &type))
		return false;
	if (!decode(regs, bytes, pv_fetch(v, regs->rip, bytes, sizeof(bytes)),
		    &s) ||
		addr % s.width)
		r = -EINVAL;
	else
		r = execute(v, pg, type - PT_L1 + 1,
			(unsigned)(addr & ~PAGE_MASK), &s, regs);
	if (pagetype_drop(pg, 0, !v->arch.old_table)) {
		/* Dropped by another meanwhile: the last reference is ours. */
		pt_leave(v, pg);
		return true;
	}
	page_put(pg);
	/* Preempted: the guest executes it again and faults again. */
	return !r || r == -ERESTART_HC;
}

bool pt_write_fault(struct vcpu *v, vaddr_t addr, struct cpu_user_regs *regs)
{
	uint64_t entry;
	mfn_t table;

	/* A user process may see tables too; writing them is not for it. */
	if (!v->arch.in_kernel || pt_finish(v))
		return v->arch.in_kernel;
	if (!is_canonical(addr) || is_hypervisor_va(addr) ||
		!pt_walk_down(v, addr, &table))
		return false;
	entry = READ_ONCE(
		((const uint64_t *)mfn_to_virt(table))[pte_index(addr, 1)]);
	if (!(entry & PTE_PRESENT) || entry & (PTE_RW | PTE_GRANT))
		return false;
	if (unlikely(!is_ram(pte_mfn(entry))))
		return drop_device_store(v, entry, regs);
	return write_level1(v, addr, entry, regs) ||
	       write_general(v, addr, entry, regs);
}
