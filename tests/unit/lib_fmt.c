/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting against the host's snprintf, and parsing of numbers and sizes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <tenon/fmt.h>

#define same(...)                                                          \
	do {                                                               \
		char want[256], got[256];                                  \
		int want_len = snprintf(want, sizeof(want), __VA_ARGS__);  \
		size_t got_len = fmt_print(got, sizeof(got), __VA_ARGS__); \
		assert_string_equal(got, want);                            \
		assert_int_equal(got_len, want_len);                       \
	} while (0)

static void test_like_printf(void **state)
{
	(void)state;
	same("plain");
	same("%d %i %d %d", 0, -1, INT_MAX, INT_MIN);
	same("%u %x %X", UINT_MAX, 0xbeefU, 0xbeefU);
	same("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
	same("%lld %llu %llx", LLONG_MIN, ULLONG_MAX, 1ULL << 63);
	same("%zu %zx %jd %td", (size_t)7, (size_t)0xabc, (intmax_t)-5,
		(ptrdiff_t)-6);
	same("%hhd %hhu %hd %hx", (signed char)-3, (unsigned char)0xff,
		(short)-300, (unsigned short)0x1234);
	same("[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, -42, 42, 42);
	same("[%#x] [%#10x] [%#010x] [%-#10x]", 0x1fU, 0x1fU, 0x1fU, 0x1fU);
	same("[%.3d] [%8.3d] [%-8.3d] [%.0d]", 7, 7, 7, 0);
	same("[%16lx] [%016lx]", 0xdeadbeefUL, 0xdeadbeefUL);
	same("[%s] [%8s] [%-8s] [%.2s] [%8.2s]", "abc", "abc", "abc", "abc",
		"abc");
	same("[%*d] [%*d] [%.*s] [%.*s]", 6, 1, -6, 1, 2, "abc", -1, "abc");
	same("[%c] [%3c] [%-3c] 100%%", 'x', 'y', 'z');
	same("%p", (void *)&state);
}

static void test_edges(void **state)
{
	/* Not literals: these are not for the compiler's format check. */
	const char *volatile null_string = NULL;
	const char *volatile unknown = "a%qb";
	const char *volatile cut = "a%5";
	char buf[8];

	(void)state;
	assert_int_equal(fmt_print(buf, 4, "%s", "abcdef"), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(fmt_print(NULL, 0, "%d", 1234), 4);
	fmt_print(buf, sizeof(buf), "%s", null_string);
	assert_string_equal(buf, "(null)");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	fmt_print(buf, sizeof(buf), unknown);
	assert_string_equal(buf, "a%qb");
	fmt_print(buf, sizeof(buf), cut);
	assert_string_equal(buf, "a%5");
#pragma GCC diagnostic pop
}

static void test_numbers(void **state)
{
	const char *end;
	uint64_t v = 99;

	(void)state;
	assert_int_equal(parse_u64("0", NULL, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(parse_u64("0x1F", NULL, &v), 0);
	assert_int_equal(v, 31);
	assert_int_equal(parse_u64("18446744073709551615", NULL, &v), 0);
	assert_true(v == UINT64_MAX);
	v = 99;
	assert_int_equal(parse_u64("18446744073709551616", NULL, &v), -ERANGE);
	assert_int_equal(parse_u64("", NULL, &v), -EINVAL);
	assert_int_equal(parse_u64("x", NULL, &v), -EINVAL);
	assert_int_equal(parse_u64("-1", NULL, &v), -EINVAL);
	assert_int_equal(parse_u64("0x", NULL, &v), -EINVAL);
	assert_int_equal(parse_u64("12,3", NULL, &v), -EINVAL);
	assert_int_equal(v, 99);
	assert_int_equal(parse_u64("12,3", &end, &v), 0);
	assert_int_equal(v, 12);
	assert_string_equal(end, ",3");
	assert_int_equal(parse_u64("0xg", &end, &v), 0);
	assert_string_equal(end, "xg");
}

static void test_sizes(void **state)
{
	const char *end;
	uint64_t v;

	(void)state;
	assert_int_equal(parse_size("512M", NULL, &v), 0);
	assert_int_equal(v, 512ULL << 20);
	assert_int_equal(parse_size("1g", NULL, &v), 0);
	assert_int_equal(v, 1ULL << 30);
	assert_int_equal(parse_size("0x10k", NULL, &v), 0);
	assert_int_equal(v, 16 << 10);
	assert_int_equal(parse_size("2T", NULL, &v), 0);
	assert_int_equal(v, 2ULL << 40);
	assert_int_equal(parse_size("77", NULL, &v), 0);
	assert_int_equal(v, 77);
	assert_int_equal(parse_size("1GB", NULL, &v), -EINVAL);
	assert_int_equal(parse_size("17179869184G", NULL, &v), -ERANGE);
	assert_int_equal(parse_size("1G,max:2G", &end, &v), 0);
	assert_string_equal(end, ",max:2G");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_printf),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
