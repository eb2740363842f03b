/* SPDX-License-Identifier: BSD-2-Clause */
/* Page types: validation, preemption, pins, flushes, races of two CPUs. */
#include "mm_test.h"

#define DATA 24
/* Frames of fake_space by their place behind the data. */
#define L1 (DATA + 0)
#define L2 (DATA + 1)
#define L3 (DATA + 2)
#define L4 (DATA + 3)

static struct domain *d;
static struct vcpu *v;
static mfn_t m[DATA + FAKE_SPACE_TABLES];
static const uint64_t RW = PTE_PRESENT | PTE_USER | PTE_RW;
static const uint64_t RO = PTE_PRESENT | PTE_USER;

static vaddr_t va_of(unsigned i)
{
	return FAKE_SPACE_VA + i * PAGE_SIZE;
}

static int start(void **state)
{
	(void)state;
	fake_start(2048, 2);
	d = fake_domain(1, 512, 2);
	v = d->vcpu[0];
	fake_enter(v, 0);
	if (fake_space(v, DATA, m))
		return -1;
	mm_check();
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

static uint64_t *entries(mfn_t table)
{
	return mfn_to_virt(table);
}

static uint64_t count_of(mfn_t f)
{
	return mfn_to_page(f)->type & TYPE_COUNT;
}

static void test_space(void **state)
{
	(void)state;
	assert_non_null(fake_guest_access(va_of(0), true, NULL));
	assert_non_null(fake_guest_access(va_of(L1), false, NULL));
	assert_null(fake_guest_access(va_of(L1), true, NULL));
	assert_null(fake_guest_access(va_of(L4 + 1), false, NULL));
	mm_check();
}

static void test_commit(void **state)
{
	mfn_t other = m[3];

	(void)state;
	/* Read-only, then nothing, then another frame. */
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 0, pte_make(m[0], RO), false), 0);
	assert_int_equal(count_of(m[0]), 0);
	assert_int_equal(pt_commit(d, d, v, m[L1], 0, 0, false), 0);
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 0, pte_make(other, RW), false), 0);
	assert_int_equal(count_of(other), 2);
	mm_check();
	/* A table never gets writable; neither does a hypervisor page, nor one
	 * of nobody. */
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 0, pte_make(m[L2], RW), false),
		-EINVAL);
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 0, pte_make(m[L1], RW), false),
		-EINVAL);
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 0, pte_make(MFN(2000), RO), false),
		-EINVAL);
	assert_int_equal(pt_commit(d, d, v, m[L1], 0,
				 pte_make(MFN(frame_count), RO), false),
		-EINVAL);
	/* Superpages are not offered; slots 256..271 are not the guest's. */
	assert_int_equal(pt_commit(d, d, v, m[L2], 7,
				 pte_make(m[0], RW | PTE_PSE), false),
		-EINVAL);
	assert_int_equal(
		pt_commit(d, d, v, m[L4], 256, pte_make(m[L3], RW), false),
		-EINVAL);
	assert_int_equal(
		pt_commit(d, d, v, m[L4], 271, pte_make(m[L3], RW), false),
		-EINVAL);
	/* A root that maps itself: only to read. */
	assert_int_equal(
		pt_commit(d, d, v, m[L4], 300, pte_make(m[L4], RW), false),
		-EINVAL);
	assert_int_equal(
		pt_commit(d, d, v, m[L4], 300, pte_make(m[L4], RO), false), 0);
	mm_check();
	assert_int_equal(
		pt_commit(d, d, v, m[L4], 300, pte_make(m[L4], RW), false),
		-EINVAL);
	assert_int_equal(pt_commit(d, d, v, m[L4], 300,
				 pte_make(m[L4], RO | PTE_NX), false),
		0);
	assert_int_equal(pt_pin(d, m[L4], 4), 0);
	assert_int_equal(pt_unpin(d, m[L4]), 0);
	mm_check();
	/* A second way to the same tables. */
	assert_int_equal(
		pt_commit(d, d, v, m[L4], 300, pte_make(m[L3], RW), false), 0);
	mm_check();
	assert_int_equal(pt_commit(d, d, v, m[L4], 300, 0, false), 0);
	mm_check();
}

