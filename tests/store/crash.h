/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of the crash test: one that uses the store, knows what it must be answered,
 * and ends the test when it is not.
 */
#ifndef TESTS_STORE_CRASH_H
#define TESTS_STORE_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/io/xs_wire.h>

#define KEYS	 12
#define DEPTH	 12 /* requests in flight */
#define PACKET	 (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)
#define OUT_ROOM (16 * PACKET)

struct value {
	bool is_there;
	size_t len;
	char bytes[2000];
	uint64_t changed; /* when its last change was asked for */
	uint64_t seen;	  /* when its last event came */
};

enum answer_kind {
	EXACT,	 /* these bytes, of this type */
	TXN_ID,	 /* a number: the transaction's */
	COUNTER, /* the counter's value */
	EITHER,	 /* OK, or EAGAIN: the end of a transaction */
};

struct expected {
	enum answer_kind kind;
	uint32_t type, req_id, tx_id;
	size_t len;
	char bytes[4096];
};

struct peer {
	int index;
	bool is_guest, is_watching, is_done;
	int fd; /* socket, or the guest's line */
	/* A guest's. */
	int to_store, from_store;
	struct xenstore_domain_interface *page;

	char out[OUT_ROOM];
	size_t out_start, out_end;
	char in[PACKET];
	size_t in_len;

	struct expected expected[DEPTH];
	unsigned int first, count;
	uint32_t next_req;

	struct value value[KEYS];
	/* The transaction, which is not pipelined: its steps. */
	int txn_step;
	uint32_t txn;
	long txn_value;
};

/* What all of them have come to. */
struct crash_sums {
	uint64_t now; /* counts messages, sent and received */
	long counter, conflicts, answers, events;
	bool is_ending; /* nothing new is begun */
	unsigned int seed;
};

extern struct crash_sums crash_sums;

/* Says why, ends the daemon and the test. In crash.c. */
void crash_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
/* A number below `sides`. */
unsigned int crash_roll(unsigned int sides);

/* The path of one of its keys, as it asks for it; its length. */
size_t peer_key_path(const struct peer *p, unsigned int key, char *out);
/* Puts a request into its output, to be answered with OK. */
struct expected *peer_ask(struct peer *p, uint32_t type, uint32_t tx,
	const void *payload, size_t len);
/* Does what it does next, with less in flight than it may have. */
void peer_act(struct peer *p);
/* Sends some of its output. */
void peer_push(struct peer *p);
/* Takes and checks what has come; whether something has. */
bool peer_take(struct peer *p);

#endif
