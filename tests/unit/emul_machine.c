/* SPDX-License-Identifier: BSD-2-Clause */
/* What a kernel's or a user's #GP turns into: the hypercall page's MSR, and
 * the instructions that UMIP forbids. */
#include "ctl_rig.h"

#include <tenon/entry.h>
#include <tenon/pv.h>
#include <public/arch-x86/cpuid.h>

#define DATA_VA FAKE_SPACE_VA
#define CODE_VA (FAKE_SPACE_VA + PAGE_SIZE)

static mfn_t frame[3 + FAKE_SPACE_TABLES];

/* dom[1]'s vcpu on page tables of its own: data, code, a page not mapped. */
static void start(void)
{
	ctl_start(1);
	ctl_play(1);
	assert_int_equal(fake_space(dom[1]->vcpu[0], 3, frame), 0);
	assert_int_equal(
		pt_update_va(current, dom[1], FAKE_SPACE_VA + 2 * PAGE_SIZE, 0),
		0);
	pt_flush(dom[1]);
}

/* Raises #GP(0) at these bytes.  True: done, at the next instruction. */
static bool run(const void *code, size_t n)
{
	struct cpu_user_regs *regs = arch_guest_regs();

	memset(mfn_to_virt(frame[1]), 0xcc, PAGE_SIZE);
	memcpy(mfn_to_virt(frame[1]), code, n);
	regs->rip = CODE_VA;
	regs->error_code = 0;
	regs->rsp = DATA_VA + PAGE_SIZE;
	current->arch.traps[13].address = 0x1300;
	current->arch.traps[14].address = 0x1400;
	current->arch.kernel_sp = DATA_VA + PAGE_SIZE;
	entry_general_protection(regs);
	return regs->rip == CODE_VA + n;
}