static void test_flags(void **state)
{
	uint64_t *e = &entries(m[L1])[1];

	(void)state;
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 1,
			pte_make(m[1], PTE_PRESENT | PTE_RW | PTE_GLOBAL |
					       PTE_GRANT | PTE_NX | PTE_PCD),
			false),
		0);
	/* Kernels run in ring 3; no GLOBAL; no grant marks; a domain without
	 * devices has no use for uncached memory. */
	assert_true(*e == pte_make(m[1], RW | PTE_NX));
	assert_non_null(fake_guest_access(va_of(1), true, NULL));
	assert_true(*e & PTE_DIRTY && *e & PTE_ACCESSED);
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 1, pte_make(m[1], RW), true), 0);
	assert_true(*e == pte_make(m[1], RW | PTE_DIRTY | PTE_ACCESSED));
	assert_int_equal(
		pt_commit(d, d, v, m[L1], 1, pte_make(m[1], RW), false), 0);
	assert_true(*e == pte_make(m[1], RW));
	assert_int_equal(pt_update_va(v, d, va_of(1), pte_make(m[1], RO)), 0);
	assert_true(*e == pte_make(m[1], RO));
	assert_int_equal(
		pt_update_va(v, d, va_of(1) + (1UL << 40), 0), -EINVAL);
	mm_check();
}

/* Makes data frame i read-only everywhere, as a guest does before it may be a
 * table; the TLB is not flushed. */
static void protect(unsigned i)
{
	assert_int_equal(pt_update_va(v, d, va_of(i), pte_make(m[i], RO)), 0);
}

static void test_retype_flushes(void **state)
{
	(void)state;
	assert_non_null(fake_guest_access(va_of(0), true, NULL));
	protect(0);
	/* The stale translation still writes ... */
	*(uint64_t *)fake_guest_access(va_of(0), true, NULL) = 0;
	assert_int_equal(pt_pin(d, m[0], 1), 0);
	/* ... but not to a table. */
	assert_null(fake_guest_access(va_of(0), true, NULL));
	mm_check();
	/* Back to data: it may have been cached as a table. */
	assert_int_equal(
		pt_commit(d, d, v, m[L2], 9, pte_make(m[0], RW), false), 0);
	assert_int_equal(
		pt_commit(d, d, v, m[0], 0, pte_make(m[1], RO), false), 0);
	assert_non_null(
		fake_guest_access(FAKE_SPACE_VA + (9UL << 21), false, NULL));
	assert_int_equal(pt_commit(d, d, v, m[L2], 9, 0, false), 0);
	assert_int_equal(pt_unpin(d, m[0]), 0);
	mm_check();
	assert_int_equal(pt_update_va(v, d, va_of(0), pte_make(m[0], RW)), 0);
	mm_check();
	assert_null(
		fake_guest_access(FAKE_SPACE_VA + (9UL << 21), false, NULL));
}

/* A flush by the guest itself spares ours. */
static void test_no_needless_flush(void **state)
{
	uint64_t before;

	(void)state;
	protect(0);
	protect(1);
	assert_int_equal(pt_pin(d, m[0], 1), 0);
	before = this_cpu()->arch.flushes;
	assert_int_equal(pt_pin(d, m[1], 1), 0);
	assert_int_equal(this_cpu()->arch.flushes, before);
	assert_int_equal(pt_unpin(d, m[0]), 0);
	assert_int_equal(pt_unpin(d, m[1]), 0);
	mm_check();
}

static void test_pins(void **state)
{
	(void)state;
	assert_int_equal(pt_pin(d, m[0], 1), -EINVAL); /* mapped writable */
	assert_int_equal(pt_pin(d, m[0], 0), -EINVAL);
	assert_int_equal(pt_pin(d, m[0], 5), -EINVAL);
	assert_int_equal(pt_pin(d, MFN(frame_count), 1), -EINVAL);
	assert_int_equal(pt_unpin(d, m[0]), -EINVAL);
	assert_int_equal(pt_pin(d, m[L4], 3), -EINVAL);
	assert_int_equal(pt_pin(d, m[L4], 4), 0);
	assert_int_equal(pt_pin(d, m[L4], 4), -EINVAL);
	mm_check();
	assert_int_equal(pt_unpin(d, m[L4]), 0);
	assert_int_equal(pt_unpin(d, m[L4]), -EINVAL);
	protect(0);
	/* Refused contents leave nothing behind. */
	entries(m[0])[5] = pte_make(m[1], RW);
	entries(m[0])[6] = pte_make(m[L4], RW);
	assert_int_equal(pt_pin(d, m[0], 1), -EINVAL);
	assert_int_equal(count_of(m[1]), 1);
	mm_check();
}

static void test_roots(void **state)
{
	struct vcpu *w = d->vcpu[1];

	(void)state;
	assert_int_equal(pt_new_root(v, m[0], false), -EINVAL);
	assert_int_equal(pt_new_root(v, MFN(0), false), -EINVAL);
	assert_int_equal(pt_new_root(v, m[L4], true), 0);
	assert_int_equal(pt_new_root(w, m[L4], false), 0);
	assert_int_equal(count_of(m[L4]), 3);
	mm_check();
	assert_int_equal(pt_new_root(v, MFN(0), true), 0);
	assert_int_equal(count_of(m[L4]), 2);
	mm_check();
}

