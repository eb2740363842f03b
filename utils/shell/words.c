/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines and words; see shell.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Escapes that mean a byte of a value: whoever writes it resolves them. */
static bool is_value_escape(char c)
{
	return c && strchr("nrtx01234567\\", c);
}

/*
 * Copies one word to *out; returns where the line goes on, or NULL when a
 * quote is not closed.
 */
static const char *copy_word(const char *at, char **out)
{
	char quote = '\0';

	while (*at && (quote || !is_space(*at))) {
		if (*at == quote) {
			quote = '\0';
			at++;
		} else if (!quote && (*at == '"' || *at == '\'')) {
			quote = *at++;
		} else if (*at == '\\' && quote != '\'' && at[1]) {
			if (is_value_escape(at[1]))
				*(*out)++ = *at;
			*(*out)++ = at[1];
			at += 2;
		} else {
			*(*out)++ = *at++;
		}
	}
	*(*out)++ = '\0';
	return quote ? NULL : at;
}

int shell_words(const char *line, char ***words, int *count)
{
	/* A word needs a space after it: there are no more than that. */
	size_t most = strlen(line) / 2 + 2;
	char **list = malloc(most * sizeof(*list) + 2 * strlen(line) + 2);
	char *out = (char *)(list + most);
	int n = 0;

	if (!list)
		return -ENOMEM;
	for (;;) {
		while (is_space(*line))
			line++;
		if (!*line || *line == '#')
			break;
		list[n++] = out;
		line = copy_word(line, &out);
		if (!line) {
			free(list);
			return -EINVAL;
		}
	}
	list[n] = NULL;
	*words = list;
	*count = n;
	return 0;
}

/* Takes the last part off a path; the root has none. */
static void drop_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

char *shell_path(const char *place, const char *word)
{
	char *path = malloc(strlen(place) + strlen(word) + 3);
	size_t len;

	if (!path)
		return NULL;
	if (*word == '@')
		return strcpy(path, word);
	/* Within here the root is the empty string. */
	strcpy(path, *word == '/' || !place[1] ? "" : place);
	while (*word) {
		word += strspn(word, "/");
		len = strcspn(word, "/");
		if (len == 2 && !memcmp(word, "..", 2)) {
			drop_last(path);
		} else if (len && !(len == 1 && *word == '.')) {
			strcat(path, "/");
			strncat(path, word, len);
		}
		word += len;
	}
	if (!*path)
		strcpy(path, "/");
	return path;
}
