/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame allocator and the accounts of domains. */
#include <tenon/tlb.h>
#include "mm_test.h"

#define FRAMES 2048
#define SECOND 1000000000ULL

static int start(void **state)
{
	(void)state;
	fake_start(FRAMES, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_stop();
	return 0;
}

static void test_split_and_join(void **state)
{
	uint64_t before = page_free_count();
	struct page *pg[64];

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		pg[i] = page_alloc(i % 5, 0);
		assert_non_null(pg[i]);
		assert_int_equal(page_to_mfn(pg[i]).v & ((1 << i % 5) - 1), 0);
		page_audit();
	}
	for (unsigned i = 0; i < 64; i++)
		page_free(pg[(i * 29) % 64], (i * 29) % 64 % 5);
	page_audit();
	assert_int_equal(page_free_count(), before);
	/* All joined again: the largest block fits. */
	pg[0] = page_alloc(10, 0);
	assert_non_null(pg[0]);
	page_free(pg[0], 10);
}

static void test_exhaustion(void **state)
{
	uint64_t n = page_free_count(), got = 0;
	struct page *all[FRAMES], *pg;

	(void)state;
	while ((pg = page_alloc(0, 0)) != NULL)
		all[got++] = pg;
	assert_int_equal(got, n);
	assert_int_equal(page_free_count(), 0);
	while (got)
		page_free(all[--got], 0);
	assert_null(page_alloc(PAGE_ORDER_MAX + 1, 0));
}

static void test_zeroed(void **state)
{
	struct page *pg = page_alloc(3, 0);
	const uint8_t *bytes;

	(void)state;
	memset(page_to_virt(pg), 0x5a, PAGE_SIZE << 3);
	page_free(pg, 3);
	/* Whichever comes first, clean or dirty: the whole memory is zero. */
	for (unsigned i = 0; i < 100; i++) {
		pg = page_alloc(3, ALLOC_ZERO);
		bytes = page_to_virt(pg);
		for (unsigned k = 0; k < PAGE_SIZE << 3; k++)
			if (bytes[k])
				fail_msg("byte %u of frame %lu is %#x", k,
					(unsigned long)page_to_mfn(pg).v,
					bytes[k]);
		if (i % 2)
			memset(page_to_virt(pg), 0xa5, PAGE_SIZE << 3);
		page_free(pg, 3);
		if (i % 10 == 0)
			page_scrub_some();
		page_audit();
	}
	while (page_scrub_some())
		;
	page_audit();
}

static void scrub_once(void *arg)
{
	bool *did = arg;

	*did = page_scrub_some();
}

/* Of idle CPUs one scrubs; the others may halt, and the next may go on. */
static void test_one_scrubs(void **state)
{
	bool did[2];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fake_spawn(0, scrub_once, &did[0]);
		fake_spawn(1, scrub_once, &did[1]);
		fake_run(NULL);
		assert_true(did[0] != did[1]);
	}
	page_audit();
}

/* A block of order 10 that exists in a clean and a dirty half. */
static void test_halves(void **state)
{
	struct page *pg[2];

	(void)state;
	while (page_scrub_some())
		;
	pg[0] = page_alloc(10, 0);
	assert_non_null(pg[0]);
	page_free(pg[0], 10);
	pg[1] = page_alloc(10, ALLOC_ZERO);
	assert_non_null(pg[1]);
	page_free(pg[1], 10);
	page_audit();
}

static void test_low_addresses(void **state)
{
	(void)state;
	for (unsigned bits = 14; bits < 24; bits++) {
		struct page *pg = page_alloc(1, ALLOC_BITS(bits));

		if (bits == 14)
			assert_true(!pg || page_to_mfn(pg).v + 2 <= 4);
		if (!pg)
			continue;
		assert_true(
			(page_to_mfn(pg).v + 2) << PAGE_SHIFT <= 1ULL << bits);
		page_free(pg, 1);
	}
	page_audit();
}

