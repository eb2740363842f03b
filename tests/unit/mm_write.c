/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stores of a guest kernel into its page tables: each instruction is executed
 * by the decoder on an entry and by this machine's CPU on a word, and both must
 * leave the same memory, registers and flags.
 */
#include <sys/mman.h>
#include "mm_test.h"

#define DATA 8
#define L1   (DATA + 0)
#define L2   (DATA + 1)
/* Index of the entry written to, and where the guest's code is. */
#define SLOT  100
#define CODE  (FAKE_SPACE_VA + 2 * PAGE_SIZE + 64)
#define ARITH 0x8d5ULL

static struct domain *d;
static struct vcpu *v;
static mfn_t m[DATA + FAKE_SPACE_TABLES];

static int start(void **state)
{
	(void)state;
	fake_start(1024, 1);
	d = fake_domain(1, 64, 1);
	v = d->vcpu[0];
	fake_enter(v, 0);
	return fake_space(v, DATA, m);
}

static int stop(void **state)
{
	(void)state;
	mm_kill(d);
	fake_stop();
	return 0;
}

/* What an instruction sees and leaves; rbx points to the memory operand. */
struct machine {
	uint64_t rax, rcx, rdx, rsi, rflags, memory;
};

static uint8_t *native_code;

static unsigned emit(unsigned at, const void *bytes, unsigned n)
{
	memcpy(native_code + at, bytes, n);
	return at + n;
}

/*
 * void f(struct machine *rdi): loads the registers, executes, stores them.
 * rbp keeps rdi, rbx is the operand's address.
 */
static void run_native(
	const uint8_t *insn, unsigned n, struct machine *x, unsigned offset)
{
	static const uint8_t head[] = { 0x53, 0x55, 0x48, 0x89, 0xfd, 0x48,
		0x89, 0xf3,		/* mov rbx, rsi */
		0x48, 0x8b, 0x45, 0x00, /* rax */
		0x48, 0x8b, 0x4d, 0x08, /* rcx */
		0x48, 0x8b, 0x55, 0x10, /* rdx */
		0x48, 0x8b, 0x75, 0x18, /* rsi */
		0xff, 0x75, 0x20, 0x9d };
	static const uint8_t tail[] = { 0x9c, 0x8f, 0x45, 0x20, 0x48, 0x89,
		0x45, 0x00, 0x48, 0x89, 0x4d, 0x08, 0x48, 0x89, 0x55, 0x10,
		0x48, 0x89, 0x75, 0x18, 0x5d, 0x5b, 0xc3 };
	void (*f)(struct machine *, void *);
	unsigned at = emit(0, head, sizeof(head));

	at = emit(at, insn, n);
	emit(at, tail, sizeof(tail));
	memcpy(&f, &native_code, sizeof(f));
	f(x, (char *)&x->memory + offset);
}

static bool run_guest(
	const uint8_t *insn, unsigned n, struct machine *x, unsigned offset)
{
	uint64_t *slot = (uint64_t *)mfn_to_virt(m[L1]) + SLOT;
	vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8 + offset;
	struct cpu_user_regs *r = arch_guest_regs();
	bool done;

	memcpy((uint8_t *)mfn_to_virt(m[2]) + 64, insn, n);
	memset((uint8_t *)mfn_to_virt(m[2]) + 64 + n, 0xcc, 16);
	*r = (struct cpu_user_regs){ .rax = x->rax,
		.rcx = x->rcx,
		.rdx = x->rdx,
		.rsi = x->rsi,
		.rbx = addr,
		.rip = CODE,
		.rflags = x->rflags,
		.cs = FLAT_KERNEL_CS,
		.ss = FLAT_KERNEL_SS };
	*slot = x->memory;
	done = pt_write_fault(v, addr, r);
	x->memory = *slot;
	*slot = 0;
	x->rax = r->rax;
	x->rcx = r->rcx;
	x->rdx = r->rdx;
	x->rsi = r->rsi;
	x->rflags = r->rflags;
	if (done)
		assert_int_equal(r->rip, CODE + n);
	return done;
}

