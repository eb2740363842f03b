/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmu_update, mmuext_op, update_va_mapping and the descriptor hypercalls, as
 * Linux calls them: batches, flushes, foreign domains, preemption.
 */
#include "mm_test.h"
#include <public/xen.h>

#define DATA 8
#define L1   (DATA + 0)
#define L2   (DATA + 1)
#define L4   (DATA + 3)

static struct domain *d;
static struct vcpu *v;
static mfn_t m[DATA + FAKE_SPACE_TABLES];
static const uint64_t RW = PTE_PRESENT | PTE_USER | PTE_RW;
static const uint64_t RO = PTE_PRESENT | PTE_USER;

/* Arguments lie in data frame 0, where the guest sees them. */
#define ARGS (FAKE_SPACE_VA)
#define DONE (FAKE_SPACE_VA + 4088)

static int start(void **state)
{
	(void)state;
	fake_start(1024, 2);
	d = fake_domain(1, 64, 2);
	v = d->vcpu[0];
	fake_enter(v, 0);
	if (fake_space(v, DATA, m))
		return -1;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_should_yield = NULL;
	mm_kill(d);
	fake_stop();
	return 0;
}

static void *args(void)
{
	return mfn_to_virt(m[0]);
}

static uint32_t done(void)
{
	return *(uint32_t *)((uint8_t *)args() + 4088);
}

static uint64_t entry_ptr(unsigned table, unsigned index, unsigned cmd)
{
	return (m[table].v << PAGE_SHIFT) + index * 8 + cmd;
}

/* Runs one to its end as the guest's repeated SYSCALLs would. */
static long run(
	hypercall_fn *fn, uint64_t a, uint64_t b, uint64_t c, uint64_t e)
{
	struct hypercall hc = {
		.v = current, .d = current->domain, .arg = { a, b, c, e }
	};
	long r;

	while ((r = fn(&hc)) == -ERESTART_HC)
		mm_check();
	mm_check();
	return r;
}

static long mmu_update(unsigned n)
{
	return run(hc_mmu_update, ARGS, n, DONE, DOMID_SELF);
}

static long mmuext(unsigned n)
{
	return run(hc_mmuext_op, ARGS, n, DONE, DOMID_SELF);
}

static bool always(void)
{
	return true;
}

static void test_mmu_update(void **state)
{
	struct mmu_update *u = args();
	const uint64_t *l1 = mfn_to_virt(m[L1]);

	(void)state;
	u[0] = (struct mmu_update){ entry_ptr(L1, 50, 0), pte_make(m[3], RW) };
	u[1] = (struct mmu_update){ entry_ptr(L1, 51, 0), pte_make(m[4], RO) };
	u[2] = (struct mmu_update){
		(m[3].v << PAGE_SHIFT) | MMU_MACHPHYS_UPDATE, 77
	};
	u[3] = (struct mmu_update){ entry_ptr(L1, 52, 0), pte_make(m[L1], RW) };
	u[4] = (struct mmu_update){ entry_ptr(L1, 53, 0), pte_make(m[4], RO) };
	for (unsigned yields = 0; yields < 2; yields++) {
		fake_should_yield = yields ? always : NULL;
		assert_int_equal(mmu_update(5), -EINVAL);
		assert_int_equal(done(), 3);
		assert_true(l1[50] == pte_make(m[3], RW));
		assert_int_equal(m2p[m[3].v], 77);
		assert_int_equal(l1[53], 0);
	}
	fake_should_yield = NULL;
	assert_int_equal(mmu_update(0), 0);
	/* A/D are kept when asked. */
	assert_non_null(
		fake_guest_access(FAKE_SPACE_VA + 50 * PAGE_SIZE, true, NULL));
	u[0] = (struct mmu_update){
		entry_ptr(L1, 50, MMU_PT_UPDATE_PRESERVE_AD), pte_make(m[3], RO)
	};
	assert_int_equal(mmu_update(1), 0);
	assert_true(l1[50] == pte_make(m[3], RO | PTE_ACCESSED | PTE_DIRTY));
	/* A frame that is no table: a plain write. */
	u[0] = (struct mmu_update){ entry_ptr(3, 9, 0), 0x123456789abcdef1 };
	assert_int_equal(mmu_update(1), 0);
	assert_true(((uint64_t *)mfn_to_virt(m[3]))[9] == 0x123456789abcdef1);
	/* Misaligned; not ours; no frame. */
	u[0].ptr = entry_ptr(L1, 0, 4);
	assert_int_equal(mmu_update(1), -ENOSYS);
	u[0].ptr = 1020ULL << PAGE_SHIFT;
	assert_int_equal(mmu_update(1), -EINVAL);
	u[0].ptr = ~7ULL;
	assert_int_equal(mmu_update(1), -EINVAL);
	assert_int_equal(
		run(hc_mmu_update, 0x1000, 1, DONE, DOMID_SELF), -EFAULT);
	assert_int_equal(
		run(hc_mmu_update, ARGS, 1, DONE, DOMID_INVALID), -ESRCH);
	assert_int_equal(run(hc_mmu_update, ARGS, 1, DONE, DOMID_XEN), -EPERM);
}

