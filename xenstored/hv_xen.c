/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor below domain 0, for the keeper: rings by grant or by frame,
 * event channels bound, and who lives by domctl.
 *
 * The pages are mapped by the worker, through a descriptor that can map that
 * one: of a grant device that has mapped nothing else, or of a hypercall
 * device that is restricted to the guest's own memory.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/xen.h>

#include "xen_dev.h"

#define PAGE 4096

static int privcmd = -1;
/* Hypercalls may name only memory that no fault can hit. */
static struct xen_domctl *domctl;

/* A device with the ring's grant mapped, and where; or a negative errno. */
static int open_grant(uint16_t domid, uint64_t *index)
{
	struct gntdev_map arg = {
		.count = 1, .domid = domid, .ref = GNTTAB_RESERVED_XENSTORE
	};
	int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, GNTDEV_MAP_GRANT_REF, &arg)) {
		close(fd);
		return -ENOENT;
	}
	*index = arg.index;
	return fd;
}

/*
 * Whether the grant can be mapped at all shows only when it is: tried here
 * once, for the worker cannot ask again.
 */
static bool is_granted(uint16_t domid)
{
	uint64_t index;
	int fd = open_grant(domid, &index);
	void *page;

	if (fd < 0)
		return false;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		(off_t)index);
	if (page != MAP_FAILED)
		munmap(page, PAGE);
	close(fd);
	return page != MAP_FAILED;
}

/* A hypercall device that reaches that guest's memory and nothing else. */
static int open_restricted(uint16_t domid)
{
	int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, PRIVCMD_RESTRICT, &domid)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int bind_port(struct keeper *k, struct held *h)
{
	struct evtchn_interdomain arg = { h->domid, h->port };
	int local;

	if (h->local)
		return 0;
	local = ioctl(k->events, EVTCHN_BIND_INTERDOMAIN, &arg);
	if (local < 0)
		return -errno;
	h->local = (uint32_t)local;
	return 0;
}

/* The kernel's ring: from /proc/xen as ever, or from its newer device. */
static int open_own(uint32_t *remote)
{
	FILE *f = fopen("/proc/xen/xsd_port", "re");
	int fd, port, rc = 0;

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
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

static int open_ring(struct held *h, struct post *answer)
{
	int fd;

	answer->ring_kind = RING_SHARED;
	answer->index = 0;
	if (!h->domid) {
		fd = open_own(&h->port);
		answer->port = h->port;
		return fd;
	}
	if (is_granted(h->domid)) {
		fd = open_grant(h->domid, &answer->index);
		if (fd >= 0)
			return fd;
	}
	if (h->gfn < 0)
		return -EINVAL;
	answer->ring_kind = RING_FRAME;
	return open_restricted(h->domid);
}

static int xen_ring(struct keeper *k, struct held *h, struct post *answer,
	int *fds, unsigned int *keep)
{
	int rc;

	*keep = 0;
	fds[0] = open_ring(h, answer);
	if (fds[0] < 0) {
		rc = fds[0];
		fds[0] = -1;
		return rc;
	}
	return bind_port(k, h);
}

static void xen_unbind(struct keeper *k, struct held *h)
{
	struct evtchn_port arg = { h->local };

	if (h->local)
		ioctl(k->events, EVTCHN_UNBIND, &arg);
	h->local = 0;
}

static int xen_domain(struct keeper *k, uint16_t domid, uint32_t *flags)
{
	struct privcmd_call call = { .number = __HYPERVISOR_domctl };
	uint32_t all;

	(void)k;
	memset(domctl, 0, sizeof(*domctl));
	domctl->cmd = XEN_DOMCTL_getdomaininfo;
	domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	domctl->domain = domid;
	call.args[0] = (uintptr_t)domctl;
	if (ioctl(privcmd, PRIVCMD_CALL, &call) < 0)
		return -errno;
	if (domctl->u.getdomaininfo.domain != domid)
		return -ESRCH;
	all = domctl->u.getdomaininfo.flags;
	*flags = all & XEN_DOMINF_shutdown ? POST_SHUTDOWN : 0;
	return all & XEN_DOMINF_dying ? -ESRCH : 0;
}

static void xen_ready(struct keeper *k, int fd)
{
	(void)k;
	(void)fd;
}

static void xen_forget(struct keeper *k)
{
	(void)k;
	close(privcmd);
	munmap(domctl, PAGE);
	privcmd = -1;
}

const struct hv hv_xen = {
	.domain = xen_domain,
	.ring = xen_ring,
	.unbind = xen_unbind,
	.ready = xen_ready,
	.forget = xen_forget,
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

int hv_xen_open(struct keeper *k)
{
	struct evtchn_virq virq = { VIRQ_DOM_EXC };
	int port;
	void *page;

	privcmd = open_device("/dev/xen/privcmd", 0);
	if (privcmd < 0)
		return privcmd;
	page = hypercall_page();
	if (page == MAP_FAILED)
		return -errno;
	domctl = page;
	if (k->events >= 0)
		return 0; /* handed over, with its ports */
	k->events = open_device("/dev/xen/evtchn", O_NONBLOCK);
	if (k->events < 0)
		return k->events;
	port = ioctl(k->events, EVTCHN_BIND_VIRQ, &virq);
	if (port < 0) {
		port = -errno;
		log_line(true, "the event of domains' ends cannot be bound: %s",
			strerror(-port));
		return port;
	}
	k->virq_port = (uint32_t)port;
	k->has_own_ring = true;
	return 0;
}
