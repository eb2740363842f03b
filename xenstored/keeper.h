/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the daemon survives: two processes, of which one may be killed at any
 * instant.
 *
 *   ┌ keeper (main process, root) ──────┐     ┌ worker (child, nobody) ────┐
 *   │ listener, every client's socket,  │     │ the store (core), epoll,   │
 *   │ hypervisor's devices, log         │     │ copies of the sockets,     │
 *   │ table of who is connected (held)  │ask  │ rings mapped               │
 *   │ starts the worker, again at once ◄├─────┤►                           │
 *   │ when it dies                      │news │ seccomp, no privileges     │
 *   └──────┬────────────────────────────┘     └──────┬───────────────┬─────┘
 *          │            shared memory                │               │
 *          └────► slots: bytes received, counts ◄────┘               │
 *                 journal: the state and its changes ◄───────────────┘
 *
 * One turn of the worker, for a socket (slot.h, inbox.h, journal.h):
 *
 *   1 recvmmsg into the slot            the kernel counts what came
 *   2 requests are served               records: so many bytes served, what
 *                                       changed, the answer, all events
 *   3 the journal's unit is ended       from here on it has happened
 *   4 sendmmsg from memory              the kernel counts what went
 *
 * Killed before 3, the request is still in the slot and is served again:
 * nobody has seen anything of it. Killed after it, the answer is in the
 * journal and the slot says how much of it went out. For rings, 1 and 4 are
 * copies: the slot's count changes after the copy and before the index that
 * the guest sees, which a new worker sets from the count. Notifications may
 * come twice.
 *
 * A new worker is a fork of the keeper, which has no state to speak of: it
 * inherits sockets, devices and shared memory, reads the journal back, meets
 * each connection with its slot, and goes on. Connections without a slot are
 * ended, sockets without a connection are new. Rings are mapped again, and
 * everybody is looked at once, since an event may have been lost.
 *
 * The descriptor table is not shared: the kernel would count a reference to
 * the file in each system call, and the hypercall device would be in it.
 * A new socket is passed to the worker in a message; the keeper's own copy
 * is what survives.
 */
#ifndef XENSTORED_KEEPER_H
#define XENSTORED_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "depot.h"
#include "logfile.h"
#include "post.h"
#include "slot.h"

/* What is connected in a slot, of the same index. */
struct held {
	uint32_t id; /* 0: nobody */
	bool is_ring;
	uint16_t domid;
	uint16_t ring_kind;
	bool is_condemned; /* a ring that has crashed the worker again */
	int fd;		   /* a client's socket; else -1 */
	uint32_t port, local;
	int64_t gfn;
};

struct keeper;

/* Where domains and rings come from: hv_xen.c, hv_fake.c, or nowhere. */
struct hv {
	/* 0 and POST_* flags; -ESRCH: nobody is there; else nobody knows. */
	int (*domain)(struct keeper *k, uint16_t domid, uint32_t *flags);
	/*
	 * Opens the page of h's ring (domid, gfn), and binds the event
	 * channel when h->local is 0. Fills `answer` and `fds`, which are
	 * then the caller's, but for those of which `*keep` bits are set.
	 */
	int (*ring)(struct keeper *k, struct held *h, struct post *answer,
		int *fds, unsigned int *keep);
	/* The channel is needed no more. */
	void (*unbind)(struct keeper *k, struct held *h);
	/* Events that the keeper polls for. */
	void (*ready)(struct keeper *k, int fd);
	/* In the worker: closes what is the keeper's alone. */
	void (*forget)(struct keeper *k);
};

struct options {
	const char *pid_file;
	const char *socket;
	const char *state_dir; /* NULL: in memory alone */
	const char *fake_guests;
	const char *user;
	const char *access_log; /* NULL: none */
	uint32_t log_rate;	/* lines of it a second, at most */
	uint32_t log_size;	/* MiB of one file of it */
	bool in_foreground;
	bool without_hypervisor;
	bool is_synced;
	bool without_sandbox;
	int resume; /* what a program before this one has left; -1: nothing */
};

#define KEEPER_POLLED 4

struct keeper {
	struct options opt;
	const struct hv *hv;
	struct depot depot;
	struct logfile log; /* of accesses */
	char **argv;
	int shared_fd;
	struct shared *shared;
	struct held *held; /* SLOTS_MAX */
	uint32_t free_hint;
	int untold; /* slot of a client that the worker is to hear of; -1 */
	bool has_untold_domains, has_untold_log, is_full;
	int epoll, signals, listener;
	/* The ends of the lines: ours, and the worker's before the fork. */
	int ask[2], news[2];
	pid_t worker;
	uint64_t worker_since; /* milliseconds */
	unsigned int failures; /* in a row, shortly after the start */
	uint32_t suspect;      /* who was served when it crashed */
	unsigned int suspicions;
	bool is_ready, is_ending, is_paused, wants_upgrade;
	char program[POST_TEXT_MAX]; /* to go on as; empty: a newer this one */
	int ready_line;		     /* to who waits for our start; -1 */
	/* Of the hypervisor, for the worker: events and what a port means. */
	int events;
	uint32_t virq_port;
	bool has_own_ring; /* this domain's kernel has one too */
};

/* keeper.c: until a signal asks to end; the exit status. */
int keeper_run(struct keeper *k);
/* Has the worker look at all domains. */
void keeper_domains(struct keeper *k);
int keeper_poll(struct keeper *k, int fd);

/* worker.c: in the child; does not return. */
void worker_main(struct keeper *k) __attribute__((noreturn));

/* sandbox.c: gives up all that the worker does not need. 0 or -errno */
int sandbox_enter(const char *user, bool without_filter);

/* listen.c: a socket of mode 0600; a stale one is replaced. fd or -errno */
int listen_at(const char *path);

/* log.c: to stderr in the foreground, to syslog else, or to the keeper */
void log_init(bool to_syslog);
/* From now on by notes on the ask line. */
void log_to_keeper(int line);
void log_line(bool is_warning, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* hv_xen.c */
int hv_xen_open(struct keeper *k);
extern const struct hv hv_xen;
/* hv_fake.c: guests that are processes, through a socket at `path`. */
int hv_fake_open(struct keeper *k, const char *path);
extern const struct hv hv_fake;

#endif
