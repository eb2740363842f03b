/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snippets of the Boot Loader Specification, loader/entries/NAME.conf: one key
 * and its value a line.
 */
#ifndef PYGRUB_BLS_H
#define PYGRUB_BLS_H

#include <stdbool.h>
#include <stddef.h>
#include "arena.h"
#include "source.h"

#define BLS_SIZE_MAX	65536 /* bytes of a snippet */
#define BLS_MEMORY_MAX	(4U << 20)
#define BLS_INITRDS_MAX 16

/* All texts are the arena's; NULL: the key is not there. */
struct bls {
	const char *id; /* the file's name without .conf and +TRIES */
	const char *path;
	const char *title;
	const char *version;
	const char *machine_id;
	const char *sort_key;
	const char *architecture;
	const char *kernel;  /* linux */
	const char *image;   /* uki, or efi: another program */
	const char *options; /* all lines, with spaces between */
	const char *initrds[BLS_INITRDS_MAX];
	unsigned int initrd_count;
	bool has_tries; /* a counter of boots, of which none is left */
};

/* Fills *bls from a text; `path` gives the id. -E2BIG, -ENOMEM. */
int bls_parse(struct arena *arena, const char *path, const char *text,
	size_t size, struct bls *bls);

/*
 * All snippets of a folder; the table is the arena's. -ENOENT: there is no such
 * folder. A snippet that cannot be read is left out, and named by `note`.
 */
int bls_list(struct arena *arena, const struct source *source,
	unsigned int volume, const char *folder, struct bls **list,
	size_t *count, void (*note)(void *arg, const char *path, int error),
	void *arg);

#endif
