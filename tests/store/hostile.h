/* SPDX-License-Identifier: BSD-2-Clause */
/* What a hostile guest does to its ring, a little at a time. */
#ifndef TESTS_STORE_HOSTILE_H
#define TESTS_STORE_HOSTILE_H

#include <stdint.h>

#include "fake_guest.h"

struct hostile {
	struct fake_guest guest;
	uint32_t random; /* any number but 0 */
	unsigned int round;
	uint64_t requests, notifications, reconnects;
	char packet[64]; /* that is under way, and how far */
	size_t len, at;
};

struct hostile_mode {
	const char *name, *about;
	/* 0, or -ETIMEDOUT when the store has not answered a reconnection. */
	int (*round)(struct hostile *h);
};

extern const struct hostile_mode hostile_modes[]; /* ends with no name */

#endif
