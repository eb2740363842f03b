/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Privileged instructions that a PV guest's kernel runs at ring 3, emulated
 * after the #GP that they cause: port I/O, control and debug registers, MSRs,
 * CPUID by the forced prefix, RDTSC, and a few more.  Only what is listed here;
 * any other #GP is the guest's own.
 */
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/pci.h>
#include <tenon/pv.h>
#include <tenon/rangeset.h>

#define RFLAGS_DF    (1UL << 10)
#define RFLAGS_RF    (1UL << 16)
#define CR4_TSD	     (1UL << 2)

#define STRING_BATCH 64 /* elements of one INS or OUTS before we look up */

struct insn {
	uint8_t byte[15];
	unsigned length; /* bytes fetched */
	unsigned at;	 /* next byte */
	bool has_66, has_67, has_rep;
	uint8_t rex;
};

static bool next(struct insn *in, uint8_t *b)
{
	if (in->at >= in->length)
		return false;
	*b = in->byte[in->at++];
	return true;
}

/* Prefixes, and the first byte of the opcode. */
static bool decode_start(struct insn *in, uint8_t *op)
{
	while (next(in, op)) {
		switch (*op) {
		case 0x66:
			in->has_66 = true;
			break;
		case 0x67:
			in->has_67 = true;
			break;
		case 0xf2:
		case 0xf3:
			in->has_rep = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
			break;
		case 0x40 ... 0x4f:
			in->rex = *op;
			return next(in, op);
		default:
			return true;
		}
	}
	return false;
}

/* General register by its number in an instruction. */
static uint64_t *reg(struct cpu_user_regs *r, unsigned n)
{
	uint64_t *const table[16] = { &r->rax, &r->rcx, &r->rdx, &r->rbx,
		&r->rsp, &r->rbp, &r->rsi, &r->rdi, &r->r8, &r->r9, &r->r10,
		&r->r11, &r->r12, &r->r13, &r->r14, &r->r15 };

	return table[n & 15];
}

static void set_part(uint64_t *r, uint64_t value, unsigned size)
{
	if (size == 1)
		*r = (*r & ~0xffULL) | (value & 0xff);
	else if (size == 2)
		*r = (*r & ~0xffffULL) | (value & 0xffff);
	else
		*r = (uint32_t)value;
}

static uint32_t ones(unsigned size)
{
	return size == 4 ? ~0U : (1U << size * 8) - 1;
}

/* May v do port I/O at all, by its virtual IOPL? */
static bool has_iopl(const struct vcpu *v)
{
	return v->arch.in_kernel ? v->arch.iopl >= 1 || v->domain->is_hardware
				 : v->arch.iopl == 3;
}

/*
 * Has the guest's kernel opened these ports to its user code (set_iobitmap)?
 * Its map is in kernel memory, which the user's root does not show.
 */
static bool is_port_open(struct vcpu *v, uint16_t port, unsigned size)
{
	unsigned end = port + size;
	uint8_t map[2] = { 0, 0 };
	unsigned bits;
	int r;

	if (v->arch.in_kernel || end > v->arch.iobitmap_ports)
		return false;
	arch_toggle_mode(v);
	r = arch_copy_from_guest(
		map, v->arch.iobitmap + port / 8, (end - 1) / 8 - port / 8 + 1);
	arch_toggle_mode(v);
	bits = (map[0] | map[1] << 8) >> port % 8;
	return !r && !(bits & ((1U << size) - 1));
}

static bool is_config_address(uint16_t port, unsigned size)
{
	return port == 0xcf8 && size == 4;
}

static bool is_config_data(const struct vcpu *v, uint16_t port, unsigned size)
{
	return port >= 0xcfc && port + size <= 0xd00 &&
	       (v->domain->arch.cf8 & 0x80000000) && v->domain->is_hardware;
}

static uint32_t port_read(struct vcpu *v, uint16_t port, unsigned size)
{
	if (is_config_address(port, size))
		return v->domain->arch.cf8;
	if (is_config_data(v, port, size))
		return pci_guest_read(v->domain->arch.cf8, port & 3, size);
	if (rangeset_contains(v->domain->ioports, port, port + size - 1))
		return arch_io_read(port, size);
	return ones(size);
}

