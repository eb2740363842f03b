/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a disk as files, for programs that open what they read by path: a
 * FUSE file system with the files "0", "1"... It is served by a process that
 * can do nothing but read the disk.
 */
#ifndef PYGRUB_WINDOW_H
#define PYGRUB_WINDOW_H

#include <stdint.h>

struct why;

#define WINDOW_MAX 16

struct window {
	uint64_t start, size; /* in bytes of the disk */
};

/*
 * Mounts the windows at `path` and starts their server, in a jail with
 * programs. Both live as long as the jail. `why` names the remedy where the
 * machine has no FUSE.
 */
int window_mount(const char *path, int disk, const struct window *windows,
	unsigned int count, struct why *why);

#endif
