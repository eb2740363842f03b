/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The partitions of a guest's disk, read and never written: MBR with logical
 * partitions, GPT (with its backup), both at once, or a file system on the
 * whole disk. Offsets and sizes are in bytes and lie inside the disk.
 */
#ifndef PYGRUB_DISK_H
#define PYGRUB_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reader.h"

struct why;

#define DISK_PARTS_MAX 128

enum disk_scheme { DISK_WHOLE, DISK_MBR, DISK_GPT };

/* What a partition's type, or its first bytes, say of it. */
enum disk_use {
	DISK_USE_ANY,	/* a file system may be there */
	DISK_USE_ESP,	/* EFI's */
	DISK_USE_XBOOT, /* the boot loader specification's /boot */
	DISK_USE_LVM,	/* a physical volume: signature found */
	DISK_USE_RAID,	/* a member of mdraid: superblock found */
	DISK_USE_LUKS,	/* encrypted: signature found */
	DISK_USE_SWAP,
	DISK_USE_NONE, /* nothing to read: BIOS boot, swap by type, empty */
};

struct disk_part {
	unsigned int number; /* as Linux and GRUB count, from 1; 0: the disk */
	uint64_t start;
	uint64_t size;
	enum disk_use use;
	bool is_active;	      /* MBR's flag; GPT's legacy BIOS bootable */
	uint8_t mbr_type;     /* 0 with GPT */
	uint8_t gpt_type[16]; /* as on the disk; zeros with MBR */
	/* PARTUUID as Linux writes it: of GPT 36 characters, of MBR 11. */
	char uuid[37];
	char device[16]; /* GRUB's name: "hd0,gpt2", "hd0,msdos5", "hd0" */
};

struct disk_table {
	enum disk_scheme scheme;
	bool is_hybrid;	     /* GPT and an MBR with partitions of its own */
	bool is_backup;	     /* GPT's second header was taken */
	unsigned int sector; /* bytes: 512 or 4096 */
	struct disk_part parts[DISK_PARTS_MAX];
	unsigned int count;
	bool is_cut; /* some partitions were wrong or too many: left out */
};

/*
 * Reads the table. A disk without one is a single part, number 0. -EIO and
 * the like from the reader; -EINVAL with `why` for a disk that is too small.
 * Disk number `number` gives the names.
 */
int disk_scan(const struct reader *disk, unsigned int number,
	struct disk_table *table, struct why *why);

/*
 * The part that begins at `offset` (pygrub's --offset), or one that goes from
 * there to the end of the disk. -ERANGE beyond the end.
 */
int disk_at_offset(const struct reader *disk, const struct disk_table *table,
	uint64_t offset, struct disk_part *part);

/*
 * The order in which partitions are tried, as indices of parts: the active
 * ones, the specification's /boot, the rest as they stand, the ESPs last among
 * those that can hold files. What cannot is left out. Returns how many.
 */
unsigned int disk_order(
	const struct disk_table *table, unsigned int order[DISK_PARTS_MAX]);

/* "LVM", "mdraid", "LUKS"...; for messages. */
const char *disk_use_name(enum disk_use use);

#endif
