/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and string functions over general registers alone (the image may not
 * touch vector registers).
 */
#include <stdint.h>
#include <tenon/string.h>

/* A loop that copies bytes must not become a call of the function it is in. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#ifndef TENON_HOSTED

/* From here REP's start-up cost is repaid. */
#define REP_MIN 128

static inline uint64_t load64(const void *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store64(void *p, uint64_t v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

static inline uint32_t load32(const void *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline void store32(void *p, uint32_t v)
{
	__builtin_memcpy(p, &v, sizeof(v));
}

/* n < 16; everything is loaded before anything is stored. */
static inline void move_small(
	unsigned char *d, const unsigned char *s, size_t n)
{
	if (n >= 8) {
		uint64_t head = load64(s), tail = load64(s + n - 8);

		store64(d, head);
		store64(d + n - 8, tail);
	} else if (n >= 4) {
		uint32_t head = load32(s), tail = load32(s + n - 4);

		store32(d, head);
		store32(d + n - 4, tail);
	} else if (n) {
		unsigned char head = s[0], middle = s[n / 2], tail = s[n - 1];

		d[0] = head;
		d[n / 2] = middle;
		d[n - 1] = tail;
	}
}

/* Right too where the two overlap and dst is the lower. */
static inline void *copy_up(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;
	size_t words = (n - 1) / 8;
	uint64_t tail;

	if (n < 16) {
		move_small(d, s, n);
		return dst;
	}
	tail = load64(s + n - 8);
	if (n >= REP_MIN) {
		unsigned char *to = d;

		__asm__ volatile("rep movsq"
				 : "+D"(to), "+S"(s), "+c"(words)
				 :
				 : "memory");
	} else {
		for (size_t i = 0; i < words; i++)
			store64(d + 8 * i, load64(s + 8 * i));
	}
	store64(d + n - 8, tail);
	return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	return copy_up(dst, src, n);
}

void *memmove(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;
	uint64_t head;

	if (n < 16 || (uintptr_t)dst - (uintptr_t)src >= n)
		return copy_up(dst, src, n);
	head = load64(s);
	for (; n > 8; n -= 8)
		store64(d + n - 8, load64(s + n - 8));
	store64(d, head);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	uint64_t v = (unsigned char)c * 0x0101010101010101ULL;
	size_t words;

	if (n < 8) {
		for (size_t i = 0; i < n; i++)
			d[i] = (unsigned char)c;
		return dst;
	}
	store64(d + n - 8, v);
	words = n / 8;
	if (n >= REP_MIN) {
		__asm__ volatile("rep stosq"
				 : "+D"(d), "+c"(words)
				 : "a"(v)
				 : "memory");
	} else {
		for (size_t i = 0; i < words; i++)
			store64(d + 8 * i, v);
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n >= 8; p += 8, q += 8, n -= 8) {
		uint64_t x = load64(p), y = load64(q);

		if (x != y)
			return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1
									   : 1;
	}
	for (; n; p++, q++, n--)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; a++, b++, n--)
		;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

#endif /* !TENON_HOSTED */

size_t strlcpy(char *dst, const char *src, size_t n)
{
	size_t len = strlen(src);

	if (n) {
		size_t copied = len < n ? len : n - 1;

		memcpy(dst, src, copied);
		dst[copied] = 0;
	}
	return len;
}
