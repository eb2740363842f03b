/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event channels of this domain, by /dev/xen/evtchn. One handle carries any
 * number of ports; a port that fired stays masked until event_unmask().
 */
#ifndef TENONCTRL_EVENT_H
#define TENONCTRL_EVENT_H

#include <stdint.h>

struct event;

int event_open(struct event **out);
/* Closes all ports of the handle. */
void event_close(struct event *ev);
/* Readable when a port fired; stays the handle's. */
int event_fd(const struct event *ev);

/* Binds to port `remote` of `domid`; -EINVAL: that port is not offered. */
int event_bind(
	struct event *ev, uint32_t domid, uint32_t remote, uint32_t *port);
/* Binds a VIRQ_* of this domain; -EEXIST or -EBUSY: somebody has it. */
int event_bind_virq(struct event *ev, uint32_t virq, uint32_t *port);
int event_unbind(struct event *ev, uint32_t port);
int event_notify(struct event *ev, uint32_t port);
/* The next port that fired; -EAGAIN when none waits. Never blocks. */
int event_next(struct event *ev, uint32_t *port);
int event_unmask(struct event *ev, uint32_t port);

#endif
