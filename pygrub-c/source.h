/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's file systems as a parser sees them: what it may ask the broker
 * outside its jail. A volume is one file system, known by a small number that
 * the broker gives; it is named to the guest's scripts in GRUB's words.
 *
 * Paths are absolute, of at most SOURCE_PATH_MAX bytes, with single slashes and
 * without "." and ".." (source_path makes them so). The broker resolves links
 * inside the volume, as the guest's root, and bounds them.
 */
#ifndef PYGRUB_SOURCE_H
#define PYGRUB_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reader.h"

#define SOURCE_PATH_MAX	   1023	      /* bytes of a path, without the NUL */
#define SOURCE_TEXT_MAX	   (1U << 20) /* bytes of a configuration file */
#define SOURCE_NAMES_MAX   1024	      /* names taken of one directory */
#define SOURCE_DEVICE_SIZE 64	      /* "hd0,gpt2", "lvm/vg-root", with NUL */

enum source_type {
	SOURCE_OTHER, /* neither of both: a device, a socket */
	SOURCE_FILE,
	SOURCE_DIRECTORY,
};

struct source_stat {
	enum source_type type; /* of what a link points to */
	uint64_t size;	       /* of a file, in bytes */
};

enum source_key {
	/* A file system's UUID as GRUB and blkid print it; case is ignored. */
	SOURCE_UUID,
	SOURCE_LABEL, /* of a file system */
	SOURCE_PARTUUID,
	/* GRUB's name of a device, without parentheses: "hd0,gpt2", "hd0". */
	SOURCE_DEVICE,
};

/* All return 0 or a negative errno; -ENOENT: there is none. */
struct source {
	int (*stat)(void *ctx, unsigned int volume, const char *path,
		struct source_stat *stat);
	/* Fills all of `buf`; -ERANGE when the file ends before. */
	int (*read)(void *ctx, unsigned int volume, const char *path,
		uint64_t offset, void *buf, size_t len);
	/*
	 * Calls `each` for the names of a directory (not "." and "..") until
	 * that returns non-zero, and returns that.
	 */
	int (*list)(void *ctx, unsigned int volume, const char *path,
		int (*each)(void *arg, const char *name), void *arg);
	/* Which volume has this key? */
	int (*search)(void *ctx, enum source_key key, const char *value,
		unsigned int *volume);
	void *ctx;
	unsigned int volume_count;
	/* Each volume's name for SOURCE_DEVICE, one for each number. */
	const char (*devices)[SOURCE_DEVICE_SIZE];
};

/*
 * Writes "/" + `path` in the form that a source takes: empty parts and "."
 * vanish, ".." takes the part before it away. -ENAMETOOLONG; -EINVAL for
 * control characters.
 */
int source_path(const char *path, char out[SOURCE_PATH_MAX + 1]);

/* FOLDER/NAME of two parts that are right already. -ENAMETOOLONG. */
int source_join(
	const char *folder, const char *name, char out[SOURCE_PATH_MAX + 1]);

/*
 * All bytes of a file, with a NUL behind them that is not counted; the caller
 * frees them. -EFBIG beyond `max` bytes; -EISDIR and -EINVAL for what is no
 * file; -ENOMEM.
 */
int source_text(const struct source *source, unsigned int volume,
	const char *path, size_t max, char **text, size_t *size);

/* Is it there, and a file (a directory)? */
bool source_has_file(
	const struct source *source, unsigned int volume, const char *path);
bool source_has_directory(
	const struct source *source, unsigned int volume, const char *path);

/*
 * The sorted names (strcmp) of a directory; source_free_names frees them.
 * -E2BIG beyond SOURCE_NAMES_MAX.
 */
int source_names(const struct source *source, unsigned int volume,
	const char *path, char ***names, size_t *count);
void source_free_names(char **names, size_t count);

/* A file's bytes as a reader, which refers to `file` and is lost with it. */
struct source_file {
	const struct source *source;
	unsigned int volume;
	const char *path;
};
int source_open(struct source_file *file, struct reader *reader);

#endif
