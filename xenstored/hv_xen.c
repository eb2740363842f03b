/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor below domain 0: rings by grant or by frame, notifications
 * by event channel, and who lives by domctl.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/io/xs_wire.h>
#include <public/xen.h>

#include "xen_dev.h"

#define PAGE	      4096
#define PORTS_MAX     131072 /* of FIFO event channels, the most there are */
#define PORTS_AT_ONCE 128

struct xen_port {
	struct ring_port base; /* first */
	uint16_t domid;
	uint32_t local;
	bool is_granted;
	uint64_t grant_index;
};

static struct source events = { .fd = -1 };
static int gntdev = -1, privcmd = -1;
static uint32_t virq_port;
static struct xen_port *by_port[PORTS_MAX];
/* Hypercalls may name only memory that no fault can hit. */
static struct xen_domctl *domctl;

static void port_notify(struct ring_port *base)
{
	struct xen_port *p = (struct xen_port *)(void *)base;
	struct evtchn_port arg = { p->local };

	ioctl(events.fd, EVTCHN_NOTIFY, &arg);
}

static void unmap_page(struct xen_port *p)
{
	struct gntdev_unmap arg = { .index = p->grant_index, .count = 1 };

	if (p->base.page)
		munmap(p->base.page, PAGE);
	if (p->base.page && p->is_granted)
		ioctl(gntdev, GNTDEV_UNMAP_GRANT_REF, &arg);
	p->base.page = NULL;
}

static void port_close(struct ring_port *base)
{
	struct xen_port *p = (struct xen_port *)(void *)base;
	struct evtchn_port arg = { p->local };

	if (p->local) {
		ioctl(events.fd, EVTCHN_UNBIND, &arg);
		by_port[p->local] = NULL;
	}
	unmap_page(p);
	free(p);
}

static int map_grant(struct xen_port *p)
{
	struct gntdev_map arg = {
		.count = 1, .domid = p->domid, .ref = GNTTAB_RESERVED_XENSTORE
	};
	void *page;

	if (gntdev < 0 || ioctl(gntdev, GNTDEV_MAP_GRANT_REF, &arg))
		return -ENOENT;
	p->grant_index = arg.index;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, gntdev,
		(off_t)arg.index);
	if (page == MAP_FAILED) {
		struct gntdev_unmap undo = { .index = arg.index, .count = 1 };

		ioctl(gntdev, GNTDEV_UNMAP_GRANT_REF, &undo);
		return -ENOENT;
	}
	p->is_granted = true;
	p->base.page = page;
	return 0;
}

static int map_frame(struct xen_port *p, int64_t gfn)
{
	struct privcmd_map_frames arg = { .count = 1, .domid = p->domid };
	uint64_t frame = (uint64_t)gfn;
	int error = 0;
	void *page;

	if (gfn < 0)
		return -EINVAL;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, privcmd, 0);
	if (page == MAP_FAILED)
		return -errno;
	arg.address = (uintptr_t)page;
	arg.frames = &frame;
	arg.errors = &error;
	if (ioctl(privcmd, PRIVCMD_MAP_FRAMES, &arg) || error) {
		munmap(page, PAGE);
		return -EINVAL;
	}
	p->base.page = page;
	return 0;
}

static int bind_port(struct xen_port *p, uint32_t remote)
{
	struct evtchn_interdomain arg = { p->domid, remote };
	int local = ioctl(events.fd, EVTCHN_BIND_INTERDOMAIN, &arg);

	if (local < 0)
		return -errno;
	if (local >= PORTS_MAX)
		return -ENOSPC;
	p->local = (uint32_t)local;
	by_port[local] = p;
	return 0;
}

static struct xen_port *port_new(uint16_t domid)
{
	struct xen_port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->base.notify = port_notify;
	p->base.close = port_close;
	p->domid = domid;
	return p;
}

static int xen_introduce(
	struct daemon *d, uint16_t domid, int64_t gfn, uint32_t remote)
{
	struct guest *old = guest_find(d, domid);
	struct xen_port *p;
	int rc;

	if (old)
		guest_disconnect(d, old);
	p = port_new(domid);
	if (!p)
		return -ENOMEM;
	rc = map_grant(p);
	if (rc)
		rc = map_frame(p, gfn);
	if (!rc)
		rc = bind_port(p, remote);
	if (!rc)
		rc = guest_connect(d, domid, &p->base);
	if (rc) {
		log_line(true,
			"domain %u cannot be introduced (frame %lld, port %u): "
			"%s",
			domid, (long long)gfn, remote, strerror(-rc));
		port_close(&p->base);
	}
	return rc;
}

static void xen_release(struct daemon *d, uint16_t domid)
{
	struct guest *g = guest_find(d, domid);

	if (g)
		guest_disconnect(d, g);
}

/* The flags of a domain, or -ESRCH when there is none of that id. */
static int domain_flags(uint16_t domid, uint32_t *flags)
{
	struct privcmd_call call = { .number = __HYPERVISOR_domctl };

	memset(domctl, 0, sizeof(*domctl));
	domctl->cmd = XEN_DOMCTL_getdomaininfo;
	domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	domctl->domain = domid;
	call.args[0] = (uintptr_t)domctl;
	if (ioctl(privcmd, PRIVCMD_CALL, &call) < 0)
		return -errno;
	if (domctl->u.getdomaininfo.domain != domid)
		return -ESRCH;
	*flags = domctl->u.getdomaininfo.flags;
	return 0;
}

