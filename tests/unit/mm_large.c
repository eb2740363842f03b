/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine of 1 TiB, mapped sparsely by the host: frames of its end are
 * allocated, limited by address, owned, mapped by page tables and given back,
 * and no number of theirs is cut on the way.  Skipped where the host does not
 * map so much.
 */
#include "mm_test.h"

#define FRAMES (1ULL << 28)
#define FAR    (FRAMES - (1ULL << PAGE_ORDER_MAX)) /* the last block */
#define DATA   8
#define RO     (PTE_PRESENT | PTE_USER)
#define RW     (RO | PTE_RW)

static bool is_there;

static int start(void **state)
{
	(void)state;
	is_there = fake_start_sparse(FRAMES, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (is_there)
		fake_discard();
	return 0;
}

static void need_machine(void)
{
	if (!is_there) {
		print_message("the host does not map 1 TiB\n");
		skip();
	}
}

static void test_allocator(void **state)
{
	struct page *big, *low, *last;

	(void)state;
	need_machine();
	assert_int_equal(page_free_count(), FRAMES - 1);
	assert_int_equal(page_free_count_below(32), (1ULL << 20) - 1);
	assert_int_equal(page_free_count_below(24), (1ULL << 12) - 1);
	big = page_alloc(PAGE_ORDER_MAX, ALLOC_NO_SCRUB);
	assert_non_null(big);
	assert_int_equal(page_to_mfn(big).v, FAR);
	low = page_alloc(0, ALLOC_BITS(32));
	assert_non_null(low);
	assert_true(page_to_mfn(low).v < 1ULL << 20);
	last = mfn_to_page(MFN(FRAMES - 1));
	assert_int_equal(page_to_mfn(last).v, FRAMES - 1);
	assert_int_equal((uint64_t)((uint8_t *)page_to_virt(last) - directmap),
		(FRAMES - 1) << PAGE_SHIFT);
	assert_ptr_equal(virt_to_page(page_to_virt(last)), last);
	page_free(low, 0);
	page_free(big, PAGE_ORDER_MAX);
	assert_int_equal(page_free_count(), FRAMES - 1);
}

static void use_tables(void)
{
	uint64_t *l1;
	mfn_t m[DATA + FAKE_SPACE_TABLES];
	struct domain *d;
	struct vcpu *v;
	uint8_t *byte;

	d = fake_domain(1, 64, 1);
	v = d->vcpu[0];
	fake_enter(v, 0);
	assert_int_equal(fake_space(v, DATA, m), 0);
	for (unsigned i = 0; i < DATA; i++) {
		assert_true(m[i].v >= FAR);
		assert_int_equal(page_owner(mfn_to_page(m[i])), d->id);
	}
	l1 = mfn_to_virt(m[DATA]);
	assert_int_equal(pte_mfn(l1[1]).v, m[1].v);
	assert_int_equal(
		pt_commit(d, d, v, m[DATA], 0, pte_make(m[1], RW), false), 0);
	assert_int_equal(l1[0] & PTE_FRAME_MASK, m[1].v << PAGE_SHIFT);
	fake_enter(v, 0);
	byte = fake_guest_access(FAKE_SPACE_VA, true, NULL);
	assert_ptr_equal(byte, mfn_to_virt(m[1]));
	assert_true(
		pt_commit_frequent(d, m[DATA], 0, pte_make(m[2], RO), false));
	assert_int_equal(pte_mfn(l1[0]).v, m[2].v);
	/* Behind the end, and with all bits of a frame's number. */
	assert_int_equal(pt_commit(d, d, v, m[DATA], 0,
				 pte_make(MFN(FRAMES), RO), false),
		-EINVAL);
	assert_int_equal(pt_commit(d, d, v, m[DATA], 0,
				 PTE_FRAME_MASK | PTE_PRESENT, false),
		-EINVAL);

	fake_enter(NULL, 0);
	fake_play(0);
	d->life = DOMAIN_DYING;
	while (pt_relinquish(d) == -ERESTART_HC)
		;
	fake_domain_free(d);
}

static void test_tables(void **state)
{
	uint64_t before;

	(void)state;
	need_machine();
	/* The heap keeps what the first one made it take. */
	use_tables();
	before = page_free_count();
	use_tables();
	assert_int_equal(page_free_count(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_allocator, start, stop),
		cmocka_unit_test_setup_teardown(test_tables, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