#define RUN(...)                              \
	run((const uint8_t[]){ __VA_ARGS__ }, \
		sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void hypercall_page(void **state)
{
	struct cpu_user_regs *regs;
	const uint8_t *page;
	uint32_t leaf[4];
	mfn_t foreign;

	(void)state;
	start();
	regs = arch_guest_regs();
	pv_cpuid(current, 0x40000002, 0, leaf);
	assert_int_equal(leaf[0], 1);
	page = mfn_to_virt(frame[0]);
	regs->rcx = leaf[1];
	regs->rax = frame[0].v << PAGE_SHIFT;
	regs->rdx = 0;
	assert_true(RUN(0x0f, 0x30));
	/* mov $5, %eax; syscall in the sixth stub. */
	assert_memory_equal(page + 5 * 32 + 3, "\xb8\5\0\0\0\x0f\5", 7);

	/* Page 1 of one, a table, no frame, another's frame. */
	assert_int_equal(pv_wrmsr(current, leaf[1], regs->rax | 1), -EPERM);
	assert_int_equal(
		pv_wrmsr(current, leaf[1], frame[4].v << PAGE_SHIFT), -EPERM);
	assert_int_equal(pv_wrmsr(current, leaf[1], ~0xfffULL), -EPERM);
	assert_int_equal(pv_wrmsr(current, leaf[1], 0), -EPERM);
	foreign = virt_to_mfn(dom[0]->shared_info);
	assert_int_equal(
		pv_wrmsr(current, leaf[1], foreign.v << PAGE_SHIFT), -EPERM);
	/* And user code has no WRMSR at all. */
	memset(mfn_to_virt(frame[0]), 0, PAGE_SIZE);
	current->arch.user_root = current->arch.root;
	arch_toggle_mode(current);
	assert_false(RUN(0x0f, 0x30));
	assert_int_equal(page[0], 0);
	assert_int_equal(regs->rip, 0x1300);
	current->arch.user_root = MFN(0);
	ctl_stop();
}

static void stores_to_memory(void **state)
{
	struct cpu_user_regs *regs;
	uint8_t *data;
	uint64_t base;

	(void)state;
	start();
	regs = arch_guest_regs();
	regs->cs = FLAT_RING3_CS64;
	data = mfn_to_virt(frame[0]);
	memset(data, 0x55, 256);
	regs->rbx = DATA_VA;
	assert_true(RUN(0x0f, 0x01, 0x03)); /* sgdt (%rbx) */
	assert_memory_equal(data, "\0\0\0\0\xff\xff\xff\xff\xff\xff\x55", 11);
	regs->r9 = DATA_VA + 0x1000;
	regs->r12 = 2;
	/* sidt -0xff0(%r9,%r12,8) */
	assert_true(RUN(0x43, 0x0f, 0x01, 0x8c, 0xe1, 0x10, 0xf0, 0xff, 0xff));
	memcpy(&base, data + 0x22, 8);
	assert_int_equal(base, 0xffffffffffff0000ULL);
	assert_int_equal(data[0x1f], 0x55);
	assert_int_equal(data[0x2a], 0x55);
	/* str -0x1000+0x40(%rip), to the data page */
	assert_true(RUN(0x0f, 0x00, 0x0d, 0x39, 0xf0, 0xff, 0xff));
	assert_memory_equal(data + 0x40, "\x40\xe0\x55", 3);
	current->arch.fs_base = DATA_VA - 0x100;
	/* sldt %fs:0x150 */
	assert_true(RUN(0x64, 0x0f, 0x00, 0x04, 0x25, 0x50, 1, 0, 0));
	assert_memory_equal(data + 0x50, "\0\0\x55", 3);
	/* smsw 0x60(%rbx): 16 bits whatever the operand size */
	assert_true(RUN(0x48, 0x0f, 0x01, 0x63, 0x60));
	assert_int_equal(data[0x62], 0x55);

	/* Not mapped: #PF for a write there.  Not canonical, a register where
	 * there is none, LGDT: the guest's #GP. */
	regs->rbx = DATA_VA + 2 * PAGE_SIZE;
	assert_false(RUN(0x0f, 0x01, 0x03));
	assert_int_equal(regs->rip, 0x1400);
	assert_int_equal(current->vcpu_info->arch.cr2, regs->rbx);
	regs->rbx = 1ULL << 63;
	assert_false(RUN(0x0f, 0x01, 0x03));
	assert_int_equal(regs->rip, 0x1300);
	assert_false(RUN(0x0f, 0x01, 0xc3));
	regs->rbx = DATA_VA;
	assert_false(RUN(0x0f, 0x01, 0x13));
	assert_int_equal(regs->rip, 0x1300);
	ctl_stop();
}

static void stores_to_registers(void **state)
{
	struct cpu_user_regs *regs;

	(void)state;
	start();
	regs = arch_guest_regs();
	regs->cs = FLAT_RING3_CS64;
	current->arch.cr[0] = 0x80050033;
	regs->r10 = ~0ULL;
	assert_true(RUN(0x41, 0x0f, 0x01, 0xe2)); /* smsw %r10d */
	assert_int_equal(regs->r10, 0x80050033);
	regs->rax = ~0ULL;
	assert_true(RUN(0x66, 0x0f, 0x00, 0xc8)); /* str %ax */
	assert_int_equal(regs->rax, 0xffffffffffffe040ULL);
	assert_true(RUN(0x0f, 0x00, 0xc0)); /* sldt %eax */
	assert_int_equal(regs->rax, 0);

	/* 32-bit code: 0x48 is no prefix there, and SGDT writes 6 bytes. */
	regs->cs = FLAT_RING3_CS32;
	assert_false(RUN(0x48, 0x0f, 0x00, 0xc8));
	assert_int_equal(regs->rip, 0x1300);
	ctl_stop();
}

static void full_cpu(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	memset(r, 0xff, 16);
	if (leaf == 0)
		r[0] = 0x16;
	else if (leaf == 0x80000000)
		r[0] = 0x80000021;
	else if (leaf == 7)
		r[0] = sub ? ~0U : 2;
}

/* What a policy takes from a guest it neither sees nor can turn on. */
static void policy(void **state)
{
	static struct xen_cpuid_leaf leaves[] = {
		{ 0, XEN_CPUID_NO_SUBLEAF, 0xd, 'a', 'b', 'c' },
		{ 1, XEN_CPUID_NO_SUBLEAF, 0x123, 0, 1U << 26, 1 },
		{ 4, 0, 0x21, 0x22, 0x23, 0x24 },
		{ 7, 0, 0, 1U << 5, 0, 0 },
		{ 0xd, 0, 3, 1, 1, 0 },
		{ 0xd, 1, 1, 0, 0, 0 },
		{ 0x80000000, XEN_CPUID_NO_SUBLEAF, 0x80000007, 0, 0, 0 },
		{ 0x80000001, XEN_CPUID_NO_SUBLEAF, 0x456, 0, 1, 1U << 29 },
	};
	struct cpu_user_regs *regs;
	uint32_t r[4];

	(void)state;
	start();
	fake_cpuid = full_cpu;
	fake_xcr0_mask = 7;
	regs = arch_guest_regs();
	regs->rcx = regs->rdx = 0;
	regs->rax = 7;
	assert_true(RUN(0x0f, 0x01, 0xd1)); /* XSETBV */
	assert_int_equal(
		pv_write_cr(current, 4, 1UL << 18 | 1UL << 16 | 1UL << 2), 0);
	assert_true(pv_read_cr(current, 4) & 1UL << 16);

	dom[1]->arch.cpuid_policy = leaves;
	dom[1]->arch.cpuid_count = ARRAY_SIZE(leaves);
	pv_cpuid(current, 0, 0, r);
	assert_int_equal(r[0], 0xd);
	assert_int_equal(r[2], 'b');
	pv_cpuid(current, 4, 0, r);
	assert_int_equal(r[2], 0x23);
	pv_cpuid(current, 7, 0, r);
	assert_int_equal(r[0], 0);
	assert_int_equal(r[1], 1U << 5);
	assert_int_equal(r[3], 0);
	pv_cpuid(current, 0xd, 0, r);
	assert_int_equal(r[0], 3);
	assert_int_equal(r[1], ~0U); /* sizes are this CPU's */
	pv_cpuid(current, 0xd, 1, r);
	assert_int_equal(r[0], 1);
	pv_cpuid(current, 0xd, 2, r);
	assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	pv_cpuid(current, 0x80000001, 0, r);
	assert_int_equal(r[0], 0x456);
	assert_int_equal(r[2], 1);
	assert_int_equal(r[3], 1U << 29);
	pv_cpuid(current, 0x80000008, 0, r);
	assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	pv_cpuid(current, 0x40000000, 0, r);
	assert_int_equal(r[1], XEN_CPUID_SIGNATURE_EBX);

	assert_false(RUN(0x0f, 0x01, 0xd1));
	regs->rax = 3;
	regs->rcx = regs->rdx = 0;
	assert_true(RUN(0x0f, 0x01, 0xd1));
	assert_int_equal(
		pv_write_cr(current, 4, 1UL << 18 | 1UL << 16 | 1UL << 2), 0);
	assert_false(pv_read_cr(current, 4) & 1UL << 16);
	assert_true(pv_read_cr(current, 4) & 1UL << 18);
	pv_cpuid(current, 1, 0, r);
	assert_int_equal(r[0], 0x123);
	assert_true(r[2] & 1U << 27); /* OSXSAVE, as CR4 says */
	/* Without XSAVE there is no XCR0. */
	leaves[1].c = 0;
	assert_false(RUN(0x0f, 0x01, 0xd1));
	pv_cpuid(current, 0xd, 0, r);
	assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	dom[1]->arch.cpuid_policy = NULL;
	fake_cpuid = NULL;
	fake_xcr0_mask = 0;
	ctl_stop();
}

/* Where we leave XSAVE alone, nothing that needs it is seen. */
static void without_xsave(void **state)
{
	uint32_t r[4];

	(void)state;
	start();
	fake_cpuid = full_cpu;
	for (fake_xcr0_mask = 0; fake_xcr0_mask < 8; fake_xcr0_mask += 7) {
		uint32_t seen = fake_xcr0_mask ? ~0U : 0;
		const uint32_t in_1 = 1U << 12 | 1U << 26 | 1U << 28 | 1U << 29;

		pv_cpuid(current, 1, 0, r);
		assert_int_equal(r[2] & in_1, seen & in_1);
		assert_true(r[2] & 1U << 25); /* AES */
		pv_cpuid(current, 7, 0, r);
		assert_int_equal(r[1] & 1U << 5, seen & 1U << 5);
		pv_cpuid(current, 0x80000001, 0, r);
		assert_int_equal(r[2] & (1U << 11 | 1U << 16),
			seen & (1U << 11 | 1U << 16));
	}
	fake_cpuid = NULL;
	fake_xcr0_mask = 0;
	ctl_stop();
}

/* What is carried out for a kernel that steps ends with its #DB; what faults
 * does not. */
static void single_step(void **state)
{
	struct cpu_user_regs *regs;

	(void)state;
	start();
	regs = arch_guest_regs();
	current->arch.traps[1].address = 0x100;
	regs->rflags = 0x302;
	assert_false(RUN(0x0f, 0x06)); /* CLTS */
	assert_int_equal(regs->rip, 0x100);
	assert_true(current->arch.dr[6] & 1 << 14);
	assert_false(regs->rflags & 0x100);

	current->arch.dr[6] = 0;
	regs->rflags = 0x302;
	regs->rcx = 0x12345678; /* an MSR that is none */
	assert_false(RUN(0x0f, 0x32));
	assert_int_equal(regs->rip, 0x1300);
	assert_int_equal(current->arch.dr[6], 0);

	regs->rflags = 0x302;
	memcpy(mfn_to_virt(frame[1]), "\x0f\x0bxen\x0f\xa2", 7);
	regs->rip = CODE_VA;
	entry_invalid_opcode(regs);
	assert_int_equal(regs->rip, 0x100);
	ctl_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy),
		cmocka_unit_test(without_xsave),
		cmocka_unit_test(single_step),
		cmocka_unit_test(hypercall_page),
		cmocka_unit_test(stores_to_memory),
		cmocka_unit_test(stores_to_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