#define INSN(width, undefined, ...)                                      \
	{                                                                \
		width, undefined, 0, sizeof((uint8_t[]){ __VA_ARGS__ }), \
		{                                                        \
			__VA_ARGS__                                      \
		}                                                        \
	}
/* It may set bit 0 of its operand: that must not be the entry's. */
#define ODD(width, undefined, ...)                                       \
	{                                                                \
		width, undefined, 1, sizeof((uint8_t[]){ __VA_ARGS__ }), \
		{                                                        \
			__VA_ARGS__                                      \
		}                                                        \
	}

/* undefined: arithmetic flags that the manual leaves undefined. */
#define AF	   0x10
#define OF	   0x800
#define ALL_BUT_CF 0x8d4

static const struct {
	unsigned width, undefined, first, n;
	uint8_t bytes[15];
} insns[] = {
	INSN(8, 0, 0x48, 0x89, 0x0b), /* mov [rbx], rcx */
	INSN(4, 0, 0x89, 0x0b),	      /* mov [rbx], ecx */
	INSN(2, 0, 0x66, 0x89, 0x0b), /* mov [rbx], cx */
	INSN(1, 0, 0x88, 0x2b),	      /* mov [rbx], ch */
	INSN(1, 0, 0x40, 0x88, 0x33), /* mov [rbx], sil */
	INSN(8, 0, 0x48, 0xc7, 0x03, 0x10, 0x32, 0x54, 0x86),
	INSN(4, 0, 0xc7, 0x03, 0x10, 0x32, 0x54, 0x86),
	INSN(2, 0, 0x66, 0xc7, 0x43, 0x00, 0x10, 0x32),
	INSN(1, 0, 0xc6, 0x83, 0, 0, 0, 0, 0x18),
	INSN(8, 0, 0x48, 0x87, 0x0b), /* xchg */
	INSN(4, 0, 0x87, 0x13),
	INSN(1, 0, 0x86, 0x33),		     /* xchg [rbx], dh */
	INSN(8, AF, 0xf0, 0x48, 0x21, 0x0b), /* lock and */
	INSN(8, AF, 0x48, 0x09, 0x0b),	     /* or */
	INSN(8, AF, 0x48, 0x31, 0x0b),	     /* xor */
	INSN(4, AF, 0x21, 0x0b),
	INSN(2, AF, 0x66, 0x09, 0x0b),
	INSN(8, 0, 0xf0, 0x48, 0x01, 0x0b), /* add */
	INSN(8, 0, 0x48, 0x29, 0x0b),	    /* sub */
	INSN(4, 0, 0x01, 0x0b),
	INSN(2, 0, 0x66, 0x29, 0x13),
	INSN(1, AF, 0xf0, 0x80, 0x23, 0xfc), /* lock andb */
	INSN(1, AF, 0xf0, 0x80, 0x0b, 0x40), /* lock orb */
	INSN(8, AF, 0x48, 0x83, 0x23, 0xf0),
	INSN(8, AF, 0x48, 0x81, 0x0b, 0, 2, 0, 0x80),
	INSN(4, AF, 0x81, 0x33, 0, 2, 0, 0x80),
	INSN(8, 0, 0x48, 0x83, 0x03, 0x7e),
	INSN(8, 0, 0x48, 0x83, 0x2b, 0x02),
	INSN(8, ALL_BUT_CF, 0xf0, 0x48, 0x0f, 0xba, 0x33, 0x05), /* btr 5 */
	INSN(8, ALL_BUT_CF, 0x48, 0x0f, 0xba, 0x2b, 0x2a),	 /* bts 42 */
	INSN(4, ALL_BUT_CF, 0x0f, 0xba, 0x3b, 0x0b),		 /* btc 11 */
	INSN(8, 0, 0xf0, 0x48, 0x0f, 0xb1, 0x0b),		 /* cmpxchg */
	INSN(4, 0, 0x0f, 0xb1, 0x0b),
	INSN(1, 0, 0x0f, 0xb0, 0x13),
	INSN(8, 0, 0xf0, 0x48, 0x0f, 0xc1, 0x0b), /* xadd */
	INSN(4, 0, 0x0f, 0xc1, 0x0b),
	INSN(8, 0, 0x3e, 0x48, 0x89, 0x4b, 0x00), /* ds: */
	INSN(8, 0, 0x48, 0x89, 0x0c, 0x23),	  /* SIB */
	INSN(8, 0, 0x48, 0x89, 0x8c, 0x23, 0, 0, 0, 0),
	INSN(8, 0, 0x48, 0x0f, 0xc3, 0x0b), /* movnti */
	INSN(4, 0, 0x0f, 0xc3, 0x13),
	INSN(8, 0, 0x48, 0xf7, 0x1b), /* neg */
	INSN(2, 0, 0x66, 0xf7, 0x1b),
	INSN(1, 0, 0xf6, 0x1b),
	ODD(4, 0, 0xf7, 0x13), /* not */
	ODD(1, 0, 0xf0, 0xf6, 0x13),
	ODD(4, 0, 0xff, 0x03), /* inc */
	ODD(2, 0, 0xf0, 0x66, 0xff, 0x03),
	ODD(1, 0, 0xfe, 0x03),
	ODD(4, 0, 0xff, 0x0b), /* dec */
	ODD(1, 0, 0xfe, 0x0b),
	ODD(4, 0, 0xf0, 0x11, 0x0b), /* adc */
	ODD(1, 0, 0x10, 0x0b),
	ODD(2, 0, 0x66, 0x83, 0x13, 0xff),
	ODD(4, 0, 0x19, 0x0b), /* sbb */
	ODD(1, 0, 0x80, 0x1b, 0x7f),
	INSN(8, 0, 0xf3, 0x48, 0x89, 0x0b), /* xrelease */
	ODD(4, 0, 0xd1, 0x03),		    /* rol, ror, rcl, rcr by 1 */
	ODD(4, 0, 0xd1, 0x0b),
	ODD(4, 0, 0xd1, 0x13),
	ODD(4, 0, 0xd1, 0x1b),
	ODD(1, 0, 0xd0, 0x03),
	ODD(2, 0, 0x66, 0xd1, 0x1b),
	INSN(8, AF, 0x48, 0xd1, 0x23), /* shl, shr, sar by 1 */
	ODD(4, AF, 0xd1, 0x23),
	ODD(4, AF, 0xd1, 0x2b),
	ODD(4, AF, 0xd1, 0x3b),
	ODD(1, AF, 0xd0, 0x33),
	ODD(2, AF, 0x66, 0xd1, 0x3b),
	INSN(8, OF, 0x48, 0xc1, 0x03, 0x48), /* by 8, at last */
	INSN(8, OF, 0x48, 0xc1, 0x0b, 0x10),
	INSN(8, OF, 0x48, 0xc1, 0x1b, 8),
	INSN(8, AF | OF, 0x48, 0xc1, 0x23, 9),
	INSN(8, AF | OF, 0x48, 0xc1, 0x2b, 0x38),
	INSN(8, AF | OF, 0x48, 0xc1, 0x3b, 0x18),
	INSN(8, 0, 0x48, 0xc1, 0x23, 0x40),		/* by nothing */
	ODD(1, OF, 0xc0, 0x13, 11),			/* rcl by 2, of 9 */
	ODD(2, OF, 0x66, 0xc1, 0x1b, 30),		/* rcr by 13, of 17 */
	ODD(4, OF, 0xd3, 0x0b),				/* by cl */
	INSN(8, AF | OF, 0x48, 0xd3, 0x23),		/* shl */
	ODD(4, AF | OF, 0xd3, 0x3b),			/* sar */
	INSN(8, AF | OF, 0x48, 0x0f, 0xa4, 0x0b, 8),	/* shld */
	INSN(8, AF | OF, 0x48, 0x0f, 0xac, 0x13, 0x20), /* shrd */
	ODD(4, AF | OF, 0x0f, 0xa5, 0x13),
	ODD(4, AF | OF, 0x0f, 0xad, 0x13),
	ODD(2, AF, 0x66, 0x0f, 0xac, 0x13, 1),
	ODD(1, 0, 0x0f, 0x90, 0x03),
	ODD(1, 0, 0x0f, 0x91, 0x03),
	ODD(1, 0, 0x0f, 0x92, 0x03), /* setcc */
	ODD(1, 0, 0x0f, 0x93, 0x03),
	ODD(1, 0, 0x0f, 0x94, 0x03),
	ODD(1, 0, 0x0f, 0x95, 0x03),
	ODD(1, 0, 0x0f, 0x96, 0x03),
	ODD(1, 0, 0x0f, 0x97, 0x03),
	ODD(1, 0, 0x0f, 0x98, 0x03),
	ODD(1, 0, 0x0f, 0x99, 0x03),
	ODD(1, 0, 0x0f, 0x9a, 0x03),
	ODD(1, 0, 0x0f, 0x9b, 0x03),
	ODD(1, 0, 0x0f, 0x9c, 0x03),
	ODD(1, 0, 0x0f, 0x9d, 0x03),
	ODD(1, 0, 0x0f, 0x9e, 0x03),
	ODD(1, 0, 0x0f, 0x9f, 0x03),
};

