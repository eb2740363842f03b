/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels on Linux. The requests are those of Linux's
 * include/uapi/xen/evtchn.h; reading gives ports as 32-bit numbers, writing
 * one unmasks it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <tenonctrl/event.h>

#define EVTCHN_BIND_VIRQ	_IOC(_IOC_NONE, 'E', 0, 4)
#define EVTCHN_BIND_INTERDOMAIN _IOC(_IOC_NONE, 'E', 1, 8)
#define EVTCHN_UNBIND		_IOC(_IOC_NONE, 'E', 3, 4)
#define EVTCHN_NOTIFY		_IOC(_IOC_NONE, 'E', 4, 4)

struct event {
	int fd;
};

int event_open(struct event **out)
{
	struct event *ev = malloc(sizeof(*ev));
	int ret;

	if (!ev)
		return -ENOMEM;
	ev->fd = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (ev->fd < 0) {
		ret = -errno;
		free(ev);
		return ret;
	}
	*out = ev;
	return 0;
}

void event_close(struct event *ev)
{
	if (!ev)
		return;
	close(ev->fd);
	free(ev);
}

int event_fd(const struct event *ev)
{
	return ev->fd;
}

int event_bind(
	struct event *ev, uint32_t domid, uint32_t remote, uint32_t *port)
{
	struct {
		uint32_t domid, port;
	} request = { domid, remote };
	int ret = ioctl(ev->fd, EVTCHN_BIND_INTERDOMAIN, &request);

	if (ret < 0)
		return -errno;
	*port = (uint32_t)ret;
	return 0;
}

int event_bind_virq(struct event *ev, uint32_t virq, uint32_t *port)
{
	int ret = ioctl(ev->fd, EVTCHN_BIND_VIRQ, &virq);

	if (ret < 0)
		return -errno;
	*port = (uint32_t)ret;
	return 0;
}

int event_unbind(struct event *ev, uint32_t port)
{
	return ioctl(ev->fd, EVTCHN_UNBIND, &port) < 0 ? -errno : 0;
}

int event_notify(struct event *ev, uint32_t port)
{
	return ioctl(ev->fd, EVTCHN_NOTIFY, &port) < 0 ? -errno : 0;
}

int event_next(struct event *ev, uint32_t *port)
{
	ssize_t got = read(ev->fd, port, sizeof(*port));

	if (got == (ssize_t)sizeof(*port))
		return 0;
	return got < 0 ? -errno : -EAGAIN;
}

int event_unmask(struct event *ev, uint32_t port)
{
	return write(ev->fd, &port, sizeof(port)) < 0 ? -errno : 0;
}
