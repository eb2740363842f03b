/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's own kernel, fetched from its disk by a boot loader that runs in
 * dom0: pygrub-c(8), or any program with pygrub's arguments and output.
 */
#ifndef UTILS_BOOTLOADER_H
#define UTILS_BOOTLOADER_H

#include <stdbool.h>
#include <stddef.h>

struct why;

#define BOOTLOADER_DEFAULT "pygrub-c"

struct bootloader {
	const char *program; /* a name is looked up in PATH; "pygrub" is ours */
	const char *const *args; /* further ones, NULL at the end; or NULL */
	const char *disk;
	bool interactive; /* the menu is shown on this process's terminal */
};

/*
 * What it found. The files are open and have no name any more: nobody has to
 * remove them. The paths lead to them while this process lives.
 */
struct booted {
	int kernel_fd, ramdisk_fd; /* -1: none */
	char kernel[32], ramdisk[32];
	char *cmdline; /* allocated; "" when there is none */
};

/*
 * Runs it and waits. -ENOENT: there is no such program; -EIO: it failed or was
 * left by the user, or its output is no such thing; it has said why itself.
 * Undo with bootloader_free.
 */
int bootloader_run(
	const struct bootloader *b, struct booted *out, struct why *why);
void bootloader_free(struct booted *out);

/*
 * Reads `size` bytes of output of the form simple0: "kernel PATH", "ramdisk
 * PATH" and "args TEXT", each with a NUL behind it. The pointers lead into
 * `text`; NULL: not given. -EINVAL. Pure.
 */
int bootloader_parse(const char *text, size_t size, const char **kernel,
	const char **ramdisk, const char **args);

#endif