/* Only the clear word that nobody is there makes a domain dead. */
static bool xen_exists(struct daemon *d, uint16_t domid)
{
	uint32_t flags = 0;
	int rc = domain_flags(domid, &flags);

	(void)d;
	return rc != -ESRCH && !(flags & XEN_DOMINF_dying);
}

static void check_domain(void *ctx, uint16_t domid, bool was_seen)
{
	struct daemon *d = ctx;
	uint32_t flags = 0;
	int rc = domain_flags(domid, &flags);

	if (rc == -ESRCH || (!rc && (flags & XEN_DOMINF_dying))) {
		/* Permissions may name a domain before it is there. */
		if (was_seen || store_is_introduced(d->store, domid))
			store_domain_gone(d->store, domid);
		return;
	}
	if (rc) {
		log_line(true, "the state of domain %u is not known: %s", domid,
			strerror(-rc));
		return;
	}
	store_domain_seen(d->store, domid);
	if (flags & XEN_DOMINF_shutdown)
		store_domain_shutdown(d->store, domid);
}

static void on_events(struct daemon *d, struct source *src, uint32_t what)
{
	uint32_t ports[PORTS_AT_ONCE];
	struct xen_port *p;
	struct guest *g;
	ssize_t n = read(src->fd, ports, sizeof(ports));
	size_t i, count = n > 0 ? (size_t)n / sizeof(ports[0]) : 0;

	(void)what;
	if (count && write(src->fd, ports, count * sizeof(ports[0])) < 0)
		log_line(true, "event channels stay masked: %s",
			strerror(errno));
	for (i = 0; i < count; i++) {
		if (ports[i] == virq_port) {
			store_domains(d->store, check_domain, d);
			continue;
		}
		p = ports[i] < PORTS_MAX ? by_port[ports[i]] : NULL;
		g = p ? guest_find(d, p->domid) : NULL;
		if (g)
			guest_kick(d, g);
	}
}

const struct hv hv_xen = {
	.introduce = xen_introduce,
	.exists = xen_exists,
	.release = xen_release,
};

static int open_device(const char *name, int flags)
{
	int fd = open(name, O_RDWR | O_CLOEXEC | flags);

	if (fd >= 0)
		return fd;
	fd = -errno;
	log_line(true,
		"%s cannot be opened: %s. Is this domain 0, and is its "
		"module loaded?",
		name, strerror(-fd));
	return fd;
}

/* The kernel's ring: from /proc/xen as ever, or from its newer device. */
static int map_own(struct xen_port *p, uint32_t *remote)
{
	FILE *f = fopen("/proc/xen/xsd_port", "re");
	int fd, rc = 0, port;
	void *page;

	if (f) {
		rc = fscanf(f, "%" SCNu32, remote) == 1 ? 0 : -EINVAL;
		fclose(f);
		fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
	} else {
		fd = open("/dev/xen/xenbus_backend", O_RDWR | O_CLOEXEC);
		port = fd < 0 ? -1 : ioctl(fd, XENBUS_BACKEND_EVTCHN, 0);
		if (fd >= 0 && port < 0)
			rc = -errno;
		*remote = (uint32_t)port;
	}
	if (fd < 0)
		return -errno;
	if (!rc) {
		page = mmap(
			NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED)
			rc = -errno;
		else
			p->base.page = page;
	}
	close(fd);
	return rc;
}

static int connect_own(struct daemon *d)
{
	struct xen_port *p = port_new(0);
	uint32_t remote = 0;
	int rc;

	if (!p)
		return -ENOMEM;
	rc = map_own(p, &remote);
	if (!rc)
		rc = bind_port(p, remote);
	if (!rc)
		rc = guest_connect(d, 0, &p->base);
	if (rc) {
		log_line(true,
			"domain 0's own ring (port %u) is not to be had: %s. "
			"Does another xenstored run?",
			remote, strerror(-rc));
		port_close(&p->base);
	}
	return rc;
}

/* A page for hypercalls' arguments: the kernel's own kind, or locked. */
static void *hypercall_page(void)
{
	int fd = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
	void *page = MAP_FAILED;

	if (fd >= 0) {
		page = mmap(
			NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (page == MAP_FAILED)
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE,
			-1, 0);
	return page;
}

int hv_xen_open(struct daemon *d)
{
	struct evtchn_virq virq = { VIRQ_DOM_EXC };
	int port;
	void *page;

	privcmd = open_device("/dev/xen/privcmd", 0);
	if (privcmd < 0)
		return privcmd;
	events.fd = open_device("/dev/xen/evtchn", O_NONBLOCK);
	if (events.fd < 0)
		return events.fd;
	gntdev = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
	page = hypercall_page();
	if (page == MAP_FAILED)
		return -errno;
	domctl = page;
	port = ioctl(events.fd, EVTCHN_BIND_VIRQ, &virq);
	if (port < 0) {
		port = -errno;
		log_line(true, "the event of domains' ends cannot be bound: %s",
			strerror(-port));
		return port;
	}
	virq_port = (uint32_t)port;
	events.ready = on_events;
	port = daemon_watch(d, &events, EPOLLIN);
	return port ? port : connect_own(d);
}

void hv_xen_close(struct daemon *d)
{
	(void)d;
	if (events.fd >= 0)
		close(events.fd);
	if (gntdev >= 0)
		close(gntdev);
	if (privcmd >= 0)
		close(privcmd);
	events.fd = gntdev = privcmd = -1;
}
