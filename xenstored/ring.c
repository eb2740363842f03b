/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring page. */
#include "ring.h"

#include <errno.h>
#include <string.h>

#define PIECES 16

static uint32_t load(const XENSTORE_RING_IDX *idx)
{
	return __atomic_load_n(idx, __ATOMIC_ACQUIRE);
}

/* Pairs with the peer's load of the index: the bytes are there before it. */
static void publish(XENSTORE_RING_IDX *idx, uint32_t value)
{
	__atomic_store_n(idx, value, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static int fail(struct xenstore_domain_interface *page, uint32_t why)
{
	__atomic_store_n(&page->error, why, __ATOMIC_RELEASE);
	return -EPROTO;
}

static uint32_t our_cons(const struct ring *r)
{
	return r->slot->cons_base + (uint32_t)inbox_end(&r->slot->in);
}

static uint32_t our_prod(const struct ring *r)
{
	return r->slot->prod_base + (uint32_t)outbox_end(&r->slot->out);
}

static void greet(struct xenstore_domain_interface *page, const struct conn *c)
{
	__atomic_store_n(&page->error, XENSTORE_ERROR_NONE, __ATOMIC_RELEASE);
	__atomic_store_n(
		&page->server_features, conn_features(c), __ATOMIC_RELEASE);
}

/* The indices are to be so when the counts are as they are now. */
static void set_bases(struct slot *slot, uint32_t cons, uint32_t prod)
{
	slot->cons_base = cons - (uint32_t)inbox_end(&slot->in);
	slot->prod_base = prod - (uint32_t)outbox_end(&slot->out);
	__atomic_store_n(&slot->has_bases, 1, __ATOMIC_RELEASE);
}

void ring_open(struct ring *r, const struct conn *c)
{
	if (!r->slot->has_bases) {
		set_bases(r->slot, load(&r->page->req_cons),
			load(&r->page->rsp_prod));
		greet(r->page, c);
		return;
	}
	publish(&r->page->req_cons, our_cons(r));
	publish(&r->page->rsp_prod, our_prod(r));
}

bool ring_reconnect(struct ring *r, struct conn *c)
{
	struct xenstore_domain_interface *page = r->page;

	if (load(&page->connection) != XENSTORE_RECONNECT)
		return false;
	conn_reset(c);
	if (r->commit)
		r->commit(r->ctx);
	set_bases(r->slot, 0, 0);
	page->req_cons = page->req_prod = 0;
	page->rsp_cons = page->rsp_prod = 0;
	greet(page, c);
	publish(&page->connection, XENSTORE_CONNECTED);
	return true;
}

static void copy_out(char *to, const char *ring, uint32_t at, size_t len)
{
	size_t off = MASK_XENSTORE_IDX(at);
	size_t first = XENSTORE_RING_SIZE - off;

	if (first > len)
		first = len;
	memcpy(to, ring + off, first);
	memcpy(to + first, ring, len - first);
}

static void copy_in(char *ring, uint32_t at, const char *from, size_t len)
{
	size_t off = MASK_XENSTORE_IDX(at);
	size_t first = XENSTORE_RING_SIZE - off;

	if (first > len)
		first = len;
	memcpy(ring + off, from, first);
	memcpy(ring, from + first, len - first);
}

static int take_requests(struct ring *r, struct conn *c, bool *moved)
{
	uint32_t cons = our_cons(r);
	uint32_t len = load(&r->page->req_prod) - cons;
	size_t room;
	char *space;

	if (len > XENSTORE_RING_SIZE)
		return fail(r->page, XENSTORE_ERROR_RINGIDX);
	if (!len || !conn_wants_input(c))
		return 0;
	space = conn_space(c, &room);
	if (len > room)
		len = (uint32_t)room;
	if (!len)
		return 0;
	copy_out(space, r->page->req, cons, len);
	conn_fill(c, len);
	publish(&r->page->req_cons, our_cons(r));
	*moved = true;
	return 0;
}

int ring_flush(struct ring *r, struct conn *c, bool *moved)
{
	uint32_t prod = our_prod(r);
	uint32_t used = prod - load(&r->page->rsp_cons);
	size_t room, part, sent = 0;
	struct iovec iov[PIECES];
	struct mmsghdr *hdr;
	int i, n;

	if (used > XENSTORE_RING_SIZE)
		return fail(r->page, XENSTORE_ERROR_RINGIDX);
	room = XENSTORE_RING_SIZE - used;
	n = conn_output(c, iov, PIECES);
	for (i = 0; i < n && room; i++) {
		part = iov[i].iov_len < room ? iov[i].iov_len : room;
		copy_in(r->page->rsp, prod + (uint32_t)sent, iov[i].iov_base,
			part);
		sent += part;
		room -= part;
	}
	if (!sent)
		return 0;
	hdr = outbox_prepare(&r->slot->out, NULL, 0);
	__atomic_store_n(&hdr->msg_len, (unsigned int)sent, __ATOMIC_RELEASE);
	conn_sent(c, sent);
	publish(&r->page->rsp_prod, our_prod(r));
	*moved = true;
	return 0;
}

int ring_pump(struct ring *r, struct conn *c, unsigned int budget, bool *moved)
{
	int rc, served;

	do {
		rc = take_requests(r, c, moved);
		if (rc)
			return rc;
		served = conn_process(c, budget);
		if (r->commit)
			r->commit(r->ctx);
		if (served < 0)
			return fail(r->page, XENSTORE_ERROR_PROTO);
		rc = ring_flush(r, c, moved);
		if (rc)
			return rc;
		budget -= (unsigned int)served;
	} while (served && budget);
	return 0;
}

bool ring_has_input(const struct ring *r)
{
	return load(&r->page->req_prod) != our_cons(r);
}
