/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What waits for a peer: replies and events in the order of their making.
 *
 * An event that is waiting already is not queued again, for its reader will
 * look after all of the changes; only the special ones are told one by one.
 * A reader that lets too many wait gets, for each watch, one event with the
 * watch's own path instead of further ones: "look at all of it again". So
 * the memory of a reader that never reads is bounded, and nothing is lost.
 */
#include "state.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdlib.h>
#include <string.h>

/* Messages up to that size, with what we know of them, are the arena's. */
#define SMALL_MAX 256

void output_mark_dirty(struct conn *c)
{
	if (list_is_empty(&c->dirty))
		list_add_tail(&c->store->dirty, &c->dirty);
}

static void give_up(struct conn *c)
{
	store_log(c->store, true,
		"no memory for output: a connection of domain %u is cut off",
		c->domid);
	c->is_broken = true;
	output_mark_dirty(c);
}

/* Adds a message to the sums, or takes it away. */
static void count(struct conn *c, const struct message *m, int sign)
{
	struct domain *d = domain_find(c->store, c->domid);
	int64_t bytes = sign * (int64_t)m->len;

	if (m->is_event) {
		c->event_bytes += (size_t)bytes;
	} else {
		c->reply_bytes += (size_t)bytes;
		c->reply_count += (uint32_t)sign;
	}
	if (!d)
		return;
	if (m->is_event) {
		d->account.event_bytes += bytes;
	} else {
		d->account.reply_bytes += bytes;
		d->account.replies += sign;
	}
}

static void append(struct conn *c, struct message *m)
{
	effect_output(c, m->bytes, m->len);
	c->out_total += m->len;
	m->next = NULL;
	*c->out_last = m;
	c->out_last = &m->next;
	count(c, m, 1);
	output_mark_dirty(c);
}

/* Small ones come and go with each request. */
static struct message *message_alloc(size_t len)
{
	size_t size = sizeof(struct message) + len;
	struct message *m;

	m = size <= SMALL_MAX ? arena_alloc(size) : malloc(size);
	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	m->len = (uint32_t)len;
	return m;
}

static void message_free(struct conn *c, struct message *m)
{
	size_t size = sizeof(*m) + m->len;

	if (m->is_hashed)
		hash_remove(&c->store->events, &m->dup);
	count(c, m, -1);
	if (size <= SMALL_MAX)
		arena_free(m, size);
	else
		free(m);
}

static struct message *message_new(const struct wire_header *hdr)
{
	struct message *m = message_alloc(sizeof(*hdr) + hdr->len);

	if (m)
		memcpy(m->bytes, hdr, sizeof(*hdr));
	return m;
}

void output_reply(struct conn *c, const struct wire_header *to, uint32_t type,
	const void *payload, size_t len)
{
	struct wire_header hdr = *to;
	struct message *m;

	if (c->is_broken)
		return;
	if (len > WIRE_PAYLOAD_MAX) {
		type = XS_ERROR;
		payload = "E2BIG";
		len = sizeof("E2BIG");
	}
	hdr.type = type;
	hdr.len = (uint32_t)len;
	m = message_new(&hdr);
	if (!m) {
		give_up(c);
		return;
	}
	if (len)
		memcpy(m->bytes + sizeof(hdr), payload, len);
	append(c, m);
}

int output_put(struct conn *c, const void *bytes, size_t len, bool is_partial)
{
	struct wire_header hdr = { .type = XS_WATCH_EVENT };
	struct message *m;

	if (c->out_total + len <= c->out_known) {
		c->out_total += len;
		return 0;
	}
	m = message_alloc(len);
	if (!m)
		return -ENOMEM;
	if (!is_partial)
		memcpy(&hdr, bytes, sizeof(hdr));
	m->is_event = hdr.type == XS_WATCH_EVENT;
	m->is_partial = is_partial;
	memcpy(m->bytes, bytes, len);
	append(c, m);
	output_catch_up(c);
	return 0;
}

void output_catch_up(struct conn *c)
{
	size_t pending = conn_pending(c);
	uint64_t sent = c->out_total - pending;

	if (c->out_known > sent)
		conn_sent(c, c->out_known - sent < pending
				     ? (size_t)(c->out_known - sent)
				     : pending);
}

/*
 * Of a watch and the hash of a path, which many watches may share. What a
 * guest can choose is hashed with a secret; addresses it does not know.
 */
static uint64_t event_key(const struct watch *w, uint64_t path_hash)
{
	uint64_t key = (path_hash ^ (uintptr_t)w) * 0x9e3779b97f4a7c15;

	return key ^ key >> 32;
}

static bool is_waiting(
	const struct watch *w, uint64_t key, const char *path, size_t len)
{
	struct hash_link *l = hash_first(&w->conn->store->events, key);
	const struct message *m;

	for (; l; l = hash_next(l)) {
		m = hash_entry(l, struct message, dup);
		if (m->watch == w &&
			!strncmp(m->bytes + sizeof(struct wire_header), path,
				len) &&
			!m->bytes[sizeof(struct wire_header) + len])
			return true;
	}
	return false;
}

