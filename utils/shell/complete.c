/* SPDX-License-Identifier: BSD-2-Clause */
/* What the Tab key offers: commands first, then paths. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <readline/readline.h>

#include "../xenstore_common.h"
#include "shell.h"

/* Readline's functions take no argument: the shell that it works for. */
static struct shell *shell;

/* The children of the directory that the word begins with. */
static struct {
	char **names;
	size_t count, at;
	char *dir; /* as typed, with its last '/' */
} list;

static void list_read(const char *text)
{
	const char *slash = strrchr(text, '/');
	char *path;

	free(list.names);
	free(list.dir);
	memset(&list, 0, sizeof(list));
	list.dir = strndup(text, slash ? (size_t)(slash - text) + 1 : 0);
	path = list.dir ? shell_path(shell->place, list.dir) : NULL;
	if (path && xs_directory(shell->xs, shell->tx, path, &list.names,
			    &list.count))
		list.count = 0;
	free(path);
}

/* The next path that begins with `text`; state 0 begins anew. */
static char *next_path(const char *text, int state)
{
	const char *rest;
	char *match;

	if (!state)
		list_read(text);
	if (!list.dir)
		return NULL;
	rest = text + strlen(list.dir);
	while (list.at < list.count) {
		const char *name = list.names[list.at++];

		if (strncmp(name, rest, strlen(rest)))
			continue;
		if (asprintf(&match, "%s%s", list.dir, name) < 0)
			return NULL;
		return match;
	}
	return NULL;
}

static char *next_of(const char *const *words, const char *text, int state)
{
	static size_t at;

	for (at = state ? at : 0; words[at]; at++)
		if (!strncmp(words[at], text, strlen(text)))
			return strdup(words[at++]);
	return NULL;
}

static char *next_command(const char *text, int state)
{
	static size_t at;

	for (at = state ? at : 0; shell_commands[at].name; at++)
		if (!strncmp(shell_commands[at].name, text, strlen(text)))
			return strdup(shell_commands[at++].name);
	return NULL;
}

static char *next_of_transaction(const char *text, int state)
{
	static const char *const words[] = { "begin", "commit", "abort", NULL };

	return next_of(words, text, state);
}

/* A '/' after a node that has children, a space after any other. */
static void append_slash(char **matches)
{
	char **names, *path;
	size_t count = 0;

	if (!matches || matches[1])
		return;
	path = shell_path(shell->place, matches[0]);
	if (path && !xs_directory(shell->xs, shell->tx, path, &names, &count))
		free(names);
	free(path);
	rl_completion_append_character = count ? '/' : ' ';
}

static char **complete(const char *text, int start, int end)
{
	char **matches;
	int begin = 0;

	(void)end;
	rl_attempted_completion_over = 1; /* never names of files */
	rl_completion_append_character = ' ';
	while (rl_line_buffer[begin] == ' ')
		begin++;
	if (start == begin)
		return rl_completion_matches(text, next_command);
	if (!strncmp(rl_line_buffer + begin, "transaction ", 12))
		return rl_completion_matches(text, next_of_transaction);
	if (!strncmp(rl_line_buffer + begin, "help ", 5))
		return rl_completion_matches(text, next_command);
	matches = rl_completion_matches(text, next_path);
	append_slash(matches);
	return matches;
}

void shell_complete(struct shell *sh)
{
	shell = sh;
	rl_readline_name = "xenstore-shell";
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t";
}
