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
#include "stream.h"

struct store;

struct depot {
	struct journal journal[2];
	int fd[2];
	int active; /* which of the two */
	char boot[JOURNAL_BOOT_LEN];
	bool any_boot;	/* a state of another boot is as good */
	bool is_synced; /* each commit reaches the disk */
	bool is_kept;	/* what happens is told to the journal */
	/* The next journal, while it is written beside the active one. */
	enum depot_phase { DEPOT_IDLE, DEPOT_STATE, DEPOT_UNITS } phase;
	struct stream_saver saver;
	size_t adopted;	     /* of the active one's units: up to that offset */
	size_t seen;	     /* the active one's weight at the last step */
	size_t lenient;	     /* by which it may weigh more, after a failure */
	bool has_slack;	     /* the other one may be too large */
	uint64_t generation; /* the highest there was */
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
/*
 * When units outweigh the state, a new journal takes the place of the old one,
 * in steps that keep ahead of what is written meanwhile: one step. No unit
 * may be open. A negative errno: it will be tried again later.
 */
int depot_tend(struct depot *d, struct store *s);
/* Whether another step is due. */
bool depot_is_busy(const struct depot *d);
/* Gives up a new journal that is not complete, before the store is freed. */
void depot_abandon(struct depot *d);
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
