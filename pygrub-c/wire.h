/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages between the broker and its jails: a head of fixed size, a payload of
 * bounded length, and at times a descriptor. One side asks, the other answers
 * in turn; both take the other for hostile. The socket is a stream socket of
 * this machine.
 */
#ifndef PYGRUB_WIRE_H
#define PYGRUB_WIRE_H

#include <stddef.h>
#include <stdint.h>

struct why;

/* Bytes of a payload: the largest is a menu (boot.h). */
#define WIRE_PAYLOAD_MAX (8U << 20)
/* Bytes of a file that one answer carries. */
#define WIRE_CHUNK_MAX (1U << 20)

enum wire_op {
	/* To the broker, of the parser's jail. */
	WIRE_DISK,   /* a: offset, b: bytes; answer: the bytes */
	WIRE_VOLUME, /* a: start, b: bytes, payload: device; answer a: number;
			to libext2fs's driver first: a, b; no answer */
	WIRE_GROUPS, /* finds LVM and mdraid; answer: names, each with a NUL */
	WIRE_SEARCH, /* a: SOURCE_UUID or _LABEL, payload: value; answer a */
	WIRE_MENU,   /* payload: boot_write's; no answer */
	/* To the broker with a: the volume; to a driver without. */
	WIRE_STAT, /* payload: path; answer a: source_type, b: size */
	WIRE_READ, /* b: offset, c: bytes, payload: path; answer: the bytes */
	WIRE_LIST, /* payload: path; answer: names, each with a NUL */
	/* To a driver. */
	WIRE_COPY,  /* b: offset, c: bytes (0: all), payload: path, descriptor;
		       answer b: bytes written */
	WIRE_PROBE, /* a: start, b: bytes; answer: type, UUID, label with NULs
		     */
	/* From any jail in the place of an answer. */
	WIRE_ANSWER, /* status; a failure's payload says why */
	/* From the menu's jail. */
	WIRE_CHOICE, /* a: entry; payload: a menu with an edited entry, or none
		      */
};

struct wire_message {
	uint32_t op;
	int32_t status; /* of an answer: 0 or a negative errno */
	uint64_t a, b, c;
	uint32_t length; /* of the payload */
	uint32_t zero;
};

/*
 * Sends message and payload (message->length bytes), and a descriptor unless it
 * is -1. 0 or a negative errno; -EPIPE when the other side is gone.
 */
int wire_send(int sock, const struct wire_message *message, const void *payload,
	int descriptor);
/*
 * Waits for a message at most `timeout_ms` (-1: for ever). The caller frees
 * *payload, which has a NUL behind it that is not counted. A descriptor goes to
 * *descriptor (-1: none came); where that is NULL, one that comes is closed.
 * -EPIPE: the other side is gone; -ETIME; -EPROTO: nonsense; -ENOMEM.
 */
int wire_receive(int sock, struct wire_message *message, char **payload,
	int *descriptor, int timeout_ms);

/*
 * Sends a question and waits for its answer, which takes the question's place
 * in *message, also when it is a failure: its text goes to why.
 */
int wire_ask(int sock, struct wire_message *message, const void *payload,
	int descriptor, char **answer, int timeout_ms, struct why *why);
/* An answer: the message's op and status are set here. */
int wire_answer(int sock, struct wire_message *message, int status,
	const void *payload, size_t length);
/* A failure with its reason. */
int wire_fail(int sock, int status, const struct why *why);

#endif
