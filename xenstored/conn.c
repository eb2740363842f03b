/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections: what comes in, and when it is served. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Two of the largest packets. */
#define IN_ROOM (2 * (sizeof(struct wire_header) + WIRE_PAYLOAD_MAX))

struct conn *conn_new(
	struct store *s, uint16_t domid, bool is_ring, void *owner)
{
	struct conn *c;

	if (!domain_make(s, domid))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->store = s;
	c->owner = owner;
	c->domid = domid;
	c->is_ring = is_ring;
	c->out_last = &c->out_first;
	list_init(&c->dirty);
	list_init(&c->watches);
	list_init(&c->txns);
	list_init(&c->of_store);
	list_add_tail(&s->conns, &c->of_store);
	return c;
}

static void drop_input(struct conn *c)
{
	struct store *s = c->store;

	if (c->in && !s->spare_in)
		s->spare_in = c->in;
	else
		free(c->in);
	c->in = NULL;
	c->in_start = c->in_end = 0;
}

static void end_txns(struct conn *c)
{
	struct list *at, *next;

	list_for_each_safe(at, next, &c->txns)
		txn_free(c, list_entry(at, struct txn, of_conn));
}

static void drop_all(struct conn *c)
{
	end_txns(c);
	watch_remove_all(c);
	output_drop_all(c);
	drop_input(c);
	list_remove(&c->dirty);
	c->is_broken = false;
}

void conn_reset(struct conn *c)
{
	effect_conn(EFFECT_RESET, c, 0);
	drop_all(c);
}

void conn_free(struct conn *c)
{
	drop_all(c);
	list_remove(&c->of_store);
	free(c);
}

void *conn_owner(const struct conn *c)
{
	return c->owner;
}

uint16_t conn_domid(const struct conn *c)
{
	return c->domid;
}

void *conn_space(struct conn *c, size_t *room)
{
	struct store *s = c->store;

	*room = 0;
	if (!c->in) {
		c->in = s->spare_in ? s->spare_in : malloc(IN_ROOM);
		s->spare_in = NULL;
		if (!c->in)
			return NULL;
	}
	if (c->in_start) {
		memmove(c->in, c->in + c->in_start, c->in_end - c->in_start);
		c->in_end -= c->in_start;
		c->in_start = 0;
	}
	*room = IN_ROOM - c->in_end;
	return c->in + c->in_end;
}

void conn_fill(struct conn *c, size_t len)
{
	c->in_end += len;
	if (c->in_start == c->in_end)
		drop_input(c);
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
	return !c->is_broken && has_request(c) && !is_full(c) &&
	       !blame_is_held(c->store, c->domid);
}

bool conn_wants_input(const struct conn *c)
{
	return !c->is_broken && !has_request(c) && !is_full(c) &&
	       !blame_is_held(c->store, c->domid);
}

int conn_process(struct conn *c, unsigned int budget)
{
	struct wire_header hdr;
	unsigned int served = 0;
	char *at;

	if (c->is_broken)
		return -EPROTO;
	while (served < budget && has_request(c) && !is_full(c) &&
		!blame_is_held(c->store, c->domid)) {
		at = c->in + c->in_start;
		memcpy(&hdr, at, sizeof(hdr));
		if (hdr.len > WIRE_PAYLOAD_MAX) {
			c->is_broken = true;
			return -EPROTO;
		}
		c->in_start += sizeof(hdr) + hdr.len;
		ops_serve(c, &hdr, at + sizeof(hdr));
		served++;
		if (c->is_broken)
			return -EPROTO;
	}
	if (c->in && c->in_start == c->in_end)
		drop_input(c);
	return (int)served;
}
