/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of configurations; see words.h. */
#include <ctype.h>
#include <string.h>
#include "words.h"

char *words_trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

bool words_has(const char *const *list, const char *word)
{
	for (; *list; list++) {
		if (!strcmp(word, *list))
			return true;
	}
	return false;
}
