/* SPDX-License-Identifier: BSD-2-Clause */
/* GRUB's environment block; see grubenv.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "grubenv.h"

#define FIRST_LINE "# GRUB Environment Block\n"

int grubenv_parse(const char *text, size_t size,
	int (*each)(void *arg, const char *name, const char *value), void *arg)
{
	const char *end = text + size;
	size_t first = strlen(FIRST_LINE);
	char *line;
	int ret = 0;

	if (size < first || memcmp(text, FIRST_LINE, first))
		return -EINVAL;
	line = malloc(size + 1);
	if (!line)
		return -ENOMEM;
	text += first;
	while (text < end && !ret) {
		char *value = NULL;
		size_t len = 0;

		for (; text < end && *text != '\n'; text++) {
			if (*text == '\\' && text + 1 < end)
				text++;
			line[len] = *text;
			if (*text == '=' && !value)
				value = line + len;
			len++;
		}
		text += text < end;
		line[len] = '\0';
		if (!value || line[0] == '#' || value == line ||
			strlen(line) != len)
			continue;
		*value = '\0';
		ret = each(arg, line, value + 1);
	}
	free(line);
	return ret;
}
