/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SGDT, SIDT, SLDT, SMSW and STR, which CR4.UMIP forbids in ring 3 so that
 * nobody there learns where the hypervisor's tables are.  Programs that use
 * them all the same get values that say nothing: empty tables at an address
 * that is nobody's, the selectors of the ABI, and CR0 as a kernel sees it.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/pte.h>
#include <tenon/pv.h>

/* In the last 2 MiB, where neither a kernel nor the hypervisor is. */
#define DUMMY_TABLE 0xffffffffffff0000ULL
#define TSS_SEL	    0xe040
#define LDT_SEL	    0xe050

struct insn {
	uint8_t byte[15];
	unsigned length, at;
	bool is_long; /* 64-bit code */
	bool has_66, has_67;
	uint8_t segment; /* prefix 0x64 or 0x65, 0: none */
	uint8_t rex, modrm;
};

/* Beyond the bytes that were read: 0, and in->at tells. */
static uint8_t next(struct insn *in)
{
	unsigned at = in->at++;

	return at < in->length ? in->byte[at] : 0;
}

static uint64_t *reg(struct cpu_user_regs *r, unsigned n)
{
	uint64_t *const table[16] = { &r->rax, &r->rcx, &r->rdx, &r->rbx,
		&r->rsp, &r->rbp, &r->rsi, &r->rdi, &r->r8, &r->r9, &r->r10,
		&r->r11, &r->r12, &r->r13, &r->r14, &r->r15 };

	return table[n & 15];
}

/* Prefixes, 0f 00 or 0f 01, ModRM: which of the two, or -1. */
static int decode(struct insn *in)
{
	uint8_t op = next(in);

	for (; in->at < in->length; op = next(in)) {
		if (op == 0x66)
			in->has_66 = true;
		else if (op == 0x67)
			in->has_67 = true;
		else if (op == 0x64 || op == 0x65)
			in->segment = op;
		else if (op != 0x26 && op != 0x2e && op != 0x36 && op != 0x3e)
			break;
	}
	if (in->is_long && (op & 0xf0) == 0x40) {
		in->rex = op;
		op = next(in);
	}
	if (op != 0x0f)
		return -1;
	op = next(in);
	in->modrm = next(in);
	return op <= 1 ? op : -1;
}

static uint64_t displacement(struct insn *in, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)next(in) << 8 * i;
	return bytes == 1 ? (uint64_t)(int8_t)value : (uint64_t)(int32_t)value;
}

/* The memory operand's address; SDM vol. 2A, tables 2-2 and 2-3. */
static uint64_t address_of(
	struct vcpu *v, struct cpu_user_regs *regs, struct insn *in)
{
	unsigned mod = in->modrm >> 6, rm = in->modrm & 7;
	unsigned base = rm, index = 4, scale = 0;
	bool has_base = true;
	uint64_t at = 0;

	if (rm == 4) {
		uint8_t sib = next(in);

		base = sib & 7;
		index = (sib >> 3 & 7) | (in->rex & 2 ? 8 : 0);
		scale = sib >> 6;
	}
	if (mod == 0 && base == 5) {
		has_base = false;
		at = displacement(in, 4);
		/* Nothing follows: the end of the instruction is here. */
		if (rm == 5 && in->is_long)
			at += regs->rip + in->at;
	} else if (mod) {
		at = displacement(in, mod == 1 ? 1 : 4);
	}
	if (has_base)
		at += *reg(regs, base | (in->rex & 1 ? 8 : 0));
	if (index != 4)
		at += *reg(regs, index) << scale;
	if (!in->is_long || in->has_67)
		at = (uint32_t)at;
	if (in->segment)
		at += arch_get_segment_base(v, in->segment == 0x64 ? 0 : 2);
	return in->is_long ? at : (uint32_t)at;
}

static bool store(struct vcpu *v, struct cpu_user_regs *regs, struct insn *in,
	const void *data, size_t size)
{
	uint64_t at;

	/* 16-bit addressing is not worth its tables. */
	if (!in->is_long && in->has_67)
		return false;
	at = address_of(v, regs, in);
	if (in->at > in->length || !is_canonical(at))
		return false;
	if (arch_copy_to_guest(at, data, size))
		pv_inject_page_fault(v, regs, at, PF_WRITE);
	else
		regs->rip += in->at;
	return true;
}

/* A word to a register in the operand's size, or to memory in 16 bits. */
static bool store_word(struct vcpu *v, struct cpu_user_regs *regs,
	struct insn *in, uint64_t value)
{
	uint64_t *r = reg(regs, (in->modrm & 7) | (in->rex & 1 ? 8 : 0));

	if (in->modrm >> 6 != 3)
		return store(v, regs, in, &value, 2);
	if (in->at > in->length)
		return false;
	if (in->rex & 8)
		*r = value;
	else if (in->has_66)
		*r = (*r & ~0xffffULL) | (uint16_t)value;
	else
		*r = (uint32_t)value;
	regs->rip += in->at;
	return true;
}

bool pv_emulate_umip(struct vcpu *v, struct cpu_user_regs *regs)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = { 0, DUMMY_TABLE };
	struct insn in = { .is_long = arch_is_long_code(regs->cs) };
	int group;

	in.length = pv_fetch(v, regs->rip, in.byte, sizeof(in.byte));
	group = decode(&in);
	if (group < 0)
		return false;
	switch (group * 8 + (in.modrm >> 3 & 7)) {
	case 0: /* SLDT */
		return store_word(
			v, regs, &in, v->arch.ldt_entries ? LDT_SEL : 0);
	case 1: /* STR */
		return store_word(v, regs, &in, TSS_SEL);
	case 8: /* SGDT */
	case 9: /* SIDT */
		return in.modrm >> 6 != 3 &&
		       store(v, regs, &in, &table, in.is_long ? 10 : 6);
	case 12: /* SMSW */
		return store_word(v, regs, &in, pv_read_cr(v, 0));
	default:
		return false;
	}
}
