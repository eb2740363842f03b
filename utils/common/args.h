/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tool's command line, read by the same table that makes its --help text.
 *
 * Options may stand after operands; "--" ends them. Every tool has --help and
 * --version by itself.
 */
#ifndef UTILS_ARGS_H
#define UTILS_ARGS_H

#include <stdbool.h>

struct args_option {
	int id;		   /* what args_next returns; a letter is also -X */
	const char *name;  /* the long form, without dashes */
	const char *value; /* the name of its value in --help; NULL: none */
	const char *help;
};

struct args {
	const char *tool;
	const char *synopsis;		   /* operands, for the usage line */
	const char *about;		   /* one sentence or two */
	const struct args_option *options; /* ends with id 0 */

	/* Out: the value of the option just returned. */
	const char *value;
	/* Out: operands so far, argv's own strings. */
	const char **operands;
	int operand_count;

	/* Private. */
	char **argv;
	int argc, at, within;
	bool ended;
};

enum { ARGS_END = 0, ARGS_USAGE = -1, ARGS_DONE = -2 };

/* Names the tool for errors, too. */
void args_start(struct args *args, int argc, char **argv);
/*
 * The next option's id, or ARGS_END, or ARGS_USAGE after a message (leave
 * with 2), or ARGS_DONE after --help or --version (leave with 0).
 */
int args_next(struct args *args);
/* A message and the hint at --help; returns 2, for main to return. */
int args_usage_error(const struct args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void args_free(struct args *args);

/* A decimal number in [min, max]; false when the text is anything else. */
bool args_number(const char *text, unsigned long long min,
	unsigned long long max, unsigned long long *value);

#endif
