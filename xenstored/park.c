/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions that meet at one node go one after the other.
 *
 * A path over which a transaction has failed is hot for a while. Who reads a
 * hot path first in a transaction claims it; who comes next is parked with
 * its request unserved, until the claim ends with its transaction, and then
 * reads what that one has left. Nobody waits for an idle claim: it lapses
 * after CLAIM_NS, and who let it lapse gets none for a while, each time for
 * twice as long. And nobody waits for longer than PARK_NS.
 *
 *   READ, hot ── free ──► claim, a fresh snapshot, served
 *            └─ claimed ──► waiters ── the claim ends or lapses: the first
 *                              │       in line is the heir, and claims it
 *                              └────── PARK_NS: served without a claim
 */
#include "state.h"

#include <public/io/xs_wire.h>
#include <string.h>

#define CLAIM_NS 1000000u
#define PARK_NS	 (5u * CLAIM_NS)
/* So long after its last conflict, or wait, a path is hot. */
#define HOT_NS (1000u * CLAIM_NS)
/* So long who has let a claim lapse gets none, at first and at most. */
#define LAZY_FIRST (2u * CLAIM_NS)
#define LAZY_MOST  (512u * CLAIM_NS)

static bool is_hot(const struct store *s, const struct hot *h)
{
	return h->heated && s->now - h->heated < HOT_NS;
}

void park_heat(struct store *s, const char *path, size_t len)
{
	uint64_t key = hash_bytes(s->seed, path, len);
	struct hot *h = &s->hot[key % HOT_COUNT];

	if (!s->now)
		return; /* without a clock nobody waits */
	if (h->key != key && (h->holder || !list_is_empty(&h->waiters)))
		return;
	h->key = key;
	h->heated = s->now;
	s->hot_until = s->now + HOT_NS;
}

/* Lets it be looked at again. */
static void unpark(struct conn *c)
{
	list_remove(&c->parked);
	list_remove(&c->of_parked);
	c->waits_for = NULL;
	c->store->parked_count--;
	output_mark_dirty(c);
}

/* The first in line is the next to have it. */
static void pass_on(struct store *s, struct hot *h)
{
	h->holder = NULL;
	h->heir = NULL;
	h->moved = s->now;
	if (list_is_empty(&h->waiters))
		return;
	h->heated = s->now;
	s->hot_until = s->now + HOT_NS;
	h->heir = list_entry(h->waiters.next, struct conn, parked);
	h->heir->heir_of = h;
	unpark(h->heir);
}

void park_release(struct txn *t)
{
	struct hot *h = t->claim;

	if (!h)
		return;
	t->claim = NULL;
	t->conn->lazy_ns = 0;
	pass_on(t->conn->store, h);
}

static void disinherit(struct conn *c)
{
	struct hot *h = c->heir_of;

	c->heir_of = NULL;
	if (h && h->heir == c)
		h->heir = NULL;
}

void park_forget(struct conn *c)
{
	struct hot *h = c->heir_of;

	if (c->waits_for)
		unpark(c);
	c->has_waited = false;
	disinherit(c);
	if (h && !h->holder && !h->heir)
		pass_on(c->store, h);
}

/* Its holder has not ended in time, or its heir has not come for it. */
static bool has_lapsed(const struct store *s, const struct hot *h)
{
	if (h->heir)
		return s->now - h->moved >= CLAIM_NS;
	return h->holder && s->now - h->claimed >= CLAIM_NS;
}

static void lapse(struct store *s, struct hot *h)
{
	struct conn *c;

	if (h->heir)
		disinherit(h->heir);
	if (!h->holder)
		return;
	c = h->holder->conn;
	c->lazy_ns = c->lazy_ns ? 2 * c->lazy_ns : LAZY_FIRST;
	if (c->lazy_ns > LAZY_MOST)
		c->lazy_ns = LAZY_MOST;
	c->lazy_until = s->now + c->lazy_ns;
	h->holder->claim = NULL;
	h->holder = NULL;
}

void park_expire(struct store *s)
{
	struct list *at, *next;
	struct conn *c;
	struct hot *h;
	size_t i;

	s->park_check = s->now + CLAIM_NS / 2;
	for (i = 0; i < HOT_COUNT; i++) {
		h = &s->hot[i];
		if (list_is_empty(&h->waiters) || !has_lapsed(s, h))
			continue;
		lapse(s, h);
		pass_on(s, h);
	}
	list_for_each_safe(at, next, &s->parked)
	{
		c = list_entry(at, struct conn, of_parked);
		if (s->now - c->parked_at < PARK_NS)
			break;
		c->has_waited = true;
		unpark(c);
	}
}

static void claim(struct store *s, struct hot *h, struct txn *t)
{
	lapse(s, h);
	if (s->now < t->conn->lazy_until) {
		pass_on(s, h);
		return;
	}
	h->holder = t;
	h->claimed = s->now;
	t->claim = h;
	txn_refresh(t);
}

static bool is_taken(
	const struct store *s, const struct hot *h, const struct conn *c)
{
	return h->heir != c && (h->heir || h->holder) && !has_lapsed(s, h);
}

static struct hot *hot_of(
	struct conn *c, const struct wire_header *hdr, const char *payload)
{
	struct store *s = c->store;
	const char *nul = memchr(payload, '\0', hdr->len);
	struct hot *h;
	uint64_t key;

	if (!nul || path_parse(&s->path, c->domid, payload,
			    (size_t)(nul - payload), false))
		return NULL;
	key = hash_bytes(s->seed, s->path.text, s->path.len);
	h = &s->hot[key % HOT_COUNT];
	return h->key == key && is_hot(s, h) ? h : NULL;
}

bool park_is_needed(
	struct conn *c, const struct wire_header *hdr, const char *payload)
{
	struct store *s = c->store;
	bool has_waited = c->has_waited;
	struct hot *h;
	struct txn *t;

	c->has_waited = false;
	if (!hdr->tx_id || (hdr->type != XS_READ && hdr->type != XS_DIRECTORY))
		return false;
	t = txn_find(c, hdr->tx_id);
	if (!t || t->claim || t->edit_count || t->failed || t->is_broken)
		return false;
	h = hot_of(c, hdr, payload);
	if (!h)
		return false;
	if (is_taken(s, h, c)) {
		if (has_waited)
			return false;
		c->parked_at = s->now;
		c->waits_for = h;
		list_add_tail(&h->waiters, &c->parked);
		list_add_tail(&s->parked, &c->of_parked);
		if (!s->parked_count++)
			s->park_check = s->now + CLAIM_NS;
		s->txns.parked++;
		return true;
	}
	claim(s, h, t);
	return false;
}

void park_init(struct store *s)
{
	size_t i;

	list_init(&s->parked);
	for (i = 0; i < HOT_COUNT; i++)
		list_init(&s->hot[i].waiters);
}

const char *park_audit(const struct store *s)
{
	const struct list *at;
	const struct hot *h;
	size_t i, waiters = 0, parked = 0;

	for (i = 0; i < HOT_COUNT; i++) {
		h = &s->hot[i];
		if (h->holder && h->holder->claim != h)
			return "a claim is not its holder's";
		if (h->heir && h->heir->heir_of != h)
			return "an heir does not know what of";
		for (at = h->waiters.next; at != &h->waiters; at = at->next) {
			if (list_entry(at, struct conn, parked)->waits_for != h)
				return "a waiter waits elsewhere";
			waiters++;
		}
	}
	for (at = s->parked.next; at != &s->parked; at = at->next)
		parked++;
	if (waiters != parked || parked != s->parked_count)
		return "the parked are miscounted";
	return NULL;
}
