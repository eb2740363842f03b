/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB's environment block: a file of NAME=VALUE lines below a fixed first
 * line, with backslashes before backslashes and newlines, filled up with '#'.
 */
#ifndef PYGRUB_GRUBENV_H
#define PYGRUB_GRUBENV_H

#include <stddef.h>

#define GRUBENV_SIZE_MAX 65536 /* bytes; usual: 1024 */

/*
 * Calls `each` with every name and value, which it may keep for the call only,
 * until that returns non-zero, and returns that. -EINVAL: no such block;
 * -ENOMEM.
 */
int grubenv_parse(const char *text, size_t size,
	int (*each)(void *arg, const char *name, const char *value), void *arg);

#endif
