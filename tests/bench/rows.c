/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows [NAME...]: measures the rows whose names begin with one of the NAMEs,
 * or all, and prints a line each:
 *
 *	row null-syscall 321.4		ns an operation, the median of five runs
 *	row event-self skip No such file or directory
 *
 * On an emulator that counts instructions a nanosecond is an instruction.
 * rows --exit does nothing: it is what the row fork-exec starts.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <time.h>
#include <unistd.h>
#include "rows.h"

#define RUNS	  5
#define PER_QUERY 0xffffffff /* personality(2): asks only */

uint64_t row_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

_Noreturn void row_fail(const char *what)
{
	printf("rows: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct row *r)
{
	double ns[RUNS];
	int why = r->begin ? r->begin() : 0;

	if (why) {
		printf("row %s skip %s\n", r->name, strerror(why));
		return;
	}
	(void)r->run(r->count / 10 + 1); /* what is done once only */
	for (unsigned i = 0; i < RUNS; i++)
		ns[i] = (double)r->run(r->count) / r->count;
	if (r->end)
		r->end();
	qsort(ns, RUNS, sizeof(*ns), by_value);
	printf("row %s %.1f\n", r->name, ns[RUNS / 2]);
	fflush(stdout);
}

static int is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strncmp(name, argv[i], strlen(argv[i])))
			return 1;
	return argc == 1;
}

static void measure_all(const struct row *r, int argc, char **argv)
{
	for (; r->name; r++)
		if (is_wanted(r->name, argc, argv))
			measure(r);
}

int main(int argc, char **argv)
{
	cpu_set_t first;

	if (argc == 2 && !strcmp(argv[1], "--exit"))
		return 0;
	if (argc == 3 &&
		(!strcmp(argv[1], "--follow") || !strcmp(argv[1], "--leave"))) {
		errno = row_follow(
			(unsigned)atoi(argv[2]), !strcmp(argv[1], "--follow"));
		if (errno)
			row_fail(argv[1]);
		return 0;
	}
	/* The same addresses in each run: they decide how many page tables a
	 * mapping needs. */
	if (!(personality(PER_QUERY) & ADDR_NO_RANDOMIZE)) {
		personality(ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
		row_fail("/proc/self/exe");
	}
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		row_fail("sched_setaffinity");
	measure_all(linux_rows, argc, argv);
	measure_all(xen_rows, argc, argv);
	measure_all(io_rows, argc, argv);
	puts("rows done");
	return 0;
}