static uint64_t seed = 1;

static uint64_t random_word(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	/* Every byte even: the entries stay not present, all values pass. */
	return (seed ^ seed >> 29) & 0xfefefefefefefefeULL;
}

static void test_as_the_cpu(void **state)
{
	(void)state;
	native_code = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(native_code, MAP_FAILED);
	for (unsigned run = 0; run < 200; run++)
		for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
			unsigned width = insns[i].width;
			unsigned first = insns[i].first;
			unsigned offset =
				(first + run % (8 / width - first)) * width;
			uint64_t mask = ARITH & ~(uint64_t)insns[i].undefined;
			struct machine a = { random_word(), random_word(),
				random_word(), random_word(),
				0x202 | (random_word() & ARITH),
				random_word() },
				       b;

			/* Often equal, for cmpxchg. */
			if (run % 3 == 0)
				a.rax = a.memory >> (8 * offset);
			b = a;
			run_native(insns[i].bytes, insns[i].n, &a, offset);
			assert_true(run_guest(
				insns[i].bytes, insns[i].n, &b, offset));
			if (a.memory != b.memory || a.rax != b.rax ||
				a.rcx != b.rcx || a.rdx != b.rdx ||
				(a.rflags ^ b.rflags) & mask)
				fail_msg("instruction %u: memory %lx %lx, rax "
					 "%lx %lx, rcx %lx %lx, flags %lx %lx",
					i, a.memory, b.memory, a.rax, b.rax,
					a.rcx, b.rcx, a.rflags & mask,
					b.rflags & mask);
		}
	munmap(native_code, PAGE_SIZE);
	mm_check();
}