static unsigned yields_left;

static bool yield_at(void)
{
	return yields_left-- == 0 || yields_left > 1000000;
}

/* A second tree: two level-2 tables of three level-1 tables. */
static void plant(void)
{
	const unsigned l4 = 0, l3 = 1, l2 = 2, l1 = 4;

	for (unsigned i = 0; i < 10; i++) {
		memset(mfn_to_virt(m[i]), 0, PAGE_SIZE);
		protect(i);
	}
	entries(m[l4])[0] = pte_make(m[l3], RW);
	entries(m[l4])[1] = pte_make(m[l3], RW);
	for (unsigned i = 0; i < 6; i++) {
		entries(m[l2 + i / 3])[i] = pte_make(m[l1 + i], RW);
		entries(m[l1 + i])[i] = pte_make(m[12 + i], RW);
	}
	entries(m[l3])[3] = pte_make(m[l2], RW);
	entries(m[l3])[9] = pte_make(m[l2 + 1], RW);
}

static unsigned pin_with_yields(unsigned first)
{
	unsigned stops = 0;
	int r;

	yields_left = first;
	fake_should_yield = yield_at;
	while ((r = pt_pin(d, m[0], 4)) == -ERESTART_HC) {
		stops++;
		fake_should_yield = NULL;
		mm_check();
		fake_should_yield = yield_at;
		yields_left = first;
	}
	assert_int_equal(r, 0);
	fake_should_yield = NULL;
	mm_check();
	return stops;
}

static unsigned unpin_with_yields(unsigned first)
{
	unsigned stops = 0;
	int r;

	yields_left = first;
	fake_should_yield = yield_at;
	while ((r = pt_unpin(d, m[0])) == -ERESTART_HC) {
		stops++;
		fake_should_yield = NULL;
		mm_check();
		fake_should_yield = yield_at;
		yields_left = first;
	}
	assert_int_equal(r, 0);
	fake_should_yield = NULL;
	mm_check();
	return stops;
}

static void test_preempted(void **state)
{
	unsigned stops = 0;

	(void)state;
	plant();
	for (unsigned first = 0; first < 16; first++) {
		stops += pin_with_yields(first);
		for (unsigned i = 0; i < 6; i++)
			assert_int_equal(count_of(m[12 + i]), 2);
		stops += unpin_with_yields(first);
		for (unsigned i = 0; i < 10; i++)
			assert_int_equal(count_of(m[i]), 0);
	}
	assert_true(stops > 8);
}

static void forbid_yield(void)
{
	fake_should_yield = NULL;
	mm_check();
}

/* Stopped half way in one direction, then used in another. */
static void test_preempted_then(void **state)
{
	(void)state;
	plant();
	for (unsigned first = 0; first < 16; first++) {
		int r;

		/* Half validated, then each table becomes data. */
		yields_left = first;
		fake_should_yield = yield_at;
		r = pt_pin(d, m[0], 4);
		forbid_yield();
		if (!r)
			assert_int_equal(pt_unpin(d, m[0]), 0);
		for (unsigned i = 0; i < 10; i++) {
			assert_int_equal(
				pagetype_get(mfn_to_page(m[i]), PT_WRITABLE),
				0);
			pagetype_put(mfn_to_page(m[i]));
			mm_check();
		}
		/* Half undone, then pinned again (refused: the pin is still
		 * there), then unpinned. */
		assert_int_equal(pt_pin(d, m[0], 4), 0);
		yields_left = first;
		fake_should_yield = yield_at;
		r = pt_unpin(d, m[0]);
		forbid_yield();
		if (r == -ERESTART_HC) {
			assert_int_equal(pt_pin(d, m[0], 4), -EINVAL);
			mm_check();
			assert_int_equal(pt_unpin(d, m[0]), 0);
			mm_check();
		}
		/* Half undone, and half redone. */
		assert_int_equal(pt_pin(d, m[0], 4), 0);
		yields_left = first;
		fake_should_yield = yield_at;
		r = pt_unpin(d, m[0]);
		yields_left = 0;
		if (r == -ERESTART_HC) {
			(void)!pt_pin(d, m[0], 4);
			forbid_yield();
			(void)!pt_pin(d, m[0], 4);
			mm_check();
			assert_int_equal(pt_unpin(d, m[0]), 0);
		}
		forbid_yield();
		for (unsigned i = 0; i < 10; i++)
			assert_int_equal(count_of(m[i]), 0);
	}
}

