/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal's form. */
#include "journal.h"

#include <errno.h>
#include <string.h>

#include "stream.h"

#define MAGIC  0x316c6e6a746e6574ull /* "tentjnl1" */
#define FORMAT 1

struct head {
	uint64_t magic;
	uint32_t version, pad;
	uint64_t generation;
	uint64_t stream_len, stream_check;
	char boot[JOURNAL_BOOT_LEN];
	uint64_t check;
};

struct unit {
	uint64_t check;
	uint32_t len, number; /* of the records' bytes, a multiple of 8 */
};

_Static_assert(sizeof(struct unit) == 16, "journal_is_open() knows it");
_Static_assert(sizeof(struct head) % 8 == 0, "records are aligned");

/*
 * A multiplicative hash of 8 bytes at a time: it finds old pages and torn
 * ones, not forgers.
 */
static uint64_t sum_begin(uint64_t seed)
{
	return seed ^ 0x9e3779b97f4a7c15ull;
}

static inline uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0xff51afd7ed558ccdull;
	return h ^ h >> 32;
}

static uint64_t sum_more(uint64_t h, const void *bytes, size_t len)
{
	const char *at = bytes, *end = at + len;
	uint64_t words[2];

	for (; end - at >= 16; at += 16) {
		memcpy(words, at, 16);
		h = mix(mix(h, words[0]), words[1]);
	}
	if (at < end) {
		memcpy(words, at, 8);
		h = mix(h, words[0]);
	}
	return h;
}

static uint64_t sum_end(uint64_t h)
{
	h *= 0xc4ceb9fe1a85ec53ull;
	return h ^ h >> 29;
}

static uint64_t sum(uint64_t seed, const void *bytes, size_t len)
{
	return sum_end(sum_more(sum_begin(seed), bytes, len));
}

static uint64_t unit_sum(
	const struct journal *j, const struct unit *u, const void *records)
{
	uint64_t seed = j->generation * 0xff51afd7ed558ccdull ^ u->number;

	return sum(seed ^ (uint64_t)u->len << 32, records, u->len);
}

static uint64_t head_sum(const struct head *h)
{
	return sum(h->generation, h, offsetof(struct head, check));
}

static bool grow(struct sink *k, size_t need)
{
	struct journal *j = (struct journal *)(void *)k;
	size_t at = (size_t)(k->at - j->base);

	if (!j->more || !j->more(j, need))
		return false;
	k->at = j->base + at;
	k->end = j->base + j->size;
	return (size_t)(k->end - k->at) >= need;
}

static void init(struct journal *j, void *base, size_t size,
	bool (*more)(struct journal *j, size_t need))
{
	int which = j->which;

	memset(j, 0, sizeof(*j));
	j->which = which;
	j->base = base;
	j->size = size;
	j->more = more;
	j->sink.at = base;
	j->sink.end = j->base + size;
	j->sink.grow = grow;
}

static void open_unit(struct journal *j)
{
	j->unit = (size_t)(j->sink.at - j->base);
	sink_take(&j->sink, sizeof(struct unit));
}

void journal_begin(struct journal *j, void *base, size_t size,
	uint64_t generation, bool (*more)(struct journal *j, size_t need))
{
	char *head;

	init(j, base, size, more);
	j->generation = generation;
	j->summed = sizeof(struct head);
	j->sum = sum_begin(generation);
	head = sink_take(&j->sink, sizeof(struct head));
	if (head)
		memset(head, 0, sizeof(struct head));
}

void journal_sum(struct journal *j)
{
	size_t end = (size_t)(j->sink.at - j->base);

	if (j->sink.has_failed)
		return;
	j->sum = sum_more(j->sum, j->base + j->summed, end - j->summed);
	j->summed = end;
}

int journal_stream_end(struct journal *j)
{
	journal_sum(j);
	j->stream_len = (size_t)(j->sink.at - j->base) - sizeof(struct head);
	j->number = 1;
	open_unit(j);
	return j->sink.has_failed ? -ENOSPC : 0;
}

