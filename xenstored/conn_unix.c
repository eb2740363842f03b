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
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PIECES 64

struct client {
	struct peer peer; /* first: daemon.c frees the whole by it */
	struct source src;
	uint32_t events;
	bool has_ended; /* its last bytes are read */
};

static struct source listener = { .fd = -1 };
/* No descriptor was left: nobody is let in until somebody leaves. */
static bool is_paused;
static char listen_path[sizeof(((struct sockaddr_un *)0)->sun_path)];

static struct client *client_of(struct peer *p)
{
	return (struct client *)(void *)p;
}

/* Asks epoll for just what the client's state allows. */
static void update_events(struct daemon *d, struct client *cl)
{
	uint32_t want = 0;

	if (!cl->peer.conn)
		return;
	if (!cl->has_ended && conn_wants_input(cl->peer.conn))
		want |= EPOLLIN;
	if (conn_pending(cl->peer.conn))
		want |= EPOLLOUT;
	if (want == cl->events)
		return;
	cl->events = want;
	daemon_rewatch(d, &cl->src, want);
}

static void client_flush(struct daemon *d, struct peer *p)
{
	struct client *cl = client_of(p);
	struct iovec iov[PIECES];
	struct msghdr msg = { .msg_iov = iov };
	ssize_t n;
	int count;

	while ((count = conn_output(p->conn, iov, PIECES))) {
		msg.msg_iovlen = (size_t)count;
		n = sendmsg(cl->src.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			daemon_end_peer(d, p);
			return;
		}
		conn_sent(p->conn, (size_t)n);
	}
	if (conn_is_ready(p->conn))
		daemon_busy(d, p);
	else if (cl->has_ended && !conn_pending(p->conn))
		daemon_end_peer(d, p);
	update_events(d, cl);
}

static void client_turn(struct daemon *d, struct peer *p)
{
	if (conn_process(p->conn, TURN_BUDGET) < 0) {
		log_line(true, "a client broke the protocol and is cut off");
		daemon_end_peer(d, p);
		return;
	}
	client_flush(d, p);
}

static void client_end(struct daemon *d, struct peer *p)
{
	struct client *cl = client_of(p);

	daemon_unwatch(d, &cl->src);
	close(cl->src.fd);
	cl->src.fd = -1;
	if (is_paused && listener.fd >= 0)
		daemon_rewatch(d, &listener, EPOLLIN);
	is_paused = false;
}

static const struct peer_ops client_ops = {
	.turn = client_turn,
	.flush = client_flush,
	.end = client_end,
};

static bool read_client(struct client *cl)
{
	size_t room;
	void *space = conn_space(cl->peer.conn, &room);
	ssize_t n;

	n = room ? recv(cl->src.fd, space, room, MSG_DONTWAIT) : -1;
	if (!room)
		errno = ENOMEM;
	conn_fill(cl->peer.conn, n > 0 ? (size_t)n : 0);
	if (!n)
		cl->has_ended = true;
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

static void client_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct client *cl = list_entry(src, struct client, src);
	struct peer *p = &cl->peer;

	if (!p->conn)
		return;
	if ((events & EPOLLIN) && !cl->has_ended && conn_wants_input(p->conn) &&
		!read_client(cl)) {
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

static void on_connect(struct daemon *d, struct source *src, uint32_t events)
{
	struct client *cl;
	int fd;

	(void)events;
	fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		log_line(true, "no descriptor for another client: %s",
			strerror(errno));
		daemon_rewatch(d, src, 0);
		is_paused = true;
	}
	if (fd < 0)
		return;
	cl = calloc(1, sizeof(*cl));
	if (!cl)
		goto refuse;
	cl->peer.ops = &client_ops;
	cl->src.fd = fd;
	cl->src.ready = client_ready;
	cl->events = EPOLLIN;
	cl->peer.conn = conn_new(d->store, 0, false, &cl->peer);
	if (!cl->peer.conn)
		goto refuse;
	if (daemon_watch(d, &cl->src, EPOLLIN)) {
		conn_free(cl->peer.conn);
		goto refuse;
	}
	daemon_add_peer(d, &cl->peer);
	return;
refuse:
	log_line(true, "no memory for another client");
	free(cl);
	close(fd);
}

/* Whether somebody listens there already. */
static bool is_served(const struct sockaddr_un *at)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served;

	if (s < 0)
		return false;
	served = !connect(s, (const struct sockaddr *)at, sizeof(*at));
	close(s);
	return served;
}

int unix_listen(struct daemon *d, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t mask;
	int err = 0;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	if (is_served(&at))
		return -EADDRINUSE;
	if (unlink(path) && errno != ENOENT)
		return -errno;
	listener.ready = on_connect;
	listener.fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd < 0)
		return -errno;
	mask = umask(0177);
	if (bind(listener.fd, (struct sockaddr *)&at, sizeof(at)) ||
		listen(listener.fd, SOMAXCONN))
		err = -errno;
	umask(mask);
	if (!err)
		err = daemon_watch(d, &listener, EPOLLIN);
	if (err) {
		close(listener.fd);
		listener.fd = -1;
		return err;
	}
	strcpy(listen_path, path);
	return 0;
}

void unix_fini(void)
{
	if (listener.fd < 0)
		return;
	unlink(listen_path);
	close(listener.fd);
	listener.fd = -1;
}
