/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that is this process: a ring page in a memfd and two eventfds, given
 * to an xenstored that was started with --no-hypervisor --fake-guests=PATH.
 *
 * Calls return 0 or a negative errno. Nothing here checks what is put into
 * the ring: a hostile guest uses the same calls, or the page itself.
 */
#ifndef TESTS_STORE_FAKE_GUEST_H
#define TESTS_STORE_FAKE_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include <public/io/xs_wire.h>
#include <tenonctrl/xs.h>

struct fake_guest {
	uint32_t domid;
	int line; /* its end is the domain's death */
	int to_store, from_store;
	struct xenstore_domain_interface *page;
};

/* Comes to life, not yet known to the store. */
int fake_guest_boot(struct fake_guest *g, const char *path, uint32_t domid);
/* Has domain 0 make its home and introduce it. */
int fake_guest_introduce(struct fake_guest *g, struct xs *dom0);
void fake_guest_die(struct fake_guest *g);

void fake_guest_notify(struct fake_guest *g);
/* Until the store notifies; -ETIMEDOUT. */
int fake_guest_wait(struct fake_guest *g, int timeout_ms);
/* Bytes that fit into the request ring now, or wait in the response ring. */
uint32_t fake_guest_room(const struct fake_guest *g);
uint32_t fake_guest_waiting(const struct fake_guest *g);
/* Both move what fits or waits; the number of bytes. No notification. */
size_t fake_guest_put(struct fake_guest *g, const void *bytes, size_t len);
size_t fake_guest_take(struct fake_guest *g, void *bytes, size_t len);
/*
 * One request and its answer, events before it dropped. `answer` has room for
 * 4097 bytes. -EPROTO: the answer is not one; -ETIMEDOUT after `timeout_ms`
 * without a byte.
 */
int fake_guest_ask(struct fake_guest *g, uint32_t type, const void *payload,
	size_t len, char *answer, int timeout_ms);
/* Asks the store to begin anew with the ring, and waits until it has. */
int fake_guest_reconnect(struct fake_guest *g, int timeout_ms);

#endif
