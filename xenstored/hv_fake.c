/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests without a hypervisor: processes that speak through a ring page.
 *
 * A process connects to the socket, sends its domain id (4 bytes, native
 * order) and, as SCM_RIGHTS, three descriptors: the page (a memfd), an
 * eventfd by which it notifies the store, and one by which the store
 * notifies it. It waits for one byte back. A control domain's INTRODUCE
 * then connects it, and the end of its connection is the domain's death.
 */
#include "keeper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
/* Ids from here on are the hypervisor's own words (public/xen.h). */
#define FIRST_RESERVED 0x7ff0

/* A domain of the fake hypervisor: a connection to the process behind it. */
struct fake {
	int line; /* its end is the domain's end */
	int fds[POST_FDS_MAX];
	uint16_t domid;
	struct fake *next;
};

static int listener = -1;
static struct fake *fakes;

static struct fake *find(uint16_t domid)
{
	struct fake *f = fakes;

	while (f && f->domid != domid)
		f = f->next;
	return f;
}

static int fake_domain(struct keeper *k, uint16_t domid, uint32_t *flags)
{
	(void)k;
	*flags = 0;
	return find(domid) ? 0 : -ESRCH;
}

static int fake_ring(struct keeper *k, struct held *h, struct post *answer,
	int *fds, unsigned int *keep)
{
	struct fake *f = find(h->domid);

	(void)k;
	if (!f)
		return -EINVAL;
	answer->ring_kind = RING_SHARED;
	answer->index = 0;
	memcpy(fds, f->fds, sizeof(f->fds));
	*keep = (1u << POST_FDS_MAX) - 1;
	return 0;
}

static void fake_unbind(struct keeper *k, struct held *h)
{
	(void)k;
	(void)h;
}

static void fake_free(struct fake *f)
{
	post_close(f->fds);
	if (f->line >= 0)
		close(f->line);
	free(f);
}

/* Takes the first message of a process: its id and descriptors. */
static int receive(struct fake *f)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(POST_FDS_MAX * sizeof(int))];
	} control = { 0 };
	uint32_t domid = 0;
	struct iovec iov = { &domid, sizeof(domid) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	struct stat st;

	if (recvmsg(f->line, &msg, MSG_CMSG_CLOEXEC) != sizeof(domid))
		return -EPROTO;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS ||
		c->cmsg_len != CMSG_LEN(sizeof(f->fds)))
		return -EPROTO;
	memcpy(f->fds, CMSG_DATA(c), sizeof(f->fds));
	if (!domid || domid >= FIRST_RESERVED || find((uint16_t)domid) ||
		fstat(f->fds[0], &st) || st.st_size < PAGE)
		return -EINVAL;
	f->domid = (uint16_t)domid;
	return 0;
}

static void on_connect(struct keeper *k)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		return;
	memset(f->fds, -1, sizeof(f->fds));
	f->line = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (f->line < 0 || receive(f) || keeper_poll(k, f->line) ||
		write(f->line, "", 1) != 1) {
		fake_free(f);
		return;
	}
	f->next = fakes;
	fakes = f;
}

static void fake_ready(struct keeper *k, int fd)
{
	struct fake **at = &fakes, *f;

	if (fd == listener) {
		on_connect(k);
		return;
	}
	while ((f = *at) && f->line != fd)
		at = &f->next;
	if (!f)
		return;
	/* The process is gone, and the domain with it. */
	*at = f->next;
	epoll_ctl(k->epoll, EPOLL_CTL_DEL, fd, NULL);
	fake_free(f);
	keeper_domains(k);
}

static void fake_forget(struct keeper *k)
{
	struct fake *f;

	(void)k;
	while ((f = fakes)) {
		fakes = f->next;
		fake_free(f);
	}
	close(listener);
}

const struct hv hv_fake = {
	.domain = fake_domain,
	.ring = fake_ring,
	.unbind = fake_unbind,
	.ready = fake_ready,
	.forget = fake_forget,
};

int hv_fake_open(struct keeper *k, const char *path)
{
	listener = listen_at(path);
	return listener < 0 ? listener : keeper_poll(k, listener);
}
