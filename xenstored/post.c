/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines between keeper and worker. */
#include "post.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(POST_FDS_MAX * sizeof(int))];
};

int post_send(
	int line, const struct post *p, const int *fds, int count, int no_wait)
{
	union control control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)p, sizeof(*p) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c = &control.align;
	ssize_t n;

	if (count) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
	}
	do {
		n = sendmsg(line, &msg,
			MSG_NOSIGNAL | (no_wait ? MSG_DONTWAIT : 0));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *msg, int *fds)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	size_t len;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	len = c->cmsg_len - CMSG_LEN(0);
	if (len <= POST_FDS_MAX * sizeof(int))
		memcpy(fds, CMSG_DATA(c), len);
}

int post_receive(int line, struct post *p, int *fds, int no_wait)
{
	union control control = { 0 };
	struct iovec iov = { p, sizeof(*p) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n;
	int i;

	for (i = 0; i < POST_FDS_MAX; i++)
		fds[i] = -1;
	do {
		n = recvmsg(line, &msg,
			MSG_CMSG_CLOEXEC | (no_wait ? MSG_DONTWAIT : 0));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	take_fds(&msg, fds);
	if (n != sizeof(*p)) {
		post_close(fds);
		return -EPIPE;
	}
	p->text[sizeof(p->text) - 1] = '\0';
	return 0;
}

void post_close(int *fds)
{
	int i;

	for (i = 0; i < POST_FDS_MAX; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}
