/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from values and values from text.
 *
 * Formatting knows: %d %i %u %x %X %c %s %p %%, the lengths hh h l ll z t j,
 * the flags 0 - # + and space, a width and a precision (numbers or *).  There
 * is no floating point and no %n.  An unknown conversion is copied as it
 * stands.
 */
#ifndef TENON_FMT_H
#define TENON_FMT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <tenon/types.h>

/*
 * Write at most n - 1 bytes and a terminator to buf (nothing when n is 0).
 * Return the length that the whole text has: >= n says that it was cut.
 */
size_t fmt_vprint(char *buf, size_t n, const char *format, va_list args)
	format_like(3, 0);
size_t fmt_print(char *buf, size_t n, const char *format, ...)
	format_like(3, 4);

/*
 * Reads a number: decimal, or hexadecimal after 0x.  With end, *end is set to
 * the first character not read; without, the whole string must be the number.
 * Returns 0; -EINVAL when there is no number or something follows it; -ERANGE
 * when it needs more than 64 bits.
 */
must_check int parse_u64(const char *s, const char **end, uint64_t *value);

/*
 * The same for a size in bytes: a number, then perhaps one of K M G T in
 * either case (powers of 1024).
 */
must_check int parse_size(const char *s, const char **end, uint64_t *bytes);

#endif
