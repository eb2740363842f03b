/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeper and worker say to each other: packets of one size over
 * SOCK_SEQPACKET sockets, some with descriptors.
 *
 *   worker ── ask line ──► keeper      questions (answered at once, on the
 *          ◄──────────────             same line) and notes (never answered)
 *   keeper ── news line ─► worker      what has happened
 *
 * The keeper checks what it is told: the worker may be in a guest's hands.
 */
#ifndef XENSTORED_POST_H
#define XENSTORED_POST_H

#include <stdint.h>

#define POST_FDS_MAX  3
#define POST_TEXT_MAX 512

enum post_kind {
	/* Questions. */
	ASK_DOMAIN, /* domid: result, flags (POST_*) */
	ASK_RING,   /* domid, gfn, port; slot or POST_NO_SLOT: a ring */
	ASK_LOG,    /* one descriptor: the access log, another when full */
	/* Notes. */
	NOTE_CLOSED,  /* slot, id: its connection is at an end */
	NOTE_LOG,     /* flags (1: a warning), text */
	NOTE_READY,   /* serves from now on */
	NOTE_UPGRADE, /* text: the program to go on as; empty: the same */
	/* News. */
	NEWS_CONN,    /* slot, id, one descriptor: a client */
	NEWS_DOMAINS, /* some domain has changed: look */
	NEWS_LOG,     /* the access log may be another file: ask */
	NEWS_END,     /* end now */
};

#define POST_NO_SLOT UINT32_MAX
/* A domain is shut down. */
#define POST_SHUTDOWN 1u

/* How the page of a ring is mapped from the first descriptor. */
enum ring_kind {
	RING_SHARED, /* mmap at `index`; then, if there are, two eventfds */
	RING_FRAME,  /* by privcmd's call, frame `gfn` of `domid` */
};

struct post {
	uint32_t kind;
	int32_t result; /* 0 or a negative errno */
	uint32_t slot, id;
	uint16_t domid, ring_kind;
	uint32_t port;	/* the guest's */
	uint32_t local; /* ours, 0: eventfds */
	uint32_t flags;
	int64_t gfn;
	uint64_t index;
	char text[POST_TEXT_MAX];
};

/*
 * Sends with `count` descriptors. 0 or a negative errno; with `no_wait`,
 * -EAGAIN when the line is full.
 */
int post_send(
	int line, const struct post *p, const int *fds, int count, int no_wait);
/*
 * Receives; `fds` (POST_FDS_MAX of them, -1 where none came) are then the
 * caller's. -EPIPE: the other end is gone; -EAGAIN, with `no_wait`.
 */
int post_receive(int line, struct post *p, int *fds, int no_wait);
void post_close(int *fds);

#endif
