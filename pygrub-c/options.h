/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: that of stock pygrub 4.17, and --format. */
#ifndef PYGRUB_OPTIONS_H
#define PYGRUB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "jail.h"

enum output_format { OUTPUT_SXP, OUTPUT_SIMPLE, OUTPUT_SIMPLE0 };

struct options {
	const char *image;
	const char *format; /* of the image: NULL is raw; else QEMU's name */
	const char *output; /* NULL: standard output */
	enum output_format output_format;
	const char *directory;		      /* NULL: the default */
	const char *entry, *kernel, *ramdisk; /* NULL: not given */
	const char *args;		      /* "" when not given */
	bool has_offset;
	uint64_t offset;
	bool list, not_really, quiet, interactive, is_config, debug;
	struct jail_user user; /* whom the jails are, outside */
};

/*
 * Fills options from the words. Returns 0, or what the program is to leave
 * with (1: done, as --help; 2: a usage error, said already), negated: -1, -2.
 */
int options_read(struct options *options, int argc, char **argv);

#endif