static void port_write(
	struct vcpu *v, uint16_t port, unsigned size, uint32_t value)
{
	if (is_config_address(port, size))
		v->domain->arch.cf8 = value;
	else if (is_config_data(v, port, size))
		pci_guest_write(v->domain->arch.cf8, port & 3, size, value);
	else if (rangeset_contains(v->domain->ioports, port, port + size - 1))
		arch_io_write(port, size, value);
}

/*
 * INS and OUTS, a batch of elements: the rest by running the instruction
 * again.  A fault on the guest's memory is injected before the element's
 * effect, for OUTS; an INS has been read by then, as on a real CPU that
 * translates late.
 */
static bool do_string_io(struct vcpu *v, struct cpu_user_regs *regs,
	const struct insn *in, unsigned size, bool is_out)
{
	uint64_t step = regs->rflags & RFLAGS_DF ? -(uint64_t)size : size;
	uint64_t left = in->has_rep ? regs->rcx : 1;
	uint16_t port = (uint16_t)regs->rdx;

	if (in->has_67)
		return false;
	for (int n = 0; left && n < STRING_BATCH; n++, left--) {
		uint64_t *index = is_out ? &regs->rsi : &regs->rdi;
		uint32_t value = 0;

		if (is_out) {
			if (arch_copy_from_guest(&value, *index, size))
				goto fault;
			port_write(v, port, size, value);
		} else {
			/* Writable before the device is touched? */
			if (arch_copy_from_guest(&value, *index, size) ||
				arch_copy_to_guest(*index, &value, size))
				goto fault;
			value = port_read(v, port, size);
			if (arch_copy_to_guest(*index, &value, size))
				goto fault;
		}
		*index += step;
		if (in->has_rep)
			regs->rcx--;
		continue;
	fault:
		pv_inject_page_fault(v, regs, *index, is_out ? 0 : 2);
		return true;
	}
	if (left == 0)
		regs->rip += in->at;
	return true;
}

static bool do_port_io(
	struct vcpu *v, struct cpu_user_regs *regs, struct insn *in, uint8_t op)
{
	unsigned size = !(op & 1) ? 1 : in->has_66 ? 2 : 4;
	bool is_string = op >= 0x6c && op <= 0x6f;
	bool is_out = op & 2;
	uint16_t port = (uint16_t)regs->rdx;
	uint8_t immediate;

	if (!is_string && !(op & 8)) {
		if (!next(in, &immediate))
			return false;
		port = immediate;
	}
	if ((unsigned)port + size > 0x10000 ||
		!(has_iopl(v) || is_port_open(v, port, size)))
		return false;
	if (is_string)
		return do_string_io(v, regs, in, size, is_out);
	if (is_out)
		port_write(v, port, size, (uint32_t)regs->rax & ones(size));
	else
		set_part(&regs->rax, port_read(v, port, size), size);
	regs->rip += in->at;
	return true;
}

/* Mov to and from control (0f 20, 0f 22) and debug registers (0f 21, 0f 23). */
static bool do_move(
	struct vcpu *v, struct cpu_user_regs *regs, struct insn *in, uint8_t op)
{
	bool is_debug = op & 1, is_write = op & 2;
	unsigned nr;
	uint64_t *r;
	uint8_t modrm;

	if (!next(in, &modrm))
		return false;
	/* mod is ignored (SDM vol. 2B, MOV to control registers). */
	nr = (modrm >> 3 & 7) | (in->rex & 4 ? 8 : 0);
	r = reg(regs, (modrm & 7) | (in->rex & 1 ? 8 : 0));
	if (is_debug) {
		if (nr > 7)
			return false;
		if (is_write) {
			if (pv_set_debugreg(v, nr, *r))
				return false;
		} else {
			*r = v->arch.dr[nr == 4 ? 6 : nr == 5 ? 7 : nr];
		}
	} else {
		if (nr != 0 && nr != 2 && nr != 3 && nr != 4)
			return false;
		if (is_write) {
			if (pv_write_cr(v, nr, *r))
				return false;
		} else {
			*r = pv_read_cr(v, nr);
		}
	}
	regs->rip += in->at;
	return true;
}

