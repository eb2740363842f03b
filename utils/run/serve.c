/* SPDX-License-Identifier: BSD-2-Clause */
/* Consoles of domrun's guests; see serve.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <public/grant_table.h>
#include <public/io/console.h>
#include <tenonctrl/domctl.h>
#include <tenonctrl/event.h>
#include <tenonctrl/gnt.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/why.h>
#include <tenonctrl/xs.h>
#include "common/console_ring.h"
#include "common/session.h"
#include "serve.h"

/* Should a word of the store or an event be lost. */
#define POLL_MS 1000

/* What is open meanwhile. */
struct line {
	struct serve *s;
	struct event *event;
	struct gnt *gnt;
	void *ring;
	uint32_t port;
};

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes += put;
		size -= (size_t)put;
	}
	return 0;
}

/* All that the ring holds; the guest hears of the room. */
static int drain(struct line *l)
{
	char bytes[CONSOLE_OUT_MAX];
	size_t got;
	int ret = 0;

	do {
		(void)console_ring_take(l->ring, bytes, sizeof(bytes), &got);
		ret = write_all(l->s->out, bytes, got);
		if (got)
			(void)event_notify(l->event, l->port);
	} while (got && !ret);
	return ret;
}

static void forget_events(struct line *l)
{
	char *path, *token;
	uint32_t port;

	while (!event_next(l->event, &port))
		(void)event_unmask(l->event, port);
	while (!xs_next_event(l->s->session->xs, 0, &path, &token)) {
		free(path);
		free(token);
	}
}

static int carry(struct line *l, unsigned int *reason)
{
	struct pollfd fds[] = {
		{ .fd = event_fd(l->event), .events = POLLIN },
		{ .fd = xs_fd(l->s->session->xs), .events = POLLIN },
	};
	struct xen_domctl_getdomaininfo info;
	int ret = 0;

	while (!ret) {
		if (l->s->is_over())
			return -EINTR;
		/* The guest's end is looked for before its last words are. */
		ret = sysctl_domain(l->s->session->ctrl, l->s->domid, &info);
		if (!ret && info.flags & XEN_DOMINF_dying)
			ret = -ESRCH;
		if (!ret)
			ret = drain(l);
		if (!ret && info.flags & XEN_DOMINF_shutdown) {
			*reason = info.flags >> XEN_DOMINF_shutdownshift &
				  XEN_DOMINF_shutdownmask;
			return 0;
		}
		if (!ret) {
			(void)poll(fds, 2, POLL_MS);
			forget_events(l);
		}
	}
	return ret;
}

static int open_line(struct line *l)
{
	int ret = event_open(&l->event);

	if (!ret)
		ret = gnt_open(&l->gnt);
	if (!ret)
		ret = gnt_map(
			l->gnt, l->s->domid, GNTTAB_RESERVED_CONSOLE, &l->ring);
	if (!ret)
		ret = event_bind(l->event, l->s->domid, l->s->port, &l->port);
	return ret;
}

static void close_line(struct line *l)
{
	if (l->ring)
		gnt_unmap(l->gnt, l->ring);
	if (l->gnt)
		gnt_close(l->gnt);
	if (l->event)
		event_close(l->event);
}

int serve_run(struct serve *s, unsigned int *reason, struct why *why)
{
	struct line l = { .s = s };
	int ret = open_line(&l);

	/* Without it the end is noticed a second late. */
	if (!ret)
		(void)xs_watch(s->session->xs, "@releaseDomain", "run");
	if (!ret)
		ret = domctl_unpause(s->session->ctrl, s->domid);
	if (!ret)
		ret = carry(&l, reason);
	close_line(&l);
	return ret ? why_set(why, ret, "the guest's console: %s",
			     strerror(-ret))
		   : 0;
}
