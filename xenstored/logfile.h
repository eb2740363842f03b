/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log file that the keeper opens and the worker writes. When it is full it
 * becomes FILE.1, what was FILE.1 becomes FILE.2, and so on; LOGFILE_KEPT old
 * ones are kept, so that all of them together have a bound.
 */
#ifndef XENSTORED_LOGFILE_H
#define XENSTORED_LOGFILE_H

#include <stdint.h>

#define LOGFILE_KEPT 4

struct logfile {
	const char *path; /* NULL: there is none */
	uint64_t size;	  /* bytes at which it is full */
	int fd;		  /* -1: not open */
};

/*
 * Opens the file of that name, anew when it is open: others may have moved
 * it. 0 or a negative errno, with nothing changed.
 */
int logfile_open(struct logfile *f);
/*
 * Moves a full one aside and begins another; one that is not full stays. 0 or
 * a negative errno, with the old one still open.
 */
int logfile_rotate(struct logfile *f);

#endif
