/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes an initramfs: an archive in the form that Linux unpacks at its start
 * (newc; Documentation/driver-api/early-userspace/buffer-format).
 *
 * The first error stays and all later calls do nothing but return it.
 */
#ifndef UTILS_RUN_CPIO_H
#define UTILS_RUN_CPIO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct why;

struct cpio {
	FILE *out;	      /* the caller's */
	uint64_t size, limit; /* bytes written, and at most */
	uint32_t inode;
	int error;
	struct why *why; /* filled with the first error */
};

/* Names are relative, without a '/' at either end. */
int cpio_folder(struct cpio *c, const char *name);
int cpio_bytes(struct cpio *c, const char *name, unsigned int mode,
	const void *bytes, size_t size);
/* A regular file of dom0's, by its path. */
int cpio_file(
	struct cpio *c, const char *name, unsigned int mode, const char *path);
/*
 * All that a folder holds, on its file system or below, with owners, modes,
 * links and device nodes; sockets and the entry `skip` of the top are left
 * out. Links are not followed.
 */
int cpio_tree(struct cpio *c, const char *path, const char *skip);
/* The end of the archive. */
int cpio_end(struct cpio *c);

#endif
