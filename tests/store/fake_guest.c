/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest of an xenstored without a hypervisor: see fake_guest.h. */
#include "fake_guest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE 4096

static int connect_line(const char *path, int *line)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at))) {
		err = -errno;
		close(fd);
		return err;
	}
	*line = fd;
	return 0;
}

/* Sends the domain's id with its three descriptors; waits for the answer. */
static int hand_over(struct fake_guest *g, const int fds[3])
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &g->domid, sizeof(g->domid) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	char ready;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(3 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 3 * sizeof(int));
	if (sendmsg(g->line, &msg, MSG_NOSIGNAL) != sizeof(g->domid))
		return -errno;
	return read(g->line, &ready, 1) == 1 ? 0 : -ECONNRESET;
}

int fake_guest_boot(struct fake_guest *g, const char *path, uint32_t domid)
{
	int fds[3], rc;

	*g = (struct fake_guest){ domid, -1, -1, -1, NULL };
	fds[0] = memfd_create("ring", MFD_CLOEXEC);
	fds[1] = g->to_store = eventfd(0, EFD_CLOEXEC);
	fds[2] = g->from_store = eventfd(0, EFD_CLOEXEC);
	if (fds[0] < 0 || fds[1] < 0 || fds[2] < 0 || ftruncate(fds[0], PAGE)) {
		rc = -errno;
	} else {
		g->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			fds[0], 0);
		rc = g->page == MAP_FAILED ? -errno : 0;
		if (rc)
			g->page = NULL;
	}
	if (!rc)
		rc = connect_line(path, &g->line);
	if (!rc)
		rc = hand_over(g, fds);
	if (fds[0] >= 0)
		close(fds[0]);
	if (rc)
		fake_guest_die(g);
	return rc;
}

int fake_guest_introduce(struct fake_guest *g, struct xs *dom0)
{
	struct xs_perm owner = { g->domid, 'n' };
	char *path;
	int rc = xs_domain_path(dom0, g->domid, &path);

	if (rc)
		return rc;
	rc = xs_mkdir(dom0, 0, path);
	if (!rc)
		rc = xs_set_perms(dom0, 0, path, &owner, 1);
	if (!rc)
		rc = xs_introduce(dom0, g->domid, 1, 1);
	free(path);
	return rc;
}

void fake_guest_die(struct fake_guest *g)
{
	if (g->line >= 0)
		close(g->line);
	if (g->to_store >= 0)
		close(g->to_store);
	if (g->from_store >= 0)
		close(g->from_store);
	if (g->page)
		munmap(g->page, PAGE);
	*g = (struct fake_guest){ g->domid, -1, -1, -1, NULL };
}

void fake_guest_notify(struct fake_guest *g)
{
	uint64_t one = 1;

	if (write(g->to_store, &one, sizeof(one)) < 0)
		perror("fake guest: notify");
}

int fake_guest_wait(struct fake_guest *g, int timeout_ms)
{
	struct pollfd p = { .fd = g->from_store, .events = POLLIN };
	uint64_t count;
	int n = poll(&p, 1, timeout_ms);

	if (n <= 0)
		return n ? -errno : -ETIMEDOUT;
	return read(g->from_store, &count, sizeof(count)) < 0 ? -errno : 0;
}

uint32_t fake_guest_room(const struct fake_guest *g)
{
	return XENSTORE_RING_SIZE -
	       (g->page->req_prod -
		       __atomic_load_n(&g->page->req_cons, __ATOMIC_ACQUIRE));
}

uint32_t fake_guest_waiting(const struct fake_guest *g)
{
	return __atomic_load_n(&g->page->rsp_prod, __ATOMIC_ACQUIRE) -
	       g->page->rsp_cons;
}

size_t fake_guest_put(struct fake_guest *g, const void *bytes, size_t len)
{
	uint32_t prod = g->page->req_prod, room = fake_guest_room(g);
	const char *from = bytes;
	size_t i;

	if (len > room)
		len = room <= XENSTORE_RING_SIZE ? room : 0;
	for (i = 0; i < len; i++)
		g->page->req[MASK_XENSTORE_IDX(prod++)] = from[i];
	__atomic_store_n(&g->page->req_prod, prod, __ATOMIC_RELEASE);
	return len;
}

size_t fake_guest_take(struct fake_guest *g, void *bytes, size_t len)
{
	uint32_t cons = g->page->rsp_cons, waiting = fake_guest_waiting(g);
	char *to = bytes;
	size_t i;

	if (len > waiting)
		len = waiting;
	for (i = 0; i < len; i++)
		to[i] = g->page->rsp[MASK_XENSTORE_IDX(cons++)];
	__atomic_store_n(&g->page->rsp_cons, cons, __ATOMIC_RELEASE);
	return len;
}

static int put_all(
	struct fake_guest *g, const char *bytes, size_t len, int timeout_ms)
{
	size_t n;
	int rc;

	while (len) {
		n = fake_guest_put(g, bytes, len);
		bytes += n;
		len -= n;
		fake_guest_notify(g);
		rc = n ? 0 : fake_guest_wait(g, timeout_ms);
		if (rc)
			return rc;
	}
	return 0;
}

static int take_all(
	struct fake_guest *g, char *bytes, size_t len, int timeout_ms)
{
	size_t n;
	int rc;

	while (len) {
		n = fake_guest_take(g, bytes, len);
		bytes += n;
		len -= n;
		if (n)
			fake_guest_notify(g);
		rc = n ? 0 : fake_guest_wait(g, timeout_ms);
		if (rc)
			return rc;
	}
	return 0;
}

int fake_guest_ask(struct fake_guest *g, uint32_t type, const void *payload,
	size_t len, char *answer, int timeout_ms)
{
	struct xsd_sockmsg hdr = { type, 1, 0, (uint32_t)len };
	int rc = put_all(g, (char *)&hdr, sizeof(hdr), timeout_ms);

	if (!rc)
		rc = put_all(g, payload, len, timeout_ms);
	do {
		if (!rc)
			rc = take_all(g, (char *)&hdr, sizeof(hdr), timeout_ms);
		if (!rc && hdr.len > XENSTORE_PAYLOAD_MAX)
			return -EPROTO;
		if (!rc)
			rc = take_all(g, answer, hdr.len, timeout_ms);
		if (rc)
			return rc;
	} while (hdr.type == XS_WATCH_EVENT);
	answer[hdr.len] = '\0';
	return hdr.req_id != 1 || (hdr.type != type && hdr.type != XS_ERROR)
		       ? -EPROTO
		       : 0;
}

int fake_guest_reconnect(struct fake_guest *g, int timeout_ms)
{
	int left = timeout_ms;

	__atomic_store_n(
		&g->page->connection, XENSTORE_RECONNECT, __ATOMIC_RELEASE);
	fake_guest_notify(g);
	while (__atomic_load_n(&g->page->connection, __ATOMIC_ACQUIRE) !=
		XENSTORE_CONNECTED) {
		if (left <= 0)
			return -ETIMEDOUT;
		fake_guest_wait(g, 10);
		left -= 10;
	}
	return 0;
}
