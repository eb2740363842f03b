/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf-like formatting into a bounded buffer; no allocation, no state.
 */
#include <stdbool.h>
#include <tenon/fmt.h>
#include <tenon/string.h>

struct sink {
	char *buf;
	size_t size; /* of buf */
	size_t len;  /* of the text so far, stored or not */
};

struct spec {
	bool left, zero, alt, plus, space, upper;
	bool has_precision;
	char length; /* 'h', 'H' for hh, 'l' for everything of 64 bits, or 0 */
	size_t width, precision;
};

/* The longest number: 64 bits in decimal. */
#define DIGITS_MAX 20

/* Widths beyond this are cut: a format is not a way to fill memory. */
#define WIDTH_MAX 4096

static void put(struct sink *out, char c)
{
	if (out->len < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_many(struct sink *out, char c, size_t n)
{
	while (n--)
		put(out, c);
}

static void put_text(struct sink *out, const char *s, size_t n)
{
	while (n--)
		put(out, *s++);
}

/* Text in a field: the padding, on the side that the flags say. */
static void put_field(
	struct sink *out, const struct spec *sp, const char *s, size_t n)
{
	size_t pad = sp->width > n ? sp->width - n : 0;

	if (!sp->left)
		put_many(out, ' ', pad);
	put_text(out, s, n);
	if (sp->left)
		put_many(out, ' ', pad);
}

static size_t to_digits(
	char *end, uint64_t value, unsigned int base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t n = 0;

	do {
		*--end = set[value % base];
		n++;
		value /= base;
	} while (value);
	return n;
}

static void put_number(struct sink *out, const struct spec *sp, uint64_t value,
	unsigned int base, const char *prefix)
{
	char digits[DIGITS_MAX];
	size_t n, prefix_len = strlen(prefix), zeros = 0, pad;

	n = to_digits(digits + DIGITS_MAX, value, base, sp->upper);
	if (sp->has_precision && !sp->precision && !value)
		n = 0;
	if (sp->has_precision) {
		zeros = sp->precision > n ? sp->precision - n : 0;
	} else if (sp->zero && !sp->left) {
		size_t have = prefix_len + n;

		zeros = sp->width > have ? sp->width - have : 0;
	}
	pad = prefix_len + zeros + n;
	pad = sp->width > pad ? sp->width - pad : 0;
	if (!sp->left)
		put_many(out, ' ', pad);
	put_text(out, prefix, prefix_len);
	put_many(out, '0', zeros);
	put_text(out, digits + DIGITS_MAX - n, n);
	if (sp->left)
		put_many(out, ' ', pad);
}

static size_t parse_count(const char **format)
{
	size_t n = 0;

	for (; **format >= '0' && **format <= '9'; ++*format)
		if (n <= WIDTH_MAX)
			n = n * 10 + (size_t)(**format - '0');
	return n > WIDTH_MAX ? WIDTH_MAX : n;
}

static void parse_flags(const char **format, struct spec *sp)
{
	for (;; ++*format) {
		switch (**format) {
		case '-':
			sp->left = true;
			break;
		case '0':
			sp->zero = true;
			break;
		case '#':
			sp->alt = true;
			break;
		case '+':
			sp->plus = true;
			break;
		case ' ':
			sp->space = true;
			break;
		default:
			return;
		}
	}
}

static void parse_length(const char **format, struct spec *sp)
{
	switch (**format) {
	case 'h':
		sp->length = 'h';
		if (*++*format == 'h') {
			sp->length = 'H';
			++*format;
		}
		break;
	case 'l':
		sp->length = 'l';
		if (*++*format == 'l')
			++*format;
		break;
	case 'z':
	case 't':
	case 'j':
		sp->length = 'l';
		++*format;
		break;
	}
}

static int64_t narrow_signed(const struct spec *sp, int64_t v)
{
	return sp->length == 'H'   ? (signed char)v
	       : sp->length == 'h' ? (short)v
				   : v;
}

static uint64_t narrow_unsigned(const struct spec *sp, uint64_t v)
{
	return sp->length == 'H'   ? (unsigned char)v
	       : sp->length == 'h' ? (unsigned short)v
				   : v;
}

static void put_signed(struct sink *out, const struct spec *sp, int64_t v)
{
	const char *sign;

	v = narrow_signed(sp, v);
	sign = v < 0 ? "-" : sp->plus ? "+" : sp->space ? " " : "";
	put_number(out, sp, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, sign);
}

static void put_unsigned(
	struct sink *out, struct spec *sp, uint64_t v, char conversion)
{
	unsigned int base = conversion == 'u' ? 10 : 16;
	const char *prefix = "";

	v = narrow_unsigned(sp, v);
	sp->upper = conversion == 'X';
	if (sp->alt && base == 16 && v)
		prefix = sp->upper ? "0X" : "0x";
	put_number(out, sp, v, base, prefix);
}

static void put_string(struct sink *out, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	put_field(out, sp, s,
		sp->has_precision ? strnlen(s, sp->precision) : strlen(s));
}

size_t fmt_vprint(char *buf, size_t n, const char *format, va_list args)
{
	struct sink out = { .buf = buf, .size = n };

	while (*format) {
		const char *start = format;
		struct spec sp = { 0 };
		char c;

		if (*format != '%') {
			put(&out, *format++);
			continue;
		}
		format++;
		parse_flags(&format, &sp);
		if (*format == '*') {
			int width = va_arg(args, int);

			sp.left |= width < 0;
			sp.width = width < 0 ? -(size_t)width : (size_t)width;
			if (sp.width > WIDTH_MAX)
				sp.width = WIDTH_MAX;
			format++;
		} else {
			sp.width = parse_count(&format);
		}
		if (*format == '.') {
			format++;
			sp.has_precision = true;
			if (*format == '*') {
				int precision = va_arg(args, int);

				sp.has_precision = precision >= 0;
				sp.precision = (size_t)precision;
				format++;
			} else {
				sp.precision = parse_count(&format);
			}
		}
		parse_length(&format, &sp);
		switch (*format) {
		case 'd':
		case 'i':
			put_signed(&out, &sp,
				sp.length == 'l' ? va_arg(args, long)
						 : va_arg(args, int));
			break;
		case 'u':
		case 'x':
		case 'X':
			put_unsigned(&out, &sp,
				sp.length == 'l' ? va_arg(args, unsigned long)
						 : va_arg(args, unsigned int),
				*format);
			break;
		case 'p':
			sp.has_precision = false;
			put_number(&out, &sp, (uintptr_t)va_arg(args, void *),
				16, "0x");
			break;
		case 'c':
			c = (char)va_arg(args, int);
			put_field(&out, &sp, &c, 1);
			break;
		case 's':
			put_string(&out, &sp, va_arg(args, const char *));
			break;
		case '%':
			put(&out, '%');
			break;
		case 0:
			put_text(&out, start, (size_t)(format - start));
			continue;
		default:
			put_text(&out, start, (size_t)(format + 1 - start));
			break;
		}
		format++;
	}
	if (n)
		buf[out.len < n ? out.len : n - 1] = 0;
	return out.len;
}

size_t fmt_print(char *buf, size_t n, const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = fmt_vprint(buf, n, format, args);
	va_end(args);
	return len;
}
