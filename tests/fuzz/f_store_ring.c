/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring page in a hostile guest's hands: between two turns of the store
 * it may write any byte of the page. The first byte of a step says what:
 * an even one puts a request's bytes in properly, an odd one writes where it
 * likes; the audit is the oracle.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"
#include "state.h"

#define STEPS_MAX 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct xenstore_domain_interface *page, const uint8_t *bytes,
	size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		page->req[MASK_XENSTORE_IDX(page->req_prod++)] = (char)bytes[i];
}

static void scribble(struct xenstore_domain_interface *page,
	const uint8_t *bytes, size_t len)
{
	size_t at = bytes[0] & 1 ? 2048u + bytes[1] % 28u : bytes[1] * 8u;

	if (at + len - 2 <= sizeof(*page))
		memcpy((char *)page + at, bytes + 2, len - 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t seed[2] = { 5, 6 };
	struct xenstore_domain_interface page = { 0 };
	static struct slot slot;
	struct ring ring = { &page, &slot, NULL, NULL };
	struct store *s = store_new(NULL, seed);
	struct conn *c = s ? conn_new(s, 5, true, NULL) : NULL;
	const char *wrong;
	bool moved;
	size_t len;
	int steps = 0;

	if (!c)
		abort();
	store_introduce(s, 5);
	memset(&slot, 0, sizeof(slot));
	if (conn_attach(c, &slot.in, NULL))
		abort();
	ring_open(&ring, c);
	while (size > 4 && steps++ < STEPS_MAX) {
		len = data[1];
		if (len > size - 2)
			len = size - 2;
		if (!(data[0] & 1))
			put(&page, data + 2, len);
		else if (len > 2)
			scribble(&page, data + 2, len);
		data += 2 + len;
		size -= 2 + len;
		ring_reconnect(&ring, c);
		if (ring_pump(&ring, c, 4, &moved))
			conn_reset(c);
		ring_flush(&ring, c, &moved);
		wrong = store_audit(s);
		if (wrong) {
			fprintf(stderr, "audit: %s\n", wrong);
			abort();
		}
	}
	store_free(s);
	return 0;
}
