/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Privileged instructions of PV guests (pv/emulate.c) and MSRs (pv/msr.c):
 * which bytes are carried out, for whom, how wide, and that what is refused
 * has had no effect before it is.
 */
#include "ctl_rig.h"
#include <tenon/pte.h>
#include <tenon/pv.h>

/* Registers before each instruction: each one tells which it is. */
static struct cpu_user_regs before;
static unsigned reads, writes, last_size;
static uint16_t last_port;
static uint32_t last_value;

static uint32_t on_read(uint16_t port, unsigned size)
{
	reads++;
	last_port = port;
	last_size = size;
	return 0x8899aabb;
}

static void on_write(uint16_t port, unsigned size, uint32_t value)
{
	writes++;
	last_port = port;
	last_size = size;
	last_value = value;
}

static int start(void **state)
{
	(void)state;
	ctl_start(1);
	fake_on_io_read = on_read;
	fake_on_io_write = on_write;
	reads = writes = 0;
	before = (struct cpu_user_regs){ .rax = 0x1111222233334444,
		.rbx = 0x2222,
		.rcx = 0x3333,
		.rdx = 0x300,
		.rbp = 0x5555,
		.r8 = 0x8888,
		.r15 = 0xffff,
		.cs = FLAT_KERNEL_CS,
		.rflags = 0x10246 };
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_on_io_read = NULL;
	fake_on_io_write = NULL;
	ctl_stop();
	return 0;
}

/* Executes bytes; *regs: `before` with what came of it. */
static bool run(const uint8_t *bytes, struct cpu_user_regs *regs)
{
	*regs = before;
	regs->rip = (uint64_t)bytes;
	return pv_emulate_privileged(current, regs);
}

static void assert_done(const uint8_t *bytes, unsigned length)
{
	struct cpu_user_regs regs;

	assert_true(run(bytes, &regs));
	assert_int_equal(regs.rip, (uint64_t)bytes + length);
	/* RF is for the instruction that was interrupted. */
	assert_int_equal(regs.rflags, 0x246);
}

/* Refused: the registers are untouched and no device was. */
static void assert_refused(const uint8_t *bytes)
{
	struct cpu_user_regs regs;
	unsigned io = reads + writes;

	assert_false(run(bytes, &regs));
	regs.rip = before.rip;
	assert_memory_equal(&regs, &before, sizeof(regs));
	assert_int_equal(reads + writes, io);
}

#define DONE(...)                                                        \
	do {                                                             \
		static const uint8_t bytes_[32] = { __VA_ARGS__ };       \
		assert_done(bytes_, sizeof((uint8_t[]){ __VA_ARGS__ })); \
	} while (0)
#define REFUSED(...)                                               \
	do {                                                       \
		static const uint8_t bytes_[32] = { __VA_ARGS__ }; \
		assert_refused(bytes_);                            \
	} while (0)

static uint64_t rax_after(const uint8_t *bytes)
{
	struct cpu_user_regs regs;

	assert_true(run(bytes, &regs));
	return regs.rax;
}

