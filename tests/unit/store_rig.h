/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store without a transport, for tests: requests as calls, answers as
 * values, events as a queue, and the audit after every request.
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <public/io/xs_wire.h>
#include "state.h"

struct answer {
	uint32_t type, req_id, tx_id, len;
	char data[WIRE_PAYLOAD_MAX + 1];
};

static const uint64_t rig_seed[2] = { 1, 2 };

static inline void rig_audit(struct store *s)
{
	const char *wrong = store_audit(s);

	if (wrong)
		fail_msg("audit: %s", wrong);
}

/* The next message for the peer, if there is one. */
static inline bool rig_take(struct conn *c, struct answer *a)
{
	struct iovec iov;
	struct wire_header hdr;

	if (!conn_output(c, &iov, 1))
		return false;
	assert_true(iov.iov_len >= sizeof(hdr));
	memcpy(&hdr, iov.iov_base, sizeof(hdr));
	assert_int_equal(iov.iov_len, sizeof(hdr) + hdr.len);
	assert_true(hdr.len <= WIRE_PAYLOAD_MAX);
	a->type = hdr.type;
	a->req_id = hdr.req_id;
	a->tx_id = hdr.tx_id;
	a->len = hdr.len;
	memcpy(a->data, (char *)iov.iov_base + sizeof(hdr), hdr.len);
	a->data[hdr.len] = '\0';
	conn_sent(c, iov.iov_len);
	return true;
}

static inline void rig_put(struct conn *c, const void *bytes, size_t len)
{
	size_t room;
	void *space = conn_space(c, &room);

	assert_true(room >= len);
	memcpy(space, bytes, len);
	conn_fill(c, len);
}

/* Queues a request without serving it. */
static inline void rig_post(struct conn *c, uint32_t type, uint32_t tx,
	const void *payload, size_t len)
{
	struct wire_header hdr = { type, 7, tx, (uint32_t)len };

	rig_put(c, &hdr, sizeof(hdr));
	if (len)
		rig_put(c, payload, len);
}

/*
 * Asks and returns the answer: the text of the error, or the payload. Only
 * events that were waiting before are lost.
 */
static inline const char *rig_ask(struct conn *c, uint32_t type, uint32_t tx,
	const void *payload, size_t len, struct answer *a)
{
	static struct answer scratch;

	if (!a)
		a = &scratch;
	while (rig_take(c, a))
		;
	rig_post(c, type, tx, payload, len);
	assert_int_equal(conn_process(c, 64), 1);
	rig_audit(c->store);
	assert_true(rig_take(c, a));
	assert_int_equal(a->req_id, 7);
	assert_int_equal(a->tx_id, tx);
	assert_true(a->type == type || a->type == XS_ERROR);
	return a->data;
}

/* A literal with inner NULs, its own last NUL included. */
#define ASK(c, type, tx, text) rig_ask(c, type, tx, text, sizeof(text), NULL)
/* The same without the last NUL: WRITE's value. */
#define ASK_RAW(c, type, tx, text) \
	rig_ask(c, type, tx, text, sizeof(text) - 1, NULL)

#define OKAY(c, type, tx, text) \
	assert_string_equal(ASK(c, type, tx, text), "OK")
#define SAYS(c, type, tx, text, expected) \
	assert_string_equal(ASK(c, type, tx, text), expected)
#define PUTS(c, tx, text) \
	assert_string_equal(ASK_RAW(c, XS_WRITE, tx, text), "OK")

static inline uint32_t rig_begin(struct conn *c)
{
	return (uint32_t)strtoul(ASK(c, XS_TRANSACTION_START, 0, ""), NULL, 10);
}

/* The next event is this one. */
static inline void rig_event(
	struct conn *c, const char *path, const char *token)
{
	struct answer a;

	assert_true(rig_take(c, &a));
	assert_int_equal(a.type, XS_WATCH_EVENT);
	assert_string_equal(a.data, path);
	assert_string_equal(a.data + strlen(path) + 1, token);
	assert_int_equal(a.len, strlen(path) + strlen(token) + 2);
}

static inline void rig_no_event(struct conn *c)
{
	struct answer a;

	assert_false(rig_take(c, &a));
}

static inline struct store *rig_new(void)
{
	struct store *s = store_new(NULL, rig_seed);

	assert_non_null(s);
	return s;
}

/* A guest with its ring, its home made by domain 0 as tool stacks do. */
static inline struct conn *rig_guest(struct conn *dom0, uint16_t domid)
{
	char text[64];
	int len;

	len = snprintf(text, sizeof(text), "/local/domain/%u", domid);
	assert_string_equal(
		rig_ask(dom0, XS_MKDIR, 0, text, (size_t)len + 1, NULL), "OK");
	len += 1 + snprintf(text + len + 1, sizeof(text) - (size_t)len - 1,
			   "n%u", domid);
	assert_string_equal(
		rig_ask(dom0, XS_SET_PERMS, 0, text, (size_t)len + 1, NULL),
		"OK");
	len = snprintf(text, sizeof(text), "%u", domid) + 1;
	memcpy(text + len, "1\0002", 4);
	assert_string_equal(
		rig_ask(dom0, XS_INTRODUCE, 0, text, (size_t)len + 4, NULL),
		"OK");
	return conn_new(dom0->store, domid, true, NULL);
}

#endif
