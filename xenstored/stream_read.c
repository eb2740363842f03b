/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state as a stream: reading. The bytes may come from anywhere: nothing
 * is believed, and what is accepted passes the audit.
 */
#include "stream.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <public/xen.h>

#include "restore.h"
#include "state.h"

/* A record's body that is cut up from its front. */
struct body {
	const char *at;
	size_t len;
	struct restore_run *run; /* of a state that is read whole, or NULL */
};

static const void *cut(struct body *b, size_t len)
{
	const char *at = b->at;

	if (len > b->len)
		return NULL;
	b->at += len;
	b->len -= len;
	return at;
}

/* The same for a string of `len` bytes whose last must be its only NUL. */
static const char *cut_string(struct body *b, size_t len)
{
	const char *at = cut(b, len);

	if (!at || !len || memchr(at, '\0', len) != at + len - 1)
		return NULL;
	return at;
}

/* Copies a structure out, since bytes need not be aligned. */
static bool cut_struct(struct body *b, void *out, size_t len)
{
	const void *at = cut(b, len);

	if (at)
		memcpy(out, at, len);
	return at;
}

/* A pair whose first number is a connection's: that one, or NULL. */
static struct conn *cut_pair(
	struct store *s, struct body *b, struct stream_pair *out)
{
	return cut_struct(b, out, sizeof(*out)) ? conn_find(s, out->a) : NULL;
}

/* The longest list that a SET_PERMS can carry. */
#define PERMS_MAX (WIRE_PAYLOAD_MAX / 3)

static int cut_perms(struct body *b, size_t count, struct restore_perm *out)
{
	static const char letters[] = "nrwb";
	const char *letter;
	struct stream_perm p;
	size_t i;

	if (!count || count > PERMS_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		if (!cut_struct(b, &p, sizeof(p)))
			return -EINVAL;
		letter = p.letter ? strchr(letters, p.letter) : NULL;
		if (!letter)
			return -EINVAL;
		out[i].domid = p.domid;
		out[i].access = (uint8_t)(letter - letters);
	}
	return 0;
}

static int read_node(struct store *s, struct body *b)
{
	struct restore_perm perms[PERMS_MAX];
	const char *path, *value = NULL;
	struct stream_node r;
	size_t len;

	if (!cut_struct(b, &r, sizeof(r)) || r.conn ||
		cut_perms(b, r.perm_count, perms))
		return -EINVAL;
	path = cut_string(b, r.path_len);
	if (path)
		value = cut(b, r.value_len);
	if (!value)
		return -EINVAL;
	len = r.path_len - 1u;
	if (path[0] == '@')
		return restore_special(s, path, len, perms, r.perm_count);
	if (b->run)
		return restore_next(s, b->run, path, len, value, r.value_len,
			perms, r.perm_count);
	return restore_node(
		s, path, len, value, r.value_len, perms, r.perm_count);
}

static int read_node_gone(struct store *s, struct body *b)
{
	const char *path = cut_string(b, b->len);
	int rc = path ? restore_rm(s, path, strlen(path)) : -EINVAL;

	/* It was made and removed by one transaction. */
	return rc == -ENOENT ? 0 : rc;
}

static int read_connection(struct store *s, struct body *b)
{
	struct stream_connection r;
	const char *in, *out;
	struct conn *c;
	uint16_t domid = 0;
	size_t room;
	void *space;
	int rc;

	if (!cut_struct(b, &r, sizeof(r)) || r.type > STREAM_SOCKET || !r.id ||
		conn_find(s, r.id))
		return -EINVAL;
	in = cut(b, r.in_len);
	out = in ? cut(b, r.out_len) : NULL;
	if (!out)
		return -EINVAL;
	if (r.type == STREAM_RING)
		domid = r.ring.domid;
	c = conn_new(s, domid, r.type == STREAM_RING, NULL);
	if (!c || conn_number(c, r.id))
		return -ENOMEM;
	c->port = r.type == STREAM_RING ? r.ring.port : 0;
	rc = restore_output(c, out, r.out_len, r.partial_len);
	if (rc || !r.in_len)
		return rc;
	space = conn_space(c, &room);
	if (!space)
		return -ENOMEM;
	if (room < r.in_len)
		return -EINVAL;
	memcpy(space, in, r.in_len);
	conn_fill(c, r.in_len);
	return 0;
}

/*
 * Numbers of bytes, from which on a connection counts: no connection gets so
 * far, and what it adds to smaller ones does not overflow.
 */
static bool are_counts(uint64_t in, uint64_t out)
{
	return in <= INT64_MAX && out <= INT64_MAX;
}

static int read_conn_state(struct store *s, struct body *b)
{
	struct stream_conn_state r;
	struct conn *c;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	c = conn_find(s, r.id);
	if (!c || r.out_total < conn_pending(c) ||
		!are_counts(r.in_done, r.out_total))
		return -EINVAL;
	c->next_txn = r.next_txn;
	c->out_total = r.out_total;
	if (s->host.sent)
		c->out_known = s->host.sent(s->host.ctx, r.id);
	output_catch_up(c);
	conn_drop_input(c);
	c->in_done = r.in_done;
	return 0;
}

