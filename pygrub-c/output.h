/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes to who builds the guest: kernel and ramdisk as files that only
 * root reads, and a line or more that name them. A file has no name until
 * output_commit: nothing is left when the program dies before.
 */
#ifndef PYGRUB_OUTPUT_H
#define PYGRUB_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include "options.h"

struct boot_menu;
struct why;

#define OUTPUT_DIRECTORY "/run/xen/pygrub"

struct output_file {
	int fd; /* -1: there is none */
	bool is_named;
	char path[PATH_MAX];
};

/* `what` is "kernel" or "ramdisk"; a NULL directory is the default. */
int output_open(struct output_file *file, const char *directory,
	const char *what, struct why *why);
/* Empties it, for another try. */
int output_reset(struct output_file *file);
/* Gives it its name. */
int output_commit(struct output_file *file, struct why *why);
/* Closes it; `keep` leaves a file that has a name. */
void output_close(struct output_file *file, bool keep);

/*
 * -ENOEXEC (and `why`) unless it begins as a kernel does: a bzImage, an ELF
 * file, or something packed.
 */
int output_check_kernel(const struct output_file *file, struct why *why);

/* The result, in the form that stock pygrub has. NULL paths: none. */
int output_print(const struct options *options, const char *kernel,
	const char *ramdisk, const char *args, struct why *why);
/* What -l says. */
void output_list(const struct boot_menu *menu);

#endif
