/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xenstore-shell: a place in the store, a transaction perhaps, and commands.
 *
 *   main.c      lines from a terminal or a script, events between them
 *   commands.c  the table of commands and what they do
 *   words.c     a line cut into words; paths from words
 *   complete.c  what the Tab key offers
 *
 * A command that fails has said why on standard error.
 */
#ifndef UTILS_SHELL_SHELL_H
#define UTILS_SHELL_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenonctrl/xs.h>

struct json_object;

struct shell {
	struct xs *xs;
	char *place; /* an absolute path */
	uint32_t tx; /* 0: none */
	bool is_json;
	bool is_over;
};

struct shell_command {
	const char *name, *synopsis, *help;
	int least, most; /* words after the name; most -1: any number */
	bool (*run)(struct shell *sh, int argc, char **argv);
};

extern const struct shell_command shell_commands[]; /* ends with no name */

/* Runs one line; false when it failed. */
bool shell_run(struct shell *sh, const char *line);
/* Prints the events that have come; false when the store is gone. */
bool shell_events(struct shell *sh);

/*
 * Cuts a line into words, up to a '#' that begins one. Quotes keep spaces; in
 * double quotes and outside of any a backslash keeps the next character, but
 * before n, r, t, x and digits it stays, for values. A NULL ends the array,
 * which is one allocation to be freed. 0, -ENOMEM, or -EINVAL: a quote is not
 * closed.
 */
int shell_words(const char *line, char ***words, int *count);
/*
 * An absolute path from a word that may begin at `place` and have "." and
 * ".." in it, to be freed; those that begin with '@' stay as they are. NULL
 * without memory.
 */
char *shell_path(const char *place, const char *word);

/* Has readline complete commands and paths. */
void shell_complete(struct shell *sh);

#endif
