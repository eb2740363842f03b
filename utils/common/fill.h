/* SPDX-License-Identifier: BSD-2-Clause */
/* What fills a new guest: a kernel and a ramdisk, opened before it is made. */
#ifndef UTILS_FILL_H
#define UTILS_FILL_H

#include <stdint.h>
#include <tenonctrl/image.h>

struct guest;
struct maker;
struct why;

/* What packed kernels unpacked to is kept there. */
#define FILL_CACHE "/var/cache/tenon"

struct fill {
	struct image image;
	int ramdisk; /* -1: none */
	uint64_t ramdisk_size;
};

#define FILL_EMPTY                             \
	{                                      \
		.image.fd = -1, .ramdisk = -1, \
	}

/*
 * Opens what the guest names, and sees whether it fits its memory; `cache` is
 * as for image_open. Undo with fill_close, on errors too.
 */
int fill_open(struct fill *f, const struct guest *g, const char *cache,
	struct why *why);
/* Builds the domain of a maker whose `arg` is the struct fill. */
int fill_build(struct maker *m, struct why *why);
void fill_close(struct fill *f);

#endif
