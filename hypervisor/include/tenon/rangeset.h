/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set of 64-bit numbers held as sorted, disjoint, never adjacent ranges:
 * a domain's ports, device frames, interrupts.
 *
 * Ranges are inclusive at both ends.  Nodes come from the owner's callbacks.
 * Nothing here locks: the owner does.  Searches are linear; sets are short.
 */
#ifndef TENON_RANGESET_H
#define TENON_RANGESET_H

#include <stdbool.h>
#include <stdint.h>
#include <tenon/list.h>
#include <tenon/types.h>

struct range {
	struct list link;
	uint64_t start, end;
};

struct rangeset_ops {
	/* Returns a node, its contents undefined, or NULL. */
	struct range *(*alloc)(void *ctx);
	void (*free)(void *ctx, struct range *r);
};

struct rangeset {
	struct list ranges; /* of struct range, ascending */
	const struct rangeset_ops *ops;
	void *ctx;
};

/* ops must live as long as the set. */
void rangeset_init(
	struct rangeset *rs, const struct rangeset_ops *ops, void *ctx);

/* Frees all nodes; the set is empty and usable afterwards. */
void rangeset_clear(struct rangeset *rs);

/*
 * Add or take away every number in [start, end].  Numbers already (not) in the
 * set are no error.  Return 0; -EINVAL if end < start; -ENOMEM: the set is then
 * unchanged.
 */
must_check int rangeset_add(struct rangeset *rs, uint64_t start, uint64_t end);
must_check int rangeset_remove(
	struct rangeset *rs, uint64_t start, uint64_t end);

/* Whether all (some) of [start, end] is in the set; false if end < start. */
bool rangeset_contains(const struct rangeset *rs, uint64_t start, uint64_t end);
bool rangeset_overlaps(const struct rangeset *rs, uint64_t start, uint64_t end);

static inline bool rangeset_is_empty(const struct rangeset *rs)
{
	return list_is_empty(&rs->ranges);
}

/*
 * Calls fn for each range in ascending order until it returns other than 0,
 * and returns that, or 0.  fn must not change the set.
 */
int rangeset_for_each(const struct rangeset *rs,
	int (*fn)(uint64_t start, uint64_t end, void *arg), void *arg);

#endif