bool journal_adopt(
	struct journal *j, const struct journal *from, size_t *at, size_t most)
{
	size_t end = *at + most < from->unit ? *at + most : from->unit;
	struct unit u;
	char *to;

	while (*at < end && !j->sink.has_failed) {
		memcpy(&u, from->base + *at, sizeof(u));
		*at += sizeof(u);
		to = sink_take(&j->sink, u.len);
		if (to)
			memcpy(to, from->base + *at, u.len);
		*at += u.len;
		journal_commit(j);
	}
	return *at >= from->unit;
}

int journal_seal(struct journal *j, const char *boot)
{
	struct head h = { MAGIC, FORMAT, 0, j->generation, 0, 0, "", 0 };

	if (j->sink.has_failed)
		return -ENOSPC;
	h.stream_len = j->stream_len;
	h.stream_check = sum_end(j->sum);
	strncpy(h.boot, boot, sizeof(h.boot) - 1);
	h.check = head_sum(&h);
	memcpy(j->base, &h, sizeof(h));
	return 0;
}

int journal_commit(struct journal *j)
{
	char *at = j->base + j->unit;
	struct unit u = { .number = j->number };

	if (j->sink.has_failed)
		return -ENOSPC;
	u.len = (uint32_t)(j->sink.at - at - (ptrdiff_t)sizeof(u));
	if (!u.len)
		return 0;
	u.check = unit_sum(j, &u, at + sizeof(u));
	memcpy(at + sizeof(u.check), &u.len, sizeof(u) - sizeof(u.check));
	__atomic_store_n((uint64_t *)(void *)at, u.check, __ATOMIC_RELEASE);
	j->number++;
	open_unit(j);
	return 0;
}

size_t journal_weight(const struct journal *j)
{
	return j->unit - sizeof(struct head) - j->stream_len;
}

static bool is_sound(const struct head *h, size_t size)
{
	return h->magic == MAGIC && h->version == FORMAT && h->generation &&
	       h->check == head_sum(h) && h->stream_len <= size - sizeof(*h) &&
	       h->stream_len % 8 == 0;
}

uint64_t journal_probe(const void *base, size_t size, const char *boot)
{
	struct head h;

	if (size < sizeof(h))
		return 0;
	memcpy(&h, base, sizeof(h));
	if (!is_sound(&h, size))
		return 0;
	return boot && strncmp(h.boot, boot, sizeof(h.boot) - 1) ? 0
								 : h.generation;
}

/* The unit that begins at the sink's place, if there is a whole one. */
static bool next_unit(const struct journal *j, struct unit *u)
{
	size_t left = (size_t)(j->sink.end - j->sink.at);

	if (left < sizeof(*u))
		return false;
	memcpy(u, j->sink.at, sizeof(*u));
	return u->len && u->len % 8 == 0 && u->len <= left - sizeof(*u) &&
	       u->number == j->number &&
	       u->check == unit_sum(j, u, j->sink.at + sizeof(*u));
}

int journal_replay(struct journal *j, struct store *s, void *base, size_t size,
	bool (*more)(struct journal *j, size_t need), uint32_t *units)
{
	struct head h;
	struct unit u;
	int64_t used;
	int rc;

	if (!journal_probe(base, size, NULL))
		return -EINVAL;
	memcpy(&h, base, sizeof(h));
	if (h.stream_check !=
		sum(h.generation, (char *)base + sizeof(h), h.stream_len))
		return -EBADMSG;
	init(j, base, size, more);
	j->generation = h.generation;
	j->stream_len = (size_t)h.stream_len;
	j->number = 1;
	used = stream_load(s, j->base + sizeof(h), j->stream_len);
	if (used < 0)
		return (int)used;
	j->sink.at = j->base + sizeof(h) + j->stream_len;
	while (next_unit(j, &u)) {
		rc = stream_apply(s, j->sink.at + sizeof(u), u.len);
		if (rc)
			return rc;
		j->sink.at += sizeof(u) + u.len;
		j->number++;
	}
	*units = j->number - 1;
	open_unit(j);
	return 0;
}
