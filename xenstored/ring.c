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

void ring_init(struct xenstore_domain_interface *page, const struct conn *c)
{
	__atomic_store_n(&page->error, XENSTORE_ERROR_NONE, __ATOMIC_RELEASE);
	__atomic_store_n(
		&page->server_features, conn_features(c), __ATOMIC_RELEASE);
}

bool ring_reconnect(struct xenstore_domain_interface *page, struct conn *c)
{
	if (load(&page->connection) != XENSTORE_RECONNECT)
		return false;
	conn_reset(c);
	page->req_cons = page->req_prod = 0;
	page->rsp_cons = page->rsp_prod = 0;
	ring_init(page, c);
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

static int take_requests(
	struct xenstore_domain_interface *page, struct conn *c, bool *moved)
{
	uint32_t cons = load(&page->req_cons);
	uint32_t len = load(&page->req_prod) - cons;
	size_t room;
	char *space;

	if (len > XENSTORE_RING_SIZE)
		return fail(page, XENSTORE_ERROR_RINGIDX);
	if (!len || !conn_wants_input(c))
		return 0;
	space = conn_space(c, &room);
	if (len > room)
		len = (uint32_t)room;
	if (!len)
		return 0;
	copy_out(space, page->req, cons, len);
	conn_fill(c, len);
	publish(&page->req_cons, cons + len);
	*moved = true;
	return 0;
}

int ring_flush(
	struct xenstore_domain_interface *page, struct conn *c, bool *moved)
{
	uint32_t prod = load(&page->rsp_prod);
	uint32_t used = prod - load(&page->rsp_cons);
	size_t room, part, sent = 0;
	struct iovec iov[PIECES];
	int i, n;

	if (used > XENSTORE_RING_SIZE)
		return fail(page, XENSTORE_ERROR_RINGIDX);
	room = XENSTORE_RING_SIZE - used;
	n = conn_output(c, iov, PIECES);
	for (i = 0; i < n && room; i++) {
		part = iov[i].iov_len < room ? iov[i].iov_len : room;
		copy_in(page->rsp, prod + (uint32_t)sent, iov[i].iov_base,
			part);
		sent += part;
		room -= part;
	}
	if (!sent)
		return 0;
	conn_sent(c, sent);
	publish(&page->rsp_prod, prod + (uint32_t)sent);
	*moved = true;
	return 0;
}

int ring_pump(struct xenstore_domain_interface *page, struct conn *c,
	unsigned int budget, bool *moved)
{
	int rc, served;

	do {
		rc = take_requests(page, c, moved);
		if (rc)
			return rc;
		served = conn_process(c, budget);
		if (served < 0)
			return fail(page, XENSTORE_ERROR_PROTO);
		rc = ring_flush(page, c, moved);
		if (rc)
			return rc;
		budget -= (unsigned int)served;
	} while (served && budget);
	return 0;
}

bool ring_has_input(const struct xenstore_domain_interface *page)
{
	return load(&page->req_prod) != load(&page->req_cons);
}
