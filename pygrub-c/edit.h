/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of text that a person edits, with readline's keys. */
#ifndef PYGRUB_EDIT_H
#define PYGRUB_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include "boot.h"

/* A path with its device, and arguments behind it. */
#define EDIT_MAX (BOOT_ARGS_MAX + 1200)

/* Keys beside the characters; those of Ctrl are 1 to 26. */
enum edit_key {
	EDIT_LEFT = 0x100,
	EDIT_RIGHT,
	EDIT_HOME,
	EDIT_END,
	EDIT_DELETE,
	EDIT_BACKSPACE,
	EDIT_WORD_LEFT,	  /* Alt-b */
	EDIT_WORD_RIGHT,  /* Alt-f */
	EDIT_DELETE_WORD, /* Alt-d */
	EDIT_ERASE_WORD,  /* Alt-Backspace */
};

struct edit_line {
	char text[EDIT_MAX + 1];
	size_t length, cursor; /* cursor <= length */
	char killed[EDIT_MAX + 1];
};

/* The cursor goes to the end; what is too long is cut. */
void edit_start(struct edit_line *line, const char *text);
/* false: the key means nothing here. */
bool edit_key(struct edit_line *line, int key);

#endif
