/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store's client: its connection.
 *
 * One request at a time is under way; events that arrive before its answer
 * are queued. The same bytes travel over the daemon's socket and over
 * /dev/xen/xenbus. What the daemon sends is checked as a stranger's: a
 * packet that is too long or unasked for breaks the connection.
 */
#include <tenonctrl/xs.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "xs_conn.h"

#define GATHERED_MAX 16384 /* bytes of requests on their way at once */

static const struct {
	int err;
	const char *name;
} error_names[] = {
	{ EINVAL, "EINVAL" },
	{ EACCES, "EACCES" },
	{ EEXIST, "EEXIST" },
	{ EISDIR, "EISDIR" },
	{ ENOENT, "ENOENT" },
	{ ENOMEM, "ENOMEM" },
	{ ENOSPC, "ENOSPC" },
	{ EIO, "EIO" },
	{ ENOTEMPTY, "ENOTEMPTY" },
	{ ENOSYS, "ENOSYS" },
	{ EROFS, "EROFS" },
	{ EBUSY, "EBUSY" },
	{ EAGAIN, "EAGAIN" },
	{ EISCONN, "EISCONN" },
	{ E2BIG, "E2BIG" },
	{ EPERM, "EPERM" },
};

static int error_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++)
		if (!strcmp(error_names[i].name, name))
			return -error_names[i].err;
	return -EINVAL;
}

static int connect_to(const char *path, int *fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s, err;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return -errno;
	if (connect(s, (struct sockaddr *)&at, sizeof(at))) {
		err = -errno;
		close(s);
		return err;
	}
	*fd = s;
	return 0;
}

/* The socket that the environment names, or the usual one. */
static int connect_default(int *fd)
{
	const char *path = getenv("XENSTORED_PATH");
	const char *dir = getenv("XENSTORED_RUNDIR");
	char buf[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (!path) {
		if ((size_t)snprintf(buf, sizeof(buf), "%s/socket",
			    dir ? dir : "/run/xenstored") >= sizeof(buf))
			return -ENAMETOOLONG;
		path = buf;
	}
	return connect_to(path, fd);
}

/*
 * Is this the domain whose daemon serves the store?  There the kernel's way
 * ends at the same daemon, and waits for ever when it is not there.
 */
static bool is_store_domain(void)
{
	char text[64] = "";
	FILE *f = fopen("/proc/xen/capabilities", "re");
	bool is_it;

	is_it = f && fgets(text, sizeof(text), f) && strstr(text, "control_d");
	if (f)
		fclose(f);
	return is_it;
}

int xs_open(struct xs **out, const char *path)
{
	struct xs *xs = calloc(1, sizeof(*xs));
	int rc;

	if (!xs)
		return -ENOMEM;
	xs->is_socket = true;
	rc = path ? connect_to(path, &xs->fd) : connect_default(&xs->fd);
	if (!path && (rc == -ENOENT || rc == -ECONNREFUSED) &&
		!is_store_domain()) {
		xs->fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
		xs->is_socket = false;
		if (xs->fd >= 0)
			rc = 0;
	}
	if (rc) {
		free(xs);
		return rc;
	}
	xs->last = &xs->first;
	*out = xs;
	return 0;
}

static struct xs_event *take_event(struct xs *xs)
{
	struct xs_event *e = xs->first;

	if (e) {
		xs->first = e->next;
		if (!xs->first)
			xs->last = &xs->first;
	}
	return e;
}

void xs_close(struct xs *xs)
{
	struct xs_event *e;

	if (!xs)
		return;
	while ((e = take_event(xs))) {
		free(e->path);
		free(e->token);
		free(e);
	}
	close(xs->fd);
	free(xs->gathered);
	free(xs);
}

int xs_fd(const struct xs *xs)
{
	return xs->fd;
}

int xs_give_up(struct xs *xs, int err)
{
	xs->broken = err;
	return err;
}

static int queue_event(struct xs *xs)
{
	size_t len = xs->hdr.len, path_len;
	struct xs_event *e;

	path_len = strnlen(xs->payload, len);
	if (path_len == len ||
		strnlen(xs->payload + path_len + 1, len - path_len - 1) ==
			len - path_len - 1)
		return xs_give_up(xs, -EPROTO);
	e = calloc(1, sizeof(*e));
	if (!e)
		return xs_give_up(xs, -ENOMEM);
	e->path = strdup(xs->payload);
	e->token = strdup(xs->payload + path_len + 1);
	if (!e->path || !e->token) {
		free(e->path);
		free(e->token);
		free(e);
		return xs_give_up(xs, -ENOMEM);
	}
	*xs->last = e;
	xs->last = &e->next;
	return 0;
}

/* As read(2), by way of what was read ahead. */
static ssize_t input(struct xs *xs, void *into, size_t want)
{
	size_t some;
	ssize_t n;

	if (xs->ahead_at == xs->ahead_end) {
		if (!xs->reads_ahead)
			return read(xs->fd, into, want);
		n = read(xs->fd, xs->ahead, sizeof(xs->ahead));
		if (n <= 0)
			return n;
		xs->ahead_at = 0;
		xs->ahead_end = (size_t)n;
	}
	some = xs->ahead_end - xs->ahead_at;
	if (some > want)
		some = want;
	memcpy(into, xs->ahead + xs->ahead_at, some);
	xs->ahead_at += some;
	return (ssize_t)some;
}

/* Reads more of the packet; 1 when it is whole, 0 when not, or an error. */
static int read_some(struct xs *xs)
{
	size_t head = sizeof(xs->hdr), want;
	char *into;
	ssize_t n;

	if (xs->have < head) {
		into = (char *)&xs->hdr + xs->have;
		want = head - xs->have;
	} else {
		into = xs->payload + (xs->have - head);
		want = head + xs->hdr.len - xs->have;
	}
	n = want ? input(xs, into, want) : 0;
	if (n < 0 && errno == EINTR)
		return -EINTR;
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 || (want && !n))
		return xs_give_up(xs, -EIO);
	xs->have += (size_t)n;
	if (xs->have < head)
		return 0;
	if (xs->hdr.len > PAYLOAD_MAX)
		return xs_give_up(xs, -EPROTO);
	if (xs->have < head + xs->hdr.len)
		return 0;
	xs->have = 0;
	xs->payload[xs->hdr.len] = '\0';
	return 1;
}