static void test_domain_accounts(void **state)
{
	uint64_t before = page_free_count();
	struct domain *d = fake_domain(7, 16, 1);
	struct page *pg, *more;

	(void)state;
	assert_int_equal(page_alloc_domain(d, 2, 0, &pg), 0);
	assert_int_equal(d->page_count, 4);
	assert_ptr_equal(page_owner_domain(pg), d);
	assert_int_equal(page_alloc_domain(d, 4, 0, &more), -E2BIG);
	page_audit();

	assert_true(page_get(pg, d));
	assert_true(page_unalloc(pg));
	assert_false(page_unalloc(pg));
	assert_int_equal(d->page_count, 4);
	page_put(pg);
	assert_int_equal(d->page_count, 3);
	assert_false(page_get(pg, d));
	assert_false(page_get_any(pg));
	page_audit();

	d->life = DOMAIN_DYING;
	assert_int_equal(page_alloc_domain(d, 0, 0, &more), -EINVAL);
	for (unsigned i = 1; i < 4; i++)
		assert_true(page_unalloc(&pg[i]));
	assert_int_equal(d->page_count, 0);
	fake_domain_free(d);
	page_audit();
	/* The owner table's leaf stays. */
	assert_int_equal(page_free_count(), before - 1);
}

static void test_alloc_failures(void **state)
{
	struct domain *d = fake_domain(8, 64, 1);
	struct page *pg;
	unsigned n = 0;

	(void)state;
	for (;; n++) {
		int r;

		fake_fail_alloc_after(n);
		r = page_alloc_domain(d, 0, 0, &pg);
		fake_fail_alloc_after(~0ULL);
		page_audit();
		if (!r)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(d->page_count, 0);
	}
	assert_in_range(n, 1, 4);
	assert_true(page_unalloc(pg));
	fake_domain_free(d);
}

static void test_steal_and_assign(void **state)
{
	struct domain *a = fake_domain(1, 16, 1), *b = fake_domain(2, 1, 1);
	struct page *pg, *other;

	(void)state;
	assert_int_equal(page_alloc_domain(a, 0, 0, &pg), 0);
	assert_int_equal(page_alloc_domain(a, 0, 0, &other), 0);
	/* Not without the caller's reference, not with a third one, not while
	 * it is in use. */
	assert_int_equal(page_steal(pg, a), -EINVAL);
	assert_true(page_get(pg, a));
	assert_int_equal(page_steal(pg, b), -EINVAL);
	assert_int_equal(pagetype_get(pg, PT_WRITABLE), 0);
	assert_int_equal(page_steal(pg, a), -EINVAL);
	pagetype_put(pg);
	assert_true(page_get(pg, a));
	assert_int_equal(page_steal(pg, a), -EINVAL);
	page_put(pg);
	assert_int_equal(page_steal(pg, a), 0);
	assert_int_equal(a->page_count, 1);
	assert_false(page_get(pg, a));
	page_audit();

	assert_int_equal(page_assign(pg, b), 0);
	assert_int_equal(b->page_count, 1);
	assert_true(page_get(other, a));
	assert_int_equal(page_steal(other, a), 0);
	assert_int_equal(page_assign(other, b), -E2BIG);
	page_free_stolen(other);
	page_audit();
	assert_true(page_unalloc(pg));
	fake_domain_free(a);
	fake_domain_free(b);
}

static void test_claims(void **state)
{
	struct domain *a = fake_domain(1, 4096, 1),
		      *b = fake_domain(2, 4096, 1);
	uint64_t n = page_free_count();
	struct page *pg, *rest;

	(void)state;
	assert_int_equal(page_claim(a, n + 1), -ENOMEM);
	assert_int_equal(page_claim(a, n - 8), 0);
	assert_int_equal(page_alloc_domain(b, 4, 0, &pg), -ENOMEM);
	assert_int_equal(page_alloc_domain(b, 0, 0, &pg), 0);
	assert_int_equal(page_alloc_domain(a, 4, 0, &rest), 0);
	assert_int_equal(a->page_claim, n - 8 - 16);
	assert_int_equal(page_claimed_count(), n - 8 - 16);
	assert_int_equal(page_claim(a, 0), 0);
	assert_int_equal(page_claimed_count(), 0);
	assert_true(page_unalloc(pg));
	for (unsigned i = 0; i < 16; i++)
		assert_true(page_unalloc(&rest[i]));
	fake_domain_free(a);
	fake_domain_free(b);
}