/* Registers of the next instruction, and what it left of them. */
static struct cpu_user_regs string;

/* An instruction that faulted at addr: how far rip went; -1: refused. */
static int run_string(const uint8_t *insn, unsigned n, vaddr_t addr)
{
	struct cpu_user_regs *r = arch_guest_regs();
	bool is_done;

	memcpy((uint8_t *)mfn_to_virt(m[2]) + 64, insn, n);
	*r = string;
	r->rip = CODE;
	is_done = pt_write_fault(v, addr, r);
	string = *r;
	return is_done ? (int)(r->rip - CODE) : -1;
}

static void test_strings(void **state)
{
	static const uint8_t stosq[] = { 0x48, 0xab };
	static const uint8_t rep_stosq[] = { 0xf3, 0x48, 0xab };
	static const uint8_t stosb[] = { 0xaa };
	static const uint8_t rep_movsq[] = { 0xf3, 0x48, 0xa5 };
	static const uint8_t movsl[] = { 0xa5 };
	static const uint8_t fs_movsq[] = { 0x64, 0x48, 0xa5 };
	static const uint8_t edi_stosq[] = { 0x67, 0x48, 0xab };
	static const uint8_t mov_to[] = { 0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8 };
	uint64_t *slot = (uint64_t *)mfn_to_virt(m[L1]) + SLOT;
	uint64_t *source = mfn_to_virt(m[3]);
	vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8;
	vaddr_t from = FAKE_SPACE_VA + 3 * PAGE_SIZE;

	(void)state;
	string = (struct cpu_user_regs){
		.rdi = addr, .rsi = from, .rax = 0x1110, .rcx = 2
	};
	assert_int_equal(run_string(stosq, 2, addr), 2);
	assert_int_equal(slot[0], 0x1110);
	assert_int_equal(string.rdi, addr + 8);
	assert_int_equal(string.rcx, 2);
	/* One element each time; the last one ends it. */
	assert_int_equal(run_string(rep_stosq, 3, addr + 8), 0);
	assert_int_equal(string.rcx, 1);
	assert_int_equal(run_string(rep_stosq, 3, addr + 16), 3);
	assert_int_equal(string.rcx, 0);
	assert_int_equal(slot[1] + slot[2], 0x2220);
	assert_int_equal(string.rsi, from);
	/* Backwards, from memory. */
	string.rflags = 1 << 10;
	string.rdi = addr;
	string.rcx = 9;
	source[0] = 0x3330;
	assert_int_equal(run_string(rep_movsq, 3, addr), 0);
	assert_int_equal(slot[0], 0x3330);
	assert_int_equal(string.rdi, addr - 8);
	assert_int_equal(string.rsi, from - 8);
	assert_int_equal(string.rcx, 8);
	string = (struct cpu_user_regs){
		.rdi = addr + 4, .rsi = from, .rax = 0xaabbcc22
	};
	assert_int_equal(run_string(movsl, 1, addr + 4), 1);
	assert_int_equal(slot[0], 0x333000003330);
	assert_int_equal(string.rdi, addr + 8);
	assert_int_equal(string.rsi, from + 4);
	string.rdi = addr + 1;
	assert_int_equal(run_string(stosb, 1, addr + 1), 1);
	assert_int_equal(slot[0], 0x333000002230);
	assert_int_equal(run_string(mov_to, sizeof(mov_to), addr + 8), 10);
	assert_int_equal(slot[1], 0xaabbcc22);
	/* Another place than the fault's, a segment, half an address, a source
	 * that is not there. */
	string.rdi = addr;
	assert_int_equal(run_string(stosq, 2, addr + 8), -1);
	assert_int_equal(run_string(fs_movsq, 3, addr), -1);
	assert_int_equal(run_string(edi_stosq, 3, addr), -1);
	string.rsi = 64;
	assert_int_equal(run_string(movsl, 1, addr), -1);
	assert_int_equal(string.rdi, addr);
	mm_check();
}

