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
#include "daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <public/io/xs_wire.h>

#define PAGE 4096

/* A domain of the fake hypervisor: a connection to the process behind it. */
struct fake {
	struct peer grave;   /* first: when it is over, for daemon_bury() */
	struct source line;  /* its end is the domain's end */
	struct source event; /* from the guest */
	int to_guest;
	uint16_t domid;
	struct xenstore_domain_interface *page;
	bool is_connected; /* as a guest of the store */
};

struct fake_port {
	struct ring_port base; /* first */
	struct daemon *daemon;
	struct fake *fake;
};

static struct source listener = { .fd = -1 };
static struct fake *fakes[65536];

static void port_notify(struct ring_port *base)
{
	struct fake_port *p = (struct fake_port *)(void *)base;
	uint64_t one = 1;

	if (write(p->fake->to_guest, &one, sizeof(one)) < 0)
		log_line(true, "domain %u cannot be notified", p->fake->domid);
}

static void port_close(struct ring_port *base)
{
	struct fake_port *p = (struct fake_port *)(void *)base;

	daemon_unwatch(p->daemon, &p->fake->event);
	p->fake->is_connected = false;
	free(p);
}

static void on_event(struct daemon *d, struct source *src, uint32_t events)
{
	struct fake *f = list_entry(src, struct fake, event);
	struct guest *g = guest_find(d, f->domid);
	uint64_t count;

	(void)events;
	if (read(src->fd, &count, sizeof(count)) == sizeof(count) && g)
		guest_kick(d, g);
}

static int fake_introduce(
	struct daemon *d, uint16_t domid, int64_t gfn, uint32_t port)
{
	struct fake *f = fakes[domid];
	struct guest *old = guest_find(d, domid);
	struct fake_port *p;
	int rc;

	(void)gfn;
	(void)port;
	if (!f)
		return -EINVAL;
	if (old)
		guest_disconnect(d, old);
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->base.page = f->page;
	p->base.notify = port_notify;
	p->base.close = port_close;
	p->daemon = d;
	p->fake = f;
	rc = daemon_watch(d, &f->event, EPOLLIN);
	if (rc) {
		free(p);
		return rc;
	}
	f->is_connected = true;
	rc = guest_connect(d, domid, &p->base);
	if (rc)
		port_close(&p->base);
	return rc;
}

static bool fake_exists(struct daemon *d, uint16_t domid)
{
	(void)d;
	return fakes[domid] != NULL;
}

static void fake_release(struct daemon *d, uint16_t domid)
{
	struct guest *g = guest_find(d, domid);

	if (g)
		guest_disconnect(d, g);
}

const struct hv hv_fake = {
	.introduce = fake_introduce,
	.exists = fake_exists,
	.release = fake_release,
};

/* Closes all; the memory stays for events of the same round. */
static void fake_close(struct fake *f)
{
	if (f->page)
		munmap(f->page, PAGE);
	if (f->line.fd >= 0)
		close(f->line.fd);
	if (f->event.fd >= 0)
		close(f->event.fd);
	if (f->to_guest >= 0)
		close(f->to_guest);
	f->line.fd = f->event.fd = f->to_guest = -1;
	f->page = NULL;
}

/* The process is gone, and the domain with it. */
static void on_line(struct daemon *d, struct source *src, uint32_t events)
{
	struct fake *f = list_entry(src, struct fake, line);

	(void)events;
	daemon_unwatch(d, src);
	fakes[f->domid] = NULL;
	store_domain_gone(d->store, f->domid);
	fake_release(d, f->domid);
	fake_close(f);
	daemon_bury(d, &f->grave);
}

/* Takes the first message of a process: its id and descriptors. */
static int receive(struct fake *f)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	uint32_t domid = 0;
	struct iovec iov = { &domid, sizeof(domid) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	struct stat st;
	int fds[3];
	void *page;

	if (recvmsg(f->line.fd, &msg, MSG_CMSG_CLOEXEC) != sizeof(domid))
		return -EPROTO;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS ||
		c->cmsg_len != CMSG_LEN(sizeof(fds)))
		return -EPROTO;
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	f->event.fd = fds[1];
	f->to_guest = fds[2];
	if (!domid || domid >= 0x7ff0 || fakes[domid] || fstat(fds[0], &st) ||
		st.st_size < PAGE) {
		close(fds[0]);
		return -EINVAL;
	}
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	close(fds[0]);
	if (page == MAP_FAILED)
		return -errno;
	f->page = page;
	f->domid = (uint16_t)domid;
	return 0;
}

static void on_connect(struct daemon *d, struct source *src, uint32_t events)
{
	struct fake *f = calloc(1, sizeof(*f));

	(void)events;
	if (!f)
		return;
	f->event.fd = f->to_guest = -1;
	f->line.fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC);
	f->line.ready = on_line;
	f->event.ready = on_event;
	if (f->line.fd < 0 || receive(f) ||
		daemon_watch(d, &f->line, EPOLLIN) ||
		write(f->line.fd, "", 1) != 1) {
		fake_close(f);
		free(f);
		return;
	}
	fakes[f->domid] = f;
}

int hv_fake_open(struct daemon *d, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	unlink(path);
	listener.ready = on_connect;
	listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener.fd < 0 ||
		bind(listener.fd, (struct sockaddr *)&at, sizeof(at)) ||
		listen(listener.fd, 16))
		return -errno;
	return daemon_watch(d, &listener, EPOLLIN);
}

void hv_fake_close(struct daemon *d)
{
	size_t i;

	(void)d;
	for (i = 0; i < sizeof(fakes) / sizeof(fakes[0]); i++) {
		if (fakes[i])
			fake_close(fakes[i]);
		free(fakes[i]);
		fakes[i] = NULL;
	}
	if (listener.fd >= 0)
		close(listener.fd);
}