static void test_share(void **state)
{
	struct domain *d = fake_domain(3, 4, 1);
	struct page *pg = page_alloc(0, ALLOC_ZERO);

	(void)state;
	assert_int_equal(page_share(pg, d, true), 0);
	assert_int_equal(d->shared_count, 1);
	assert_int_equal(d->page_count, 0);
	page_audit();
	assert_true(page_get_and_type(pg, d, PT_WRITABLE));
	assert_false(page_get_and_type(pg, d, PT_L1));
	page_unshare(pg);
	assert_int_equal(d->shared_count, 1);
	page_put_and_type(pg);
	assert_int_equal(d->shared_count, 0);
	pg = page_alloc(0, 0);
	assert_int_equal(page_share(pg, d, false), 0);
	assert_false(page_get_and_type(pg, d, PT_WRITABLE));
	page_unshare(pg);
	fake_domain_free(d);
}

static int collect(struct page *pg, void *arg)
{
	unsigned *n = arg;

	(void)pg;
	return ++*n % 5 == 0 ? -ERESTART_HC : 0;
}

static void test_for_each_restarts(void **state)
{
	struct domain *d = fake_domain(3, 100, 1);
	uint64_t cursor = 0;
	unsigned n = 0, stops = 0;
	struct page *pg[12];

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(page_alloc_domain(d, 0, 0, &pg[i]), 0);
	while (page_for_each(d, &cursor, collect, &n)) {
		stops++;
		n++; /* the one at which it stopped comes again */
	}
	assert_true(stops > 1);
	for (unsigned i = 0; i < 12; i++)
		assert_true(page_unalloc(pg[i]));
	fake_domain_free(d);
}

/* A frame that a guest had is not given on while a CPU may remember it. */
static void test_flush_before_reuse(void **state)
{
	struct domain *d = fake_domain(1, 64, 2);
	mfn_t m[8 + FAKE_SPACE_TABLES];
	uint64_t flushes;
	struct page *pg;

	(void)state;
	fake_enter(d->vcpu[0], 0);
	assert_int_equal(fake_space(d->vcpu[0], 8, m), 0);
	assert_non_null(fake_guest_access(FAKE_SPACE_VA, true, NULL));
	assert_int_equal(pt_update_va(d->vcpu[0], d, FAKE_SPACE_VA, 0), 0);
	assert_true(page_unalloc(mfn_to_page(m[0])));
	/* The guest did not flush: the old frame is still reachable. */
	assert_non_null(fake_guest_access(FAKE_SPACE_VA, true, NULL));
	flushes = this_cpu()->arch.flushes;
	fake_tlb_audit();
	do {
		assert_int_equal(page_alloc_domain(d, 0, 0, &pg), 0);
		fake_tlb_audit();
	} while (page_to_mfn(pg).v != m[0].v && d->page_count < 63);
	assert_true(this_cpu()->arch.flushes > flushes);
	assert_null(fake_guest_access(FAKE_SPACE_VA, true, NULL));
	mm_kill(d);
}

/* Of the guest on CPU 0, whose translation stays cached. */
static void free_one(struct domain *d, const mfn_t *m, unsigned i)
{
	vaddr_t va = FAKE_SPACE_VA + i * PAGE_SIZE;

	fake_play(0);
	assert_non_null(fake_guest_access(va, true, NULL));
	assert_int_equal(pt_update_va(d->vcpu[0], d, va, 0), 0);
	assert_true(page_unalloc(mfn_to_page(m[i])));
	assert_int_equal(tlb_stale_cpus(~0ULL, tlb_stamp()), CPUMASK(0));
}