static int read_conn_reset(struct store *s, struct body *b)
{
	struct stream_conn_reset r;
	struct conn *c;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	c = conn_find(s, r.id);
	if (!c || !are_counts(r.in_done, r.out_total))
		return -EINVAL;
	conn_reset(c);
	c->in_done = r.in_done;
	c->out_total = r.out_total;
	return 0;
}

static int read_conn_end(struct store *s, struct body *b)
{
	struct stream_pair r;
	struct conn *c = cut_pair(s, b, &r);

	if (!c)
		return -EINVAL;
	conn_free(c);
	return 0;
}

static int read_session_reset(struct store *s, struct body *b)
{
	struct stream_pair r;
	struct conn *c = cut_pair(s, b, &r);

	if (!c)
		return -EINVAL;
	restore_reset(c);
	return 0;
}

static void note_served(struct conn *c, uint32_t len)
{
	conn_drop_input(c);
	c->in_done += len;
}

static int read_served(struct store *s, struct body *b)
{
	struct stream_pair r;
	struct conn *c = cut_pair(s, b, &r);

	if (!c)
		return -EINVAL;
	note_served(c, r.b);
	return 0;
}

static int read_answer(struct store *s, struct body *b)
{
	struct stream_answer r;
	const char *bytes;
	struct conn *c;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	c = conn_find(s, r.conn);
	bytes = c ? cut(b, r.out_len) : NULL;
	if (!bytes)
		return -EINVAL;
	note_served(c, r.served);
	return restore_output(c, bytes, r.out_len, 0);
}

static int read_output(struct store *s, struct body *b)
{
	struct stream_pair r;
	struct conn *c = cut_pair(s, b, &r);
	const char *bytes = c ? cut(b, r.b) : NULL;

	return bytes ? restore_output(c, bytes, r.b, 0) : -EINVAL;
}

/* A watch, with its path made absolute as its client's was. */
static int cut_watch(struct store *s, struct body *b,
	const struct stream_watch *r, struct conn **c, const char **token)
{
	const char *text = cut_string(b, r->path_len);

	*token = text ? cut_string(b, r->token_len) : NULL;
	*c = conn_find(s, r->conn);
	if (!*token || !*c)
		return -EINVAL;
	return path_parse(&s->path, (*c)->domid, text, r->path_len - 1u, true);
}

static int add_watch(struct store *s, struct body *b,
	const struct stream_watch *r, int32_t depth)
{
	const char *token;
	struct conn *c;
	int rc = cut_watch(s, b, r, &c, &token);

	return rc ? rc
		  : watch_put(c, &s->path, token, r->token_len - 1u, depth);
}

static int read_watch(struct store *s, struct body *b)
{
	struct stream_watch r;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	return add_watch(s, b, &r, -1);
}

static int read_watch_ext(struct store *s, struct body *b)
{
	struct stream_watch_ext r;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	return add_watch(
		s, b, &r.base, r.depth == UINT16_MAX ? -1 : (int32_t)r.depth);
}

static int read_watch_gone(struct store *s, struct body *b)
{
	struct stream_watch_ext r;
	const char *token;
	struct conn *c;
	int rc;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	rc = cut_watch(s, b, &r.base, &c, &token);
	return rc ? rc
		  : watch_remove(c, &s->path, token, r.base.token_len - 1u);
}

static int read_transaction(struct store *s, struct body *b)
{
	struct stream_pair r;
	struct conn *c = cut_pair(s, b, &r);
	int rc = c ? restore_txn(c, r.b) : -EINVAL;

	if (!rc)
		c->next_txn = r.b;
	return rc;
}

static int read_txn_gone(struct store *s, struct body *b)
{
	struct stream_pair r;
	struct conn *c = cut_pair(s, b, &r);

	return c ? restore_txn_end(c, r.b) : -EINVAL;
}

/* So many values, then as many names: sets those that are known. */
static int read_values(
	struct store *s, struct body *b, size_t count, uint32_t domid)
{
	const struct store_quota *q;
	struct body values = { NULL, count * sizeof(uint32_t), NULL };
	uint32_t value;
	const char *name;
	int rc = 0;

	values.at = cut(b, values.len);
	if (!values.at)
		return -EINVAL;
	while (!rc && cut_struct(&values, &value, sizeof(value))) {
		name = b->at;
		if (!b->len || !cut(b, strnlen(name, b->len) + 1))
			return -EINVAL;
		q = store_quota_by_name(s, name);
		if (q)
			rc = restore_quota(
				s, domid, (enum quota_id)(q - s->quota), value);
	}
	return rc;
}

static int read_quota(struct store *s, struct body *b)
{
	struct stream_quota r;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	return read_values(
		s, b, (size_t)r.domain_count + r.global_count, DOMID_COUNT);
}

