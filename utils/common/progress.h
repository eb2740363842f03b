/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far something long is, for a person: one line on standard error that is
 * written over, and nothing at all where that is no terminal.
 */
#ifndef UTILS_PROGRESS_H
#define UTILS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "saving life" */
	bool shown;	  /* set by progress_begin: there is a terminal */
	int percent;	  /* the last one written; -1: none */
};

/* From here on nothing is shown: this process speaks to nobody, or another
 * shows it. */
void progress_never(void);

void progress_begin(struct progress *p, const char *what);
/* The argument is a struct progress. */
void progress_tell(void *arg, uint64_t done, uint64_t all);
/* Wipes the line. */
void progress_end(struct progress *p);

#endif
