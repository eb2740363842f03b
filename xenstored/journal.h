/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A journal: a state, and every change of it since, in one region of memory
 * that outlives the process which writes it (a mapped file).
 *
 *   ┌────────┬─────────────────────┬──────┬──────┬──────┬ ─ ─ ─ ─ ─
 *   │ header │ stream (the state)  │ unit │ unit │ unit │ open unit
 *   └────────┴─────────────────────┴──────┴──────┴──────┴ ─ ─ ─ ─ ─
 *             stream.h, with END     check, length, number, records
 *
 * A unit holds what belongs together: what a turn has served, all that it
 * changed, and all that it answered. It is written in place and counts from
 * when its head is written, so that it counts as a whole or not at all; and
 * nobody is answered before. There are no system calls in this.
 *
 * A killed process has done all of its stores up to a point, and none
 * beyond. After a loss of power any page of a file may be an old one: then
 * the checks tell how far the journal is whole. They are seeded with the
 * journal's generation and the unit's number, so that an older journal's
 * units in the same file are not taken for this one's.
 *
 * There are two such regions, used in turn: when the units outweigh the
 * stream, the state is written to the other one with the next generation, in
 * steps, and then the units that were written meanwhile are copied to it.
 * What an append costs on average is bounded by that, and the region that
 * is left stays valid until the new one is.
 */
#ifndef XENSTORED_JOURNAL_H
#define XENSTORED_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink.h"

struct store;

/* The bytes of a boot id, as /proc/sys/kernel/random/boot_id has it. */
#define JOURNAL_BOOT_LEN 40

struct journal {
	struct sink sink; /* first: where the open unit's records go */
	char *base;
	size_t size;
	size_t unit; /* offset of the open unit; 0 before the seal */
	size_t stream_len;
	uint64_t generation;
	uint32_t number; /* of the open unit */
	size_t summed;	 /* before the seal: offset up to which `sum` is */
	uint64_t sum;
	int which; /* for the owner: which of its regions */
	/*
	 * Makes the region larger by at least `need`, and sets base and size;
	 * false when it cannot. NULL: it cannot.
	 */
	bool (*more)(struct journal *j, size_t need);
};

/*
 * Begins to write a new one, not of generation 0, over whatever is in the
 * region: the state is then to be put into the sink (stream_save). `j` must
 * stay where it is.
 */
void journal_begin(struct journal *j, void *base, size_t size,
	uint64_t generation, bool (*more)(struct journal *j, size_t need));
/* Looks over what was put into the sink so far, so that the end is cheap. */
void journal_sum(struct journal *j);
/* The state is whole. -ENOSPC: the region was too small for it. */
int journal_stream_end(struct journal *j);
/*
 * Copies units of `from`, from offset `*at` on, which moves, and up to about
 * `most` bytes. Whether there are no more; look at the sink for a failure.
 */
bool journal_adopt(
	struct journal *j, const struct journal *from, size_t *at, size_t most);
/* Makes it valid, with what it has by then. -ENOSPC */
int journal_seal(struct journal *j, const char *boot);

/*
 * Ends the open unit: from now on it counts. Without records it does
 * nothing. -ENOSPC: the records found no room; the unit is lost, and with it
 * the journal's worth: begin another one.
 */
int journal_commit(struct journal *j);
/* Whether records wait for journal_commit(). */
static inline bool journal_is_open(const struct journal *j)
{
	return j->sink.has_failed || j->sink.at != j->base + j->unit + 16;
}
/* The bytes of all units. */
size_t journal_weight(const struct journal *j);

/*
 * Looks at the head of what the region holds. The generation, or 0: nothing
 * valid, or (when `boot` is not NULL) of another boot.
 */
uint64_t journal_probe(const void *base, size_t size, const char *boot);
/*
 * Reads a valid one back into a new store and makes ready to append after
 * its last whole unit. -EBADMSG: the state is not as it was written, and the
 * store is still new; -EINVAL: it is not sound; -ENOMEM. `*units` is how many
 * there were.
 */
int journal_replay(struct journal *j, struct store *s, void *base, size_t size,
	bool (*more)(struct journal *j, size_t need), uint32_t *units);

#endif
