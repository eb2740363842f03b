/* SPDX-License-Identifier: BSD-2-Clause */
/* One that uses the store and checks each byte; see crash.h. */
#include "crash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The path of one of its keys, as it asks for it. */
size_t peer_key_path(const struct peer *p, unsigned int key, char *out)
{
	static const char *const shapes[3] = { "k%u", "d%u/sub", "d%u/sub/x" };
	size_t n = 0;

	if (!p->is_guest)
		n = (size_t)sprintf(out, "/c/%d/", p->index);
	n += (size_t)sprintf(out + n, shapes[key % 3], key / 3);
	return n;
}

/*
 * The keys that lie below one: k are alone, d/sub has d/sub/x below it, which
 * is made with it and goes with it.
 */
static bool is_below(unsigned int key, unsigned int of)
{
	return key == of || (of % 3 == 1 && key == of + 1);
}

/* Transport. */

static void guest_push(struct peer *p)
{
	uint32_t prod = p->page->req_prod, cons;
	uint64_t one = 1;
	size_t limit = 1 + crash_roll(900);

	cons = __atomic_load_n(&p->page->req_cons, __ATOMIC_ACQUIRE);
	while (p->out_start < p->out_end && limit-- &&
		prod - cons < XENSTORE_RING_SIZE)
		p->page->req[MASK_XENSTORE_IDX(prod++)] =
			p->out[p->out_start++];
	if (prod == p->page->req_prod)
		return;
	__atomic_store_n(&p->page->req_prod, prod, __ATOMIC_RELEASE);
	if (write(p->to_store, &one, 8) != 8)
		crash_fail("guest %d cannot notify", p->index);
}