static void test_update_va(void **state)
{
	const vaddr_t va = FAKE_SPACE_VA + 3 * PAGE_SIZE;
	uint64_t *mask = (uint64_t *)args() + 8;

	(void)state;
	assert_non_null(fake_guest_access(va, true, NULL));
	/* Without a flush the old translation stays, with one it goes. */
	assert_int_equal(
		run(hc_update_va_mapping, va, pte_make(m[3], RO), UVMF_NONE, 0),
		0);
	assert_non_null(fake_guest_access(va, true, NULL));
	assert_int_equal(run(hc_update_va_mapping, va, pte_make(m[3], RO),
				 UVMF_INVLPG | UVMF_LOCAL, 0),
		0);
	assert_null(fake_guest_access(va, true, NULL));
	assert_int_equal(run(hc_update_va_mapping, va, pte_make(m[3], RW),
				 UVMF_TLB_FLUSH | UVMF_ALL, 0),
		0);
	*mask = 3;
	assert_int_equal(run(hc_update_va_mapping, va, pte_make(m[3], RO),
				 (ARGS + 64) | UVMF_INVLPG, 0),
		0);
	assert_int_equal(run(hc_update_va_mapping, va, pte_make(m[3], RO),
				 0x1000 | UVMF_INVLPG, 0),
		-EFAULT);
	assert_int_equal(run(hc_update_va_mapping, 1ULL << 45,
				 pte_make(m[3], RO), UVMF_NONE, 0),
		-EINVAL);
	assert_int_equal(run(hc_update_va_mapping, HYPERVISOR_VA_START,
				 pte_make(m[3], RO), UVMF_NONE, 0),
		-EINVAL);
}

