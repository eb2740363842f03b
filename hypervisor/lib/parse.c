/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and sizes from text.
 */
#include <tenon/errno.h>
#include <tenon/fmt.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Finishes a parse at p: the rest goes to the caller or must be empty. */
static int finish(const char *p, const char **end, uint64_t v, uint64_t *value)
{
	if (end)
		*end = p;
	else if (*p)
		return -EINVAL;
	*value = v;
	return 0;
}

static int scan(const char *s, const char **rest, uint64_t *value)
{
	unsigned int base = 10;
	const char *p = s;
	uint64_t v = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') &&
		digit_value(p[2]) >= 0) {
		base = 16;
		p += 2;
	}
	if (digit_value(*p) < 0 || digit_value(*p) >= (int)base)
		return -EINVAL;
	for (;; p++) {
		int digit = digit_value(*p);

		if (digit < 0 || digit >= (int)base)
			break;
		if (__builtin_mul_overflow(v, base, &v) ||
			__builtin_add_overflow(v, (uint64_t)digit, &v))
			return -ERANGE;
	}
	*rest = p;
	*value = v;
	return 0;
}

int parse_u64(const char *s, const char **end, uint64_t *value)
{
	const char *p;
	uint64_t v;
	int rc = scan(s, &p, &v);

	return rc ? rc : finish(p, end, v, value);
}

static unsigned int suffix_shift(char c)
{
	switch (c) {
	case 'K':
	case 'k':
		return 10;
	case 'M':
	case 'm':
		return 20;
	case 'G':
	case 'g':
		return 30;
	case 'T':
	case 't':
		return 40;
	default:
		return 0;
	}
}

int parse_size(const char *s, const char **end, uint64_t *bytes)
{
	unsigned int shift;
	const char *p;
	uint64_t v;
	int rc = scan(s, &p, &v);

	if (rc)
		return rc;
	shift = suffix_shift(*p);
	if (shift)
		p++;
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	return finish(p, end, v << shift, bytes);
}
