/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory that keeper and worker share, one slot a connection: what was
 * received and how far it was sent. It outlives the worker, and where it is
 * a file (--state) the keeper too.
 *
 * A slot belongs to the connection whose id it has. The worker alone writes
 * to it while that lives; the keeper clears it before and forgets it after.
 * The keeper believes nothing that stands in here: which descriptor a slot
 * has is in its own table (keeper.h).
 */
#ifndef XENSTORED_SLOT_H
#define XENSTORED_SLOT_H

#include <stdint.h>

#include "inbox.h"

#define SLOTS_MAX 32768u
#define SLOT_SIZE 20480u

struct slot {
	uint32_t id; /* 0: free */
	/* Of a ring: its indices are these plus the counts below. */
	uint32_t cons_base, prod_base;
	uint32_t has_bases;
	struct outbox out;
	struct inbox in; /* last: mostly its first page alone is in use */
};

struct shared {
	char boot[40]; /* as in the journal: of when this was written */
	uint32_t next_id;
	uint32_t high; /* slots from here on were never used */
	/* The connection that is served now, for who looks at a crash. */
	uint32_t serving;
	/* The journal has lost something: it holds only the tree as it was. */
	uint32_t is_incomplete;
};

_Static_assert(sizeof(struct slot) <= SLOT_SIZE, "a slot fits its pages");
_Static_assert(sizeof(struct shared) <= 4096, "the head fits its page");

#define SHARED_SIZE (4096 + (size_t)SLOTS_MAX * SLOT_SIZE)

static inline struct slot *slot_at(struct shared *s, uint32_t index)
{
	return (struct slot *)(void *)((char *)s + 4096 +
				       (size_t)index * SLOT_SIZE);
}

#endif
