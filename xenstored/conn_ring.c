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
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring.h"
#include "xen_dev.h"

#define PAGE	      4096
#define PORTS_MAX     131072 /* of FIFO event channels, the most there are */
#define PORTS_AT_ONCE 128

struct guest {
	struct peer peer; /* first: daemon.c frees the whole by it */
	struct ring ring;
	uint16_t domid;
	bool is_mute; /* it broke the protocol */
	uint32_t local;
	struct source event; /* without a hypervisor: what it notifies us by */
	int to_guest;
};

static struct guest *guests[65536], *by_port[PORTS_MAX];
static struct source ports = { .fd = -1 };

static struct guest *guest_of(struct peer *p)
{
	return (struct guest *)(void *)p;
}

static void notify(struct guest *g)
{
	struct evtchn_port arg = { g->local };
	uint64_t one = 1;

	if (g->local)
		ioctl(ports.fd, EVTCHN_NOTIFY, &arg);
	else if (write(g->to_guest, &one, sizeof(one)) < 0)
		log_line(true, "domain %u cannot be notified", g->domid);
}

/* After a step on its ring: the peer hears of it, and is cut off for wrongs. */
static void conclude(struct daemon *d, struct guest *g, int rc, bool moved)
{
	if (rc) {
		log_line(true,
			"domain %u broke the ring protocol (error %u): "
			"its connection is closed until it reconnects",
			g->domid, g->ring.page->error);
		conn_reset(g->peer.conn);
		g->is_mute = true;
		moved = true;
	}
	if (moved)
		notify(g);
	if (g->is_mute)
		return;
	/* What was in the ring before the last event has no other event. */
	if (conn_is_ready(g->peer.conn) ||
		(conn_wants_input(g->peer.conn) && ring_has_input(&g->ring)))
		daemon_busy(d, &g->peer);
}

static void pump(struct daemon *d, struct guest *g)
{
	bool moved = false;
	int rc = 0;

	daemon_serving(d, g->peer.slot);
	daemon_commit(d);
	if (ring_reconnect(&g->ring, g->peer.conn)) {
		g->is_mute = false;
		moved = true;
	}
	if (!g->is_mute)
		rc = ring_pump(&g->ring, g->peer.conn, TURN_BUDGET, &moved);
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
		rc = ring_flush(&g->ring, p->conn, &moved);
	conclude(d, g, rc, moved);
}

/* Lets go of what the keeper has given. */
static void unmap(struct daemon *d, struct guest *g)
{
	if (g->event.fd >= 0) {
		daemon_unwatch(d, &g->event);
		close(g->event.fd);
	}
	if (g->to_guest >= 0)
		close(g->to_guest);
	if (g->local)
		by_port[g->local] = NULL;
	if (g->ring.page)
		munmap(g->ring.page, PAGE);
	g->event.fd = g->to_guest = -1;
	g->local = 0;
	g->ring.page = NULL;
}

static void guest_end(struct daemon *d, struct peer *p)
{
	struct guest *g = guest_of(p);

	guests[g->domid] = NULL;
	unmap(d, g);
}

static const struct peer_ops guest_ops = {
	.turn = guest_turn,
	.flush = guest_flush,
	.end = guest_end,
};

static void on_event(struct daemon *d, struct source *src, uint32_t events)
{
	struct guest *g = list_entry(src, struct guest, event);
	uint64_t count;

	(void)events;
	if (read(src->fd, &count, sizeof(count)) == sizeof(count))
		pump(d, g);
}

static void on_ports(struct daemon *d, struct source *src, uint32_t what)
{
	uint32_t port[PORTS_AT_ONCE];
	ssize_t n = read(src->fd, port, sizeof(port));
	size_t i, count = n > 0 ? (size_t)n / sizeof(port[0]) : 0;

	(void)what;
	if (count && write(src->fd, port, count * sizeof(port[0])) < 0)
		log_line(true, "event channels stay masked: %s",
			strerror(errno));
	for (i = 0; i < count; i++) {
		if (port[i] == d->keeper->virq_port)
			domains_check(d);
		else if (port[i] < PORTS_MAX && by_port[port[i]])
			pump(d, by_port[port[i]]);
	}
}

int guest_open(struct daemon *d)
{
	uint32_t port = d->keeper->virq_port;

	if (d->keeper->events < 0)
		return 0;
	ports.fd = d->keeper->events;
	ports.ready = on_ports;
	/* Who was here before us may have read it and not unmasked it. */
	if (write(ports.fd, &port, sizeof(port)) < 0)
		return -errno;
	return daemon_watch(d, &ports, EPOLLIN);
}

