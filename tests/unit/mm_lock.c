/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks: exclusion under every order of steps, tickets, ranks; and the heap. */
#include "mm_test.h"

static struct lock lock = LOCK_INIT(LOCK_PAGES);
static struct lock higher = LOCK_INIT(LOCK_FRAMES);
static struct lock irq_lock = LOCK_INIT(LOCK_EVENT);
static unsigned inside, total, seed;

static int start(void **state)
{
	(void)state;
	fake_start(1024, 4);
	lock_init(&lock, LOCK_PAGES);
	lock_init(&higher, LOCK_FRAMES);
	lock_init(&irq_lock, LOCK_EVENT);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_stop();
	return 0;
}

static unsigned choose(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void contend(void *arg)
{
	unsigned mode = *(unsigned *)arg;

	for (unsigned i = 0; i < 5; i++) {
		uint64_t flags = 0;

		if (mode == 0)
			lock_take(&lock);
		else if (mode == 1 && !lock_try(&lock))
			continue;
		else if (mode == 2)
			flags = lock_take_irq(&irq_lock);
		assert_int_equal(inside++, 0);
		arch_race_point();
		arch_race_point();
		assert_int_equal(--inside, 0);
		total++;
		if (mode == 2)
			lock_drop_irq(&irq_lock, flags);
		else
			lock_drop(&lock);
	}
}

static void test_exclusion(void **state)
{
	(void)state;
	for (seed = 0; seed < 100000; seed += 97) {
		unsigned modes[4] = { 0, seed % 2, 0, seed / 2 % 2 };
		unsigned irq_mode = 2, keep = seed;

		inside = total = 0;
		for (unsigned cpu = 0; cpu < 4; cpu++)
			fake_spawn(cpu, contend,
				keep % 5 == 4 ? &irq_mode : &modes[cpu]);
		fake_run(choose);
		assert_true(total >= 10);
		seed = keep;
	}
}

static void test_order(void **state)
{
	uint64_t flags;

	(void)state;
	lock_take(&lock);
	assert_true(lock_is_mine(&lock));
	assert_false(lock_try(&lock));
	lock_take(&higher);
	lock_drop(&lock);
	lock_drop(&higher);
	lock_take_two(&lock, &lock);
	lock_drop_two(&lock, &lock);
	flags = lock_take_irq(&irq_lock);
	assert_false(arch_irq_enabled());
	lock_drop_irq(&irq_lock, flags);
	assert_true(arch_irq_enabled());
}

/* Only debug builds look. */
static void test_wrong_order(void **state)
{
#ifdef TENON_DEBUG
	(void)state;
	lock_take(&higher);
	if (!fake_panics()) {
		lock_take(&lock);
		fail_msg("a lower rank was taken under a higher one");
	}
	fake_panic_end();
	arch_irq_enable();
	lock_drop(&higher);
	if (!fake_panics()) {
		lock_take(&irq_lock);
		fail_msg("a lock of interrupt handlers was taken plainly");
	}
	fake_panic_end();
#else
	(void)state;
	skip();
#endif
}

static void test_heap(void **state)
{
	uint64_t frames = page_free_count();
	uint8_t *p[300];
	size_t size[300];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 300; i++) {
			size[i] = i < 280 ? i * 11 % 2100 : i * 40;
			p[i] = heap_alloc(size[i]);
			assert_non_null(p[i]);
			assert_int_equal((uintptr_t)p[i] % 16, 0);
			for (size_t k = 0; k < size[i]; k++)
				assert_int_equal(p[i][k], 0);
			memset(p[i], (int)i, size[i]);
		}
		for (unsigned i = 0; i < 300; i++)
			for (size_t k = 0; k < size[i]; k++)
				assert_int_equal(p[i][k], (uint8_t)i);
		for (unsigned i = 0; i < 300; i++)
			heap_free(p[(i * 7) % 300]);
		assert_int_equal(heap_used(), 0);
		assert_int_equal(page_free_count(), frames);
		page_audit();
	}
	heap_free(NULL);
	assert_null(heap_alloc_array(SIZE_MAX / 2, 4));
	assert_null(heap_alloc(SIZE_MAX));
	fake_fail_alloc_after(0);
	assert_null(heap_alloc(64));
	assert_null(heap_alloc(64 * 1024));
	fake_fail_alloc_after(~0ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exclusion, start, stop),
		cmocka_unit_test_setup_teardown(test_order, start, stop),
		cmocka_unit_test_setup_teardown(test_wrong_order, start, stop),
		cmocka_unit_test_setup_teardown(test_heap, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
