/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of CPUs: what they mean, and what is none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <tenonctrl/why.h>
#include "common/cpulist.h"

#define CPUS 12

static void lists(void **state)
{
	static const struct {
		const char *text;
		uint16_t map;
	} good[] = {
		{ "0", 0x001 },
		{ "11", 0x800 },
		{ "0-3", 0x00f },
		{ "0-3,^2", 0x00b },
		{ "^2,0-3", 0x00f },
		{ "all", 0xfff },
		{ "all,^0,^8-11", 0x0fe },
		{ "7,5,5", 0x0a0 },
		{ "4-4", 0x010 },
	};
	uint8_t map[CPULIST_BYTES];
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(
			cpulist_parse(good[i].text, CPUS, map, &why), 0);
		assert_int_equal(map[0] | map[1] << 8, good[i].map);
		assert_int_equal(map[2], 0);
	}
	assert_int_equal(
		cpulist_parse("4095", 8 * CPULIST_BYTES, map, &why), 0);
	assert_int_equal(map[CPULIST_BYTES - 1], 0x80);
}

static void refused(void **state)
{
	static const char *const bad[] = { "", "12", "0-12", "3-1", ",", "0,",
		"^0", "all,^all", "x", "0x1", "-1", "1-", "0 1", "0;1", "all1",
		"18446744073709551616", "99999999999999999999999", "^",
		"0--1" };
	uint8_t map[CPULIST_BYTES] = { 0x55 };
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why.text[0] = '\0';
		assert_int_equal(
			cpulist_parse(bad[i], CPUS, map, &why), -EINVAL);
		assert_non_null(strstr(why.text, bad[i]));
		assert_int_equal(map[0], 0x55);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
