/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways of a hostile guest. In each it keeps to its own page and its own
 * event channel: these are all that a guest has.
 */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_MS	  10000
#define ROUNDS_OF_SILENCE 100

static uint32_t draw(struct hostile *h)
{
	h->random ^= h->random << 13;
	h->random ^= h->random >> 17;
	h->random ^= h->random << 5;
	return h->random;
}

static void notify(struct hostile *h)
{
	fake_guest_notify(&h->guest);
	h->notifications++;
}

static int begin_anew(struct hostile *h)
{
	h->len = h->at = 0;
	h->reconnects++;
	return fake_guest_reconnect(&h->guest, PATIENCE_MS);
}

static void make_packet(struct hostile *h, uint32_t type, const char *payload)
{
	size_t path = strlen(payload);
	struct xsd_sockmsg hdr = { .type = type, .len = (uint32_t)path };

	if (type == XS_WATCH)
		hdr.len = (uint32_t)sprintf(h->packet + sizeof(hdr), "%s%cw%u",
				  payload, 0, h->round % 100) +
			  1;
	else if (type == XS_WRITE)
		hdr.len = (uint32_t)sprintf(h->packet + sizeof(hdr), "%s%c%u",
			payload, 0, h->round);
	memcpy(h->packet, &hdr, sizeof(hdr));
	h->len = sizeof(hdr) + hdr.len;
	h->at = 0;
}

/* Whole requests until the ring is full; the last one stays under way. */
static void fill(struct hostile *h, uint32_t type)
{
	do {
		if (h->at == h->len) {
			make_packet(h, type, "data");
			h->requests++;
		}
		h->at += fake_guest_put(
			&h->guest, h->packet + h->at, h->len - h->at);
		h->round++;
	} while (h->at == h->len);
}

static int flood(struct hostile *h)
{
	char drop[1024];

	fill(h, XS_WRITE);
	fake_guest_take(&h->guest, drop, sizeof(drop));
	notify(h);
	fake_guest_wait(&h->guest, 10);
	return 0;
}

static int storm(struct hostile *h)
{
	int i;

	for (i = 0; i < 64; i++)
		notify(h);
	return 0;
}

/* Watches what it writes, and takes nothing from the response ring. */
static int silence(struct hostile *h)
{
	fill(h, h->round % 2 ? XS_WRITE : XS_WATCH);
	notify(h);
	fake_guest_wait(&h->guest, 1);
	if (h->round % ROUNDS_OF_SILENCE)
		return 0;
	return begin_anew(h);
}

static int indices(struct hostile *h)
{
	struct xenstore_domain_interface *page = h->guest.page;

	switch (draw(h) % 4) {
	case 0:
		__atomic_store_n(&page->req_prod, draw(h), __ATOMIC_RELEASE);
		break;
	case 1:
		__atomic_store_n(&page->rsp_cons, draw(h), __ATOMIC_RELEASE);
		break;
	case 2:
		__atomic_store_n(&page->req_cons, draw(h), __ATOMIC_RELEASE);
		break;
	default:
		__atomic_store_n(&page->rsp_prod, draw(h), __ATOMIC_RELEASE);
	}
	notify(h);
	fake_guest_wait(&h->guest, 1);
	return begin_anew(h);
}

static int lengths(struct hostile *h)
{
	struct xsd_sockmsg hdr = { draw(h) % 30, 1, draw(h) % 3, draw(h) };

	if (draw(h) % 2)
		hdr.len %= 8192;
	fake_guest_put(&h->guest, &hdr, sizeof(hdr));
	notify(h);
	fake_guest_wait(&h->guest, 1);
	return begin_anew(h);
}

static int garbage(struct hostile *h)
{
	uint32_t bytes[16];
	size_t i;

	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		bytes[i] = draw(h) & 0xff00001f;
	fake_guest_put(&h->guest, bytes, sizeof(bytes));
	notify(h);
	return ++h->round % 8 ? 0 : begin_anew(h);
}

const struct hostile_mode hostile_modes[] = {
	{ "flood", "requests as fast as they are answered", flood },
	{ "storm", "notifications without anything to say", storm },
	{ "silence", "watches and writes, and reads nothing", silence },
	{ "indices", "ring indices that jump, then a reconnection", indices },
	{ "lengths", "headers that lie, then a reconnection", lengths },
	{ "garbage", "bytes of chance", garbage },
	{ NULL, NULL, NULL },
};
