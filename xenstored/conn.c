/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections: what comes in, and when it is served. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ids come one after the other; the table wants them spread. */
#define ID_SPREAD 0x9e3779b97f4a7c15ull
/* Nodes removed, events made and steps run again that are worth a request. */
#define WORK_A_REQUEST 16
/* The most that one request is held against its connection. */
#define DEBT_MAX 1024u

/* As much memory as one has, for aligned_alloc(). */
#define CONN_SIZE ((sizeof(struct conn) + CACHE_LINE - 1) & -(size_t)CACHE_LINE)

struct conn *conn_new(
	struct store *s, uint16_t domid, bool is_ring, void *owner)
{
	struct conn *c;

	if (!domain_make(s, domid))
		return NULL;
	c = aligned_alloc(CACHE_LINE, CONN_SIZE);
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->store = s;
	c->owner = owner;
	c->domid = domid;
	c->is_ring = is_ring;
	c->out_last = &c->out_first;
	list_init(&c->dirty);
	list_init(&c->watches);
	list_init(&c->txns);
	list_init(&c->parked);
	list_init(&c->of_parked);
	list_init(&c->of_store);
	list_add_tail(&s->conns, &c->of_store);
	return c;
}

int conn_number(struct conn *c, uint32_t id)
{
	struct store *s = c->store;

	if (!id || conn_find(s, id))
		return -EEXIST;
	if (hash_reserve(&s->conn_ids))
		return -ENOMEM;
	c->id = id;
	hash_insert(&s->conn_ids, &c->by_id, id * ID_SPREAD);
	effect_conn(EFFECT_CONN, c, 0);
	return 0;
}

struct conn *conn_find(const struct store *s, uint32_t id)
{
	struct hash_link *l = hash_first(&s->conn_ids, id * ID_SPREAD);

	for (; l; l = hash_next(l))
		if (hash_entry(l, struct conn, by_id)->id == id)
			return hash_entry(l, struct conn, by_id);
	return NULL;
}

uint32_t conn_id(const struct conn *c)
{
	return c->id;
}

void conn_visit(
	struct store *s, void (*visit)(void *ctx, struct conn *c), void *ctx)
{
	struct list *at, *next;

	list_for_each_safe(at, next, &s->conns)
		visit(ctx, list_entry(at, struct conn, of_store));
}

/* Looks again at what is in the inbox and not served. */
static void view_input(struct conn *c)
{
	c->in = inbox_byte(c->inbox, c->in_done);
	c->in_start = 0;
	c->in_end = (size_t)(inbox_end(c->inbox) - c->in_done);
}

void conn_drop_input(struct conn *c)
{
	if (c->inbox && c->in_end != c->in_start)
		c->in_done = inbox_end(c->inbox);
	c->in_start = c->in_end = 0;
}

int conn_attach(struct conn *c, struct inbox *inbox, void *owner)
{
	uint64_t end = inbox_end(inbox);

	if (c->in_done > end ||
		end - c->in_done >
			inbox->call[inbox->current & 1].fill +
				inbox->call[inbox->current & 1].hdr.msg_len ||
		end - c->in_done > INBOX_ROOM)
		return -EINVAL;
	if (c->owns_inbox)
		free(c->inbox);
	c->owns_inbox = false;
	c->inbox = inbox;
	c->owner = owner;
	view_input(c);
	return 0;
}

static void end_txns(struct conn *c)
{
	struct list *at, *next;

	list_for_each_safe(at, next, &c->txns)
		txn_free(c, list_entry(at, struct txn, of_conn));
}

static void drop_all(struct conn *c)
{
	park_forget(c);
	end_txns(c);
	watch_remove_all(c);
	c->out_total -= conn_pending(c);
	output_drop_all(c);
	conn_drop_input(c);
	list_remove(&c->dirty);
	c->is_broken = false;
}

void conn_reset(struct conn *c)
{
	drop_all(c);
	/* It tells in_done as it is. */
	c->in_untold = 0;
	effect_conn(EFFECT_CONN_RESET, c, 0);
}

void conn_free(struct conn *c)
{
	drop_all(c);
	effect_conn(EFFECT_CONN_END, c, 0);
	if (c->id)
		hash_remove(&c->store->conn_ids, &c->by_id);
	if (c->owns_inbox)
		free(c->inbox);
	list_remove(&c->of_store);
	free(c);
}

void *conn_owner(const struct conn *c)
{
	return c->owner;
}

bool conn_is_ring(const struct conn *c)
{
	return c->is_ring;
}

uint32_t conn_port(const struct conn *c)
{
	return c->port;
}