/* One of 256 first bytes, one of 256 second ones: nothing but the listed. */
static void nothing_else(void **state)
{
	static const uint8_t one[] = { 0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5, 0xe6,
		0xe7, 0xec, 0xed, 0xee, 0xef, 0xfa, 0xfb };
	/* Two bytes that are whole with 00 behind them. */
	static const uint8_t two[] = { 0x06, 0x08, 0x09, 0x20, 0x21, 0x22, 0x23,
		0x30, 0x31, 0x32 };
	struct cpu_user_regs regs;

	(void)state;
	ctl_play(1); /* no device of it is touched by a stray string */
	current->arch.iopl = 0;
	for (unsigned op = 0; op < 256; op++) {
		uint8_t bytes[16] = { (uint8_t)op };

		if (op == 0x0f)
			continue;
		assert_false(run(bytes, &regs));
		assert_memory_equal(&regs.rbx, &before.rbx, 8);
		assert_int_equal(regs.rip, (uint64_t)bytes);
	}
	for (unsigned op = 0; op < 256; op++) {
		uint8_t bytes[16] = { 0x0f, (uint8_t)op };
		bool is_listed = false;

		/* SGDT and its like have a test of their own. */
		if (op <= 1)
			continue;
		for (unsigned i = 0; i < sizeof(two); i++)
			is_listed |= two[i] == op;
		/* rax is no good value for cr0; rcx names no MSR. */
		if (op == 0x22 || op == 0x23 || op == 0x30 || op == 0x32)
			is_listed = false;
		assert_int_equal(run(bytes, &regs), is_listed);
		if (!is_listed)
			assert_int_equal(regs.rip, (uint64_t)bytes);
	}
	/* Of user code nothing but RDTSC, and ports only where it may. */
	current->arch.in_kernel = false;
	for (unsigned op = 0; op < 256; op++) {
		uint8_t bytes[16] = { 0x0f, (uint8_t)op };

		if (op > 1 && op != 0x31)
			assert_refused(bytes);
	}
	for (unsigned i = 0; i < sizeof(one); i++) {
		uint8_t bytes[16] = { one[i] };

		assert_refused(bytes);
	}
	current->arch.in_kernel = true;
}

static void port_sizes(void **state)
{
	static const uint8_t in8[16] = { 0xec }, in32[16] = { 0xed },
			     in16[16] = { 0x66, 0xed },
			     in16_rex[16] = { 0x66, 0x48, 0xed },
			     in8_imm[16] = { 0xe4, 0x70 }, out8[16] = { 0xee },
			     out16[16] = { 0x66, 0xef }, out32[16] = { 0xef },
			     out32_imm[16] = { 0xe7, 0x80 };

	(void)state;
	assert_int_equal(rax_after(in8), 0x11112222333344bb);
	assert_int_equal(last_port, 0x300);
	assert_int_equal(rax_after(in16), 0x111122223333aabb);
	assert_int_equal(rax_after(in16_rex), 0x111122223333aabb);
	/* Four bytes clear the upper half: SDM vol. 1, 3.4.1.1. */
	assert_int_equal(rax_after(in32), 0x8899aabb);
	assert_int_equal(rax_after(in8_imm), 0x11112222333344bb);
	assert_int_equal(last_port, 0x70);
	assert_int_equal(reads, 5);
	assert_done(out8, 1);
	assert_int_equal(last_value, 0x44);
	assert_done(out16, 2);
	assert_int_equal(last_value, 0x4444);
	assert_int_equal(last_size, 2);
	assert_done(out32, 1);
	assert_int_equal(last_value, 0x33334444);
	assert_done(out32_imm, 2);
	assert_int_equal(last_port, 0x80);
	/* Past the last port. */
	before.rdx = 0xffff;
	DONE(0xec);
	REFUSED(0x66, 0xed);
	REFUSED(0xed);
	before.rdx = 0xfffe;
	REFUSED(0xef);
	DONE(0x66, 0xef);
}

/* Who may do port I/O, and what is there for whom. */
static void port_rights(void **state)
{
	struct cpu_user_regs regs;
	static const uint8_t in[16] = { 0xec };

	(void)state;
	ctl_play(1);
	current->arch.iopl = 0;
	REFUSED(0xec);
	REFUSED(0xfa);
	REFUSED(0xfb);
	REFUSED(0x6e);
	current->arch.iopl = 1;
	DONE(0xfa);
	/* It may, but the domain has no port: all ones, nothing touched. */
	assert_true(run(in, &regs));
	assert_int_equal(regs.rax & 0xff, 0xff);
	DONE(0xee);
	assert_int_equal(reads + writes, 0);
	current->arch.in_kernel = false;
	REFUSED(0xec);
	current->arch.iopl = 3;
	DONE(0xec);
	current->arch.in_kernel = true;
	/* A port that was given, and its neighbours. */
	assert_int_equal(
		rangeset_add(current->domain->ioports, 0x300, 0x301), 0);
	DONE(0xec);
	DONE(0x66, 0xed);
	assert_int_equal(reads, 2);
	/* Four bytes from 0x300: two are not its. */
	DONE(0xed);
	assert_int_equal(reads, 2);
}