/* Two halves in four registers. */
static void test_cmpxchg8b(void **state)
{
	static const uint8_t insn[] = { 0xf0, 0x0f, 0xc7, 0x0b };
	static const uint8_t of_16[] = { 0xf0, 0x48, 0x0f, 0xc7, 0x0b };
	uint64_t *slot = (uint64_t *)mfn_to_virt(m[L1]) + SLOT;
	vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8;

	(void)state;
	*slot = 0x1111111022222220;
	string = (struct cpu_user_regs){ .rax = 0x22222220,
		.rdx = 5,
		.rbx = 0x44444440,
		.rcx = 0x33333330,
		.rflags = 0x240 };
	assert_int_equal(run_string(insn, sizeof(insn), addr), 4);
	assert_int_equal(*slot, 0x1111111022222220);
	assert_int_equal(string.rdx, 0x11111110);
	assert_int_equal(string.rflags, 0x200);
	assert_int_equal(run_string(insn, sizeof(insn), addr), 4);
	assert_int_equal(*slot, 0x3333333044444440);
	assert_int_equal(string.rflags, 0x240);
	assert_int_equal(run_string(of_16, sizeof(of_16), addr), -1);
	mm_check();
}

/* Not every CPU has it: without one to compare with. */
static void test_movbe(void **state)
{
	static const uint8_t movbe[] = { 0x48, 0x0f, 0x38, 0xf1, 0x0b };
	static const uint8_t of_two[] = { 0x66, 0x0f, 0x38, 0xf1, 0x0b };
	static const uint8_t crc32[] = { 0xf2, 0x48, 0x0f, 0x38, 0xf1, 0x0b };
	uint64_t *slot = (uint64_t *)mfn_to_virt(m[L1]) + SLOT;
	vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8;

	(void)state;
	*slot = 0;
	string = (struct cpu_user_regs){ .rcx = 0x1022334455667788 };
	assert_int_equal(run_string(movbe, sizeof(movbe), addr), 5);
	assert_true(*slot == 0x8877665544332210);
	assert_int_equal(run_string(of_two, sizeof(of_two), addr + 2), 5);
	assert_true(*slot == 0x8877665588772210);
	assert_int_equal(run_string(crc32, sizeof(crc32), addr), -1);
	mm_check();
}

