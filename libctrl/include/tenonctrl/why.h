/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why something failed, in words that a person can act on. A function that
 * takes a struct why fills it before it returns a negative errno; NULL may be
 * passed by a caller that does not care. The text is one line, names the
 * object, and has no newline.
 */
#ifndef TENONCTRL_WHY_H
#define TENONCTRL_WHY_H

#define WHY_MAX 320

struct why {
	char text[WHY_MAX];
};

/* Writes the text, cut at WHY_MAX - 1 bytes, and returns `error` unchanged. */
int why_set(struct why *why, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
