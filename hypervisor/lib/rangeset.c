/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of disjoint ranges.  A node is allocated before anything is changed, so
 * a failure leaves the set as it was.
 */
#include <tenon/errno.h>
#include <tenon/rangeset.h>

void rangeset_init(
	struct rangeset *rs, const struct rangeset_ops *ops, void *ctx)
{
	list_init(&rs->ranges);
	rs->ops = ops;
	rs->ctx = ctx;
}

static void drop(struct rangeset *rs, struct range *r)
{
	list_del(&r->link);
	rs->ops->free(rs->ctx, r);
}

void rangeset_clear(struct rangeset *rs)
{
	struct range *r, *tmp;

	list_for_each_entry_safe (r, tmp, &rs->ranges, link)
		drop(rs, r);
}

/* Puts a new range right before at (a range's link or the head). */
static int insert(
	struct rangeset *rs, struct list *at, uint64_t start, uint64_t end)
{
	struct range *r = rs->ops->alloc(rs->ctx);

	if (!r)
		return -ENOMEM;
	r->start = start;
	r->end = end;
	list_add_tail(&r->link, at);
	return 0;
}

/* Lets r swallow the ranges after it that it now overlaps or touches. */
static void absorb(struct rangeset *rs, struct range *r)
{
	while (r->link.next != &rs->ranges) {
		struct range *next = list_next_entry(r, link);

		if (r->end != UINT64_MAX && next->start > r->end + 1)
			return;
		if (next->end > r->end)
			r->end = next->end;
		drop(rs, next);
	}
}

int rangeset_add(struct rangeset *rs, uint64_t start, uint64_t end)
{
	struct range *r;

	if (end < start)
		return -EINVAL;
	list_for_each_entry (r, &rs->ranges, link) {
		if (r->end != UINT64_MAX && r->end + 1 < start)
			continue;
		if (end != UINT64_MAX && end + 1 < r->start)
			return insert(rs, &r->link, start, end);
		if (start < r->start)
			r->start = start;
		if (end > r->end) {
			r->end = end;
			absorb(rs, r);
		}
		return 0;
	}
	return insert(rs, &rs->ranges, start, end);
}

int rangeset_remove(struct rangeset *rs, uint64_t start, uint64_t end)
{
	struct range *r, *tmp;

	if (end < start)
		return -EINVAL;
	list_for_each_entry_safe (r, tmp, &rs->ranges, link) {
		if (r->end < start)
			continue;
		if (r->start > end)
			break;
		if (r->start < start && r->end > end) {
			/* Only here is a node needed, and nothing is done. */
			int rc = insert(rs, &r->link, r->start, start - 1);

			if (!rc)
				r->start = end + 1;
			return rc;
		}
		if (r->start < start)
			r->end = start - 1;
		else if (r->end > end)
			r->start = end + 1;
		else
			drop(rs, r);
	}
	return 0;
}

bool rangeset_contains(const struct rangeset *rs, uint64_t start, uint64_t end)
{
	const struct range *r;

	list_for_each_entry (r, &rs->ranges, link)
		if (r->end >= start)
			return start <= end && r->start <= start &&
			       end <= r->end;
	return false;
}

bool rangeset_overlaps(const struct rangeset *rs, uint64_t start, uint64_t end)
{
	const struct range *r;

	list_for_each_entry (r, &rs->ranges, link)
		if (r->end >= start)
			return start <= end && r->start <= end;
	return false;
}

int rangeset_for_each(const struct rangeset *rs,
	int (*fn)(uint64_t start, uint64_t end, void *arg), void *arg)
{
	const struct range *r;

	list_for_each_entry (r, &rs->ranges, link) {
		int rc = fn(r->start, r->end, arg);

		if (rc)
			return rc;
	}
	return 0;
}
