/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's ring page, pumped into and out of a connection.
 *
 * The other side shares the page and may write anything into it at any
 * moment: each index is read once, checked, and used from our copy. Indices
 * run free; only their differences mean something. Source of the layout:
 * <public/io/xs_wire.h>.
 */
#ifndef XENSTORED_RING_H
#define XENSTORED_RING_H

#include <stdbool.h>
#include <public/io/xs_wire.h>

#include "store.h"

/* Puts its features into the page of a guest that is newly connected. */
void ring_init(struct xenstore_domain_interface *page, const struct conn *c);

/*
 * Moves what can be moved and serves up to `budget` requests. `*moved` tells
 * that an index has changed, so that the peer must be notified.
 * 0, or -EPROTO: the peer broke the protocol, the page's error field says
 * how, and nothing is to be served until it reconnects.
 */
int ring_pump(struct xenstore_domain_interface *page, struct conn *c,
	unsigned int budget, bool *moved);

/* Moves what waits for the peer and nothing else; errors as ring_pump(). */
int ring_flush(
	struct xenstore_domain_interface *page, struct conn *c, bool *moved);
/* Whether the peer has written what is not taken yet. */
bool ring_has_input(const struct xenstore_domain_interface *page);

/*
 * Whether the peer has asked for a reconnection; then all that was pending
 * is dropped, the indices are 0, and the peer is told that it is done.
 */
bool ring_reconnect(struct xenstore_domain_interface *page, struct conn *c);

#endif
