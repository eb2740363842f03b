/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load that a store is measured under: clients on its socket, each with
 * some requests in flight, in one process and one epoll loop.
 *
 * load.c moves bytes and keeps the time; what the clients ask for, and what
 * they expect as answers, is a struct kind (kinds.c).
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/io/xs_wire.h>

#define PAYLOAD_MAX 4096
#define PACKET_MAX  (sizeof(struct xsd_sockmsg) + PAYLOAD_MAX)
#define VALUE	    "sixteen bytes..."
#define VALUE_LEN   16

struct client {
	int fd;
	unsigned int number;
	unsigned int in_flight;
	/* Of the kind: where a client is in what it does over and over. */
	unsigned int step;
	uint32_t tx;
	uint64_t value;
	uint32_t random;
	bool is_idle; /* asks for nothing by itself */

	uint64_t sent_at; /* of the last request, ns */
	uint64_t done;	  /* operations in the measured time */
	uint64_t retries;

	char *out;
	size_t out_len, out_room;
	char part[PACKET_MAX]; /* the begin of an answer */
	size_t part_len;
};

struct load {
	const char *path;
	const struct kind *kind;
	unsigned int client_count, window;
	unsigned int ops;      /* in a transaction */
	unsigned int nodes;    /* in the store, or in a directory */
	unsigned int matching; /* watches on the node that is written */
	unsigned int others;   /* watches elsewhere */
	unsigned int idle;     /* connections that ask for nothing */
	double seconds;
	uint64_t count; /* operations to end after; 0: by time */

	struct client *clients;
	int epoll;
	bool is_measuring, is_over;
	uint64_t total;
	uint64_t deadline; /* ns */
};

struct kind {
	const char *name;
	/* Makes what the clients will use; NULL: the nodes of each client. */
	void (*setup)(struct load *l);
	/* Appends the client's next request. */
	void (*next)(struct load *l, struct client *c);
	/* An answer (or event) to it; `body` is followed by a NUL. */
	void (*answer)(struct load *l, struct client *c,
		const struct xsd_sockmsg *hdr, const char *body);
	/* Adds members to the report: `, "name": value`. May be NULL. */
	void (*report)(struct load *l);
};

/* Ends the program with a message. */
void load_die(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
/* The first of `count` connected clients. */
struct client *load_connect(const char *path, unsigned int count);
/* Appends a request; it is sent when the client is served next. */
void load_request(struct client *c, uint32_t type, uint32_t tx,
	const void *payload, size_t len);
/* Sends what is appended, and takes `count` answers; an error ends it all. */
void load_settle(struct client *c, unsigned int count);
/* Sends what is appended. */
void load_flush(struct client *c);
/* One operation is done, which took since c->sent_at. */
void load_done(struct load *l, struct client *c);

extern const struct kind *const load_kinds[]; /* ends with NULL */

#endif
