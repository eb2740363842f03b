/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages between the broker and its jails; see wire.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <tenonctrl/why.h>
#include <unistd.h>
#include "wire.h"

#define ERRNO_MAX 4095 /* Linux's errno(3) numbers end there */

static int send_all(int sock, struct msghdr *header)
{
	while (header->msg_iovlen) {
		ssize_t sent = sendmsg(sock, header, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		header->msg_control = NULL;
		header->msg_controllen = 0;
		while (header->msg_iovlen &&
			(size_t)sent >= header->msg_iov->iov_len) {
			sent -= (ssize_t)header->msg_iov->iov_len;
			header->msg_iov++;
			header->msg_iovlen--;
		}
		if (header->msg_iovlen) {
			header->msg_iov->iov_base =
				(char *)header->msg_iov->iov_base + sent;
			header->msg_iov->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int wire_send(int sock, const struct wire_message *message, const void *payload,
	int descriptor)
{
	struct iovec parts[2] = {
		{ .iov_base = (void *)(uintptr_t)message,
			.iov_len = sizeof(*message) },
		{ .iov_base = (void *)(uintptr_t)payload,
			.iov_len = message->length },
	};
	struct msghdr header = { .msg_iov = parts,
		.msg_iovlen = message->length ? 2 : 1 };
	union control control = { 0 };

	if (descriptor >= 0) {
		struct cmsghdr *c;

		header.msg_control = control.space;
		header.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &descriptor, sizeof(int));
	}
	return send_all(sock, &header);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_for(int sock, int64_t deadline)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	for (;;) {
		int64_t left = deadline < 0 ? -1 : deadline - now_ms();
		int n;

		if (deadline >= 0 && left <= 0)
			return -ETIME;
		n = poll(&p, 1, left > 1 << 30 ? 1 << 30 : (int)left);
		if (n > 0)
			return 0;
		/* A signal asks the broker to end: its caller looks. */
		if (n < 0)
			return -errno;
	}
}

static void take_descriptor(struct msghdr *header, int *descriptor)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	int got;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		c->cmsg_len != CMSG_LEN(sizeof(int)))
		return;
	memcpy(&got, CMSG_DATA(c), sizeof(int));
	if (descriptor && *descriptor < 0)
		*descriptor = got;
	else
		close(got);
}

static int receive_all(
	int sock, void *buf, size_t len, int *descriptor, int64_t deadline)
{
	size_t have = 0;

	while (have < len) {
		struct iovec part = { .iov_base = (char *)buf + have,
			.iov_len = len - have };
		union control control;
		struct msghdr header = { .msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = control.space,
			.msg_controllen = sizeof(control.space) };
		int ret = wait_for(sock, deadline);
		ssize_t got;

		if (ret)
			return ret;
		got = recvmsg(sock, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0 && errno != ECONNRESET)
			return -errno;
		if (got <= 0)
			return -EPIPE;
		take_descriptor(&header, descriptor);
		have += (size_t)got;
	}
	return 0;
}

int wire_receive(int sock, struct wire_message *message, char **payload,
	int *descriptor, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	struct wire_message m;
	int got = -1, ret;
	char *bytes = NULL;

	ret = receive_all(sock, &m, sizeof(m), &got, deadline);
	if (!ret && (m.length > WIRE_PAYLOAD_MAX || m.zero || m.status > 0 ||
			    m.status < -ERRNO_MAX))
		ret = -EPROTO;
	if (!ret) {
		bytes = malloc((size_t)m.length + 1);
		ret = bytes ? receive_all(sock, bytes, m.length, NULL, deadline)
			    : -ENOMEM;
	}
	if (ret || !descriptor) {
		if (got >= 0)
			close(got);
	} else {
		*descriptor = got;
	}
	if (ret) {
		free(bytes);
		return ret;
	}
	bytes[m.length] = '\0';
	*message = m;
	*payload = bytes;
	return 0;
}

int wire_ask(int sock, struct wire_message *message, const void *payload,
	int descriptor, char **answer, int timeout_ms, struct why *why)
{
	struct wire_message m;
	char *bytes = NULL;
	int ret = wire_send(sock, message, payload, descriptor), left;

	/* A jail that could not start has told why before it went. */
	left = ret && ret != -EPIPE;
	if (!left)
		ret = wire_receive(sock, &m, &bytes, NULL, timeout_ms);
	if (!ret && m.op != WIRE_ANSWER) {
		free(bytes);
		ret = -EPROTO;
	}
	if (ret)
		return why_set(why, ret, "%s",
			ret == -EPIPE	? "it ended without an answer"
			: ret == -ETIME ? "it did not answer in time"
					: strerror(-ret));
	if (m.status) {
		why_set(why, 0, "%s", *bytes ? bytes : strerror(-m.status));
		free(bytes);
		*message = m;
		return m.status;
	}
	*message = m;
	if (answer)
		*answer = bytes;
	else
		free(bytes);
	return 0;
}

int wire_answer(int sock, struct wire_message *message, int status,
	const void *payload, size_t length)
{
	message->op = WIRE_ANSWER;
	message->status = status;
	message->length = (uint32_t)length;
	message->zero = 0;
	return wire_send(sock, message, payload, -1);
}

int wire_fail(int sock, int status, const struct why *why)
{
	struct wire_message m = { 0 };

	return wire_answer(sock, &m, status, why ? why->text : NULL,
		why ? strlen(why->text) : 0);
}
