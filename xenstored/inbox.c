/* SPDX-License-Identifier: BSD-2-Clause */
/* Crash-safe counting of what is received and sent. */
#include "inbox.h"

#include <string.h>

#define PACKET_MAX (sizeof(struct wire_header) + WIRE_PAYLOAD_MAX)

uint64_t inbox_end(const struct inbox *b)
{
	const struct inbox_call *c = &b->call[b->current & 1];

	return c->origin + c->fill + c->hdr.msg_len;
}

char *inbox_byte(struct inbox *b, uint64_t at)
{
	const struct inbox_call *c = &b->call[b->current & 1];

	return b->half[c->half & 1] + (at - c->origin);
}

struct mmsghdr *inbox_prepare(struct inbox *b, uint64_t done)
{
	uint32_t next = !(b->current & 1);
	const struct inbox_call *c = &b->call[!next];
	struct inbox_call *n = &b->call[next];
	size_t have = c->fill + c->hdr.msg_len;
	size_t start = (size_t)(done - c->origin), left = have - start;

	n->origin = done;
	n->fill = (uint32_t)left;
	n->half = 0;
	if (left && (!start || INBOX_ROOM - have >= PACKET_MAX)) {
		n->origin = c->origin;
		n->fill = (uint32_t)have;
		n->half = c->half;
	} else if (left) {
		n->half = !c->half;
		memcpy(b->half[n->half], b->half[!n->half] + start, left);
	}
	n->iov.iov_base = b->half[n->half] + n->fill;
	n->iov.iov_len = INBOX_ROOM - n->fill;
	memset(&n->hdr, 0, sizeof(n->hdr));
	n->hdr.msg_hdr.msg_iov = &n->iov;
	n->hdr.msg_hdr.msg_iovlen = 1;
	__atomic_store_n(&b->current, next, __ATOMIC_RELEASE);
	return n->iov.iov_len ? &n->hdr : NULL;
}

uint64_t outbox_end(const struct outbox *b)
{
	return b->call[b->current & 1].base +
	       b->call[b->current & 1].hdr.msg_len;
}

struct mmsghdr *outbox_prepare(struct outbox *b, struct iovec *iov, int count)
{
	uint32_t next = !(b->current & 1);
	struct mmsghdr *hdr = &b->call[next].hdr;

	b->call[next].base = outbox_end(b);
	memset(hdr, 0, sizeof(*hdr));
	hdr->msg_hdr.msg_iov = iov;
	hdr->msg_hdr.msg_iovlen = (size_t)count;
	__atomic_store_n(&b->current, next, __ATOMIC_RELEASE);
	return hdr;
}