/* The domain dies with everything half done. */
static void test_preempted_death(void **state)
{
	(void)state;
	plant();
	assert_int_equal(pt_commit(d, d, v, m[L4], 5, 0, false), 0);
	yields_left = 3;
	fake_should_yield = yield_at;
	(void)!pt_pin(d, m[0], 4);
	yields_left = 0;
	(void)!pt_pin(d, m[1], 3);
	forbid_yield();
}

/* A removed entry whose tables take long to drop. */
static void test_left_table(void **state)
{
	int r;

	(void)state;
	plant();
	assert_int_equal(
		pt_commit(d, d, v, m[L4], 5, pte_make(m[1], RW), false), 0);
	yields_left = 1;
	fake_should_yield = yield_at;
	assert_int_equal(pt_commit(d, d, v, m[L4], 5, 0, false), 0);
	fake_should_yield = NULL;
	assert_ptr_equal(v->arch.old_table, mfn_to_page(m[1]));
	mm_check();
	yields_left = 0;
	fake_should_yield = yield_at;
	while ((r = pt_finish(v)) == -ERESTART_HC) {
		fake_should_yield = NULL;
		mm_check();
		fake_should_yield = yield_at;
		yields_left = 0;
	}
	forbid_yield();
	assert_null(v->arch.old_table);
	assert_int_equal(count_of(m[1]), 0);
}

static void test_descriptors(void **state)
{
	uint64_t *desc = mfn_to_virt(m[2]);
	uint64_t code = 0x00af9b000000ffffULL,
		 call_gate = 0x00008c0000000000ULL;
	uint64_t x;

	(void)state;
	memset(desc, 0, PAGE_SIZE);
	desc[1] = code;
	protect(2);
	assert_int_equal(pt_get_segdesc(mfn_to_page(m[2]), d), 0);
	assert_true(desc[1] == (code | 3ULL << 45));
	assert_int_equal(
		pt_update_va(v, d, va_of(2), pte_make(m[2], RW)), -EINVAL);
	page_put_and_type(mfn_to_page(m[2]));
	desc[2] = call_gate;
	assert_int_equal(pt_get_segdesc(mfn_to_page(m[2]), d), -EINVAL);
	x = call_gate;
	assert_false(descriptor_check(&x));
	x = 0x00008b0000000067ULL; /* a TSS */
	assert_false(descriptor_check(&x));
	x = 0x00ef9b000000ffffULL; /* 64 bits and 32 bits at once */
	assert_false(descriptor_check(&x));
	x = 0;
	assert_true(descriptor_check(&x));
	mm_check();
}

/* Races: what two CPUs do to the same frames, in every kind of order. */
static unsigned seed;

static unsigned choose(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void pin_and_unpin(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 3; i++)
		if (!pt_pin(d, m[0], 4))
			while (pt_unpin(d, m[0]) == -ERESTART_HC)
				;
}

static void map_writable(void *arg)
{
	unsigned i = *(unsigned *)arg;

	for (unsigned n = 0; n < 3; n++) {
		if (!pt_commit(
			    d, d, NULL, m[L1], i, pte_make(m[i], RW), false)) {
			void *p = fake_guest_access(va_of(i), true, NULL);

			if (p)
				fake_tlb_audit();
		}
		(void)!pt_commit(
			d, d, NULL, m[L1], i, pte_make(m[i], RO), false);
	}
}

static void test_races(void **state)
{
	(void)state;
	plant();
	assert_int_equal(pt_new_root(d->vcpu[1], m[L4], false), 0);
	fake_enter(d->vcpu[1], 1);
	fake_play(0);
	for (unsigned run = 0; run < 3000; run++) {
		unsigned victim = run % 10;

		seed = run;
		fake_spawn(0, pin_and_unpin, NULL);
		fake_spawn(1, run % 3 ? map_writable : pin_and_unpin, &victim);
		fake_run(choose);
		if (run % 16 == 0)
			mm_check();
	}
	mm_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_space, start, stop),
		cmocka_unit_test_setup_teardown(test_commit, start, stop),
		cmocka_unit_test_setup_teardown(test_flags, start, stop),
		cmocka_unit_test_setup_teardown(
			test_retype_flushes, start, stop),
		cmocka_unit_test_setup_teardown(
			test_no_needless_flush, start, stop),
		cmocka_unit_test_setup_teardown(test_pins, start, stop),
		cmocka_unit_test_setup_teardown(test_roots, start, stop),
		cmocka_unit_test_setup_teardown(test_preempted, start, stop),
		cmocka_unit_test_setup_teardown(
			test_preempted_then, start, stop),
		cmocka_unit_test_setup_teardown(
			test_preempted_death, start, stop),
		cmocka_unit_test_setup_teardown(test_left_table, start, stop),
		cmocka_unit_test_setup_teardown(test_descriptors, start, stop),
		cmocka_unit_test_setup_teardown(test_races, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