/* An idle CPU is never made to flush, and makes others flush seldom. */
static void test_idle_cpus(void **state)
{
	struct domain *d = fake_domain(1, 64, 2);
	mfn_t m[8 + FAKE_SPACE_TABLES];
	uint64_t flushes, idle_flushes;
	struct page *pg;

	(void)state;
	fake_enter(d->vcpu[1], 1);
	fake_enter(NULL, 1);
	fake_enter(d->vcpu[0], 0);
	assert_int_equal(fake_space(d->vcpu[0], 8, m), 0);
	fake_advance(SECOND);
	flushes = cpus[0]->arch.flushes;
	idle_flushes = cpus[1]->arch.flushes;

	free_one(d, m, 0);
	fake_play(1);
	assert_true(page_scrub_some());
	assert_int_equal(cpus[0]->arch.flushes, flushes + 1);
	assert_true(page_scrub_some());
	assert_int_equal(cpus[0]->arch.flushes, flushes + 1);
	free_one(d, m, 1);
	fake_play(1);
	assert_false(page_scrub_some());
	assert_int_equal(cpus[0]->arch.flushes, flushes + 1);
	fake_advance(SECOND / 100);
	assert_true(page_scrub_some());
	assert_int_equal(cpus[0]->arch.flushes, flushes + 2);

	/* Who needs a frame that is dirty gets it at once. */
	free_one(d, m, 2);
	fake_play(0);
	assert_int_equal(page_alloc_domain(d, 0, ALLOC_NO_SCRUB, &pg), 0);
	assert_int_equal(cpus[0]->arch.flushes, flushes + 3);
	assert_int_equal(cpus[1]->arch.flushes, idle_flushes);
	fake_tlb_audit();
	/* No longer idle, it must. */
	fake_enter(d->vcpu[1], 1);
	assert_int_equal(
		tlb_stale_cpus(~0ULL, tlb_stamp()), CPUMASK(0) | CPUMASK(1));
	fake_enter(NULL, 1);
	fake_play(0);
	mm_kill(d);
}

/* Frames that were stolen together cost one flush, new ones none. */
static void test_assign_flushes(void **state)
{
	struct domain *d = fake_domain(1, 64, 1);
	struct page *pg[4], *fresh;
	uint64_t flushes;

	(void)state;
	fake_enter(d->vcpu[0], 0);
	fresh = page_alloc(0, ALLOC_ZERO);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(page_alloc_domain(d, 0, 0, &pg[i]), 0);
	flushes = cpus[0]->arch.flushes;
	for (unsigned i = 0; i < 4; i++) {
		assert_true(page_get(pg[i], d));
		assert_int_equal(page_steal(pg[i], d), 0);
	}
	assert_int_equal(page_assign(fresh, d), 0);
	assert_int_equal(cpus[0]->arch.flushes, flushes);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(page_assign(pg[i], d), 0);
		assert_int_equal(cpus[0]->arch.flushes, flushes + 1);
	}
	page_audit();
	mm_kill(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_split_and_join, start, stop),
		cmocka_unit_test_setup_teardown(test_exhaustion, start, stop),
		cmocka_unit_test_setup_teardown(test_zeroed, start, stop),
		cmocka_unit_test_setup_teardown(test_one_scrubs, start, stop),
		cmocka_unit_test_setup_teardown(test_halves, start, stop),
		cmocka_unit_test_setup_teardown(
			test_low_addresses, start, stop),
		cmocka_unit_test_setup_teardown(
			test_domain_accounts, start, stop),
		cmocka_unit_test_setup_teardown(
			test_alloc_failures, start, stop),
		cmocka_unit_test_setup_teardown(
			test_steal_and_assign, start, stop),
		cmocka_unit_test_setup_teardown(
			test_assign_flushes, start, stop),
		cmocka_unit_test_setup_teardown(test_claims, start, stop),
		cmocka_unit_test_setup_teardown(test_share, start, stop),
		cmocka_unit_test_setup_teardown(
			test_for_each_restarts, start, stop),
		cmocka_unit_test_setup_teardown(
			test_flush_before_reuse, start, stop),
		cmocka_unit_test_setup_teardown(test_idle_cpus, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
