/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmark of what a guest can feel: a table of rows, each an operation
 * that is repeated.  The same program runs on bare Linux, in dom0 and in a
 * guest; a row whose devices are not there is skipped.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdint.h>

struct row {
	const char *name;
	unsigned count; /* repetitions of one measurement */
	/* Prepares: 0, or an errno that says why the row is skipped. */
	int (*begin)(void);
	/* ns that n repetitions took. */
	uint64_t (*run)(unsigned n);
	void (*end)(void); /* undoes begin; NULL: nothing to undo */
};

extern const struct row linux_rows[], xen_rows[],
	io_rows[]; /* end: name NULL */

/* What another domain writes is noted from now on, or not: log-dirty.  0, or an
 * errno. */
int row_follow(unsigned domid, int is_on);

uint64_t row_now(void); /* CLOCK_MONOTONIC, ns */
/* Says what failed, with errno, and ends the program. */
_Noreturn void row_fail(const char *what);

/* As a run function's body: n times the statement. */
#define ROW_REPEAT(n, statement)                        \
	do {                                            \
		uint64_t begun_ = row_now();            \
		for (unsigned i_ = 0; i_ < (n); i_++) { \
			statement;                      \
		}                                       \
		return row_now() - begun_;              \
	} while (0)

#endif
