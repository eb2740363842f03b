/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One maker or renamer at a time, between the check that a name is free and
 * the moment that the store shows it.
 */
#ifndef UTILS_CREATE_LOCK_H
#define UTILS_CREATE_LOCK_H

struct why;

/* Waits for it; *fd holds it until closed. An error of the file system. */
int create_lock(int *fd, struct why *why);

#endif
