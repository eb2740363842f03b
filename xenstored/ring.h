/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's ring page, pumped into and out of a connection.
 *
 * The other side shares the page and may write anything into it at any
 * moment: each of its indices is read once, checked, and used from our copy;
 * ours are never read, for they follow from what the slot has counted.
 * Indices run free; only their differences mean something. Source of the
 * layout: <public/io/xs_wire.h>.
 *
 * The slot's count changes after the bytes are copied and before the index
 * is moved, so that whoever comes after a kill can move the index.
 */
#ifndef XENSTORED_RING_H
#define XENSTORED_RING_H

#include <stdbool.h>
#include <public/io/xs_wire.h>

#include "slot.h"
#include "store.h"

struct ring {
	struct xenstore_domain_interface *page;
	struct slot *slot;
	/* What was served counts before it is told; NULL: it need not. */
	void (*commit)(void *ctx);
	void *ctx;
};

/*
 * Begins with a ring, or goes on with one whose slot has counted before:
 * then our indices are what they should be. Puts our features into the page.
 */
void ring_open(struct ring *r, const struct conn *c);

/*
 * Moves what can be moved and serves up to `budget` requests. `*moved` tells
 * that an index has changed, so that the peer must be notified.
 * 0, or -EPROTO: the peer broke the protocol, the page's error field says
 * how, and nothing is to be served until it reconnects.
 */
int ring_pump(struct ring *r, struct conn *c, unsigned int budget, bool *moved);

/* Moves what waits for the peer and nothing else; errors as ring_pump(). */
int ring_flush(struct ring *r, struct conn *c, bool *moved);
/* Whether the peer has written what is not taken yet. */
bool ring_has_input(const struct ring *r);

/*
 * Whether the peer has asked for a reconnection; then all that was pending
 * is dropped, the indices are 0, and the peer is told that it is done.
 */
bool ring_reconnect(struct ring *r, struct conn *c);

#endif