void conn_set_port(struct conn *c, uint32_t port)
{
	c->port = port;
}

uint64_t conn_out_end(const struct conn *c)
{
	return c->out_total;
}

uint16_t conn_domid(const struct conn *c)
{
	return c->domid;
}

struct mmsghdr *conn_intake(struct conn *c)
{
	if (!c->inbox) {
		c->inbox = calloc(1, sizeof(*c->inbox));
		c->owns_inbox = c->inbox;
	}
	return c->inbox ? inbox_prepare(c->inbox, c->in_done) : NULL;
}

void conn_received(struct conn *c)
{
	view_input(c);
}

void *conn_space(struct conn *c, size_t *room)
{
	struct mmsghdr *hdr = conn_intake(c);

	*room = hdr ? hdr->msg_hdr.msg_iov->iov_len : 0;
	return hdr ? hdr->msg_hdr.msg_iov->iov_base : NULL;
}

void conn_fill(struct conn *c, size_t len)
{
	struct inbox *b = c->inbox;

	/* One store, which a killed worker has done or not. */
	if (len)
		__atomic_store_n(&b->call[b->current & 1].hdr.msg_len,
			(unsigned int)len, __ATOMIC_RELEASE);
	if (b)
		view_input(c);
}

/* Whether the peer must first read what it was answered. */
static bool is_full(const struct conn *c)
{
	uint32_t most;

	if (c->reply_bytes > REPLY_BYTES_MAX)
		return true;
	if (!c->is_ring)
		return false;
	most = quota_value(c->store, c->domid, QUOTA_OUTSTANDING);
	return most && c->reply_count >= most;
}

void conn_fetch(const struct conn *c)
{
	size_t i;

	for (i = 0; i < offsetof(struct conn, of_store); i += CACHE_LINE)
		__builtin_prefetch((const char *)c + i);
}

static bool has_request(const struct conn *c)
{
	struct wire_header hdr;
	size_t have = c->in_end - c->in_start;

	if (have < sizeof(hdr))
		return false;
	memcpy(&hdr, c->in + c->in_start, sizeof(hdr));
	return hdr.len > WIRE_PAYLOAD_MAX || have >= sizeof(hdr) + hdr.len;
}

bool conn_is_ready(const struct conn *c)
{
	return !c->is_broken && !c->waits_for && has_request(c) &&
	       !is_full(c) && !blame_is_held(c->store, c->domid);
}

bool conn_wants_input(const struct conn *c)
{
	return !c->is_broken && !has_request(c) && !is_full(c) &&
	       !blame_is_held(c->store, c->domid);
}

/* What a turn has cost beyond its budget comes off the next ones. */
static bool pay_debt(struct conn *c, unsigned int *budget)
{
	if (c->debt < *budget) {
		*budget -= c->debt;
		c->debt = 0;
		return true;
	}
	c->debt -= *budget;
	output_mark_dirty(c);
	return false;
}

/* The cost of a request is one, and one for each so much work it makes. */
static unsigned int cost_of(const struct store *s, uint64_t work_before)
{
	uint64_t cost = 1 + (s->work - work_before) / WORK_A_REQUEST;

	return cost < DEBT_MAX ? (unsigned int)cost : DEBT_MAX;
}

int conn_process(struct conn *c, unsigned int budget)
{
	struct wire_header hdr;
	unsigned int served = 0, spent = 0;
	uint64_t work;
	char *at;

	if (c->is_broken)
		return -EPROTO;
	if (c->waits_for || (c->debt && !pay_debt(c, &budget)))
		return 0;
	while (spent < budget && has_request(c) && !is_full(c) &&
		!blame_is_held(c->store, c->domid)) {
		at = c->in + c->in_start;
		memcpy(&hdr, at, sizeof(hdr));
		if (hdr.len > WIRE_PAYLOAD_MAX) {
			c->is_broken = true;
			return -EPROTO;
		}
		if (c->store->now < c->store->hot_until &&
			park_is_needed(c, &hdr, at + sizeof(hdr)))
			break;
		c->in_start += sizeof(hdr) + hdr.len;
		c->in_done += sizeof(hdr) + hdr.len;
		c->in_untold = (uint32_t)sizeof(hdr) + hdr.len;
		work = c->store->work;
		ops_serve(c, &hdr, at + sizeof(hdr));
		if (c->in_untold)
			effect_served(c);
		spent += cost_of(c->store, work);
		served++;
		if (c->is_broken)
			return -EPROTO;
	}
	if (spent > budget)
		c->debt = spent - budget;
	return (int)served;
}