/* Prefixes in any number, up to the longest instruction and not beyond. */
static void prefixes(void **state)
{
	uint8_t bytes[16];

	(void)state;
	memset(bytes, 0x2e, sizeof(bytes));
	bytes[14] = 0xec;
	assert_done(bytes, 15);
	bytes[14] = 0x2e;
	bytes[15] = 0xec;
	assert_refused(bytes);
	memset(bytes, 0x66, sizeof(bytes));
	assert_refused(bytes);
	memset(bytes, 0x48, sizeof(bytes));
	assert_refused(bytes);
	REFUSED(0xf0, 0xec); /* LOCK is for memory alone */
	DONE(0x26, 0x36, 0x3e, 0x64, 0x65, 0xec);
	DONE(0x4f, 0xec);
	/* A REX that is not the last prefix is none. */
	REFUSED(0x48, 0x66, 0xec);
}

/* Bytes that cannot be read: an instruction that ends before them is fine. */
static void page_ends(void **state)
{
	static uint8_t pages[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	uint8_t *at = pages + PAGE_SIZE;
	struct cpu_user_regs regs;

	(void)state;
	for (unsigned have = 1; have <= 3; have++) {
		static const uint8_t clts[] = { 0x66, 0x0f, 0x06 };

		memcpy(at - have, clts, have);
		fake_fail_copy_after(1);
		assert_int_equal(run(at - have, &regs), have == 3);
		fake_fail_copy_after(~0ULL);
	}
	fake_fail_copy_after(0);
	assert_refused(at - 3);
	fake_fail_copy_after(~0ULL);
	/* An immediate or a modrm that is not there. */
	at[-1] = 0xe4;
	fake_fail_copy_after(1);
	assert_refused(at - 1);
	at[-2] = 0x0f;
	at[-1] = 0x22;
	fake_fail_copy_after(1);
	assert_refused(at - 2);
	fake_fail_copy_after(~0ULL);
}

static void strings(void **state)
{
	static const uint8_t rep_outs[16] = { 0xf3, 0x6e },
			     rep_ins[16] = { 0xf3, 0x6d };
	uint8_t from[300];
	uint32_t to[200];
	struct cpu_user_regs regs;

	(void)state;
	memset(from, 0x5c, sizeof(from));
	before.rsi = (uint64_t)from;
	before.rcx = 3;
	assert_true(run(rep_outs, &regs));
	assert_int_equal(writes, 3);
	assert_int_equal(last_value, 0x5c);
	assert_int_equal(regs.rsi, (uint64_t)from + 3);
	assert_int_equal(regs.rcx, 0);
	assert_int_equal(regs.rip, (uint64_t)rep_outs + 2);
	/* None to do. */
	before.rcx = 0;
	assert_true(run(rep_outs, &regs));
	assert_int_equal(writes, 3);
	assert_int_equal(regs.rip, (uint64_t)rep_outs + 2);
	/* More than a batch: it comes again, and says how far it got. */
	before.rcx = 150;
	before.rdi = (uint64_t)to;
	memset(to, 0, sizeof(to));
	assert_true(run(rep_ins, &regs));
	assert_int_equal(regs.rip, (uint64_t)rep_ins);
	assert_true(regs.rcx < 150 && regs.rcx > 0);
	assert_int_equal(regs.rdi, (uint64_t)&to[150 - regs.rcx]);
	assert_int_equal(reads, 150 - regs.rcx);
	assert_int_equal(to[149 - regs.rcx], 0x8899aabb);
	assert_int_equal(to[150 - regs.rcx], 0);
	/* Downwards. */
	before.rflags |= 1 << 10;
	before.rcx = 2;
	before.rdi = (uint64_t)&to[10];
	assert_true(run(rep_ins, &regs));
	assert_int_equal(regs.rdi, (uint64_t)&to[8]);
	/* Addresses of 32 bits are not for 64-bit kernels. */
	REFUSED(0x67, 0xf3, 0x6d);
}

/* A fault of the string's memory comes before the device is touched. */
static void string_faults(void **state)
{
	static const uint8_t outs[16] = { 0x6e }, ins[16] = { 0x6c };
	struct cpu_user_regs regs;
	uint64_t stack[64] = { 0 };

	(void)state;
	current->arch.traps[14].address = 0x1000;
	before.rsp = (uint64_t)&stack[60];
	before.rsi = before.rdi = BAD_VA;
	assert_true(run(outs, &regs));
	assert_int_equal(regs.rip, 0x1000);
	assert_int_equal(current->vcpu_info->arch.cr2, BAD_VA);
	assert_int_equal(writes, 0);
	assert_true(run(ins, &regs));
	assert_int_equal(regs.rip, 0x1000);
	assert_int_equal(reads, 0);
}

/* Control and debug registers: which, and in which direction. */
static void moves(void **state)
{
	(void)state;
	for (uint8_t nr = 0; nr < 16; nr++) {
		bool is_there = nr == 0 || nr == 2 || nr == 3 || nr == 4;
		uint8_t read[16] = { nr > 7 ? 0x44 : 0x40, 0x0f, 0x20,
			(uint8_t)(0xc3 | (nr & 7) << 3) };
		uint8_t debug[16] = { nr > 7 ? 0x44 : 0x40, 0x0f, 0x21,
			(uint8_t)(0xc3 | (nr & 7) << 3) };

		if (is_there)
			assert_done(read, 4);
		else
			assert_refused(read);
		if (nr < 8)
			assert_done(debug, 4);
		else
			assert_refused(debug);
	}
	/* To r15 by REX.B; mod is ignored. */
	current->vcpu_info->arch.cr2 = 0x1234;
	{
		static const uint8_t to_r15[16] = { 0x41, 0x0f, 0x20, 0x17 };
		struct cpu_user_regs regs;

		assert_true(run(to_r15, &regs));
		assert_int_equal(regs.r15, 0x1234);
		assert_int_equal(regs.rdi, before.rdi);
	}
	before.rbx = 0x5678;
	DONE(0x0f, 0x22, 0xd3); /* cr2 */
	assert_int_equal(current->vcpu_info->arch.cr2, 0x5678);
	before.rbx = ~0ULL;
	REFUSED(0x0f, 0x22, 0xc3); /* cr0 */
	REFUSED(0x0f, 0x22, 0xdb); /* cr3 */
	before.rbx = HYPERVISOR_VA_START;
	REFUSED(0x0f, 0x23, 0xc3); /* dr0 in the hypervisor */
	before.rbx = 1UL << 63;
	REFUSED(0x0f, 0x23, 0xcb); /* dr1 nowhere */
	before.rbx = 2 << 16;
	REFUSED(0x0f, 0x23, 0xfb); /* dr7: a breakpoint on ports */
}

static void xsetbv(void **state)
{
	(void)state;
	REFUSED(0x0f, 0x01, 0xd1); /* the fake machine has no XSAVE */
	REFUSED(0x0f, 0x01, 0xd0);
	REFUSED(0x0f, 0x01, 0xf8); /* swapgs */
	REFUSED(0x0f, 0x01, 0x38); /* invlpg */
	REFUSED(0x0f, 0x01, 0x13); /* lgdt */
	REFUSED(0x0f, 0x01, 0x1b); /* lidt */
	REFUSED(0x0f, 0x01, 0xf3); /* lmsw */
	REFUSED(0x0f, 0x00, 0xd3); /* lldt */
	REFUSED(0x0f, 0x00, 0xdb); /* ltr */
}

/* Which MSRs there are: these, and no other of those that CPUs have. */
static const uint32_t readable[] = { 0x10, 0x1b, 0x8b, 0x179, 0x1a0, 0x277,
	0xc0000080, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103,
	0xc0010015 };
static const uint32_t writable[] = { 0x8b, 0x277, 0xc0000080, 0xc0000100,
	0xc0000101, 0xc0000102, 0xc0000103, 0x40000000 };

static bool is_among(const uint32_t *list, size_t n, uint32_t msr)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == msr)
			return true;
	return false;
}

