/* SPDX-License-Identifier: BSD-2-Clause */
/* The state as a stream: writing. */
#include "stream.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <public/xen.h>

#include "state.h"

#define DEPTH_ALL 0xffff

void *stream_record_new(struct sink *k, uint32_t type, size_t len)
{
	size_t room = (len + 7) & ~(size_t)7;
	char *at = sink_take(k, sizeof(struct stream_record) + room);
	struct stream_record r = { type, (uint32_t)len };

	if (!at)
		return NULL;
	memcpy(at, &r, sizeof(r));
	if (room)
		memset(at + sizeof(r) + room - 8, 0, 8);
	return at + sizeof(r);
}

/* Entries of domains that are gone mean nobody: they are left out. */
static bool is_live(const struct store *s, const struct perm_entry *e)
{
	return e->era == domain_era(s, e->domid);
}

static size_t count_live(const struct store *s, const struct perm_list *perms)
{
	size_t i, count = 1;

	for (i = 1; i < perms->count; i++)
		count += is_live(s, &perms->entry[i]);
	return count;
}

static void *put_perms(
	char *at, const struct store *s, const struct perm_list *perms)
{
	const struct perm_entry *e;
	struct stream_perm p;
	size_t i;

	for (i = 0; i < perms->count; i++) {
		e = &perms->entry[i];
		if (i && !is_live(s, e))
			continue;
		p.letter = "nrwb"[e->access & 3];
		p.pad = 0;
		/* What a dead owner has left is domain 0's. */
		p.domid = is_live(s, e) ? e->domid : 0;
		memcpy(at, &p, sizeof(p));
		at += sizeof(p);
	}
	return at;
}

static void put_node(struct sink *k, const struct store *s, const char *path,
	size_t len, const struct perm_list *perms, const void *value,
	size_t value_len)
{
	size_t count = count_live(s, perms);
	struct stream_node r = {
		.path_len = (uint16_t)(len + 1),
		.value_len = (uint16_t)value_len,
		.perm_count = (uint16_t)count,
	};
	char *at = stream_record_new(k, STREAM_NODE,
		sizeof(r) + count * sizeof(struct stream_perm) + len + 1 +
			value_len);

	if (!at)
		return;
	memcpy(at, &r, sizeof(r));
	at = put_perms(at + sizeof(r), s, perms);
	memcpy(at, path, len);
	at[len] = '\0';
	if (value_len)
		memcpy(at + len + 1, value, value_len);
}

static void write_node(struct sink *k, const struct store *s, const char *path,
	size_t len, const struct node *n)
{
	put_node(k, s, path, len, node_perms(n), node_value(n),
		node_value_len(n));
}

static void write_special(struct sink *k, const struct store *s, int which)
{
	const char *path = special_name(which);

	put_node(k, s, path, strlen(path), s->special_perms[which], NULL, 0);
}

static void write_watch(struct sink *k, const struct watch *w, uint32_t type)
{
	size_t path_len = w->path_len - w->home_len;
	struct stream_watch_ext r = {
		.base.conn = w->conn->id,
		.base.path_len = (uint16_t)(path_len + 1),
		.base.token_len = (uint16_t)(w->token_len + 1),
		.depth = w->depth < 0		? DEPTH_ALL
			 : w->depth < DEPTH_ALL ? (uint16_t)w->depth
						: DEPTH_ALL,
	};
	char *at = stream_record_new(
		k, type, sizeof(r) + path_len + w->token_len + 2);

	if (!at)
		return;
	memcpy(at, &r, sizeof(r));
	memcpy(at + sizeof(r), w->text + w->home_len,
		path_len + w->token_len + 2);
}

static void write_domain(
	struct sink *k, const struct store *s, const struct domain *d)
{
	bool has_target =
		d->has_target && d->target_era == domain_era(s, d->target);
	struct stream_domain_state *r =
		stream_record_new(k, STREAM_DOMAIN_STATE, sizeof(*r));

	if (!r)
		return;
	r->domid = d->domid;
	r->target = has_target ? d->target : DOMID_INVALID;
	r->flags = (d->is_introduced ? STREAM_INTRODUCED : 0) |
		   (d->was_seen ? STREAM_SEEN : 0) |
		   (d->is_shutdown ? STREAM_SHUTDOWN : 0) |
		   (has_target ? STREAM_TARGET : 0);
}

