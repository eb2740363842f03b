/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's own string functions, which a hosted build leaves out: compiled
 * here under other names and compared with the host's, byte by byte, at all
 * small lengths, alignments and overlaps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *our_memcpy(void *dst, const void *src, size_t n);
void *our_memmove(void *dst, const void *src, size_t n);
void *our_memset(void *dst, int c, size_t n);
int our_memcmp(const void *a, const void *b, size_t n);
size_t our_strlen(const char *s);
size_t our_strnlen(const char *s, size_t max);
int our_strcmp(const char *a, const char *b);
int our_strncmp(const char *a, const char *b, size_t n);
char *our_strchr(const char *s, int c);
size_t our_strlcpy(char *dst, const char *src, size_t n);

#undef TENON_HOSTED
#define memcpy	our_memcpy
#define memmove our_memmove
#define memset	our_memset
#define memcmp	our_memcmp
#define strlen	our_strlen
#define strnlen our_strnlen
#define strcmp	our_strcmp
#define strncmp our_strncmp
#define strchr	our_strchr
#define strlcpy our_strlcpy
#include "../../hypervisor/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strlcpy

#define SPAN 400

static void fill(unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(i * 7 + i / 256 + 1);
}

static void test_copy(void **state)
{
	unsigned char src[SPAN + 16], want[SPAN + 16], got[SPAN + 16];

	(void)state;
	fill(src, sizeof(src));
	for (size_t n = 0; n <= SPAN - 16; n++) {
		for (size_t offset = 0; offset < 9; offset++) {
			memset(want, 0xee, sizeof(want));
			memset(got, 0xee, sizeof(got));
			memcpy(want + offset, src + 3, n);
			assert_ptr_equal(our_memcpy(got + offset, src + 3, n),
				got + offset);
			assert_memory_equal(want, got, sizeof(want));
		}
	}
}

static void test_move(void **state)
{
	unsigned char want[SPAN], got[SPAN];

	(void)state;
	for (size_t n = 0; n <= 180; n++) {
		for (size_t to = 0; to < 40; to++) {
			for (size_t from = 0; from < 40; from += 3) {
				fill(want, sizeof(want));
				fill(got, sizeof(got));
				memmove(want + to, want + from, n);
				our_memmove(got + to, got + from, n);
				assert_memory_equal(want, got, sizeof(want));
			}
		}
	}
}

static void test_set(void **state)
{
	unsigned char want[SPAN], got[SPAN];

	(void)state;
	for (size_t n = 0; n < SPAN - 9; n++) {
		for (size_t offset = 0; offset < 9; offset++) {
			fill(want, sizeof(want));
			fill(got, sizeof(got));
			memset(want + offset, 0x1a5, n);
			our_memset(got + offset, 0x1a5, n);
			assert_memory_equal(want, got, sizeof(want));
		}
	}
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_compare(void **state)
{
	unsigned char a[64], b[64];

	(void)state;
	for (size_t n = 0; n < sizeof(a); n++) {
		for (size_t at = 0; at < sizeof(a); at++) {
			fill(a, sizeof(a));
			fill(b, sizeof(b));
			b[at] ^= 0x80;
			b[sizeof(b) - 1 - at] ^= 1;
			assert_int_equal(sign(our_memcmp(a, b, n)),
				sign(memcmp(a, b, n)));
		}
	}
}

static void test_strings(void **state)
{
	static const char *const s[] = { "", "a", "ab", "abc", "abd", "\xff",
		"a much longer string than the others" };

	(void)state;
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++) {
		assert_int_equal(our_strlen(s[i]), strlen(s[i]));
		assert_int_equal(our_strnlen(s[i], 2), strnlen(s[i], 2));
		assert_ptr_equal(our_strchr(s[i], 'b'), strchr(s[i], 'b'));
		assert_ptr_equal(our_strchr(s[i], 0), strchr(s[i], 0));
		for (size_t j = 0; j < sizeof(s) / sizeof(s[0]); j++) {
			assert_int_equal(sign(our_strcmp(s[i], s[j])),
				sign(strcmp(s[i], s[j])));
			for (size_t n = 0; n < 5; n++)
				assert_int_equal(
					sign(our_strncmp(s[i], s[j], n)),
					sign(strncmp(s[i], s[j], n)));
		}
	}
}

static void test_strlcpy(void **state)
{
	char buf[6] = "xxxxx";

	(void)state;
	assert_int_equal(our_strlcpy(buf, "abc", 0), 3);
	assert_string_equal(buf, "xxxxx");
	assert_int_equal(our_strlcpy(buf, "abc", 6), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(our_strlcpy(buf, "abcdef", 6), 6);
	assert_string_equal(buf, "abcde");
	assert_int_equal(our_strlcpy(buf, "abc", 1), 3);
	assert_string_equal(buf, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_strlcpy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
