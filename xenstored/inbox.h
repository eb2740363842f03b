/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a connection has received and sent, in memory that outlives a killed
 * worker. The kernel itself counts, with recvmmsg() and sendmmsg(): the
 * message's length is written by the system call that moves the bytes, so
 * that no kill falls between the two.
 *
 *       call[0]                 call[1]              half[0]   half[1]
 *   ┌──────────────┐        ┌──────────────┐       ┌────────┬────────┐
 *   │origin, fill  │        │origin, fill  │       │ bytes  │        │
 *   │msg_len ◄─kernel       │msg_len       │       └────────┴────────┘
 *   └──────────────┘        └──────────────┘
 *           ▲ current
 *
 * A call is prepared in the slot that is not current, and becomes current by
 * one store. Bytes that are still needed are never overwritten before that
 * store: they stay where they are, or are copied to the other half. So at
 * any instant the current call says what was received:
 *
 *   byte number o of the stream is half[call.half][o - call.origin],
 *   the stream ends at origin + fill + msg_len.
 *
 * One thread writes; a reader comes after its death.
 */
#ifndef XENSTORED_INBOX_H
#define XENSTORED_INBOX_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "wire.h"

/* Two of the largest packets. */
#define INBOX_ROOM (2 * (sizeof(struct wire_header) + WIRE_PAYLOAD_MAX))

struct inbox_call {
	uint64_t origin;
	uint32_t fill, half;
	struct iovec iov;
	struct mmsghdr hdr;
};

/* All zero is an empty one. */
struct inbox {
	uint32_t current;
	struct inbox_call call[2];
	char half[2][INBOX_ROOM];
};

/*
 * Makes the header for receiving more, when bytes before `done` of the
 * stream will not be needed again, whatever happens; NULL without room.
 */
struct mmsghdr *inbox_prepare(struct inbox *b, uint64_t done);
/* The number of bytes ever received. */
uint64_t inbox_end(const struct inbox *b);
/* The byte numbered `at`, which was received and is still needed. */
char *inbox_byte(struct inbox *b, uint64_t at);

/* The same for what is sent; the bytes are elsewhere. */
struct outbox {
	uint32_t current;
	struct {
		uint64_t base;
		struct mmsghdr hdr;
	} call[2];
};

struct mmsghdr *outbox_prepare(struct outbox *b, struct iovec *iov, int count);
/* The number of bytes ever sent. */
uint64_t outbox_end(const struct outbox *b);

#endif