static void msr_list(void **state)
{
	static const uint32_t from[] = { 0, 0x40000000, 0xc0000000, 0xc0010000,
		0xc0011000 };

	(void)state;
	for (unsigned d = 0; d < 2; d++) {
		ctl_play(d);
		for (unsigned i = 0; i < ARRAY_SIZE(from); i++)
			for (uint32_t m = from[i]; m < from[i] + 0x2000; m++) {
				uint64_t v = 0x77;

				if (is_among(readable, ARRAY_SIZE(readable), m))
					continue;
				assert_true(pv_rdmsr(current, m, &v) < 0);
				assert_int_equal(v, 0x77);
			}
		for (unsigned i = 0; i < ARRAY_SIZE(from); i++)
			for (uint32_t m = from[i]; m < from[i] + 0x2000; m++)
				if (!is_among(writable, ARRAY_SIZE(writable),
					    m)) {
					assert_true(
						pv_wrmsr(current, m, 0) < 0);
					assert_true(pv_wrmsr(current, m,
							    ~0ULL) < 0);
				}
	}
	/* What a guest may not know of the machine. */
	ctl_play(1);
	{
		uint64_t v;

		assert_true(pv_rdmsr(current, 0x1b, &v) < 0);
	}
}

static void msr_values(void **state)
{
	uint64_t v;

	(void)state;
	ctl_play(1);
	assert_int_equal(pv_rdmsr(current, 0x277, &v), 0);
	assert_int_equal(v, 0x050100070406ULL);
	assert_int_equal(pv_wrmsr(current, 0x277, v), 0);
	assert_true(pv_wrmsr(current, 0x277, v + 1) < 0);
	assert_true(pv_wrmsr(current, 0xc0000100, 1UL << 63) < 0);
	assert_true(pv_wrmsr(current, 0xc0000101, 1UL << 47) < 0);
	assert_int_equal(pv_wrmsr(current, 0xc0000100, 0x1234), 0);
	assert_int_equal(pv_rdmsr(current, 0xc0000100, &v), 0);
	assert_int_equal(v, 0x1234);
	assert_int_equal(pv_wrmsr(current, 0xc0000101, 0x2345), 0);
	assert_int_equal(pv_wrmsr(current, 0xc0000102, 0x3456), 0);
	assert_int_equal(pv_rdmsr(current, 0xc0000101, &v), 0);
	assert_int_equal(v, 0x2345);
	assert_int_equal(pv_rdmsr(current, 0xc0000102, &v), 0);
	assert_int_equal(v, 0x3456);
	assert_int_equal(pv_wrmsr(current, 0xc0000103, 7), 0);
	assert_int_equal(pv_rdmsr(current, 0xc0000103, &v), 0);
	assert_int_equal(pv_rdmsr(current, 0x179, &v), 0);
	assert_int_equal(v, 0); /* no banks of errors */
	assert_int_equal(pv_wrmsr(current, 0x8b, 0), 0);
	/* This machine has none of these to show. */
	assert_true(pv_rdmsr(current, 0x8b, &v) < 0);
	assert_true(pv_rdmsr(current, 0xc0000080, &v) < 0);
	assert_true(pv_wrmsr(current, 0xc0000080, 0xd01) < 0);
	assert_true(pv_wrmsr(current, 0xc0000103, 1UL << 32) < 0);
	assert_true(pv_wrmsr(current, 0x8b, 1) < 0);
	/* A hypercall page that is not its own. */
	assert_true(pv_wrmsr(current, 0x40000000, 0) < 0);
	assert_true(pv_wrmsr(current, 0x40000000, ~0ULL) < 0);
	assert_true(pv_wrmsr(current, 0x40000000, 5 << PAGE_SHIFT) < 0);
}