/* What was set for this domain alone, and what it is offered. */
static void write_domain_data(struct sink *k, const struct store *s,
	const struct domain *d, uint32_t which)
{
	struct stream_domain r = { d->domid, 0, d->features };
	size_t i, names = 0;
	char *at;

	for (i = 0; i < QUOTA_COUNT; i++) {
		if (which & 1u << i) {
			r.quota_count++;
			names += strlen(s->quota[i].name) + 1;
		}
	}
	at = stream_record_new(k, STREAM_DOMAIN,
		sizeof(r) + r.quota_count * sizeof(uint32_t) + names);
	if (!at)
		return;
	memcpy(at, &r, sizeof(r));
	at += sizeof(r);
	for (i = 0; i < QUOTA_COUNT; i++) {
		if (which & 1u << i) {
			memcpy(at, &d->quota[i], sizeof(uint32_t));
			at += sizeof(uint32_t);
		}
	}
	for (i = 0; i < QUOTA_COUNT; i++)
		if (which & 1u << i)
			at = stpcpy(at, s->quota[i].name) + 1;
}

static void write_quotas(struct sink *k, const struct store *s)
{
	struct stream_quota r = { QUOTA_COUNT, 0 };
	size_t i, names = 0;
	uint32_t value;
	char *at;

	for (i = 0; i < QUOTA_COUNT; i++)
		names += strlen(s->quota[i].name) + 1;
	at = stream_record_new(k, STREAM_QUOTA,
		sizeof(r) + QUOTA_COUNT * sizeof(value) + names);
	if (!at)
		return;
	memcpy(at, &r, sizeof(r));
	at += sizeof(r);
	for (i = 0; i < QUOTA_COUNT; i++) {
		value = s->quota[i].value;
		memcpy(at, &value, sizeof(value));
		at += sizeof(value);
	}
	for (i = 0; i < QUOTA_COUNT; i++)
		at = stpcpy(at, s->quota[i].name) + 1;
}

static void put_output(char *at, const struct conn *c)
{
	const struct message *m;
	size_t skip = c->out_sent;

	for (m = c->out_first; m; m = m->next) {
		memcpy(at, m->bytes + skip, m->len - skip);
		at += m->len - skip;
		skip = 0;
	}
}

static uint16_t target_of(const struct conn *c)
{
	const struct domain *d = domain_find(c->store, c->domid);

	return d && d->has_target ? d->target : DOMID_INVALID;
}

static void write_conn(struct sink *k, const struct conn *c)
{
	size_t in_len = c->in ? c->in_end - c->in_start : 0;
	size_t out_len = conn_pending(c);
	struct stream_conn_state *state;
	struct stream_connection r = {
		.id = c->id,
		.type = c->is_ring ? STREAM_RING : STREAM_SOCKET,
		.in_len = (uint16_t)in_len,
		.out_len = (uint32_t)out_len,
	};
	char *at = stream_record_new(
		k, STREAM_CONNECTION, sizeof(r) + in_len + out_len);

	if (!at)
		return;
	if (c->out_sent || (c->out_first && c->out_first->is_partial))
		r.partial_len = (uint16_t)(c->out_first->len - c->out_sent);
	if (c->is_ring) {
		r.ring.domid = c->domid;
		r.ring.target = target_of(c);
		r.ring.port = c->port;
	}
	memcpy(at, &r, sizeof(r));
	if (in_len)
		memcpy(at + sizeof(r), c->in + c->in_start, in_len);
	put_output(at + sizeof(r) + in_len, c);
	state = stream_record_new(k, STREAM_CONN_STATE, sizeof(*state));
	if (state)
		*state = (struct stream_conn_state){ c->id, c->next_txn,
			c->in_done, c->out_total };
}

static void write_pair(struct sink *k, uint32_t type, uint32_t a, uint32_t b)
{
	struct stream_pair *r = stream_record_new(k, type, sizeof(*r));

	if (r)
		*r = (struct stream_pair){ a, b };
}

