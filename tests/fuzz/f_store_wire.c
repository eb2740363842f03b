/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store under hostile clients: domain 0 and two guests send what the
 * input says, read or do not read, reconnect and die; the audit is the
 * oracle, after every step.
 *
 * A step is two bytes, who and what, and its arguments:
 *   0..3 a request: type, transaction, length, payload
 *   4    bytes as they are: length, bytes
 *   5    reads all its output       6  resets its connection
 *   7    the domain ends, and another of its id is introduced
 *   8    time passes: 8 ms for each of a byte
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define STEPS_MAX 200

struct input {
	const uint8_t *at;
	size_t left;
};

static const uint16_t domids[3] = { 0, 5, 6 };
static struct conn *conns[3];
static uint64_t now;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t next(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static void drain(struct conn *c)
{
	struct iovec iov[4];
	size_t bytes;
	int i, n;

	while ((n = conn_output(c, iov, 4))) {
		for (i = 0, bytes = 0; i < n; i++)
			bytes += iov[i].iov_len;
		conn_sent(c, bytes > 3 ? bytes - 3 : bytes);
	}
}

static void feed(struct conn *c, const void *bytes, size_t len)
{
	size_t room;
	void *space;

	if (!conn_wants_input(c))
		return;
	space = conn_space(c, &room);
	if (len > room)
		len = room;
	memcpy(space, bytes, len);
	conn_fill(c, len);
	if (conn_process(c, 4) < 0)
		conn_reset(c);
}

static void request(struct conn *c, struct input *in)
{
	char packet[sizeof(struct wire_header) + 255];
	struct wire_header hdr = { 0 };
	size_t len;

	hdr.type = next(in) % 28;
	hdr.tx_id = next(in) % 8;
	len = next(in);
	if (len > in->left)
		len = in->left;
	hdr.len = (uint32_t)len;
	memcpy(packet, &hdr, sizeof(hdr));
	memcpy(packet + sizeof(hdr), in->at, len);
	in->at += len;
	in->left -= len;
	feed(c, packet, sizeof(hdr) + len);
}

static void connect_guest(struct store *s, int who)
{
	conns[who] = conn_new(s, domids[who], who > 0, NULL);
	store_introduce(s, domids[who]);
}

static void step(struct store *s, struct input *in)
{
	int who = next(in) % 3, what = next(in) % 9;
	size_t len;

	if (!conns[who] && what != 7)
		return;
	switch (what) {
	case 4:
		len = next(in);
		if (len > in->left)
			len = in->left;
		feed(conns[who], in->at, len);
		in->at += len;
		in->left -= len;
		break;
	case 5:
		drain(conns[who]);
		break;
	case 6:
		conn_reset(conns[who]);
		break;
	case 7:
		if (!who)
			break;
		store_domain_gone(s, domids[who]);
		if (conns[who])
			conn_free(conns[who]);
		connect_guest(s, who);
		break;
	case 8:
		now += 8000000u * (uint64_t)next(in);
		store_set_time(s, now);
		break;
	default:
		request(conns[who], in);
	}
}

/* The host's side of RELEASE: the guest's ring is no more. */
static void release(void *ctx, uint16_t domid)
{
	int who;

	(void)ctx;
	for (who = 1; who < 3; who++) {
		if (domids[who] != domid || !conns[who])
			continue;
		conn_free(conns[who]);
		conns[who] = NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t seed[2] = { 3, 4 };
	struct store *s;
	struct store_host host = { .release = release };
	struct input in = { data, size };
	const char *wrong;
	int who, steps = 0;

	s = store_new(&host, seed);
	if (!s)
		return 0;
	now = 1;
	store_quota(s, QUOTA_NODES)->value = 12;
	store_quota(s, QUOTA_WATCHES)->value = 4;
	store_quota(s, QUOTA_TRANSACTIONS)->value = 3;
	store_quota(s, QUOTA_MEMORY_HARD)->value = 4000;
	for (who = 0; who < 3; who++)
		connect_guest(s, who);
	store_write(s, "/local/domain/5/x", "1", 1);
	while (in.left && steps++ < STEPS_MAX) {
		step(s, &in);
		wrong = store_audit(s);
		if (wrong) {
			fprintf(stderr, "audit: %s\n", wrong);
			abort();
		}
	}
	store_free(s);
	return 0;
}
