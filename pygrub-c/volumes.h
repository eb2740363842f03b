/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The broker's side of the guest's file systems: which there are, and a jail
 * with a driver for each that was asked for. What a driver answers is taken for
 * hostile: it is bounded, and never believed to be what it was a moment ago.
 */
#ifndef PYGRUB_VOLUMES_H
#define PYGRUB_VOLUMES_H

#include <stdbool.h>
#include <stdint.h>
#include "fs.h"
#include "jail.h"
#include "wire.h"

struct why;

#define VOLUMES_MAX 160

struct volume {
	struct fs_volume where;
	char device[SOURCE_DEVICE_SIZE]; /* GRUB's name, for messages, too */
	bool is_probed;
	char *type, *uuid, *label; /* of libblkid; "" when not known */
	struct jail jail;	   /* the driver's */
	struct jail quicker;	   /* of fs_extract.c */
	int failed; /* why there is no driver; 0: none has failed */
	char *said; /* the same in words */
};

struct volumes {
	int disk; /* open for reading */
	uint64_t disk_size;
	struct jail_user user;
	uint64_t copy_max; /* bytes that a driver may write to one file */
	struct volume list[VOLUMES_MAX];
	unsigned int count;
	/* What LVM and mdraid are made of. */
	struct window members[WINDOW_MAX];
	unsigned int member_count;
	struct jail probe;
	struct jail spare; /* libext2fs's, waiting for a volume */
};

/*
 * Starts the jails that most disks need, so that they come up beside the
 * parser's. One that fails is started again by who needs it.
 */
void volumes_start(struct volumes *vs);

/* -ERANGE for what is not inside the disk, -E2BIG. */
int volumes_add(struct volumes *vs, uint64_t start, uint64_t size,
	const char *device, unsigned int *number);
int volumes_add_member(struct volumes *vs, uint64_t start, uint64_t size);
/*
 * Lets GRUB's tools look for LVM and mdraid in the members, and adds a volume
 * for each; *names (the caller frees it) are theirs in order, each with a NUL,
 * *size bytes together.
 */
int volumes_group(
	struct volumes *vs, char **names, size_t *size, struct why *why);
/* The volume with this UUID (case is ignored) or label; -ENOENT. */
int volumes_search(struct volumes *vs, enum source_key key, const char *value,
	unsigned int *number, struct why *why);

/*
 * Asks a volume's driver: WIRE_STAT, WIRE_READ, WIRE_LIST, WIRE_COPY. The
 * answer is in *m, and in *answer unless that is NULL (the caller frees it).
 */
int volumes_ask(struct volumes *vs, unsigned int number, struct wire_message *m,
	const char *path, int descriptor, char **answer, struct why *why);

/* Ends all jails. */
void volumes_end(struct volumes *vs);

#endif