static int write_all(struct xs *xs, struct iovec *iov, int count)
{
	ssize_t n;

	while (count) {
		if (!iov->iov_len) {
			iov++;
			count--;
			continue;
		}
		if (xs->is_socket) {
			struct msghdr msg = { .msg_iov = iov,
				.msg_iovlen = (size_t)count };

			n = sendmsg(xs->fd, &msg, MSG_NOSIGNAL);
		} else {
			n = write(xs->fd, iov->iov_base, iov->iov_len);
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xs_give_up(xs, -EIO);
		while (n && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov->iov_len = 0;
			iov++;
			count--;
		}
		if (n) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* Reads until the answer to `id` is in the payload. */
static int await_answer(struct xs *xs, uint32_t type, uint32_t id)
{
	int rc;

	for (;;) {
		rc = read_some(xs);
		if (rc == -EINTR || !rc)
			continue;
		if (rc < 0)
			return rc;
		if (xs->hdr.type == XS_WATCH_EVENT) {
			rc = queue_event(xs);
			if (rc)
				return rc;
			continue;
		}
		if (xs->hdr.req_id != id ||
			(xs->hdr.type != type && xs->hdr.type != XS_ERROR))
			return xs_give_up(xs, -EPROTO);
		if (xs->hdr.type == XS_ERROR)
			return error_number(xs->payload);
		return 0;
	}
}

void xs_gather(struct xs *xs)
{
	/* The kernel's way takes one request at a time. */
	xs->gathers = xs->is_socket;
	xs->gather_error = 0;
}

/* What has been read ahead behind the last answer can only be events. */
static int queue_ahead(struct xs *xs)
{
	int rc = 0;

	while (!rc && xs->ahead_at < xs->ahead_end) {
		rc = read_some(xs);
		if (rc != 1)
			continue;
		rc = xs->hdr.type == XS_WATCH_EVENT ? queue_event(xs)
						    : xs_give_up(xs, -EPROTO);
	}
	return rc;
}

static void send_gathered(struct xs *xs)
{
	struct iovec all = { xs->gathered, xs->gathered_size };
	size_t at = 0, end = xs->gathered_size;
	struct xsd_sockmsg hdr;
	int rc = write_all(xs, &all, 1);

	xs->reads_ahead = true;
	for (; at < end && !xs->broken; at += sizeof(hdr) + hdr.len) {
		memcpy(&hdr, xs->gathered + at, sizeof(hdr));
		rc = await_answer(xs, hdr.type, hdr.req_id);
		if (rc && !xs->gather_error)
			xs->gather_error = rc;
	}
	xs->reads_ahead = false;
	if (!xs->broken)
		(void)queue_ahead(xs);
	if (xs->broken && !xs->gather_error)
		xs->gather_error = xs->broken;
	xs->gathered_size = 0;
}

int xs_gathered(struct xs *xs)
{
	if (xs->gathers && xs->gathered_size)
		send_gathered(xs);
	xs->gathers = false;
	free(xs->gathered);
	xs->gathered = NULL;
	return xs->gather_error;
}

/* Adds a request to those that wait; iov[0] is its header. */
static int add_request(struct xs *xs, const struct iovec *iov, int count)
{
	const struct xsd_sockmsg *hdr = iov[0].iov_base;

	if (hdr->type != XS_WRITE && hdr->type != XS_MKDIR &&
		hdr->type != XS_RM && hdr->type != XS_SET_PERMS)
		return -EINVAL;
	if (!xs->gathered)
		xs->gathered = malloc(GATHERED_MAX);
	if (!xs->gathered)
		return -ENOMEM;
	/* So few that neither side waits for the other to read. */
	if (xs->gathered_size + sizeof(*hdr) + hdr->len > GATHERED_MAX)
		send_gathered(xs);
	for (int i = 0; i < count; i++) {
		if (iov[i].iov_len)
			memcpy(xs->gathered + xs->gathered_size,
				iov[i].iov_base, iov[i].iov_len);
		xs->gathered_size += iov[i].iov_len;
	}
	return 0;
}

int xs_ask(
	struct xs *xs, uint32_t type, uint32_t tx, struct iovec *iov, int count)
{
	struct xsd_sockmsg hdr = { .type = type, .tx_id = tx };
	size_t len = 0;
	int i, rc;

	if (xs->broken)
		return xs->broken;
	for (i = 1; i < count; i++)
		len += iov[i].iov_len;
	if (len > PAYLOAD_MAX)
		return -E2BIG;
	hdr.req_id = ++xs->next_id;
	hdr.len = (uint32_t)len;
	iov[0].iov_base = &hdr;
	iov[0].iov_len = sizeof(hdr);
	if (xs->gathers)
		return add_request(xs, iov, count);
	rc = write_all(xs, iov, count);
	return rc ? rc : await_answer(xs, type, hdr.req_id);
}

struct iovec xs_piece(const void *bytes, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)bytes, len };
}

int xs_ask_strings(struct xs *xs, uint32_t type, uint32_t tx, const char *a,
	const char *b, const char *c)
{
	struct iovec iov[4];
	int n = 1;

	iov[n++] = xs_piece(a, strlen(a) + 1);
	if (b)
		iov[n++] = xs_piece(b, strlen(b) + 1);
	if (b && c)
		iov[n++] = xs_piece(c, strlen(c) + 1);
	return xs_ask(xs, type, tx, iov, n);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits for one packet; an event is queued, all else is unasked for. */
static int await_event(struct xs *xs, int64_t until)
{
	struct pollfd p = { .fd = xs->fd, .events = POLLIN };
	int64_t left;
	int rc;

	for (;;) {
		left = until < 0 ? -1 : until - now_ms();
		if (until >= 0 && left < 0)
			left = 0;
		rc = poll(&p, 1, (int)left);
		if (rc < 0)
			return -errno;
		if (!rc)
			return -ETIMEDOUT;
		rc = read_some(xs);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		if (xs->hdr.type != XS_WATCH_EVENT)
			return xs_give_up(xs, -EPROTO);
		return queue_event(xs);
	}
}

int xs_next_event(struct xs *xs, int timeout_ms, char **path, char **token)
{
	struct xs_event *e;
	int rc;

	if (!xs->first) {
		if (xs->broken)
			return xs->broken;
		rc = await_event(
			xs, timeout_ms < 0 ? -1 : now_ms() + timeout_ms);
		if (rc)
			return rc;
	}
	e = take_event(xs);
	*path = e->path;
	*token = e->token;
	free(e);
	return 0;
}