static int read_domain(struct store *s, struct body *b)
{
	struct stream_domain r;
	struct domain *d;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	d = domain_make(s, r.domid);
	if (!d)
		return -ENOMEM;
	d->features = r.features & DOMAIN_FEATURES;
	return read_values(s, b, r.quota_count, r.domid);
}

static int read_domain_state(struct store *s, struct body *b)
{
	struct restore_domain d = { 0 };
	const struct domain *now;
	struct stream_domain_state r;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	now = domain_find(s, r.domid);
	d.domid = r.domid;
	d.is_introduced =
		r.flags & STREAM_INTRODUCED || domain_is_control(r.domid);
	d.was_seen = r.flags & STREAM_SEEN;
	d.is_shutdown = r.flags & STREAM_SHUTDOWN;
	d.has_target = r.flags & STREAM_TARGET;
	d.target = r.target;
	d.features = now ? now->features : DOMAIN_FEATURES;
	return restore_domain(s, &d);
}

static int read_domain_gone(struct store *s, struct body *b)
{
	struct stream_pair r;

	if (!cut_struct(b, &r, sizeof(r)) || r.a >= DOMID_COUNT)
		return -EINVAL;
	return restore_domain_gone(s, (uint16_t)r.a);
}

/* The sockets of another process mean nothing here. */
static int skip(struct store *s, struct body *b)
{
	(void)s;
	(void)b;
	return 0;
}

typedef int reader(struct store *s, struct body *b);

static reader *const published[] = {
	[STREAM_GLOBAL] = skip,
	[STREAM_CONNECTION] = read_connection,
	[STREAM_WATCH] = read_watch,
	[STREAM_TRANSACTION] = read_transaction,
	[STREAM_NODE] = read_node,
	[STREAM_QUOTA] = read_quota,
	[STREAM_DOMAIN] = read_domain,
	[STREAM_WATCH_EXT] = read_watch_ext,
};

static reader *const ours[] = {
	[STREAM_CONN_STATE - STREAM_OURS] = read_conn_state,
	[STREAM_CONN_END - STREAM_OURS] = read_conn_end,
	[STREAM_CONN_RESET - STREAM_OURS] = read_conn_reset,
	[STREAM_SERVED - STREAM_OURS] = read_served,
	[STREAM_OUTPUT - STREAM_OURS] = read_output,
	[STREAM_NODE_GONE - STREAM_OURS] = read_node_gone,
	[STREAM_WATCH_GONE - STREAM_OURS] = read_watch_gone,
	[STREAM_TXN_GONE - STREAM_OURS] = read_txn_gone,
	[STREAM_SESSION_RESET - STREAM_OURS] = read_session_reset,
	[STREAM_DOMAIN_STATE - STREAM_OURS] = read_domain_state,
	[STREAM_DOMAIN_GONE - STREAM_OURS] = read_domain_gone,
	[STREAM_ANSWER - STREAM_OURS] = read_answer,
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static reader *reader_of(uint32_t type)
{
	if (type < COUNT(published))
		return published[type];
	if (type >= STREAM_OURS && type - STREAM_OURS < COUNT(ours))
		return ours[type - STREAM_OURS];
	return NULL;
}

/* Cuts off a record and reads it; 1 for END. */
static int read_record(struct store *s, struct body *b)
{
	struct stream_record r;
	struct body body;
	reader *read;

	if (!cut_struct(b, &r, sizeof(r)))
		return -EINVAL;
	body.len = r.len;
	body.run = b->run;
	/* What is no node may change the tree in another way. */
	if (b->run && r.type != STREAM_NODE)
		b->run->parent = b->run->last = NULL;
	body.at = cut(b, ((size_t)r.len + 7) & ~(size_t)7);
	if (!body.at)
		return -EINVAL;
	if (r.type == STREAM_END)
		return 1;
	read = reader_of(r.type);
	return read ? read(s, &body) : -EINVAL;
}

int stream_apply(struct store *s, const void *bytes, size_t len)
{
	struct body b = { bytes, len, NULL };
	int rc = 0;

	while (!rc && b.len)
		rc = read_record(s, &b);
	return rc > 0 ? -EINVAL : rc;
}

int64_t stream_load(struct store *s, const void *bytes, size_t len)
{
	struct restore_run run = { 0 };
	struct body b = { bytes, len, &run };
	struct stream_header h;
	int rc = 0;

	if (!cut_struct(&b, &h, sizeof(h)) || be64toh(h.ident) != STREAM_IDENT)
		return -EINVAL;
	if (!be32toh(h.version) || be32toh(h.version) > STREAM_VERSION ||
		be32toh(h.flags) & STREAM_BIG_ENDIAN)
		return -ENOTSUP;
	while (!rc)
		rc = read_record(s, &b);
	return rc < 0 ? rc : (int64_t)(b.at - (const char *)bytes);
}