static void test_pop(void **state)
{
	static const uint8_t pop[] = { 0x8f, 0x03 };
	static const uint8_t pop_word[] = { 0x66, 0x8f, 0x03 };
	static const uint8_t not_pop[] = { 0x8f, 0x0b };
	uint64_t *slot = (uint64_t *)mfn_to_virt(m[L1]) + SLOT;
	uint64_t *stack = mfn_to_virt(m[3]);
	vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8;
	vaddr_t top = FAKE_SPACE_VA + 3 * PAGE_SIZE;

	(void)state;
	*slot = 0;
	stack[0] = 0x1111111022222220;
	string = (struct cpu_user_regs){ .rsp = top };
	assert_int_equal(run_string(pop, sizeof(pop), addr), 2);
	assert_int_equal(*slot, 0x1111111022222220);
	assert_int_equal(string.rsp, top + 8);
	string.rsp = top + 4;
	assert_int_equal(run_string(pop_word, sizeof(pop_word), addr), 3);
	assert_int_equal(*slot, 0x1111111022221110);
	assert_int_equal(string.rsp, top + 6);
	assert_int_equal(run_string(not_pop, sizeof(not_pop), addr), -1);
	/* A stack that is not there. */
	string.rsp = 64;
	assert_int_equal(run_string(pop, sizeof(pop), addr), -1);
	assert_int_equal(string.rsp, 64);
	mm_check();
}

