/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon around the core: descriptors, and who is served when.
 *
 *   epoll ──► source.ready ──► a client's or a guest's bytes ──► the core
 *   core's dirty connections ──► their flush ──► socket or ring
 *
 * Every peer is served a few requests in its turn; who has more is put on
 * the list of the busy and gets its next turn after all others.
 */
#ifndef XENSTORED_DAEMON_H
#define XENSTORED_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "list.h"
#include "store.h"

/* Requests that a peer is served in one turn. */
#define TURN_BUDGET 16

struct daemon;

/* What epoll watches: `ready` is called with its events. */
struct source {
	int fd;
	void (*ready)(struct daemon *d, struct source *src, uint32_t events);
};

/* The transport of a connection, as its owner. */
struct peer {
	const struct peer_ops *ops;
	struct conn *conn;
	struct list of_daemon;
	struct list busy; /* in daemon->busy, or empty */
};

struct peer_ops {
	/* Serves a turn: reads no more than is there, and sends. */
	void (*turn)(struct daemon *d, struct peer *p);
	/* Sends what is pending. It may end the peer. */
	void (*flush)(struct daemon *d, struct peer *p);
	void (*end)(struct daemon *d, struct peer *p);
};

/* Where guests' rings come from: hv_xen.c, or hv_fake.c, or nowhere. */
struct hv {
	int (*introduce)(
		struct daemon *d, uint16_t domid, int64_t gfn, uint32_t port);
	bool (*exists)(struct daemon *d, uint16_t domid);
	/* Cuts off the guest's ring, if it has one. */
	void (*release)(struct daemon *d, uint16_t domid);
};

struct daemon {
	struct store *store;
	int epoll;
	bool is_ending;
	bool in_foreground;
	const struct hv *hv;
	struct list peers;
	struct list busy;
	/* Peers that ended in this round: their memory is freed after it. */
	struct list ended;
};

/* daemon.c */
int daemon_init(struct daemon *d, const struct hv *hv);
/* Serves until a signal asks it to end. */
void daemon_run(struct daemon *d);
void daemon_fini(struct daemon *d);
int daemon_watch(struct daemon *d, struct source *src, uint32_t events);
void daemon_rewatch(struct daemon *d, struct source *src, uint32_t events);
void daemon_unwatch(struct daemon *d, struct source *src);
void daemon_add_peer(struct daemon *d, struct peer *p);
/* Ends the peer; its memory, allocated by malloc, goes at the round's end. */
void daemon_end_peer(struct daemon *d, struct peer *p);
/* Has memory that begins with a peer freed at the round's end. */
void daemon_bury(struct daemon *d, struct peer *p);
/* Gives the peer another turn after all others. */
void daemon_busy(struct daemon *d, struct peer *p);

/* log.c: to stderr in the foreground, to syslog else */
void log_init(bool to_syslog);
void log_line(bool is_warning, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* conn_unix.c: listens at `path` (mode 0600); a stale socket is replaced. */
int unix_listen(struct daemon *d, const char *path);
void unix_fini(void);

/* conn_ring.c */
struct xenstore_domain_interface;
struct guest;
/* How the other side of a ring is reached; the members are the backend's. */
struct ring_port {
	struct xenstore_domain_interface *page;
	void (*notify)(struct ring_port *port);
	void (*close)(struct ring_port *port);
};
/* Serves a ring; on success the port is the guest's to close. */
int guest_connect(struct daemon *d, uint16_t domid, struct ring_port *port);
struct guest *guest_find(struct daemon *d, uint16_t domid);
struct ring_port *guest_port(struct guest *g);
void guest_kick(struct daemon *d, struct guest *g);
void guest_disconnect(struct daemon *d, struct guest *g);

/* hv_xen.c: opens the hypervisor's devices and dom0's own ring. */
int hv_xen_open(struct daemon *d);
void hv_xen_close(struct daemon *d);
extern const struct hv hv_xen;

/* hv_fake.c: guests that are processes, through a socket at `path`. */
int hv_fake_open(struct daemon *d, const char *path);
void hv_fake_close(struct daemon *d);
extern const struct hv hv_fake;

#endif
