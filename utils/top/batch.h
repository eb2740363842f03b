/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor without a terminal: the lines that programs read, byte for byte
 * as xentop of Xen 4.17 writes them, or a JSON object a round.
 */
#ifndef TOP_BATCH_H
#define TOP_BATCH_H

#include <stdbool.h>
#include <stdio.h>

struct model;

struct batch_wish {
	bool full_names; /* else cut to ten characters */
	bool networks, disks, vcpus;
	bool repeats_header; /* before each domain */
};

/* One round; -EIO. */
int batch_text(const struct model *m, const struct batch_wish *wish, FILE *to);
/* One round as one line. -ENOMEM, -EIO. */
int batch_json(const struct model *m, FILE *to);

#endif
