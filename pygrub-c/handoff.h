/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chosen entry's files on their way out: copied by the drivers to files
 * that the broker opened, looked at again when no driver can write to them any
 * more, then named and told.
 */
#ifndef PYGRUB_HANDOFF_H
#define PYGRUB_HANDOFF_H

#include <stdbool.h>
#include "output.h"

struct boot_entry;
struct options;
struct volumes;
struct why;

#define HANDOFF_KERNEL_MAX  (256ULL << 20) /* bytes */
#define HANDOFF_RAMDISK_MAX (1ULL << 30)   /* bytes, of all parts together */

struct handoff {
	struct output_file kernel, ramdisk;
	uint64_t kernel_size, ramdisk_size; /* as the drivers said */
	char *args;			    /* NULL: nothing is taken yet */
};

void handoff_init(struct handoff *handoff);
/* May be called again after a failure. -EFBIG for files beyond the limits. */
int handoff_take(struct handoff *handoff, struct volumes *volumes,
	const struct options *options, const struct boot_entry *entry,
	struct why *why);
/* All drivers have ended: checks the files, names them, prints the result. */
int handoff_finish(struct handoff *handoff, const struct options *options,
	struct why *why);
/* `keep`: the files stay. */
void handoff_free(struct handoff *handoff, bool keep);

#endif
