/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the store's client: a connection, and one request on it. */
#ifndef LIBCTRL_XS_CONN_H
#define LIBCTRL_XS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <public/io/xs_wire.h>

#define PAYLOAD_MAX XENSTORE_PAYLOAD_MAX

struct xs_event {
	struct xs_event *next;
	char *path, *token;
};

struct xs {
	int fd;
	bool is_socket;
	int broken; /* the error that broke the connection */
	uint32_t next_id;
	struct xs_event *first, **last;
	/* What has arrived of the packet that is being read. */
	struct xsd_sockmsg hdr;
	char payload[PAYLOAD_MAX + 1];
	size_t have;
	/* Requests that wait to be sent together, and their first error. */
	bool gathers;
	char *gathered;
	size_t gathered_size;
	int gather_error;
	/* Read ahead of what is asked for, while answers to those come. */
	char ahead[4096];
	size_t ahead_at, ahead_end;
	bool reads_ahead;
};

/*
 * One request of several pieces; the answer is in the payload, followed by a
 * NUL. The pieces are iov[1] and on: the first one is the header's.
 */
int xs_ask(struct xs *xs, uint32_t type, uint32_t tx, struct iovec *iov,
	int count);
struct iovec xs_piece(const void *bytes, size_t len);
/* A request of up to three strings, each with its NUL; NULL ends them. */
int xs_ask_strings(struct xs *xs, uint32_t type, uint32_t tx, const char *a,
	const char *b, const char *c);
/* The connection is of no use any more; returns `err`. */
int xs_give_up(struct xs *xs, int err);

#endif
