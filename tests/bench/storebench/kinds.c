/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients of the load generator do, each in turn or over and over.
 *
 * Client i owns the ten nodes /local/domain/(1000+i)/bench/n0 to n9. The null
 * daemon answers everything alike, so answers are judged by their type and
 * by a value that it knows, too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define OWN_NODES 10
/* Requests that setting up has in flight. */
#define SETUP_BATCH 16

static size_t own_dir(const struct client *c, char *path)
{
	return (size_t)sprintf(
		path, "/local/domain/%u/bench", 1000 + c->number);
}

static size_t own_node(const struct client *c, unsigned int n, char *path)
{
	size_t len = own_dir(c, path);

	return len + (size_t)sprintf(path + len, "/n%u", n);
}

/* Appends a WRITE of a value to the path in `buf`, which has room for it. */
static void request_write(struct client *c, uint32_t tx, char *buf, size_t len,
	const char *value, size_t value_len)
{
	memcpy(buf + len + 1, value, value_len);
	load_request(c, XS_WRITE, tx, buf, len + 1 + value_len);
}

static void expect_ok(const struct xsd_sockmsg *hdr, const char *body)
{
	if (hdr->type == XS_ERROR)
		load_die("the store says %s", body);
}

static uint32_t draw(struct client *c, uint32_t below)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 17;
	c->random ^= c->random << 5;
	return c->random % below;
}

static void setup_own(struct load *l)
{
	struct client *c;
	unsigned int n;
	char buf[128];

	for (c = l->clients; c < l->clients + l->client_count; c++) {
		for (n = 0; n < OWN_NODES; n++)
			request_write(c, 0, buf, own_node(c, n, buf), VALUE,
				VALUE_LEN);
		load_request(c, XS_RM, 0, buf, own_node(c, OWN_NODES, buf) + 1);
		load_settle(c, OWN_NODES + 1);
	}
}

static void answer_simple(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	expect_ok(hdr, body);
	load_done(l, c);
}

static void next_read(struct load *l, struct client *c)
{
	char buf[128];
	size_t len = own_node(c, c->step++ % OWN_NODES, buf);

	(void)l;
	load_request(c, XS_READ, 0, buf, len + 1);
}

static void answer_read(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	expect_ok(hdr, body);
	if (hdr->len != VALUE_LEN || memcmp(body, VALUE, VALUE_LEN))
		load_die("a wrong value is read");
	load_done(l, c);
}

static const struct kind read_kind = { "read", setup_own, next_read,
	answer_read, NULL };

static void next_write(struct load *l, struct client *c)
{
	char buf[128];

	(void)l;
	request_write(c, 0, buf, own_node(c, c->step++ % OWN_NODES, buf), VALUE,
		VALUE_LEN);
}

static const struct kind write_kind = { "write", setup_own, next_write,
	answer_simple, NULL };

/* Every other request makes the node that the next one removes. */
static void next_mkdirrm(struct load *l, struct client *c)
{
	char buf[128];
	size_t len = own_node(c, OWN_NODES, buf);

	(void)l;
	load_request(c, c->step++ & 1 ? XS_RM : XS_MKDIR, 0, buf, len + 1);
}

static const struct kind mkdirrm_kind = { "mkdirrm", setup_own, next_mkdirrm,
	answer_simple, NULL };

static void next_directory(struct load *l, struct client *c)
{
	char buf[128];
	size_t len = own_dir(c, buf);

	(void)l;
	load_request(c, XS_DIRECTORY, 0, buf, len + 1);
}

static void answer_directory(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	expect_ok(hdr, body);
	if (hdr->len != OWN_NODES * 3)
		load_die("a wrong directory is read");
	load_done(l, c);
}

static const struct kind directory_kind = { "directory", setup_own,
	next_directory, answer_directory, NULL };

/* START, `ops` of READ and WRITE by turns on own nodes, END. */
static void next_txn(struct load *l, struct client *c)
{
	unsigned int op = c->step - 1;
	char buf[128];
	size_t len;

	if (!c->step) {
		load_request(c, XS_TRANSACTION_START, 0, "", 1);
		return;
	}
	if (c->step > l->ops) {
		load_request(c, XS_TRANSACTION_END, c->tx, "T", 2);
		return;
	}
	len = own_node(c, op / 2 % OWN_NODES, buf);
	if (op & 1)
		request_write(c, c->tx, buf, len, VALUE, VALUE_LEN);
	else
		load_request(c, XS_READ, c->tx, buf, len + 1);
}

