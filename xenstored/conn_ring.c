/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests on their rings.
 *
 * A guest that breaks the protocol is served no more until it reconnects or
 * is introduced anew, but its record stays: only the hypervisor says who is
 * dead.
 */
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

struct guest {
	struct peer peer; /* first: daemon.c frees the whole by it */
	struct ring_port *port;
	uint16_t domid;
	bool is_mute; /* it broke the protocol */
};

static struct guest *guests[65536];

static struct guest *guest_of(struct peer *p)
{
	return (struct guest *)(void *)p;
}

/* After a step on its ring: the peer hears of it, and is cut off for wrongs. */
static void conclude(struct daemon *d, struct guest *g, int rc, bool moved)
{
	if (rc) {
		log_line(true,
			"domain %u broke the ring protocol (error %u): "
			"its connection is closed until it reconnects",
			g->domid, g->port->page->error);
		conn_reset(g->peer.conn);
		g->is_mute = true;
		moved = true;
	}
	if (moved)
		g->port->notify(g->port);
	if (g->is_mute)
		return;
	/* What was in the ring before the last event has no other event. */
	if (conn_is_ready(g->peer.conn) ||
		(conn_wants_input(g->peer.conn) &&
			ring_has_input(g->port->page)))
		daemon_busy(d, &g->peer);
}

static void pump(struct daemon *d, struct guest *g)
{
	bool moved = false;
	int rc = 0;

	if (ring_reconnect(g->port->page, g->peer.conn)) {
		g->is_mute = false;
		moved = true;
	}
	if (!g->is_mute)
		rc = ring_pump(
			g->port->page, g->peer.conn, TURN_BUDGET, &moved);
	conclude(d, g, rc, moved);
}

static void guest_turn(struct daemon *d, struct peer *p)
{
	pump(d, guest_of(p));
}

static void guest_flush(struct daemon *d, struct peer *p)
{
	struct guest *g = guest_of(p);
	bool moved = false;
	int rc = 0;

	if (!g->is_mute)
		rc = ring_flush(g->port->page, p->conn, &moved);
	conclude(d, g, rc, moved);
}

static void guest_end(struct daemon *d, struct peer *p)
{
	struct guest *g = guest_of(p);

	(void)d;
	guests[g->domid] = NULL;
	g->port->close(g->port);
	g->port = NULL;
}

static const struct peer_ops guest_ops = {
	.turn = guest_turn,
	.flush = guest_flush,
	.end = guest_end,
};

struct guest *guest_find(struct daemon *d, uint16_t domid)
{
	(void)d;
	return guests[domid];
}

struct ring_port *guest_port(struct guest *g)
{
	return g->port;
}

void guest_kick(struct daemon *d, struct guest *g)
{
	pump(d, g);
}

void guest_disconnect(struct daemon *d, struct guest *g)
{
	daemon_end_peer(d, &g->peer);
}

int guest_connect(struct daemon *d, uint16_t domid, struct ring_port *port)
{
	struct guest *g = guests[domid];

	if (g)
		guest_disconnect(d, g);
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->peer.ops = &guest_ops;
	g->port = port;
	g->domid = domid;
	g->peer.conn = conn_new(d->store, domid, true, &g->peer);
	if (!g->peer.conn) {
		free(g);
		return -ENOMEM;
	}
	ring_init(port->page, g->peer.conn);
	daemon_add_peer(d, &g->peer);
	guests[domid] = g;
	/*
	 * It may have written before anybody listened; and Linux as domain 0
	 * begins to use its ring with the first event on it.
	 */
	port->notify(port);
	daemon_busy(d, &g->peer);
	return 0;
}