/* rdmsr and wrmsr by the instruction: only the low halves name and carry. */
static void msr_instructions(void **state)
{
	static const uint8_t rd[16] = { 0x0f, 0x32 };
	struct cpu_user_regs regs;

	(void)state;
	before.rcx = 0x12345678c0000100;
	before.rax = 0xabcdef0000001000;
	before.rdx = 0xabcdef0000000000;
	DONE(0x0f, 0x30);
	assert_int_equal(current->arch.fs_base, 0x1000);
	assert_true(run(rd, &regs));
	assert_int_equal(regs.rax, 0x1000);
	assert_int_equal(regs.rdx, 0);
	before.rcx = 0xc0000082;
	REFUSED(0x0f, 0x32);
	REFUSED(0x0f, 0x30);
}

static uint64_t counter_after(const uint8_t *bytes)
{
	struct cpu_user_regs regs;

	assert_true(run(bytes, &regs));
	assert_int_equal(regs.rax >> 32 | regs.rdx >> 32, 0);
	return regs.rdx << 32 | regs.rax;
}

/* The counter by all roads, at the rate and from where tools set it; and the
 * clock that a kernel makes of it. */
static void emulated_counter(void **state)
{
	static const uint8_t rdtsc[16] = { 0x0f, 0x31 };
	static const uint8_t rdtscp[16] = { 0x0f, 0x01, 0xf9 };
	const uint64_t elapsed = 3000000000000, start = 7500000000000;
	const struct vcpu_time_info *t;
	struct cpu_user_regs regs;
	struct time_scale scale;
	uint64_t value;

	(void)state;
	ctl_play(1);
	t = &current->vcpu_info->time;
	assert_int_equal(counter_after(rdtsc), arch_tsc());
	assert_int_equal(tsc_set(current->domain, 1, elapsed, 2500000, 9), 0);
	assert_int_equal(counter_after(rdtsc), start);
	/* It traps for this domain alone. */
	ctl_play(0);
	assert_false(this_cpu()->arch.has_tsd);
	ctl_play(1);
	assert_true(this_cpu()->arch.has_tsd);
	fake_advance(4000);
	assert_int_equal(counter_after(rdtsc), start + 10000);
	assert_int_equal(pv_rdmsr(current, 0x10, &value), 0);
	assert_int_equal(value, start + 10000);
	current->arch.tsc_aux = 5;
	assert_true(run(rdtscp, &regs));
	assert_int_equal(regs.rip, (uint64_t)rdtscp + 3);
	assert_int_equal(regs.rcx, 5);
	assert_int_equal(regs.rdx << 32 | regs.rax, start + 10000);
	current->arch.in_kernel = false;
	assert_int_equal(counter_after(rdtsc), start + 10000);
	/* The guest's CR4.TSD is for its user code alone. */
	current->arch.cr[4] |= 4;
	assert_refused(rdtsc);
	assert_refused(rdtscp);
	current->arch.in_kernel = true;
	assert_int_equal(counter_after(rdtsc), start + 10000);
	fake_advance(1000000000);
	scale = (struct time_scale){ t->tsc_to_system_mul, t->tsc_shift };
	value = t->system_time +
		time_scale_ns(&scale, counter_after(rdtsc) - t->tsc_timestamp);
	assert_in_range(time_now() - value, 0, 1);
}

static void forced_cpuid(void **state)
{
	static const uint8_t good[16] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f,
		0xa2 };
	struct cpu_user_regs regs = before;

	(void)state;
	regs.rip = (uint64_t)good;
	regs.rax = 0xffffffff40000000;
	assert_true(pv_emulate_forced_cpuid(current, &regs));
	assert_int_equal(regs.rbx, 0x566e6558);
	assert_int_equal(regs.rip, (uint64_t)good + 7);
	for (unsigned i = 0; i < 7; i++) {
		uint8_t bad[16];

		memcpy(bad, good, sizeof(bad));
		bad[i] ^= 1;
		regs = before;
		regs.rip = (uint64_t)bad;
		assert_false(pv_emulate_forced_cpuid(current, &regs));
		assert_int_equal(regs.rip, (uint64_t)bad);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_else),
		TEST(port_sizes),
		TEST(port_rights),
		TEST(prefixes),
		TEST(page_ends),
		TEST(strings),
		TEST(string_faults),
		TEST(moves),
		TEST(xsetbv),
		TEST(msr_list),
		TEST(msr_values),
		TEST(msr_instructions),
		TEST(emulated_counter),
		TEST(forced_cpuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