static void write_session(struct sink *k, const struct conn *c)
{
	const struct list *at;

	write_conn(k, c);
	for (at = c->watches.next; at != &c->watches; at = at->next)
		write_watch(k, list_entry(at, struct watch, of_conn),
			STREAM_WATCH_EXT);
	for (at = c->txns.next; at != &c->txns; at = at->next)
		write_pair(k, STREAM_TRANSACTION, c->id,
			list_entry(at, struct txn, of_conn)->id);
}

struct aside {
	struct sink sink; /* first */
	char *base;
};

static void save_domains(struct store *s, struct sink *k)
{
	const struct domain *d;
	size_t p, i;

	for (p = 0; p < DOMID_COUNT / DOMID_PAGE; p++) {
		for (i = 0; s->domains[p] && i < DOMID_PAGE; i++) {
			d = s->domains[p][i];
			if (!d)
				continue;
			write_domain(k, s, d);
			write_domain_data(k, s, d, d->quota_own);
		}
	}
}

/* A sink's memory that grows. */
static bool grow_aside(struct sink *k, size_t need)
{
	struct aside *a = (struct aside *)(void *)k;
	size_t used = (size_t)(k->at - a->base), room = used * 2 + need + 4096;
	char *more = realloc(a->base, room);

	if (!more)
		return false;
	a->base = more;
	k->at = more + used;
	k->end = more + room;
	return true;
}

static int save_sessions(struct stream_saver *v)
{
	struct aside a = { { .grow = grow_aside }, NULL };
	const struct list *at;
	const struct conn *c;

	for (at = v->store->conns.next; at != &v->store->conns; at = at->next) {
		c = list_entry(at, struct conn, of_store);
		if (c->id)
			write_session(&a.sink, c);
	}
	if (a.sink.has_failed) {
		free(a.base);
		return -ENOMEM;
	}
	v->sessions = a.base;
	v->sessions_len = (size_t)(a.sink.at - a.base);
	return 0;
}

/* Domain 0 pays for what its transaction keeps alive: it has no quota. */
static int take_snapshot(struct stream_saver *v)
{
	int rc;

	v->reader = conn_new(v->store, 0, false, NULL);
	if (!v->reader)
		return -ENOMEM;
	rc = txn_put(v->reader, 1);
	if (rc) {
		conn_free(v->reader);
		v->reader = NULL;
	}
	return rc;
}

int stream_save_begin(struct stream_saver *v, struct store *s, struct sink *k)
{
	struct stream_header h = { htobe64(STREAM_IDENT),
		htobe32(STREAM_VERSION), 0 };
	char *p = sink_take(k, sizeof(h));
	int rc;

	memset(v, 0, sizeof(*v));
	v->store = s;
	v->sink = k;
	rc = p ? save_sessions(v) : -ENOSPC;
	if (!rc)
		rc = take_snapshot(v);
	if (rc) {
		k->has_failed = true;
		stream_save_end(v);
		return rc;
	}
	memcpy(p, &h, sizeof(h));
	write_quotas(k, s);
	save_domains(s, k);
	write_special(k, s, 0);
	write_special(k, s, 1);
	strcpy(v->path, "/");
	tree_walk_begin(&v->walk, txn_find(v->reader, 1)->base, v->path, 1);
	return 0;
}

/* 1: there is more. */
static int save_nodes(struct stream_saver *v, size_t most)
{
	const struct node *n;
	size_t len, done = 0;
	int rc = 1;

	while (done < most && !v->sink->has_failed) {
		rc = tree_walk_next(&v->walk, &n, &len);
		if (rc <= 0)
			break;
		write_node(v->sink, v->store, v->path, len, n);
		done += sizeof(struct stream_node) + len + node_value_len(n);
	}
	return rc;
}

/* They are records already, and aligned as all are. */
static bool copy_sessions(struct stream_saver *v, size_t most)
{
	size_t len = v->sessions_len - v->sessions_done;
	char *at;

	if (len > most)
		len = (most + 7) & ~(size_t)7;
	at = sink_take(v->sink, len);
	if (at && len)
		memcpy(at, v->sessions + v->sessions_done, len);
	v->sessions_done += len;
	return v->sessions_done == v->sessions_len;
}

bool stream_save_step(struct stream_saver *v, size_t most)
{
	int rc = save_nodes(v, most);

	if (rc < 0)
		v->sink->has_failed = true;
	if (!rc && copy_sessions(v, most)) {
		stream_record_new(v->sink, STREAM_END, 0);
		return true;
	}
	return v->sink->has_failed;
}

