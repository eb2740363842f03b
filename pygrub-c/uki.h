/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unified kernel images: a PE program of systemd whose sections are a kernel,
 * an initrd, a command line. Only the headers and the texts are read here; the
 * pieces are named by offset and length, inside the file.
 */
#ifndef PYGRUB_UKI_H
#define PYGRUB_UKI_H

#include <stdint.h>
#include "boot.h"
#include "reader.h"
#include "source.h"

struct why;

#define UKI_TEXT_MAX 4096 /* bytes kept of a text */

struct uki_piece {
	uint64_t offset;
	uint64_t length; /* 0: there is none */
};

struct uki {
	struct uki_piece kernel;
	struct uki_piece initrd;
	struct uki_piece microcode; /* an initrd that goes before the other */
	char cmdline[UKI_TEXT_MAX + 1];
	char osrel[UKI_TEXT_MAX + 1]; /* the text of os-release */
	char uname[UKI_TEXT_MAX + 1];
};

/* -ENOEXEC, with `why`: no PE file, or none with a kernel; read's errors. */
int uki_read(const struct reader *file, struct uki *uki, struct why *why);

/* The value of KEY in the text of an os-release, without quotes; 0 or -ENOENT.
 */
int uki_release(const char *osrel, const char *key, char *value, size_t size);

/* Makes the entry boot the image's kernel. As uki_read; -ENOMEM. */
int uki_fill(struct boot_entry *entry, const struct source *source,
	unsigned int volume, const char *path, struct uki *uki,
	struct why *why);

#endif