void peer_push(struct peer *p)
{
	size_t len = p->out_end - p->out_start;
	ssize_t n;

	if (!len)
		return;
	if (p->is_guest) {
		guest_push(p);
	} else {
		/* Often in pieces. */
		if (crash_roll(3) == 0)
			len = 1 + crash_roll((unsigned int)len);
		n = send(p->fd, p->out + p->out_start, len,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			crash_fail("client %d: %s", p->index, strerror(errno));
		p->out_start += n > 0 ? (size_t)n : 0;
	}
	if (p->out_start == p->out_end)
		p->out_start = p->out_end = 0;
}

static size_t guest_pull(struct peer *p, char *to, size_t room)
{
	uint32_t cons = p->page->rsp_cons, was = cons, prod;
	uint64_t one = 1;
	size_t n = 0;

	prod = __atomic_load_n(&p->page->rsp_prod, __ATOMIC_ACQUIRE);
	if (prod - cons > XENSTORE_RING_SIZE)
		crash_fail("guest %d: the store's index jumps from %u to %u",
			p->index, cons, prod);
	while (n < room && cons != prod)
		to[n++] = p->page->rsp[MASK_XENSTORE_IDX(cons++)];
	__atomic_store_n(&p->page->rsp_cons, cons, __ATOMIC_RELEASE);
	if (cons != was && write(p->to_store, &one, 8) != 8)
		crash_fail("guest %d cannot notify", p->index);
	return n;
}

static size_t pull(struct peer *p, char *to, size_t room)
{
	ssize_t n;

	if (p->is_guest)
		return guest_pull(p, to, room);
	n = recv(p->fd, to, room, MSG_DONTWAIT);
	if (!n)
		crash_fail("client %d is cut off", p->index);
	if (n < 0 && errno != EAGAIN)
		crash_fail("client %d: %s", p->index, strerror(errno));
	return n > 0 ? (size_t)n : 0;
}

/* Requests. */

struct expected *peer_ask(struct peer *p, uint32_t type, uint32_t tx,
	const void *payload, size_t len)
{
	struct xsd_sockmsg hdr = { type, ++p->next_req, tx, (uint32_t)len };
	struct expected *e;

	e = &p->expected[(p->first + p->count++) % DEPTH];
	e->kind = EXACT;
	e->type = type;
	e->req_id = hdr.req_id;
	e->tx_id = tx;
	memcpy(e->bytes, "OK", 3);
	e->len = 3;
	if (p->out_end + sizeof(hdr) + len > OUT_ROOM)
		crash_fail("peer %d: the output overflows", p->index);
	memcpy(p->out + p->out_end, &hdr, sizeof(hdr));
	memcpy(p->out + p->out_end + sizeof(hdr), payload, len);
	p->out_end += sizeof(hdr) + len;
	crash_sums.now++;
	return e;
}

static void expect_error(struct expected *e, const char *name)
{
	e->type = XS_ERROR;
	e->len = strlen(name) + 1;
	memcpy(e->bytes, name, e->len);
}

static void ask_write(struct peer *p, unsigned int key)
{
	char text[64 + sizeof(p->value[0].bytes)];
	struct value *v = &p->value[key];
	size_t n = peer_key_path(p, key, text) + 1, i;
	unsigned int salt = crash_roll(1000);

	v->is_there = true;
	v->len = crash_roll(8) ? crash_roll(40)
			       : crash_roll(sizeof(v->bytes) - 64);
	for (i = 0; i < v->len; i++)
		v->bytes[i] = (char)('!' + (salt + i * 7) % 90);
	memcpy(text + n, v->bytes, v->len);
	peer_ask(p, XS_WRITE, 0, text, n + v->len);
	v->changed = crash_sums.now;
	/* What lies above it is made, empty. */
	if (key % 3 == 2 && !p->value[key - 1].is_there) {
		p->value[key - 1].is_there = true;
		p->value[key - 1].len = 0;
	}
}

static void ask_read(struct peer *p, unsigned int key)
{
	char text[64];
	struct value *v = &p->value[key];
	size_t n = peer_key_path(p, key, text) + 1;
	struct expected *e = peer_ask(p, XS_READ, 0, text, n);

	if (!v->is_there) {
		expect_error(e, "ENOENT");
		return;
	}
	memcpy(e->bytes, v->bytes, v->len);
	e->len = v->len;
}

static void ask_rm(struct peer *p, unsigned int key)
{
	char text[64];
	size_t n = peer_key_path(p, key, text) + 1;
	struct expected *e = peer_ask(p, XS_RM, 0, text, n);
	bool was = p->value[key].is_there;
	unsigned int i;

	/* Nothing there, and nothing that it could be in. */
	if (!was && key % 3 == 2 && !p->value[key - 1].is_there)
		expect_error(e, "ENOENT");
	for (i = 0; i < KEYS; i++)
		if (is_below(i, key))
			p->value[i].is_there = false;
	if (was)
		p->value[key].changed = crash_sums.now;
}

/* Exactly once: a second one would be answered otherwise. */
static void ask_watch(struct peer *p)
{
	char text[64];
	size_t n = p->is_guest ? (size_t)sprintf(text, "k0")
			       : (size_t)sprintf(text, "/c/%d/k0", p->index);

	memcpy(text + n + 1, "often", 6);
	peer_ask(p, p->is_watching ? XS_UNWATCH : XS_WATCH, 0, text, n + 7);
	p->is_watching = !p->is_watching;
}

static void ask_txn(struct peer *p)
{
	char text[64];
	struct expected *e;
	int n;

	switch (p->txn_step++) {
	case 0:
		e = peer_ask(p, XS_TRANSACTION_START, 0, "", 1);
		e->kind = TXN_ID;
		break;
	case 1:
		e = peer_ask(p, XS_READ, p->txn, "/counter", 9);
		e->kind = COUNTER;
		break;
	case 2:
		memcpy(text, "/counter", 9);
		n = 9 + sprintf(text + 9, "%ld", p->txn_value + 1);
		peer_ask(p, XS_WRITE, p->txn, text, (size_t)n);
		break;
	default:
		e = peer_ask(p, XS_TRANSACTION_END, p->txn, "T", 2);
		e->kind = EITHER;
		p->txn_step = 0;
	}
}

/* What it does next, with less in flight than it may have. */
void peer_act(struct peer *p)
{
	unsigned int key = crash_roll(KEYS);

	if (p->txn_step) {
		if (!p->count)
			ask_txn(p);
		return;
	}
	if (crash_sums.is_ending || p->out_end > OUT_ROOM - 2 * PACKET)
		return;
	switch (crash_roll(12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		ask_write(p, key);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		ask_read(p, key);
		break;
	case 8:
		ask_rm(p, key);
		break;
	case 9:
		ask_watch(p);
		break;
	case 10:
		if (!p->is_guest && !p->count)
			ask_txn(p);
		break;
	default:
		ask_read(p, key);
	}
}

/* Answers. */

static void take_event(struct peer *p, const char *payload)
{
	char path[64], home[64];
	size_t len = (size_t)sprintf(home, "/local/domain/%d/", p->index + 1);
	unsigned int key;

	crash_sums.events++;
	if (!strncmp(payload, home, len))
		payload += len;
	for (key = 0; key < KEYS; key++) {
		peer_key_path(p, key, path);
		if (!strcmp(path, payload))
			p->value[key].seen = crash_sums.now;
	}
}

static void take_exact(struct peer *p, const struct expected *e,
	const struct xsd_sockmsg *hdr, const char *payload)
{
	if (hdr->type == e->type && hdr->len == e->len &&
		!memcmp(payload, e->bytes, e->len))
		return;
	crash_fail(
		"%s %d, request %u: type %u with %u bytes \"%.*s\", where type "
		"%u with %zu bytes \"%.*s\" is right",
		p->is_guest ? "guest" : "client", p->index, hdr->req_id,
		hdr->type, hdr->len, (int)hdr->len, payload, e->type, e->len,
		(int)e->len, e->bytes);
}

static void take_answer(
	struct peer *p, const struct xsd_sockmsg *hdr, const char *payload)
{
	const struct expected *e = &p->expected[p->first];
	char text[32] = "";

	crash_sums.answers++;
	if (!p->count || hdr->req_id != e->req_id || hdr->tx_id != e->tx_id)
		crash_fail(
			"peer %d: answer %u (transaction %u) where %u (%u) is "
			"expected",
			p->index, hdr->req_id, hdr->tx_id, e->req_id, e->tx_id);
	memcpy(text, payload, hdr->len < 31 ? hdr->len : 31);
	if (e->kind == TXN_ID && hdr->type == e->type) {
		p->txn = (uint32_t)strtoul(text, NULL, 10);
	} else if (e->kind == COUNTER && hdr->type == e->type) {
		p->txn_value = strtol(text, NULL, 10);
	} else if (e->kind == EITHER) {
		if (hdr->type == e->type && !strcmp(text, "OK"))
			crash_sums.counter++;
		else if (hdr->type == XS_ERROR && !strcmp(text, "EAGAIN"))
			crash_sums.conflicts++;
		else
			crash_fail("client %d: a commit is answered \"%s\"",
				p->index, text);
	} else {
		take_exact(p, e, hdr, payload);
	}
	p->first = (p->first + 1) % DEPTH;
	p->count--;
}

/* Whether something came. */
bool peer_take(struct peer *p)
{
	struct xsd_sockmsg hdr;
	size_t want = sizeof(hdr), got;
	bool any = false;

	for (;;) {
		if (p->in_len >= sizeof(hdr)) {
			memcpy(&hdr, p->in, sizeof(hdr));
			if (hdr.len > XENSTORE_PAYLOAD_MAX)
				crash_fail("peer %d: a packet of %u bytes",
					p->index, hdr.len);
			want = sizeof(hdr) + hdr.len;
		}
		if (p->in_len < want) {
			got = pull(p, p->in + p->in_len, want - p->in_len);
			p->in_len += got;
			any |= got > 0;
			if (!got)
				return any;
			continue;
		}
		crash_sums.now++;
		if (hdr.type == XS_WATCH_EVENT)
			take_event(p, p->in + sizeof(hdr));
		else
			take_answer(p, &hdr, p->in + sizeof(hdr));
		p->in_len = 0;
		want = sizeof(hdr);
	}
}