static void test_mmuext(void **state)
{
	struct mmuext_op *op = args();

	(void)state;
	/* As an exec: protect, pin, load both roots, unpin. */
	op[0] = (struct mmuext_op){ .cmd = MMUEXT_PIN_L4_TABLE,
		.arg1.mfn = m[L4].v };
	op[1] = (struct mmuext_op){ .cmd = MMUEXT_NEW_BASEPTR,
		.arg1.mfn = m[L4].v };
	op[2] = (struct mmuext_op){ .cmd = MMUEXT_NEW_USER_BASEPTR,
		.arg1.mfn = m[L4].v };
	op[3] = (struct mmuext_op){ .cmd = MMUEXT_UNPIN_TABLE,
		.arg1.mfn = m[L4].v };
	op[4] = (struct mmuext_op){ .cmd = MMUEXT_NEW_USER_BASEPTR,
		.arg1.mfn = 0 };
	fake_should_yield = always;
	assert_int_equal(mmuext(5), 0);
	fake_should_yield = NULL;
	assert_int_equal(done(), 5);
	assert_int_equal(mfn_to_page(m[L4])->type & TYPE_COUNT, 1);

	op[0] = (struct mmuext_op){ .cmd = MMUEXT_TLB_FLUSH_LOCAL };
	op[1] = (struct mmuext_op){ .cmd = MMUEXT_TLB_FLUSH_ALL };
	op[2] = (struct mmuext_op){ .cmd = MMUEXT_INVLPG_LOCAL,
		.arg1.linear_addr = FAKE_SPACE_VA };
	op[3] = (struct mmuext_op){ .cmd = MMUEXT_INVLPG_ALL,
		.arg1.linear_addr = FAKE_SPACE_VA };
	op[4] = (struct mmuext_op){ .cmd = MMUEXT_TLB_FLUSH_MULTI,
		.arg2.vcpumask.va = ARGS };
	op[5] = (struct mmuext_op){ .cmd = MMUEXT_SET_LDT,
		.arg1.linear_addr = FAKE_SPACE_VA,
		.arg2.nr_ents = 512 };
	op[6] = (struct mmuext_op){ .cmd = MMUEXT_SET_LDT };
	assert_int_equal(mmuext(7), 0);

	memset(mfn_to_virt(m[3]), 7, PAGE_SIZE);
	op[0] = (struct mmuext_op){ .cmd = MMUEXT_COPY_PAGE,
		.arg1.mfn = m[4].v,
		.arg2.src_mfn = m[3].v };
	op[1] = (struct mmuext_op){ .cmd = MMUEXT_CLEAR_PAGE,
		.arg1.mfn = m[3].v };
	op[2] = (struct mmuext_op){ .cmd = MMUEXT_CLEAR_PAGE,
		.arg1.mfn = m[L1].v };
	assert_int_equal(mmuext(3), -EINVAL);
	assert_int_equal(*(uint8_t *)mfn_to_virt(m[4]), 7);
	assert_int_equal(*(uint8_t *)mfn_to_virt(m[3]), 0);

	op[0] = (struct mmuext_op){ .cmd = MMUEXT_FLUSH_CACHE };
	assert_int_equal(mmuext(1), -EACCES);
	op[0] = (struct mmuext_op){ .cmd = MMUEXT_MARK_SUPER };
	assert_int_equal(mmuext(1), -EOPNOTSUPP);
	op[0] = (struct mmuext_op){ .cmd = MMUEXT_SET_LDT,
		.arg1.linear_addr = HYPERVISOR_VA_START - 4096,
		.arg2.nr_ents = 513 };
	assert_int_equal(mmuext(1), -EINVAL);
}

static void test_descriptors(void **state)
{
	uint64_t *frames = args(), *gdt = mfn_to_virt(m[5]);
	const uint64_t data = 0x00cf92000000ffffULL;
	uint64_t slot = (m[5].v << PAGE_SHIFT) + 16;

	(void)state;
	gdt[1] = 0x00af9b000000ffffULL;
	/* Still a plain frame. */
	assert_int_equal(run(hc_update_descriptor, slot, data, 0, 0), 0);
	assert_true(gdt[2] == (data | 3ULL << 45 | 1ULL << 40));
	assert_int_equal(
		run(hc_update_va_mapping, FAKE_SPACE_VA + 5 * PAGE_SIZE,
			pte_make(m[5], RO), UVMF_NONE, 0),
		0);
	frames[0] = m[5].v;
	assert_int_equal(run(hc_set_gdt, ARGS, 512, 0, 0), 0);
	assert_int_equal(mfn_to_page(m[5])->type & TYPE_COUNT, 1);
	assert_int_equal(run(hc_update_descriptor, slot, 0, 0, 0), 0);
	assert_int_equal(gdt[2], 0);
	assert_int_equal(
		run(hc_update_descriptor, slot, 0x00008b0000000067ULL, 0, 0),
		-EINVAL);
	assert_int_equal(run(hc_update_descriptor, slot + 4, 0, 0, 0), -EINVAL);
	assert_int_equal(
		run(hc_update_descriptor, m[L1].v << PAGE_SHIFT, 0, 0, 0),
		-EINVAL);
	frames[0] = m[L1].v;
	assert_int_equal(run(hc_set_gdt, ARGS, 1, 0, 0), -EINVAL);
	assert_int_equal(run(hc_set_gdt, ARGS, 7169, 0, 0), -EINVAL);
	assert_int_equal(run(hc_set_gdt, 0x1000, 1, 0, 0), -EFAULT);
	assert_int_equal(run(hc_set_gdt, ARGS, 0, 0, 0), 0);
	assert_int_equal(mfn_to_page(m[5])->type & TYPE_COUNT, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mmu_update, start, stop),
		cmocka_unit_test_setup_teardown(test_update_va, start, stop),
		cmocka_unit_test_setup_teardown(test_mmuext, start, stop),
		cmocka_unit_test_setup_teardown(test_descriptors, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
