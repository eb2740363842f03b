/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines and words; see lines.h. */
#include <string.h>
#include "lines.h"

#define BLANKS " \t\r\f\v"

void lines_open(struct lines *lines, const char *text, size_t size)
{
	lines->at = text;
	lines->end = text + strnlen(text, size);
	lines->number = 0;
	lines->text[0] = '\0';
}

bool lines_next(struct lines *lines)
{
	while (lines->at < lines->end) {
		const char *from = lines->at;
		size_t len = strcspn(from, "\n");

		lines->at = from + len + (from + len < lines->end);
		lines->number++;
		while (len && strchr(BLANKS, *from)) {
			from++;
			len--;
		}
		while (len && strchr(BLANKS, from[len - 1]))
			len--;
		if (!len || *from == '#')
			continue;
		if (len > LINES_MAX)
			len = LINES_MAX;
		memcpy(lines->text, from, len);
		lines->text[len] = '\0';
		return true;
	}
	return false;
}

char *lines_split(char *text, const char *more)
{
	while (*text && !strchr(BLANKS, *text) && !strchr(more, *text))
		text++;
	if (*text)
		*text++ = '\0';
	while (*text && (strchr(BLANKS, *text) || strchr(more, *text)))
		text++;
	return text;
}
