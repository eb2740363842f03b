/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that gets its name when it is whole and on the disk; until then it is
 * NAME.part-PID, and an older file of that name is as it was.
 */
#ifndef UTILS_PART_H
#define UTILS_PART_H

#include <stdbool.h>

struct why;

struct part {
	int fd; /* -1: not opened */
	const char *name;
	char *path; /* of the part */
};

/* The name first: who removes the part, when this process is killed, can be
 * there before it. -ENOMEM. */
int part_name(struct part *p, const char *name, struct why *why);
/* Makes it, for nobody else to read; errors of open(2). */
int part_open(struct part *p, struct why *why);
/* On the disk, and under its name. */
int part_keep(struct part *p, struct why *why);
/* Frees all; what was not kept is removed. */
void part_close(struct part *p, bool kept);

#endif