void output_event_hashed(
	struct watch *w, const char *path, size_t len, uint64_t path_hash)
{
	struct conn *c = w->conn;
	struct wire_header hdr = { .type = XS_WATCH_EVENT };
	struct message *m;
	uint64_t key;
	char *p;

	c->store->work++;
	if (c->is_broken)
		return;
	if (w->at && c->event_bytes > EVENT_BYTES_MAX) {
		path = w->text;
		len = w->path_len;
		path_hash = hash_bytes(c->store->seed, path, len);
		c->store->events_made.melted++;
	}
	key = event_key(w, path_hash);
	path += w->home_len;
	len -= w->home_len;
	if ((w->at || c->event_bytes > EVENT_BYTES_MAX) &&
		is_waiting(w, key, path, len)) {
		c->store->events_made.merged++;
		return;
	}
	c->store->events_made.sent++;
	hdr.len = (uint32_t)len + 1 + w->token_len + 1;
	m = hash_reserve(&c->store->events) ? NULL : message_new(&hdr);
	if (!m) {
		give_up(c);
		return;
	}
	p = m->bytes + sizeof(hdr);
	memcpy(p, path, len);
	p[len] = '\0';
	memcpy(p + len + 1, w->text + w->path_len + 1, w->token_len + 1);
	m->watch = w;
	m->is_event = true;
	m->is_hashed = true;
	hash_insert(&c->store->events, &m->dup, key);
	append(c, m);
}

void output_event(struct watch *w, const char *path, size_t len)
{
	output_event_hashed(
		w, path, len, hash_bytes(w->conn->store->seed, path, len));
}

/*
 * They stay in the queue, for what is in there is in the journal too; but
 * nothing points to the watch any more.
 */
void output_forget(struct conn *c, struct watch *w)
{
	struct message *m;

	for (m = c->out_first; m; m = m->next) {
		if (m->watch != w || !m->is_hashed)
			continue;
		hash_remove(&c->store->events, &m->dup);
		m->is_hashed = false;
		m->watch = NULL;
	}
}

void output_drop_all(struct conn *c)
{
	struct message *m;

	while ((m = c->out_first)) {
		c->out_first = m->next;
		message_free(c, m);
	}
	c->out_last = &c->out_first;
	c->out_sent = 0;
}

int conn_output(const struct conn *c, struct iovec *iov, int max)
{
	struct message *m = c->out_first;
	size_t skip = c->out_sent;
	int n = 0;

	for (; m && n < max; m = m->next) {
		iov[n].iov_base = m->bytes + skip;
		iov[n].iov_len = m->len - skip;
		skip = 0;
		n++;
	}
	return n;
}

void conn_sent(struct conn *c, size_t len)
{
	struct message *m;
	size_t left;

	while (len && (m = c->out_first)) {
		left = m->len - c->out_sent;
		if (len < left) {
			c->out_sent += len;
			return;
		}
		len -= left;
		c->out_sent = 0;
		c->out_first = m->next;
		if (!c->out_first)
			c->out_last = &c->out_first;
		message_free(c, m);
	}
}

size_t conn_pending(const struct conn *c)
{
	return c->reply_bytes + c->event_bytes - c->out_sent;
}

void conn_settled(struct conn *c)
{
	list_remove(&c->dirty);
}

struct conn *store_next_dirty(struct store *s)
{
	struct conn *c;

	if (list_is_empty(&s->dirty))
		return NULL;
	c = list_entry(s->dirty.next, struct conn, dirty);
	list_remove(&c->dirty);
	return c;
}

const char *output_audit(struct conn *c)
{
	size_t replies = 0, events = 0;
	uint32_t number = 0;
	struct message *m, **last = &c->out_first;
	struct hash_link *l;

	for (m = c->out_first; m; m = m->next) {
		last = &m->next;
		if (m->is_event) {
			events += m->len;
		} else {
			replies += m->len;
			number++;
		}
		if (m->len > sizeof(struct wire_header) + WIRE_PAYLOAD_MAX)
			return "a message is too long for the wire";
		if (m->watch && m->watch->conn != c)
			return "an event's watch is another connection's";
		if (m->is_hashed != (m->watch != NULL))
			return "an event's watch and its hash disagree";
		if (!m->is_hashed)
			continue;
		l = hash_first(&c->store->events, m->dup.key);
		while (l && l != &m->dup)
			l = hash_next(l);
		if (!l)
			return "a waiting event is not in the table";
	}
	if (last != c->out_last)
		return "the end of an output queue is lost";
	if (replies != c->reply_bytes || events != c->event_bytes ||
		number != c->reply_count)
		return "the sums of an output queue are wrong";
	if (c->out_sent && (!c->out_first || c->out_sent >= c->out_first->len))
		return "more was sent than there was";
	return NULL;
}
