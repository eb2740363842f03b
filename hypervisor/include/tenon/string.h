/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and string functions with the meanings of ISO C and POSIX.
 *
 * The image defines all of them (the compiler emits calls to the first four);
 * the hosted build takes the host C library's, except strlcpy().
 */
#ifndef TENON_STRING_H
#define TENON_STRING_H

#include <stddef.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/*
 * Copies src to dst, which holds n bytes, cutting it off where it does not
 * fit; dst is terminated whenever n > 0.  Returns strlen(src), so that a
 * result >= n says that it was cut.
 */
size_t strlcpy(char *dst, const char *src, size_t n);

#endif