static void test_references(void **state)
{
	static const uint8_t mov[] = { 0x48, 0x89, 0x0b };
	static const uint8_t andb[] = { 0xf0, 0x80, 0x23, 0xfd };
	struct cpu_user_regs *r = arch_guest_regs();
	uint64_t *slot = (uint64_t *)mfn_to_virt(m[L1]) + SLOT;
	vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8;

	(void)state;
	memcpy((uint8_t *)mfn_to_virt(m[2]) + 64, mov, sizeof(mov));
	*r = (struct cpu_user_regs){ .rbx = addr,
		.rip = CODE,
		.rcx = pte_make(m[1], PTE_PRESENT | PTE_RW) };
	assert_true(pt_write_fault(v, addr, r));
	assert_true(*slot == pte_make(m[1], PTE_PRESENT | PTE_RW | PTE_USER));
	assert_int_equal(mfn_to_page(m[1])->type & TYPE_COUNT, 2);
	mm_check();
	/* As fork does it. */
	memcpy((uint8_t *)mfn_to_virt(m[2]) + 64, andb, sizeof(andb));
	r->rip = CODE;
	assert_true(pt_write_fault(v, addr, r));
	assert_true(*slot == pte_make(m[1], PTE_PRESENT | PTE_USER));
	assert_int_equal(mfn_to_page(m[1])->type & TYPE_COUNT, 1);
	mm_check();
	/* Refused: a table, writable. */
	memcpy((uint8_t *)mfn_to_virt(m[2]) + 64, mov, sizeof(mov));
	r->rip = CODE;
	r->rcx = pte_make(m[L2], PTE_PRESENT | PTE_RW);
	assert_false(pt_write_fault(v, addr, r));
	assert_int_equal(r->rip, CODE);
	mm_check();
}

static void test_not_ours(void **state)
{
	static const uint8_t mov[] = { 0x48, 0x89, 0x0b };
	struct cpu_user_regs *r = arch_guest_regs();
	vaddr_t table = FAKE_SPACE_VA + L1 * PAGE_SIZE;

	(void)state;
	memcpy((uint8_t *)mfn_to_virt(m[2]) + 64, mov, sizeof(mov));
	*r = (struct cpu_user_regs){ .rip = CODE };
	/* Writable data, unmapped, not canonical, ours. */
	assert_false(pt_write_fault(v, FAKE_SPACE_VA, r));
	assert_false(pt_write_fault(v, FAKE_SPACE_VA - 8, r));
	assert_false(pt_write_fault(v, 1ULL << 50, r));
	assert_false(pt_write_fault(v, HYPERVISOR_VA_START, r));
	/* Misaligned. */
	assert_false(pt_write_fault(v, table + 4, r));
	/* Read-only data. */
	assert_int_equal(
		pt_update_va(v, d, FAKE_SPACE_VA, pte_make(m[0], PTE_PRESENT)),
		0);
	assert_false(pt_write_fault(v, FAKE_SPACE_VA, r));
	/* Guest user mode. */
	assert_int_equal(pt_new_root(v, MFN(v->arch.root.v), true), 0);
	v->arch.in_kernel = false;
	assert_false(pt_write_fault(v, table, r));
	v->arch.in_kernel = true;
	assert_true(pt_write_fault(v, table, r));
	/* Code that is not there. */
	r->rip = 64;
	assert_false(pt_write_fault(v, table, r));
}

/* Anything may stand at rip: it is refused or it ends within its bytes. */
static void test_noise(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct machine x = { 0 };
		uint64_t noise[2] = { random_word() ^ random_word() << 1,
			random_word() ^ random_word() >> 1 };
		struct cpu_user_regs *r = arch_guest_regs();
		vaddr_t addr = FAKE_SPACE_VA + L1 * PAGE_SIZE + SLOT * 8;

		memcpy((uint8_t *)mfn_to_virt(m[2]) + 64, noise, 15);
		if (i % 2)
			((uint8_t *)mfn_to_virt(m[2]))[64] = 0x48;
		*r = (struct cpu_user_regs){ .rip = CODE, .rcx = x.rcx };
		if (pt_write_fault(v, addr, r))
			assert_in_range(r->rip, CODE + 2, CODE + 15);
	}
	mm_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_as_the_cpu, start, stop),
		cmocka_unit_test_setup_teardown(test_strings, start, stop),
		cmocka_unit_test_setup_teardown(test_cmpxchg8b, start, stop),
		cmocka_unit_test_setup_teardown(test_movbe, start, stop),
		cmocka_unit_test_setup_teardown(test_pop, start, stop),
		cmocka_unit_test_setup_teardown(test_references, start, stop),
		cmocka_unit_test_setup_teardown(test_not_ours, start, stop),
		cmocka_unit_test_setup_teardown(test_noise, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
