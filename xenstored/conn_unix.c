/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients of the Unix socket: programs of this domain, with all its rights.
 *
 * A client that does not read its answers is not read from, and waits for
 * nobody else's loss. One that has sent its last bytes is served to the end.
 */
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECES 64

struct client {
	struct peer peer; /* first: daemon.c frees the whole by it */
	struct source src;
	uint32_t events;
	bool has_ended; /* its last bytes are read */
};

static struct client *client_of(struct peer *p)
{
	return (struct client *)(void *)p;
}

static bool wants_input(const struct client *cl)
{
	return !cl->has_ended && conn_wants_input(cl->peer.conn);
}

/*
 * Epoll tells of each thing that comes once, and looks at no socket a second
 * time to find that it is empty. What is left to be read is told of again
 * when it is asked for anew.
 */
static void watch_for(struct daemon *d, struct client *cl, uint32_t events)
{
	cl->events = events;
	daemon_rewatch(d, &cl->src, events | EPOLLRDHUP | EPOLLET);
}

/*
 * Asks epoll for what the client's state allows. Input that is not wanted is
 * turned off only when some has come: most who wait for an answer send
 * nothing meanwhile.
 */
static void update_events(struct daemon *d, struct client *cl, uint32_t came)
{
	uint32_t want = 0;

	if (!cl->peer.conn)
		return;
	if (((cl->events & EPOLLIN) && !(came & EPOLLIN)) || wants_input(cl))
		want |= EPOLLIN;
	if (conn_pending(cl->peer.conn))
		want |= EPOLLOUT;
	if (want == cl->events)
		return;
	watch_for(d, cl, want);
}

/* Sends what waits; false: the client is gone. */
static bool send_pending(struct client *cl)
{
	struct peer *p = &cl->peer;
	struct iovec iov[PIECES];
	struct mmsghdr *hdr;
	int count;

	while ((count = conn_output(p->conn, iov, PIECES))) {
		hdr = outbox_prepare(&p->slot->out, iov, count);
		if (sendmmsg(cl->src.fd, hdr, 1, MSG_NOSIGNAL | MSG_DONTWAIT) <
			0) {
			if (errno == EINTR)
				continue;
			return errno == EAGAIN;
		}
		conn_sent(p->conn, hdr->msg_len);
		if (conn_pending(p->conn) && count < PIECES)
			return true;
	}
	return true;
}

static void client_flush(struct daemon *d, struct peer *p)
{
	struct client *cl = client_of(p);

	conn_settled(p->conn);
	if (!send_pending(cl)) {
		daemon_end_peer(d, p);
		return;
	}
	if (conn_is_ready(p->conn))
		daemon_busy(d, p);
	else if (cl->has_ended && !conn_pending(p->conn))
		daemon_end_peer(d, p);
	update_events(d, cl, 0);
}

static void client_turn(struct daemon *d, struct peer *p)
{
	daemon_serving(d, p->slot);
	if (conn_process(p->conn, TURN_BUDGET) < 0) {
		log_line(true, "a client broke the protocol and is cut off");
		daemon_end_peer(d, p);
		return;
	}
	/* With a disk in the way, all of a round are committed at once. */
	if (d->depot->is_synced && depot_is_open(d->depot))
		return;
	daemon_commit(d);
	client_flush(d, p);
}

static void client_end(struct daemon *d, struct peer *p)
{
	struct client *cl = client_of(p);

	daemon_unwatch(d, &cl->src);
	close(cl->src.fd);
	cl->src.fd = -1;
}

static const struct peer_ops client_ops = {
	.turn = client_turn,
	.flush = client_flush,
	.end = client_end,
};

/*
 * Whether a read may have left something: it was full, it stopped at what is
 * no bytes (descriptors, which are dropped), or the stream's end came too.
 */
static bool may_have_more(
	const struct mmsghdr *hdr, size_t room, uint32_t events)
{
	return hdr->msg_len == room || hdr->msg_hdr.msg_flags ||
	       events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
}

static bool read_client(struct daemon *d, struct client *cl, uint32_t events)
{
	struct mmsghdr *hdr;
	size_t room;
	int n;

	daemon_commit(d);
	hdr = conn_intake(cl->peer.conn);
	room = hdr ? hdr->msg_hdr.msg_iov->iov_len : 0;
	n = hdr ? recvmmsg(cl->src.fd, hdr, 1, MSG_DONTWAIT, NULL) : 0;
	conn_received(cl->peer.conn);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (n > 0 && !hdr->msg_len)
		cl->has_ended = true;
	else if (n < 0 ? errno == EINTR : may_have_more(hdr, room, events))
		watch_for(d, cl, cl->events);
	return n != 0;
}

static void client_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct client *cl = list_entry(src, struct client, src);
	struct peer *p = &cl->peer;

	if (!p->conn)
		return;
	if (!wants_input(cl)) {
		update_events(d, cl, events);
	} else if ((events & EPOLLIN) && !read_client(d, cl, events)) {
		daemon_end_peer(d, p);
		return;
	}
	/* Nobody is there to read: what it asked for is still done. */
	if ((events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN) &&
		!conn_is_ready(p->conn)) {
		daemon_end_peer(d, p);
		return;
	}
	client_turn(d, p);
}

static void fetch(const void *from, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += CACHE_LINE)
		__builtin_prefetch((const char *)from + i);
}

static void client_expect(const struct source *src)
{
	const struct client *cl = list_entry(src, struct client, src);

	if (!cl->peer.conn)
		return;
	conn_fetch(cl->peer.conn);
	/* The calls, and where a first request begins. */
	fetch(cl->peer.slot, offsetof(struct slot, in.half) + 2 * CACHE_LINE);
}

/* The connection of a client that was served before fits what it got. */
static bool is_same(const struct conn *c, const struct slot *slot)
{
	return conn_out_end(c) >= outbox_end(&slot->out) &&
	       conn_out_end(c) - conn_pending(c) == outbox_end(&slot->out);
}

int client_connect(
	struct daemon *d, int fd, uint32_t index, uint32_t id, struct conn *c)
{
	struct slot *slot = slot_at(d->shared, index);
	struct client *cl = calloc(1, sizeof(*cl));
	bool is_new = !c;
	int rc = cl ? 0 : -ENOMEM;

	if (!rc && is_new)
		c = conn_new(d->store, 0, false, NULL);
	if (!c)
		rc = -ENOMEM;
	if (!rc && is_new)
		rc = conn_number(c, id);
	if (!rc)
		rc = conn_attach(c, &slot->in, &cl->peer);
	if (!rc && !is_same(c, slot))
		rc = -EINVAL;
	if (!rc) {
		cl->peer.ops = &client_ops;
		cl->peer.conn = c;
		cl->peer.slot = slot;
		cl->peer.index = index;
		cl->src.fd = fd;
		cl->src.ready = client_ready;
		cl->src.expect = client_expect;
		cl->events = EPOLLIN;
		rc = daemon_watch(d, &cl->src, EPOLLIN | EPOLLRDHUP | EPOLLET);
	}
	if (rc) {
		if (c)
			conn_free(c);
		free(cl);
		return rc;
	}
	daemon_add_peer(d, &cl->peer);
	if (!is_new)
		daemon_busy(d, &cl->peer);
	return 0;
}
