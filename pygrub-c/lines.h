/* SPDX-License-Identifier: BSD-2-Clause */
/* A text line by line, and a line word by word, for configurations made so. */
#ifndef PYGRUB_LINES_H
#define PYGRUB_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_MAX 8191 /* bytes of a line; the rest of a longer one is lost */

struct lines {
	const char *at;
	const char *end;
	unsigned int number;	  /* of the line in `text`, from 1 */
	char text[LINES_MAX + 1]; /* without blanks at its ends */
};

void lines_open(struct lines *lines, const char *text, size_t size);
/* The next line that is not empty and no comment ('#'); false at the end. */
bool lines_next(struct lines *lines);

/*
 * Cuts the first word off: it ends at a blank, or at one of `more` (may be "").
 * Returns what follows, without blanks before it.
 */
char *lines_split(char *text, const char *more);

#endif
