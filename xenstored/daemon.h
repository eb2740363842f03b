/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker around the core: descriptors, and who is served when.
 *
 *   epoll ──► source.ready ──► a client's or a guest's bytes ──► the core
 *   core's dirty connections ──► their flush ──► socket or ring
 *
 * Every peer is served a few requests in its turn; who has more is put on
 * the list of the busy and gets its next turn after all others. Nothing is
 * sent before daemon_commit(). How this survives: keeper.h.
 */
#ifndef XENSTORED_DAEMON_H
#define XENSTORED_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "depot.h"
#include "keeper.h"
#include "list.h"
#include "slot.h"
#include "store.h"

/* Requests that a peer is served in one turn. */
#define TURN_BUDGET 64

struct daemon;

/* What epoll watches: `ready` is called with its events. */
struct source {
	int fd;
	void (*ready)(struct daemon *d, struct source *src, uint32_t events);
	/* Fetches what `ready` will look at into the caches; may be NULL. */
	void (*expect)(const struct source *src);
};

/* The transport of a connection, as its owner. */
struct peer {
	const struct peer_ops *ops;
	struct conn *conn;
	struct slot *slot;
	uint32_t index; /* of the slot */
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

struct daemon {
	struct store *store;
	struct keeper *keeper; /* our copy of it */
	struct depot *depot;
	struct shared *shared;
	int epoll;
	bool is_ending, wants_upgrade;
	char program[POST_TEXT_MAX]; /* of the next upgrade; empty: the same */
	uint64_t retry_at; /* when a journal that was lost is tried again */
	struct source alarm;
	uint64_t alarm_at; /* when it goes off, by now_ns(); 0: it is not set */
	struct list peers;
	struct list busy;
	/* Peers that ended in this round: their memory is freed after it. */
	struct list ended;
};

/* daemon.c */
void daemon_init(struct daemon *d, struct keeper *k);
/* Makes what waits for events and for moments. 0 or a negative errno. */
int daemon_open(struct daemon *d);
/* Serves until the keeper asks to end. */
void daemon_run(struct daemon *d);
void daemon_fini(struct daemon *d);
int daemon_watch(struct daemon *d, struct source *src, uint32_t events);
void daemon_rewatch(struct daemon *d, struct source *src, uint32_t events);
void daemon_unwatch(struct daemon *d, struct source *src);
/* Takes up a peer whose connection and slot are set. */
void daemon_add_peer(struct daemon *d, struct peer *p);
/* Ends the peer; its memory, allocated by malloc, goes at the round's end. */
void daemon_end_peer(struct daemon *d, struct peer *p);
/* Gives the peer another turn after all others. */
void daemon_busy(struct daemon *d, struct peer *p);
/* What has happened counts from now on, and may be told. */
void daemon_commit(struct daemon *d);
/* Notes who is served, for the keeper; 0: nobody. */
static inline void daemon_serving(struct daemon *d, const struct slot *slot)
{
	__atomic_store_n(
		&d->shared->serving, slot ? slot->id : 0, __ATOMIC_RELAXED);
}
/* Asks the keeper and waits. 0 or a negative errno. */
int daemon_ask(struct daemon *d, struct post *p, int *fds);
/* Tells the keeper that a slot is free. */
void daemon_closed(struct daemon *d, uint32_t index, uint32_t id);

/* conn_unix.c: serves a client, with the connection that it had or NULL. */
int client_connect(
	struct daemon *d, int fd, uint32_t index, uint32_t id, struct conn *c);

/* conn_ring.c: guests by the keeper's rings. */
/* Connects a new ring of the domain. 0 or a negative errno. */
int guest_introduce(
	struct daemon *d, uint16_t domid, int64_t gfn, uint32_t port);
/* Goes on with the ring of a connection; slot POST_NO_SLOT: find one. */
int guest_resume(struct daemon *d, struct conn *c, uint32_t slot);
/* Cuts off the domain's ring, if it has one. */
void guest_release(struct daemon *d, uint16_t domid);
bool guest_exists(const struct daemon *d, uint16_t domid);
/* Opens the events of rings. 0 or a negative errno. */
int guest_open(struct daemon *d);

/* domains.c: what the keeper says about domains */
/* Looks whether those on record live. */
void domains_check(struct daemon *d);
bool domains_exists(struct daemon *d, uint16_t domid);

#endif
