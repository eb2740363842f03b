/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drivers of file systems: programs of jails, each for one run on one volume.
 * They read and never write, replay no journal, and answer WIRE_STAT, _READ,
 * _LIST and _COPY.
 */
#ifndef PYGRUB_FS_H
#define PYGRUB_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "source.h"
#include "window.h"

struct why;

#define FS_ROOT_SIZE SOURCE_DEVICE_SIZE

/*
 * What a driver can do; 0 or a negative errno. Paths are as in source.h; links
 * are followed inside the volume.
 */
struct fs_ops {
	int (*stat)(void *ctx, const char *path, struct source_stat *stat);
	/* Up to `len` bytes of a file; *got is less at its end alone. */
	int (*read)(void *ctx, const char *path, uint64_t offset, void *buf,
		size_t len, size_t *got);
	/* Until `each` returns non-zero; returns that. */
	int (*list)(void *ctx, const char *path,
		int (*each)(void *arg, const char *name), void *arg);
	/*
	 * NULL, or -ENOTSUP before a byte is written: by read. `length` bytes
	 * from `offset`, to where `out` stands.
	 */
	int (*copy)(void *ctx, const char *path, uint64_t offset,
		uint64_t length, int out);
};

/* Answers until the broker hangs up. Returns the process's status. */
int fs_serve(const struct fs_ops *ops, void *ctx);

/* The argument of most programs below; the disk is descriptor JAIL_FD. */
struct fs_volume {
	struct window windows[WINDOW_MAX]; /* one, but for LVM and mdraid */
	unsigned int window_count;
	/* GRUB's name of the device to read; "loop0" is the first window. */
	char root[FS_ROOT_SIZE];
};

/* ext2, 3 and 4 by libext2fs, on the volume of a first WIRE_VOLUME. */
int fs_ext_run(void *unused);
/* All that GRUB can read, by grub-mount. */
int fs_grub_run(void *volume);
/* The devices that GRUB makes of the windows: one WIRE_GROUPS. */
int fs_groups_run(void *volume);
/*
 * Files of a vfat or iso9660 volume by mtools or libarchive's tar, which take a
 * third of the time that GRUB's drivers take: answers WIRE_COPY of whole files,
 * by a process of the tool for each.
 */
struct fs_extract {
	const struct fs_volume *volume;
	const char *type; /* libblkid's */
};
int fs_extract_run(void *extract);
/* Is the type one of these, and means no character something to the tools? */
bool fs_extract_can(const char *type, const char *path);
/* What is where, by libblkid: answers WIRE_PROBE. */
int fs_probe_run(void *unused);

#endif
