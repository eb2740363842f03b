/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot configurations: where they are looked for, and who reads them. Parsers
 * are pure functions over a source; nothing of a configuration is ever
 * executed, and everything is bounded (boot.h, source.h, and below).
 *
 * All return 0, or a negative errno with `why` filled, which names file and
 * line. The menu must be empty (boot_init) and is left empty by a failure, but
 * for its notes. 0 does not mean that an entry can be booted: default_entry
 * tells.
 */
#ifndef PYGRUB_CFG_H
#define PYGRUB_CFG_H

#include <stddef.h>
#include "boot.h"
#include "source.h"

struct why;

#define CFG_STEPS_MAX 200000 /* commands and words of scripts, all together */
#define CFG_DEPTH_MAX 32     /* nested blocks, calls and files */
#define CFG_FILES_MAX 256    /* files read for one menu */

/* A configuration found: its file (or folder), and its reader. */
struct cfg_place {
	unsigned int volume;
	char path[SOURCE_PATH_MAX + 1];
	const struct cfg_format *format;
};

struct cfg_format {
	const char *kind; /* "grub2", "grub", "extlinux", "bls", "kernel" */
	int (*parse)(const struct source *source, const struct cfg_place *place,
		struct boot_menu *menu, struct why *why);
};

int cfg_grub2_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why);
/* GRUB legacy's menu.lst. */
int cfg_legacy_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why);
/* syslinux, extlinux, isolinux, and the extlinux.conf of U-Boot. */
int cfg_extlinux_parse(const struct source *source,
	const struct cfg_place *place, struct boot_menu *menu, struct why *why);
/*
 * The Boot Loader Specification without GRUB, as systemd-boot reads it: the
 * place is a volume's root; loader/loader.conf, loader/entries/x.conf,
 * EFI/Linux/x.efi.
 */
int cfg_bls_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why);
/* No configuration: the place is a folder with vmlinuz files. */
int cfg_kernel_parse(const struct source *source, const struct cfg_place *place,
	struct boot_menu *menu, struct why *why);

/*
 * Goes through the table of places, on the volumes in the order given, and
 * takes the first configuration with an entry that can be booted. What was
 * found and is of no use stands in the notes. -ENOENT: there is none.
 */
int cfg_find(const struct source *source, const unsigned int *volumes,
	size_t volume_count, struct boot_menu *menu, struct why *why);

/* One file, whose kind is told from its name and its text (--isconfig). */
int cfg_parse_file(const struct source *source, unsigned int volume,
	const char *path, struct boot_menu *menu, struct why *why);

#endif
