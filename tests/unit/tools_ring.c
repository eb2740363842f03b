/* SPDX-License-Identifier: BSD-2-Clause */
/* The console page, with a guest that behaves and one that does not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <public/io/console.h>
#include "common/console_ring.h"

static void across_the_wrap(void **state)
{
	struct xencons_interface ring = { 0 };
	char out[CONSOLE_OUT_MAX];
	size_t got;

	(void)state;
	ring.out_cons = ring.out_prod = UINT32_MAX - 2;
	for (uint32_t i = 0; i < 6; i++)
		ring.out[(ring.out_prod + i) % sizeof(ring.out)] =
			(char)('a' + i);
	ring.out_prod += 6;
	assert_true(console_ring_take(&ring, out, sizeof(out), &got));
	assert_int_equal(got, 6);
	assert_memory_equal(out, "abcdef", 6);
	assert_int_equal(ring.out_cons, ring.out_prod);
	assert_true(console_ring_take(&ring, out, sizeof(out), &got));
	assert_int_equal(got, 0);
}

static void input_fills_up(void **state)
{
	struct xencons_interface ring = { 0 };
	char bytes[1500];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(console_ring_give(&ring, bytes, sizeof(bytes)), 1024);
	assert_int_equal(console_ring_room(&ring), 0);
	assert_int_equal(console_ring_give(&ring, bytes, 1), 0);
	ring.in_cons += 10;
	assert_int_equal(console_ring_give(&ring, bytes, 20), 10);
}

static void wild_indices(void **state)
{
	struct xencons_interface ring = { 0 };
	char out[16];
	size_t got = 7;

	(void)state;
	ring.out_prod = 2049;
	assert_false(console_ring_take(&ring, out, sizeof(out), &got));
	assert_int_equal(got, 0);
	assert_int_equal(ring.out_cons, 2049);
	ring.in_prod = 5;
	ring.in_cons = 9;
	assert_int_equal(console_ring_room(&ring), 0);
	assert_int_equal(console_ring_give(&ring, out, 4), 0);
	ring.out_prod += 2048;
	assert_true(console_ring_take(&ring, out, sizeof(out), &got));
	assert_int_equal(got, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(across_the_wrap),
		cmocka_unit_test(input_fills_up),
		cmocka_unit_test(wild_indices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