static int map_frame(int fd, void *page, const struct post *p)
{
	uint64_t frame = (uint64_t)p->gfn;
	int error = 0;
	struct privcmd_map_frames arg = { .count = 1,
		.domid = p->domid,
		.address = (uintptr_t)page,
		.frames = &frame,
		.errors = &error };

	return ioctl(fd, PRIVCMD_MAP_FRAMES, &arg) || error ? -EINVAL : 0;
}

static int map_page(struct guest *g, const struct post *p, int fd)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		p->ring_kind == RING_FRAME ? 0 : (off_t)p->index);

	if (page == MAP_FAILED)
		return -errno;
	if (p->ring_kind == RING_FRAME && map_frame(fd, page, p)) {
		munmap(page, PAGE);
		return -EINVAL;
	}
	g->ring.page = page;
	return 0;
}

/* Takes what the keeper gives: the page, and how to notify. */
static int take_ring(
	struct daemon *d, struct guest *g, const struct post *p, int *fds)
{
	int rc = map_page(g, p, fds[0]);

	if (rc)
		return rc;
	if (p->local) {
		if (p->local >= PORTS_MAX)
			return -ENOSPC;
		g->local = p->local;
		by_port[g->local] = g;
		if (write(ports.fd, &g->local, sizeof(g->local)) < 0)
			return -errno;
		return 0;
	}
	g->event.fd = fds[1];
	g->event.ready = on_event;
	g->to_guest = fds[2];
	fds[1] = fds[2] = -1;
	rc = daemon_watch(d, &g->event, EPOLLIN);
	if (rc) {
		close(g->event.fd);
		g->event.fd = -1;
	}
	return rc;
}

static void commit(void *ctx)
{
	daemon_commit(ctx);
}

/* Asks for the ring and begins to serve it, with connection `c` or a new one.
 */
static int connect_ring(struct daemon *d, struct post *p, struct conn *c)
{
	struct guest *g = calloc(1, sizeof(*g));
	int fds[POST_FDS_MAX], rc;
	bool is_new = !c;

	if (!g)
		return -ENOMEM;
	g->event.fd = g->to_guest = -1;
	g->domid = p->domid;
	rc = daemon_ask(d, p, fds);
	if (!rc) {
		g->peer.index = p->slot;
		g->peer.slot = slot_at(d->shared, p->slot);
		g->ring.slot = g->peer.slot;
		g->ring.commit = commit;
		g->ring.ctx = d;
		rc = take_ring(d, g, p, fds);
		post_close(fds);
		if (!rc && is_new)
			c = conn_new(d->store, p->domid, true, NULL);
		if (!rc && !c)
			rc = -ENOMEM;
		if (!rc && is_new) {
			conn_set_port(c, p->port);
			rc = conn_number(c, p->id);
		}
		if (!rc)
			rc = conn_attach(c, &g->peer.slot->in, &g->peer);
		if (rc)
			daemon_closed(d, p->slot, p->id);
	}
	if (rc) {
		unmap(d, g);
		if (c && is_new)
			conn_free(c);
		free(g);
		return rc;
	}
	g->peer.ops = &guest_ops;
	g->peer.conn = c;
	ring_open(&g->ring, c);
	g->is_mute = !is_new && g->ring.page->error != XENSTORE_ERROR_NONE;
	if (p->flags && !g->is_mute) {
		g->ring.page->error = XENSTORE_ERROR_PROTO;
		conn_reset(c);
		g->is_mute = true;
	}
	daemon_add_peer(d, &g->peer);
	guests[p->domid] = g;
	/*
	 * It may have written before anybody listened; and Linux as domain 0
	 * begins to use its ring with the first event on it.
	 */
	notify(g);
	daemon_busy(d, &g->peer);
	return 0;
}

int guest_introduce(
	struct daemon *d, uint16_t domid, int64_t gfn, uint32_t port)
{
	struct post p = { .kind = ASK_RING,
		.slot = POST_NO_SLOT,
		.domid = domid,
		.gfn = gfn,
		.port = port };
	int rc;

	guest_release(d, domid);
	rc = connect_ring(d, &p, NULL);
	if (rc)
		log_line(true,
			"domain %u cannot be introduced (frame %lld, port %u): "
			"%s",
			domid, (long long)gfn, port, strerror(-rc));
	return rc;
}

int guest_resume(struct daemon *d, struct conn *c, uint32_t slot)
{
	struct post p = { .kind = ASK_RING,
		.slot = slot,
		.domid = conn_domid(c),
		.gfn = -1,
		.port = conn_port(c) };

	return connect_ring(d, &p, c);
}

void guest_release(struct daemon *d, uint16_t domid)
{
	if (guests[domid])
		daemon_end_peer(d, &guests[domid]->peer);
}

bool guest_exists(const struct daemon *d, uint16_t domid)
{
	(void)d;
	return guests[domid] != NULL;
}