/* The transaction has ended: with success, or it begins again. */
static void end_txn(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	c->step = 0;
	if (hdr->type == XS_ERROR && !strcmp(body, "EAGAIN")) {
		c->retries += l->is_measuring;
		return;
	}
	expect_ok(hdr, body);
	load_done(l, c);
}

static void answer_txn(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	if (c->step > l->ops) {
		end_txn(l, c, hdr, body);
		return;
	}
	expect_ok(hdr, body);
	if (!c->step)
		c->tx = (uint32_t)strtoul(body, NULL, 10);
	c->step++;
}

static const struct kind txn_kind = { "txn", setup_own, next_txn, answer_txn,
	NULL };

#define COUNTER "/local/domain/1000/bench/counter"

static void setup_counter(struct load *l)
{
	load_request(l->clients, XS_WRITE, 0, COUNTER "\0000",
		sizeof(COUNTER "\0000") - 1);
	load_settle(l->clients, 1);
}

/* START, READ, WRITE of one more, END. */
static void next_counter(struct load *l, struct client *c)
{
	char buf[128] = COUNTER, value[24];

	(void)l;
	switch (c->step) {
	case 0:
		load_request(c, XS_TRANSACTION_START, 0, "", 1);
		break;
	case 1:
		load_request(c, XS_READ, c->tx, COUNTER, sizeof(COUNTER));
		break;
	case 2:
		request_write(c, c->tx, buf, sizeof(COUNTER) - 1, value,
			(size_t)sprintf(value, "%" PRIu64, c->value + 1));
		break;
	default:
		load_request(c, XS_TRANSACTION_END, c->tx, "T", 2);
	}
}

/* The last value that a commit has written. */
static uint64_t counted;

static void answer_counter(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	if (c->step == 3) {
		if (hdr->type != XS_ERROR && c->value + 1 > counted)
			counted = c->value + 1;
		end_txn(l, c, hdr, body);
		return;
	}
	expect_ok(hdr, body);
	if (!c->step)
		c->tx = (uint32_t)strtoul(body, NULL, 10);
	if (c->step == 1)
		c->value = strtoull(body, NULL, 10);
	c->step++;
}

static void report_counter(struct load *l)
{
	(void)l;
	printf(", \"counter\": %" PRIu64, counted);
}

static const struct kind counter_kind = { "counter", setup_counter,
	next_counter, answer_counter, report_counter };

/* A tree of `nodes` nodes with values, at most 1,000 in a directory. */
static size_t tree_node(unsigned int n, char *path)
{
	return (size_t)sprintf(path, "/bench/tree/%u/%u/n%u", n / 1000000,
		n / 1000 % 1000, n % 1000);
}

static void setup_tree(struct load *l)
{
	unsigned int n, pending = 0;
	char buf[128];

	for (n = 0; n < l->nodes; n++) {
		request_write(l->clients, 0, buf, tree_node(n, buf), VALUE,
			VALUE_LEN);
		if (++pending == SETUP_BATCH || n + 1 == l->nodes) {
			load_settle(l->clients, pending);
			pending = 0;
		}
	}
}

static void next_tree_read(struct load *l, struct client *c)
{
	char buf[128];
	size_t len = tree_node(draw(c, l->nodes), buf);

	load_request(c, XS_READ, 0, buf, len + 1);
}

static const struct kind tree_read_kind = { "tree-read", setup_tree,
	next_tree_read, answer_read, NULL };

static void next_tree_write(struct load *l, struct client *c)
{
	char buf[128];

	request_write(
		c, 0, buf, tree_node(draw(c, l->nodes), buf), VALUE, VALUE_LEN);
}

static const struct kind tree_write_kind = { "tree-write", setup_tree,
	next_tree_write, answer_simple, NULL };

/* One directory with `nodes` children. */
static size_t wide_node(unsigned int n, char *path)
{
	return (size_t)sprintf(path, "/bench/wide/0/n%u", n);
}

