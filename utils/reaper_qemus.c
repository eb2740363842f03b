/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMUs that are watched; see reaper_qemus.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <tenonctrl/dom.h>
#include <tenonctrl/qemu.h>
#include <tenonctrl/sysctl.h>
#include <tenonctrl/xs.h>
#include "common/err.h"
#include "common/session.h"
#include "reaper_qemus.h"

void qemus_open(struct qemus *q)
{
	q->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (q->epoll < 0)
		err_say("QEMUs are not watched: %s", strerror(errno));
}

static void drop(struct qemus *q, size_t i)
{
	close(q->at[i].fd);
	q->at[i] = q->at[--q->count];
}

void qemus_close(struct qemus *q)
{
	while (q->count)
		drop(q, q->count - 1);
	free(q->at);
	if (q->epoll >= 0)
		close(q->epoll);
}

static bool is_watched(const struct qemus *q, uint32_t domid)
{
	for (size_t i = 0; i < q->count; i++) {
		if (q->at[i].domid == domid)
			return true;
	}
	return false;
}

static int add(struct qemus *q, uint32_t domid, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = domid };
	struct qemu_seen *grown;

	grown = realloc(q->at, (q->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	q->at = grown;
	if (epoll_ctl(q->epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	q->at[q->count++] = (struct qemu_seen){ domid, fd };
	return 0;
}

void qemus_look(struct qemus *q, struct session *s)
{
	char **names;
	size_t count;

	if (q->epoll < 0 || xs_directory(s->xs, 0, QEMU_MODELS, &names, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		uint32_t domid = (uint32_t)strtoul(names[i], NULL, 10);
		int fd;

		if (is_watched(q, domid) || !dom_is_ours(s->xs, domid))
			continue;
		fd = qemu_find(s->xs, domid);
		if (fd >= 0 && add(q, domid, fd))
			close(fd);
	}
	free(names);
}

/* Whoever ends a guest pauses it before its QEMU. */
static bool is_needed(struct session *s, uint32_t domid)
{
	struct xen_domctl_getdomaininfo info;

	return !sysctl_domain(s->ctrl, domid, &info) &&
	       !(info.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown |
				      XEN_DOMINF_paused));
}

void qemus_tell(struct qemus *q, struct session *s)
{
	struct epoll_event event;

	while (epoll_wait(q->epoll, &event, 1, 0) == 1) {
		uint32_t domid = event.data.u32;
		char words[QEMU_WORDS];

		for (size_t i = 0; i < q->count; i++) {
			if (q->at[i].domid == domid) {
				drop(q, i);
				break;
			}
		}
		if (!is_needed(s, domid))
			continue;
		qemu_last_words(s->xs, domid, words);
		err_say("the QEMU of domain %u has ended: %s; the devices that "
			"it served hang: domstop -f %u, and create it again",
			domid, words, domid);
	}
}