static bool do_msr(struct vcpu *v, struct cpu_user_regs *regs,
	const struct insn *in, bool is_write)
{
	uint32_t msr = (uint32_t)regs->rcx;
	uint64_t value = (uint32_t)regs->rax | regs->rdx << 32;

	if (is_write) {
		if (pv_wrmsr(v, msr, value))
			return false;
	} else {
		if (pv_rdmsr(v, msr, &value))
			return false;
		regs->rax = (uint32_t)value;
		regs->rdx = value >> 32;
	}
	regs->rip += in->at;
	return true;
}

/* RDTSC, and RDTSCP with TSC_AUX: CR4.TSD leaves them to the kernel. */
static bool do_rdtsc(struct vcpu *v, struct cpu_user_regs *regs, bool has_aux)
{
	uint64_t value;

	if (!v->arch.in_kernel && v->arch.cr[4] & CR4_TSD)
		return false;
	value = tsc_read(v->domain);
	regs->rax = (uint32_t)value;
	regs->rdx = value >> 32;
	if (has_aux)
		regs->rcx = v->arch.tsc_aux;
	return true;
}

/* XSETBV is 0f 01 d1, RDTSCP 0f 01 f9. */
static bool do_group7(
	struct vcpu *v, struct cpu_user_regs *regs, struct insn *in)
{
	uint64_t value;
	uint8_t op;

	if (!next(in, &op))
		return false;
	if (op == 0xf9)
		return do_rdtsc(v, regs, true);
	if (op != 0xd1 || !v->arch.in_kernel || (uint32_t)regs->rcx != 0)
		return false;
	value = (uint32_t)regs->rax | regs->rdx << 32;
	return !(value & ~pv_xcr0_mask(v)) && !arch_set_xcr0(v, value);
}

/* Of user mode RDTSC and RDTSCP alone. */
static bool do_two_byte(
	struct vcpu *v, struct cpu_user_regs *regs, struct insn *in)
{
	uint8_t op;

	if (!next(in, &op))
		return false;
	if (!v->arch.in_kernel && op != 0x01 && op != 0x31)
		return false;
	switch (op) {
	case 0x01:
		if (!do_group7(v, regs, in))
			return false;
		break;
	case 0x31:
		if (!do_rdtsc(v, regs, false))
			return false;
		break;
	case 0x06: /* CLTS */
		arch_set_fpu_ts(v, false);
		break;
	case 0x08: /* INVD, as WBINVD */
	case 0x09:
		if (v->domain->is_hardware)
			arch_cache_flush(CPUMASK(this_cpu()->id));
		break;
	case 0x20 ... 0x23:
		return do_move(v, regs, in, op);
	case 0x30:
		return do_msr(v, regs, in, true);
	case 0x32:
		return do_msr(v, regs, in, false);
	default:
		return false;
	}
	regs->rip += in->at;
	return true;
}

bool pv_emulate_privileged(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct insn in = { .length = 0 };
	bool done = false;
	uint8_t op;

	in.length = pv_fetch(v, regs->rip, in.byte, sizeof(in.byte));
	if (!decode_start(&in, &op))
		return false;
	switch (op) {
	case 0x6c ... 0x6f:
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef:
		/* Of user mode too, by IOPL 3 or the map. */
		done = do_port_io(v, regs, &in, op);
		break;
	case 0xfa:
	case 0xfb:
		/* CLI and STI where IOPL allows: nothing that we promise. */
		done = has_iopl(v);
		if (done)
			regs->rip += in.at;
		break;
	case 0x0f:
		done = do_two_byte(v, regs, &in);
		break;
	default:
		break;
	}
	if (done)
		regs->rflags &= ~RFLAGS_RF;
	return done;
}

bool pv_emulate_forced_cpuid(struct vcpu *v, struct cpu_user_regs *regs)
{
	static const uint8_t pattern[7] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f,
		0xa2 };
	uint8_t code[7];
	uint32_t out[4];

	if (pv_fetch(v, regs->rip, code, sizeof(code)) != sizeof(code))
		return false;
	for (unsigned i = 0; i < sizeof(code); i++)
		if (code[i] != pattern[i])
			return false;
	pv_cpuid(v, (uint32_t)regs->rax, (uint32_t)regs->rcx, out);
	regs->rax = out[0];
	regs->rbx = out[1];
	regs->rcx = out[2];
	regs->rdx = out[3];
	regs->rip += sizeof(code);
	return true;
}