static void setup_wide(struct load *l)
{
	unsigned int n, pending = 0;
	char buf[128];

	for (n = 0; n < l->nodes; n++) {
		request_write(l->clients, 0, buf, wide_node(n, buf), VALUE,
			VALUE_LEN);
		if (++pending == SETUP_BATCH || n + 1 == l->nodes) {
			load_settle(l->clients, pending);
			pending = 0;
		}
	}
}

/* Makes and removes a child that the directory did not have. */
static void next_wide(struct load *l, struct client *c)
{
	char buf[128];
	size_t len = wide_node(l->nodes + c->number, buf);

	load_request(c, c->step++ & 1 ? XS_RM : XS_MKDIR, 0, buf, len + 1);
}

static const struct kind wide_kind = { "wide", setup_wide, next_wide,
	answer_simple, NULL };

/* Reads the directory in parts, from where the last part ended. */
static void next_part(struct load *l, struct client *c)
{
	char buf[128];
	size_t len = (size_t)sprintf(buf, "/bench/wide/0") + 1;

	(void)l;
	len += (size_t)sprintf(buf + len, "%" PRIu64, c->value) + 1;
	load_request(c, XS_DIRECTORY_PART, 0, buf, len);
}

static void answer_part(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	size_t head = strlen(body) + 1;

	expect_ok(hdr, body);
	if (hdr->len <= head)
		load_die("a part of a directory is empty");
	if (hdr->len == head + 1 || !body[hdr->len - 2])
		c->value = 0;
	else
		c->value += hdr->len - head;
	load_done(l, c);
}

static const struct kind part_kind = { "part", setup_wide, next_part,
	answer_part, NULL };

/*
 * Client 0 writes a node with `matching` watches; the others have these and
 * `others` more elsewhere. One operation is the write with all its events.
 */
#define WATCHED "/bench/watched"
static unsigned int events_left;

static void add_watch(struct client *c, const char *path, unsigned int token)
{
	char buf[128];
	size_t len = (size_t)sprintf(buf, "%s", path) + 1;

	len += (size_t)sprintf(buf + len, "t%u", token) + 1;
	load_request(c, XS_WATCH, 0, buf, len);
}

static void setup_watches(struct load *l)
{
	unsigned int i, pending = 0, watchers = l->client_count - 1;
	struct client *c = l->clients;
	char path[64];

	if (!watchers)
		load_die("watches need a client more than the writer");
	request_write(c, 0, memcpy(path, WATCHED, sizeof(WATCHED)),
		sizeof(WATCHED) - 1, VALUE, VALUE_LEN);
	load_settle(c, 1);
	for (i = 0; i < l->matching + l->others; i++) {
		c = l->clients + 1 + i % watchers;
		if (i < l->matching)
			sprintf(path, WATCHED);
		else
			sprintf(path, "/bench/elsewhere/%u/%u", i / 1000,
				i % 1000);
		add_watch(c, path, i);
		pending++;
		if (pending == watchers || i + 1 == l->matching + l->others) {
			/* the answer to each, and its first event */
			for (c = l->clients + 1; pending; c++, pending--)
				load_settle(c, 2);
		}
	}
	for (i = 1; i < l->client_count; i++)
		l->clients[i].is_idle = true;
}

static void next_watched(struct load *l, struct client *c)
{
	char buf[64] = WATCHED;

	c->is_idle = true; /* until all events have come */
	events_left = l->matching + 1;
	request_write(c, 0, buf, sizeof(WATCHED) - 1, VALUE, VALUE_LEN);
}

static void answer_watched(struct load *l, struct client *c,
	const struct xsd_sockmsg *hdr, const char *body)
{
	struct client *writer = l->clients;

	(void)c;
	expect_ok(hdr, body);
	if (--events_left)
		return;
	load_done(l, writer);
	if (!l->is_over && (!l->count || l->total < l->count))
		next_watched(l, writer);
	load_flush(writer);
}

static const struct kind watch_kind = { "watch", setup_watches, next_watched,
	answer_watched, NULL };

const struct kind *const load_kinds[] = { &read_kind, &write_kind,
	&mkdirrm_kind, &directory_kind, &txn_kind, &counter_kind,
	&tree_read_kind, &tree_write_kind, &wide_kind, &part_kind, &watch_kind,
	NULL };