void stream_save_end(struct stream_saver *v)
{
	tree_walk_end(&v->walk);
	free(v->sessions);
	if (v->reader)
		conn_free(v->reader);
	v->sessions = NULL;
	v->reader = NULL;
}

void stream_save(struct store *s, struct sink *k)
{
	struct stream_saver v;

	if (stream_save_begin(&v, s, k))
		return;
	while (!stream_save_step(&v, SIZE_MAX))
		;
	stream_save_end(&v);
}

static void write_node_gone(struct sink *k, const char *path, size_t len)
{
	char *at = stream_record_new(k, STREAM_NODE_GONE, len + 1);

	if (!at)
		return;
	memcpy(at, path, len);
	at[len] = '\0';
}

static void write_conn_reset(struct sink *k, const struct conn *c)
{
	struct stream_conn_reset *r =
		stream_record_new(k, STREAM_CONN_RESET, sizeof(*r));

	if (r)
		*r = (struct stream_conn_reset){ c->id, 0, c->in_done,
			c->out_total };
}

static void write_answer(struct sink *k, const struct store_effect *e)
{
	struct stream_answer *r =
		stream_record_new(k, STREAM_ANSWER, sizeof(*r) + e->len);

	if (!r)
		return;
	*r = (struct stream_answer){ e->conn->id, (uint32_t)e->len,
		(uint32_t)e->value, 0 };
	memcpy(r + 1, e->bytes, e->len);
}

static void write_output(struct sink *k, const struct store_effect *e)
{
	struct stream_pair *r =
		stream_record_new(k, STREAM_OUTPUT, sizeof(*r) + e->len);

	if (!r)
		return;
	*r = (struct stream_pair){ e->conn->id, (uint32_t)e->len };
	memcpy(r + 1, e->bytes, e->len);
}

static void write_of_conn(struct sink *k, const struct store_effect *e)
{
	const struct conn *c = e->conn;

	switch (e->kind) {
	case EFFECT_SERVED:
		write_pair(k, STREAM_SERVED, c->id, (uint32_t)e->len);
		break;
	case EFFECT_OUTPUT:
		if (e->value)
			write_answer(k, e);
		else
			write_output(k, e);
		break;
	case EFFECT_WATCH:
		write_watch(k, e->watch, STREAM_WATCH_EXT);
		break;
	case EFFECT_UNWATCH:
		write_watch(k, e->watch, STREAM_WATCH_GONE);
		break;
	case EFFECT_TXN:
		write_pair(k, STREAM_TRANSACTION, c->id, e->tx_id);
		break;
	case EFFECT_TXN_END:
		write_pair(k, STREAM_TXN_GONE, c->id, e->tx_id);
		break;
	case EFFECT_RESET:
		write_pair(k, STREAM_SESSION_RESET, c->id, 0);
		break;
	case EFFECT_CONN:
		write_conn(k, c);
		break;
	case EFFECT_CONN_END:
		write_pair(k, STREAM_CONN_END, c->id, 0);
		break;
	case EFFECT_CONN_RESET:
		write_conn_reset(k, c);
		break;
	default:
		k->has_failed = true;
	}
}

void stream_effect(
	struct sink *k, const struct store *s, const struct store_effect *e)
{
	switch (e->kind) {
	case EFFECT_NODE:
		write_node(k, s, e->path, e->path_len, e->node);
		break;
	case EFFECT_RM:
		write_node_gone(k, e->path, e->path_len);
		break;
	case EFFECT_SPECIAL:
		write_special(k, s, special_index(e->path, e->path_len));
		break;
	case EFFECT_DOMAIN:
		write_domain(k, s, domain_find(s, e->domid));
		write_domain_data(k, s, domain_find(s, e->domid), 0);
		break;
	case EFFECT_DOMAIN_GONE:
		write_pair(k, STREAM_DOMAIN_GONE, e->domid, 0);
		break;
	case EFFECT_QUOTA:
		write_quotas(k, s);
		break;
	case EFFECT_DOMAIN_QUOTA:
		write_domain_data(
			k, s, domain_find(s, e->domid), 1u << e->quota);
		break;
	default:
		if (e->conn->id)
			write_of_conn(k, e);
	}
}
