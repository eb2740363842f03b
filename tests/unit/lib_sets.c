/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists, bitmaps and range sets; the last two against a plain array as model,
 * over pseudo-random operations.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <tenon/bitmap.h>
#include <tenon/list.h>
#include <tenon/rangeset.h>

struct item {
	int value;
	struct list link;
};

static void test_list(void **state)
{
	struct list head = LIST_INIT(head), other;
	struct item items[5], *it, *tmp;
	int expect = 0;

	(void)state;
	list_init(&other);
	assert_true(list_is_empty(&head));
	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		list_add_tail(&items[i].link, i < 3 ? &head : &other);
	}
	list_splice_tail(&other, &head);
	assert_true(list_is_empty(&other));
	list_splice_tail(&other, &head);
	list_for_each_entry (it, &head, link)
		assert_int_equal(it->value, expect++);
	assert_int_equal(expect, 5);
	list_for_each_entry_safe (it, tmp, &head, link)
		if (it->value % 2)
			list_del(&it->link);
	list_del(&items[1].link);
	assert_ptr_equal(list_first_entry(&head, struct item, link), items);
	assert_ptr_equal(list_next_entry(&items[0], link), &items[2]);
	assert_ptr_equal(list_prev_entry(&items[4], link), &items[2]);
	list_add(&items[1].link, &head);
	assert_ptr_equal(list_first_entry(&head, struct item, link), &items[1]);
	assert_ptr_equal(list_last_entry(&head, struct item, link), &items[4]);
}

#define BITS 200

static void check_bitmap(const uint64_t *map, const bool *model)
{
	size_t weight = 0, set = BITS, clear = BITS;

	for (size_t i = BITS; i-- > 0;) {
		assert_int_equal(bitmap_test(map, i), model[i]);
		if (model[i])
			set = i;
		else
			clear = i;
		weight += model[i];
		assert_int_equal(bitmap_find_next(map, BITS, i), set);
		assert_int_equal(bitmap_find_next_zero(map, BITS, i), clear);
	}
	assert_int_equal(bitmap_weight(map, BITS), weight);
	assert_int_equal(bitmap_find_next(map, BITS, BITS), BITS);
}

static void test_bitmap(void **state)
{
	DECLARE_BITMAP(map, BITS) = { 0 };
	bool model[BITS] = { 0 };

	(void)state;
	/* Bits beyond the bitmap's own must not be seen. */
	map[BITMAP_WORDS(BITS) - 1] = ~0ULL << (BITS % 64);
	srand(1);
	for (int round = 0; round < 300; round++) {
		size_t bit = (size_t)rand() % BITS;
		size_t count = (size_t)rand() % (BITS - bit + 1);

		switch (rand() % 6) {
		case 0:
			bitmap_set_range(map, bit, count);
			memset(model + bit, 1, count);
			break;
		case 1:
			bitmap_clear_range(map, bit, count);
			memset(model + bit, 0, count);
			break;
		case 2:
			assert_int_equal(
				bitmap_test_and_set(map, bit), model[bit]);
			model[bit] = true;
			break;
		case 3:
			assert_int_equal(
				bitmap_test_and_clear(map, bit), model[bit]);
			model[bit] = false;
			break;
		case 4:
			assert_int_equal(bitmap_test_and_set_atomic(map, bit),
				model[bit]);
			model[bit] = true;
			break;
		default:
			assert_int_equal(bitmap_test_and_clear_atomic(map, bit),
				model[bit]);
			model[bit] = false;
			break;
		}
		check_bitmap(map, model);
	}
}

/* An allocator that fails when told to and counts what is out. */
struct pool {
	int live, fail;
};

static struct range *pool_alloc(void *ctx)
{
	struct pool *pool = ctx;

	if (pool->fail)
		return NULL;
	pool->live++;
	return malloc(sizeof(struct range));
}

static void pool_free(void *ctx, struct range *r)
{
	struct pool *pool = ctx;

	pool->live--;
	free(r);
}

static const struct rangeset_ops pool_ops = { pool_alloc, pool_free };

#define NUMBERS 64

/* The numbers modelled are the lowest and, to meet overflow, the highest. */
static uint64_t number(unsigned int i)
{
	return i < NUMBERS / 2 ? i : UINT64_MAX - (NUMBERS - 1 - i);
}

static void check_rangeset(
	const struct rangeset *rs, const bool *model, const struct pool *pool)
{
	const struct range *r;
	uint64_t last = 0;
	int ranges = 0;

	list_for_each_entry (r, &rs->ranges, link) {
		assert_true(r->start <= r->end);
		/* Apart from the one before by at least one number. */
		assert_true(
			!ranges || (r->start > last && r->start - last > 1));
		last = r->end;
		ranges++;
	}
	assert_int_equal(ranges, pool->live);
	assert_int_equal(rangeset_is_empty(rs), !ranges);
	for (unsigned int i = 0; i < NUMBERS; i++)
		assert_int_equal(
			rangeset_contains(rs, number(i), number(i)), model[i]);
}

static void random_step(struct rangeset *rs, bool *model, struct pool *pool)
{
	unsigned int half = (unsigned int)rand() % 2 * (NUMBERS / 2);
	unsigned int a = half + (unsigned int)rand() % (NUMBERS / 2);
	unsigned int b = half + (unsigned int)rand() % (NUMBERS / 2);
	unsigned int low = a < b ? a : b, high = a < b ? b : a;
	bool adds = rand() % 2, all = true, some = false;
	int rc;

	for (unsigned int i = low; i <= high; i++) {
		all &= model[i];
		some |= model[i];
	}
	assert_int_equal(rangeset_contains(rs, number(low), number(high)), all);
	assert_int_equal(
		rangeset_overlaps(rs, number(low), number(high)), some);
	pool->fail = rand() % 4 == 0;
	rc = adds ? rangeset_add(rs, number(low), number(high))
		  : rangeset_remove(rs, number(low), number(high));
	if (rc) {
		assert_int_equal(rc, -ENOMEM);
		assert_true(pool->fail);
		return;
	}
	for (unsigned int i = low; i <= high; i++)
		model[i] = adds;
}

static int count_range(uint64_t start, uint64_t end, void *arg)
{
	(void)start;
	(void)end;
	return --*(int *)arg ? 0 : -EBUSY;
}

static void test_rangeset(void **state)
{
	struct pool pool = { 0 };
	bool model[NUMBERS] = { 0 };
	struct rangeset rs;
	int left = 1;

	(void)state;
	rangeset_init(&rs, &pool_ops, &pool);
	assert_int_equal(rangeset_add(&rs, 2, 1), -EINVAL);
	assert_int_equal(rangeset_remove(&rs, 2, 1), -EINVAL);
	srand(2);
	for (int round = 0; round < 20000; round++) {
		random_step(&rs, model, &pool);
		check_rangeset(&rs, model, &pool);
	}
	assert_int_equal(rangeset_for_each(&rs, count_range, &left), -EBUSY);
	assert_int_equal(left, 0);
	rangeset_clear(&rs);
	assert_int_equal(pool.live, 0);
	assert_true(rangeset_is_empty(&rs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_bitmap),
		cmocka_unit_test(test_rangeset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
