/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state read from bytes that anybody may have written: refused, or sound.
 * The first byte says what they are: odd a stream, even records alone, as
 * the units of a journal hold them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "stream.h"

#define SAVED_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void audit(struct store *s)
{
	const char *wrong = store_audit(s);

	if (wrong) {
		fprintf(stderr, "audit: %s\n", wrong);
		abort();
	}
}

/* What was accepted can be written, and read again. */
static void repeat(struct store *s)
{
	static const uint64_t seed[2] = { 7, 8 };
	static char saved[SAVED_MAX];
	struct sink k = { saved, saved + sizeof(saved), false, NULL };
	struct store *again = store_new(NULL, seed);

	if (!again)
		abort();
	stream_save(s, &k);
	if (!k.has_failed) {
		if (stream_load(again, saved, (size_t)(k.at - saved)) !=
			k.at - saved)
			abort();
		audit(again);
	}
	store_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t seed[2] = { 5, 6 };
	struct store *s = store_new(NULL, seed);
	int64_t rc;

	if (!s)
		abort();
	if (size && data[0] & 1)
		rc = stream_load(s, data + 1, size - 1);
	else
		rc = size ? stream_apply(s, data + 1, size - 1) : -1;
	if (rc >= 0) {
		audit(s);
		repeat(s);
	}
	store_free(s);
	return 0;
}
