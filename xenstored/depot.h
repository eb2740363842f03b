/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the journal is: two files, mapped, used in turn (journal.h). The
 * keeper opens them, in a directory or in memory alone; the worker reads
 * them back and writes.
 */
#ifndef XENSTORED_DEPOT_H
#define XENSTORED_DEPOT_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"

struct store;

struct depot {
	struct journal journal[2];
	int fd[2];
	int active; /* which of the two */
	char boot[JOURNAL_BOOT_LEN];
	bool any_boot;	/* a state of another boot is as good */
	bool is_synced; /* each commit reaches the disk */
	bool is_kept;	/* what happens is told to the journal */
};

/*
 * Opens those that are not (fd -1), in directory `dir` or, when it is NULL, in
 * memory. 0 or a negative errno.
 */
int depot_open(struct depot *d, const char *dir);
/*
 * Maps both and reads the newest that is sound into a new store; -ENOENT:
 * there is none, and the store is as it was. Any other failure is of the
 * newest one, and leaves the store unfit for use.
 */
int depot_load(struct depot *d, struct store *s);
/* Begins a new journal with the state as it is. 0 or a negative errno. */
int depot_renew(struct depot *d, struct store *s);
/* Whether units outweigh the state, so that a new one is due. */
bool depot_is_heavy(const struct depot *d);
/* Ends the open unit; a negative errno: the journal is worth nothing now. */
int depot_commit(struct depot *d);

static inline struct sink *depot_sink(struct depot *d)
{
	return &d->journal[d->active].sink;
}

static inline bool depot_is_open(const struct depot *d)
{
	return d->is_kept && journal_is_open(&d->journal[d->active]);
}

#endif
