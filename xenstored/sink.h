/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where records are written: bytes one after the other, with a way to more
 * room. A writer asks for room and fills it; when there is none, the sink
 * is marked as failed once, and its owner looks at the end.
 */
#ifndef XENSTORED_SINK_H
#define XENSTORED_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct sink {
	char *at, *end;
	bool has_failed;
	/* Makes room for `need` bytes at `at`, which may move; false: none. */
	bool (*grow)(struct sink *k, size_t need);
};

/* `len` bytes to be filled; NULL, and the sink has failed. */
static inline char *sink_take(struct sink *k, size_t len)
{
	char *at;

	if ((size_t)(k->end - k->at) < len &&
		(k->has_failed || !k->grow || !k->grow(k, len))) {
		k->has_failed = true;
		return NULL;
	}
	at = k->at;
	k->at += len;
	return at;
}

#endif
