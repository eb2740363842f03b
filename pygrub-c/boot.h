/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest's boot configuration offers: the one form that all parsers fill
 * and that menu and output read. It can be sent through a pipe as it is
 * (boot_write, boot_read), and what comes out is as bounded as what a parser
 * makes.
 *
 * All texts come from the guest. They hold no NUL; titles, obstacles and notes
 * may hold any other byte (escape sequences!), paths and arguments of an entry
 * that can be booted have no control characters.
 */
#ifndef PYGRUB_BOOT_H
#define PYGRUB_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why;

#define BOOT_ENTRIES_MAX 1024
#define BOOT_INITRDS_MAX 16
#define BOOT_NOTES_MAX	 64
#define BOOT_TITLE_MAX	 1024	    /* bytes of a title or id; cut there */
#define BOOT_ARGS_MAX	 4095	    /* bytes; longer ones are refused */
#define BOOT_WIRE_MAX	 (8U << 20) /* bytes of a menu that boot_write makes */

/* Where a kernel or initrd stands: a whole file, or a part of one. */
struct boot_file {
	unsigned int volume; /* of the source */
	char *path;	     /* as source.h has them; NULL: there is none */
	uint64_t offset;
	uint64_t length; /* 0: the whole file, and offset is 0 */
};

struct boot_entry {
	char *title;
	char *id; /* NULL: none */
	/* The submenu that it stands in, an index smaller than its own; or -1.
	 */
	int parent;
	bool is_submenu; /* then nothing below is set */
	struct boot_file kernel;
	struct boot_file initrds[BOOT_INITRDS_MAX]; /* to be joined in order */
	unsigned int initrd_count;
	char *args; /* the kernel's command line; "" when there is none */
	/* Why it cannot be booted ("it loads another boot loader"); else NULL.
	 */
	char *obstacle;
	unsigned int line; /* from 1, where it begins in its file; 0: none */
};

/* Something that was not understood, or not found, on the way. */
struct boot_note {
	char *file;
	unsigned int line; /* 0: the file as a whole */
	char *text;
};

struct boot_menu {
	char *source; /* "(hd0,gpt2)/boot/grub/grub.cfg"; NULL: none */
	/* Static: "grub2", "grub", "extlinux", "bls", "kernel"; NULL: none. */
	const char *kind;
	char *title; /* of the menu, or NULL */
	struct boot_entry *entries;
	unsigned int entry_count;
	/* An entry that can be booted, to be taken without a menu; or -1. */
	int default_entry;
	int fallback_entry; /* when the default's files are not there; or -1 */
	int timeout_ms;	    /* 0: at once; -1: wait for a key */
	bool is_hidden;	    /* count down without showing the menu */
	struct boot_note *notes;
	unsigned int note_count;
};

/* An empty menu: no default, no fallback, timeout -1. */
void boot_init(struct boot_menu *menu);
void boot_free(struct boot_menu *menu);
/* Makes it empty again, but keeps the notes. */
void boot_clear(struct boot_menu *menu);

/*
 * Adds an entry, empty but for the copied title, and parent; its index goes to
 * *index. -E2BIG beyond BOOT_ENTRIES_MAX, -ENOMEM.
 */
int boot_add(struct boot_menu *menu, const char *title, int parent,
	unsigned int *index);
/*
 * These copy, and replace what is there; -ENOMEM. Tabs in arguments become
 * spaces, and there are none at the ends. A command line or path that is too
 * long is an obstacle.
 */
int boot_set_id(struct boot_entry *entry, const char *id);
int boot_set_args(struct boot_entry *entry, const char *args);
int boot_set_kernel(
	struct boot_entry *entry, unsigned int volume, const char *path);
/* -E2BIG beyond BOOT_INITRDS_MAX. */
int boot_add_initrd(
	struct boot_entry *entry, unsigned int volume, const char *path);
/* Takes the kernel and the initrds away. */
void boot_clear_files(struct boot_entry *entry);
void boot_clear_initrds(struct boot_entry *entry);
/* The first obstacle stays. */
int boot_set_obstacle(struct boot_entry *entry, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Drops what has been said already, what there are too many of, and what no
 * memory is there for.
 */
void boot_note(struct boot_menu *menu, const char *file, unsigned int line,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The static text of a kind of configuration; NULL for one not known. */
const char *boot_kind(const char *kind);

/* Can it be booted: a kernel, no obstacle, no submenu? */
bool boot_is_bootable(const struct boot_entry *entry);

/*
 * Which entry is meant, by GRUB's rules: a number (counted in its menu, from
 * 0), an id or a title, and a '>' between the levels of submenus. What names a
 * submenu means its first entry that can be booted. The index of an entry,
 * which may have an obstacle; -1 when there is none such. Also what --entry of
 * the command line means.
 */
int boot_find(const struct boot_menu *menu, const char *name);

/*
 * To be called by each parser at its end: entries without a kernel, or with
 * texts that cannot be handed on, get an obstacle; a default or fallback that
 * cannot be booted becomes the first entry that can (-1: there is none).
 */
int boot_finish(struct boot_menu *menu);

/*
 * The menu as bytes and back, for a pipe between a jail and its broker.
 * boot_write's caller frees *bytes; -E2BIG beyond BOOT_WIRE_MAX, -EINVAL for
 * what boot_read would refuse. boot_read takes the bytes for hostile: -EINVAL
 * (and `why`) for what a parser could not have made; volumes are below
 * `volume_count`.
 */
int boot_write(const struct boot_menu *menu, uint8_t **bytes, size_t *size);
int boot_read(struct boot_menu *menu, const uint8_t *bytes, size_t size,
	unsigned int volume_count, struct why *why);

#endif
