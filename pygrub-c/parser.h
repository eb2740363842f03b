/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program of the parser's jail: partitions, then the guest's boot
 * configuration. It sends one WIRE_MENU, or a failure, and asks the broker for
 * all that it wants to read.
 */
#ifndef PYGRUB_PARSER_H
#define PYGRUB_PARSER_H

#include <stdbool.h>
#include <stdint.h>

struct parser_task {
	uint64_t disk_size;
	bool has_offset;
	uint64_t offset; /* of the one partition that is wanted */
	/* The one volume, number 0, is there: read this configuration in it. */
	const char *config;
	/* Files that the person chose: no configuration is read. NULL: none. */
	const char *kernel, *ramdisk;
};

int parser_run(void *task);

#endif
