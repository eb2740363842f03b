/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's Xen devices, as far as the daemon uses them. Source of the numbers
 * and layouts: Linux, include/uapi/xen/{evtchn,gntdev,privcmd}.h, which
 * distributions do not install.
 */
#ifndef XENSTORED_XEN_DEV_H
#define XENSTORED_XEN_DEV_H

#include <stdint.h>
#include <sys/ioctl.h>

#define XEN_IOCTL(letter, number, type) \
	_IOC(_IOC_NONE, letter, number, sizeof(type))

/* /dev/xen/evtchn: reading gives ports that fired, writing unmasks them. */
struct evtchn_virq {
	uint32_t virq;
};
struct evtchn_interdomain {
	uint32_t remote_domain, remote_port;
};
struct evtchn_port {
	uint32_t port;
};
/* The two binding calls return the local port. */
#define EVTCHN_BIND_VIRQ	XEN_IOCTL('E', 0, struct evtchn_virq)
#define EVTCHN_BIND_INTERDOMAIN XEN_IOCTL('E', 1, struct evtchn_interdomain)
#define EVTCHN_UNBIND		XEN_IOCTL('E', 3, struct evtchn_port)
#define EVTCHN_NOTIFY		XEN_IOCTL('E', 4, struct evtchn_port)

/* /dev/xen/gntdev: `index` is then the offset for mmap. */
struct gntdev_map {
	uint32_t count, pad;
	uint64_t index;
	uint32_t domid, ref;
};
struct gntdev_unmap {
	uint64_t index;
	uint32_t count, pad;
};
#define GNTDEV_MAP_GRANT_REF   XEN_IOCTL('G', 0, struct gntdev_map)
#define GNTDEV_UNMAP_GRANT_REF XEN_IOCTL('G', 1, struct gntdev_unmap)

/* /dev/xen/privcmd */
struct privcmd_call {
	uint64_t number;
	uint64_t args[5];
};
struct privcmd_map_frames {
	uint32_t count;
	uint16_t domid;
	uint64_t address;
	const uint64_t *frames;
	int *errors;
};
#define PRIVCMD_CALL	   XEN_IOCTL('P', 0, struct privcmd_call)
#define PRIVCMD_MAP_FRAMES XEN_IOCTL('P', 4, struct privcmd_map_frames)

/* From then on the descriptor reaches that domain alone, and no hypercall. */
#define PRIVCMD_RESTRICT XEN_IOCTL('P', 255, uint16_t)

/* /dev/xen/xenbus_backend: the port of the kernel's own ring; mmap: its page */
#define XENBUS_BACKEND_EVTCHN _IOC(_IOC_NONE, 'B', 0, 0)

#endif
