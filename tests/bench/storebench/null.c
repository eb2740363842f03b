/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The null daemon: what a store could reach at most over a Unix socket.
 *
 * It answers each request at once with bytes that look like a store's, by
 * epoll, one read() and one write() a turn, and does nothing else. With
 * --calls it makes xenstored's system calls instead, recvmmsg() and
 * sendmmsg(), by which the kernel counts what came and what went.
 *
 * usage: null [--calls] SOCKET
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "load.h"

#define BATCH 64

struct peer {
	int fd;
	size_t have;
	char in[PACKET_MAX * 16];
};

static char out[PACKET_MAX * 1024];
static bool has_calls;

static const struct {
	const char *bytes;
	size_t len;
} answers[] = {
	[XS_READ] = { VALUE, VALUE_LEN },
	[XS_DIRECTORY] = { "n0\0n1\0n2\0n3\0n4\0n5\0n6\0n7\0n8\0n9", 30 },
	[XS_TRANSACTION_START] = { "1", 2 },
	[XS_WRITE] = { "OK", 3 },
};

static size_t answer(const struct xsd_sockmsg *asked, char *to)
{
	struct xsd_sockmsg hdr = *asked;
	uint32_t type = hdr.type <= XS_WRITE ? hdr.type : XS_WRITE;

	if (!answers[type].len)
		type = XS_WRITE;
	hdr.len = (uint32_t)answers[type].len;
	memcpy(to, &hdr, sizeof(hdr));
	memcpy(to + sizeof(hdr), answers[type].bytes, hdr.len);
	return sizeof(hdr) + hdr.len;
}

static ssize_t receive(int fd, char *to, size_t room)
{
	struct iovec iov = { to, room };
	struct mmsghdr hdr = { .msg_hdr = {
				       .msg_iov = &iov, .msg_iovlen = 1 } };

	if (!has_calls)
		return read(fd, to, room);
	return recvmmsg(fd, &hdr, 1, MSG_DONTWAIT, NULL) == 1
		       ? (ssize_t)hdr.msg_len
		       : -1;
}

static ssize_t deliver(int fd, char *from, size_t len)
{
	struct iovec iov = { from, len };
	struct mmsghdr hdr = { .msg_hdr = {
				       .msg_iov = &iov, .msg_iovlen = 1 } };

	if (!has_calls)
		return write(fd, from, len);
	return sendmmsg(fd, &hdr, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1
		       ? (ssize_t)hdr.msg_len
		       : -1;
}

/* -1 when the peer is gone. */
static int serve(struct peer *p)
{
	size_t at = 0, len = 0;
	struct xsd_sockmsg hdr;
	ssize_t n = receive(p->fd, p->in + p->have, sizeof(p->in) - p->have);

	if (n <= 0)
		return -1;
	p->have += (size_t)n;
	while (p->have - at >= sizeof(hdr)) {
		memcpy(&hdr, p->in + at, sizeof(hdr));
		if (hdr.len > PAYLOAD_MAX)
			return -1;
		if (p->have - at < sizeof(hdr) + hdr.len)
			break;
		len += answer(&hdr, out + len);
		at += sizeof(hdr) + hdr.len;
	}
	memmove(p->in, p->in + at, p->have - at);
	p->have -= at;
	return len && deliver(p->fd, out, len) != (ssize_t)len ? -1 : 0;
}

static void watch(int epoll, int fd, void *what)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e)) {
		perror("null: epoll");
		exit(EXIT_FAILURE);
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
		listen(fd, 4096)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return fd;
}

static void accept_peer(int epoll, int listener)
{
	struct peer *p = malloc(sizeof(*p));

	if (!p)
		return;
	p->have = 0;
	p->fd = accept(listener, NULL, NULL);
	if (p->fd < 0)
		free(p);
	else
		watch(epoll, p->fd, p);
}

int main(int argc, char **argv)
{
	struct epoll_event events[BATCH];
	struct rlimit limit;
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener, n, i;
	struct peer *p;

	has_calls = argc == 3 && !strcmp(argv[1], "--calls");
	if (argc != 2 + has_calls) {
		fputs("usage: null [--calls] SOCKET\n", stderr);
		return 2;
	}
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	listener = listen_at(argv[argc - 1]);
	watch(epoll, listener, NULL);
	for (;;) {
		n = epoll_wait(epoll, events, BATCH, -1);
		if (n < 0 && errno != EINTR)
			return EXIT_FAILURE;
		for (i = 0; i < n; i++) {
			p = events[i].data.ptr;
			if (!p) {
				accept_peer(epoll, listener);
			} else if (serve(p)) {
				close(p->fd);
				free(p);
			}
		}
	}
}
