/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of a guest made fit for a person's terminal; see text.h. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "text.h"

/* The bytes of the character at `p`, 0 for what is no UTF-8. */
static size_t decode(const unsigned char *p, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *p < 0x80	 ? 1
		     : *p < 0xc2 ? 0
		     : *p < 0xe0 ? 2
		     : *p < 0xf0 ? 3
		     : *p < 0xf5 ? 4
				 : 0;

	if (len < 2) {
		*code = *p;
		return len;
	}
	*code = *p & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff ||
		(*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}

static bool is_printable(uint32_t code)
{
	static const uint32_t hidden[][2] = {
		{ 0, 0x1f },
		{ 0x7f, 0x9f },
		{ 0xad, 0xad },
		{ 0x61c, 0x61c },
		{ 0x180e, 0x180e },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0xe000, 0xf8ff },
		{ 0xfeff, 0xfeff },
		{ 0xfff0, 0xffff },
		{ 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		if (code >= hidden[i][0] && code <= hidden[i][1])
			return false;
	}
	return true;
}

char *text_clean(const char *text, char *out, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t at = 0;

	while (*p) {
		uint32_t code = 0;
		size_t len = decode(p, &code);
		bool good = len && is_printable(code);

		if (at + (good ? len : 1) >= size)
			break;
		if (good)
			memcpy(out + at, p, len);
		else
			out[at] = '?';
		at += good ? len : 1;
		p += len ? len : 1;
	}
	out[at] = '\0';
	return out;
}
