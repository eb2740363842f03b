/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who causes conflicts waits; who suffers from them does not.
 *
 * While transactions are open, the last commits are remembered by the path
 * that they changed. A transaction that fails looks up who made it fail, and
 * that domain pays from a credit that grows back with time: 10 conflicts at
 * once, then 5 in a second. In debt, its requests are left where they are.
 */
#include "state.h"

#define CREDIT_FULL   10000
#define CONFLICT_COST 1000
/* One of CREDIT_FULL in so many nanoseconds: 5 conflicts a second. */
#define NS_PER_CREDIT 200000

static uint64_t key_of(const struct store *s, const char *path, size_t len)
{
	return hash_bytes(s->seed, path, len);
}

void blame_note(struct store *s, uint16_t domid, const char *path, size_t len)
{
	struct blame *b;

	s->commits++;
	if (!s->txn_count)
		return;
	b = &s->blame[s->commits % BLAME_COUNT];
	b->commit = s->commits;
	b->domid = domid;
	b->path_key = key_of(s, path, len);
	b->parent_key = key_of(s, path, path_parent_len(path, len));
}

static void refill(const struct store *s, struct domain *d)
{
	uint64_t grown = (s->now - d->credit_at) / NS_PER_CREDIT;

	if (grown >= (uint64_t)(CREDIT_FULL - d->credit)) {
		d->credit = CREDIT_FULL;
		d->credit_at = s->now;
		return;
	}
	d->credit += (int64_t)grown;
	d->credit_at += grown * NS_PER_CREDIT;
}

void blame_conflict(struct store *s, uint16_t victim, uint64_t since,
	const char *path, size_t len)
{
	uint64_t path_key = key_of(s, path, len);
	uint64_t parent_key = key_of(s, path, path_parent_len(path, len));
	const struct blame *b;
	struct domain *d;
	uint64_t commit;

	s->txns.conflicts++;
	d = domain_find(s, victim);
	if (d)
		d->suffered++;
	for (commit = s->commits; commit > since; commit--) {
		if (s->commits - commit >= BLAME_COUNT)
			return;
		b = &s->blame[commit % BLAME_COUNT];
		if (b->commit != commit || b->domid == victim)
			continue;
		if (b->path_key != path_key && b->parent_key != path_key &&
			b->path_key != parent_key)
			continue;
		d = domain_find(s, b->domid);
		if (!d)
			return;
		refill(s, d);
		d->conflicts++;
		if (!domain_is_control(b->domid))
			d->credit -= CONFLICT_COST;
		return;
	}
}

bool blame_is_held(struct store *s, uint16_t domid)
{
	struct domain *d;
	uint64_t until;

	if (domain_is_control(domid))
		return false;
	d = domain_find(s, domid);
	if (!d || d->credit >= 0)
		return false;
	refill(s, d);
	if (d->credit >= 0) {
		d->is_held = false;
		return false;
	}
	d->held += !d->is_held;
	d->is_held = true;
	until = d->credit_at + (uint64_t)-d->credit * NS_PER_CREDIT;
	if (!s->wakeup || until < s->wakeup)
		s->wakeup = until;
	return true;
}

int64_t store_next_wakeup(const struct store *s)
{
	uint64_t at = s->wakeup;

	if (s->parked_count && (!at || s->park_check < at))
		at = s->park_check;
	if (!at)
		return -1;
	return at > s->now ? (int64_t)(at - s->now) : 0;
}

bool store_set_time(struct store *s, uint64_t now)
{
	bool is_over = s->wakeup && s->wakeup <= now;

	if (!s->born)
		s->born = now;
	s->now = now;
	if (is_over)
		s->wakeup = 0;
	if (s->parked_count && s->park_check <= now)
		park_expire(s);
	return is_over;
}
