/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Old versions of nodes: the transaction that keeps them alive pays.
 *
 * What is allocated for nodes, less the store's own tree and what open
 * transactions have made for themselves, is kept alive by snapshots alone.
 * The snapshot taken last holds all that was replaced just now, if any does,
 * so growth is charged to its transaction; what is left of it when that one
 * ends is still held by the snapshot taken before it, which inherits it.
 * The sum is exact at any time, and the audit compares it.
 */
#include "state.h"

#include <errno.h>

static int64_t measure(const struct store *s)
{
	return s->tree.live_bytes - s->node_bytes - s->private_bytes;
}

static void charge(struct store *s, struct txn *t, int64_t bytes)
{
	struct domain *d = domain_find(s, t->conn->domid);

	t->old_bytes += bytes;
	s->old_bytes += bytes;
	if (d)
		d->account.old_bytes += bytes;
}

static bool is_over_quota(struct store *s, const struct txn *t)
{
	uint16_t domid = t->conn->domid;
	int64_t held = quota_memory(s, domid);
	uint32_t most = quota_value(s, domid, QUOTA_MEMORY_HARD);

	if (!most || held <= most)
		return false;
	quota_hit(s, domid, QUOTA_MEMORY_HARD, most, held);
	return true;
}

/* Charges what has grown; the transaction that this was too much for. */
static struct txn *settle(struct store *s)
{
	struct list *at = s->open_txns.prev, *before;
	struct txn *t;
	int64_t grown;

	if (at == &s->open_txns)
		return NULL;
	grown = measure(s) - s->old_bytes;
	if (grown > 0) {
		t = list_entry(at, struct txn, of_store);
		charge(s, t, grown);
		return is_over_quota(s, t) ? t : NULL;
	}
	for (; grown && at != &s->open_txns; at = before) {
		before = at->prev;
		t = list_entry(at, struct txn, of_store);
		if (t->old_bytes >= -grown) {
			charge(s, t, grown);
			break;
		}
		grown += t->old_bytes;
		charge(s, t, -t->old_bytes);
	}
	return NULL;
}

/* Who is over its quota loses its snapshot, and its client begins again. */
void old_settle(struct store *s)
{
	struct txn *t;

	while ((t = settle(s)))
		txn_break(t);
}

void old_leave(struct store *s, struct txn *t)
{
	struct list *before = t->of_store.prev;
	int64_t had = t->old_bytes, left;

	charge(s, t, -had);
	list_remove(&t->of_store);
	left = measure(s) - s->old_bytes;
	if (left > had)
		left = had;
	if (before != &t->of_store && before != &s->open_txns && left > 0)
		charge(s, list_entry(before, struct txn, of_store), left);
}

const char *old_audit(const struct store *s)
{
	int64_t kept = 0, own = 0;
	const struct list *at;
	const struct txn *t;

	for (at = s->open_txns.next; at != &s->open_txns; at = at->next) {
		t = list_entry(at, struct txn, of_store);
		kept += t->old_bytes;
		own += t->private_bytes;
		if (t->old_bytes < 0)
			return "a transaction keeps less than nothing";
		if (t->is_broken || !t->root)
			return "a broken transaction has a snapshot";
	}
	if (own != s->private_bytes)
		return "the sum of what transactions made is wrong";
	if (kept != s->old_bytes || kept != measure(s))
		return "the sum of old versions is wrong";
	return NULL;
}
