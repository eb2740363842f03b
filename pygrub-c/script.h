/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of GRUB 2's scripts (GRUB manual, "Shell-like scripting"): text
 * in, one command after the other as a tree out. Nothing runs here.
 */
#ifndef PYGRUB_SCRIPT_H
#define PYGRUB_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include "arena.h"

/* A piece of a word: text as it is, or the name of a variable. */
struct script_part {
	struct script_part *next;
	const char *text;
	bool is_variable;
	/* In quotes: not split at spaces, and there even when empty. */
	bool is_quoted;
};

struct script_word {
	struct script_word *next;
	struct script_part *parts;
};

enum script_kind {
	SCRIPT_COMMAND, /* words; body: its block, of menuentry and the like */
	SCRIPT_IF,	/* condition, body, otherwise */
	SCRIPT_WHILE,	/* condition, body */
	SCRIPT_UNTIL,
	SCRIPT_FOR,	 /* words: the variable, then the values; body */
	SCRIPT_FUNCTION, /* words: the name; body */
};

struct script_node {
	struct script_node *next;
	enum script_kind kind;
	unsigned int line; /* from 1 */
	struct script_word *words;
	struct script_node *condition;
	struct script_node *body;
	struct script_node *otherwise;
};

struct script {
	struct arena *arena; /* of all nodes; outlives the script */
	const char *at;	     /* NUL-terminated, at `end` */
	const char *end;
	unsigned int line;
	unsigned int depth;
	/* Of the last error. */
	unsigned int error_line;
	const char *error;
};

/* `size` bytes at `text`, with a NUL behind; a NUL inside ends the script. */
void script_open(struct script *script, struct arena *arena, const char *text,
	size_t size);

/*
 * The next command of the file. 0 and *node; 0 and NULL at the end; -EINVAL
 * with `error` and `error_line` set, and the rest of that line skipped: one can
 * go on. -ENOMEM.
 */
int script_next(struct script *script, struct script_node **node);

#endif
