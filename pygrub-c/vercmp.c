/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of versions; see vercmp.h. */
#include <stdbool.h>
#include <string.h>
#include "vercmp.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *skip_between(const char *p)
{
	while (*p && !is_digit(*p) && !is_letter(*p) && *p != '~' && *p != '^')
		p++;
	return p;
}

static size_t run_of(const char *p, bool (*is_one)(char))
{
	size_t len = 0;

	while (is_one(p[len]))
		len++;
	return len;
}

static int sign(long long n)
{
	return (n > 0) - (n < 0);
}

/* Both begin with a digit: the longer number is the larger one. */
static int compare_numbers(
	const char *a, size_t a_len, const char *b, size_t b_len)
{
	for (; a_len && *a == '0'; a_len--)
		a++;
	for (; b_len && *b == '0'; b_len--)
		b++;
	if (a_len != b_len)
		return a_len > b_len ? 1 : -1;
	return strncmp(a, b, a_len);
}

static int compare_words(
	const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = strncmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : sign((long long)a_len - (long long)b_len);
}

int vercmp(const char *a, const char *b)
{
	for (;;) {
		size_t a_len, b_len;
		int order;

		a = skip_between(a);
		b = skip_between(b);
		if (*a == '~' || *b == '~') {
			if (*a != *b)
				return *a == '~' ? -1 : 1;
			a++;
			b++;
			continue;
		}
		if (*a == '^' && *b == '^') {
			a++;
			b++;
			continue;
		}
		/* Newer than the end, older than anything else. */
		if (*a == '^')
			return *b ? -1 : 1;
		if (*b == '^')
			return *a ? 1 : -1;
		if (!*a || !*b)
			return sign(*a - *b);
		if (is_digit(*a) != is_digit(*b))
			return is_digit(*a) ? 1 : -1;
		if (is_digit(*a)) {
			a_len = run_of(a, is_digit);
			b_len = run_of(b, is_digit);
			order = compare_numbers(a, a_len, b, b_len);
		} else {
			a_len = run_of(a, is_letter);
			b_len = run_of(b, is_letter);
			order = compare_words(a, a_len, b, b_len);
		}
		if (order)
			return order;
		a += a_len;
		b += b_len;
	}
}
