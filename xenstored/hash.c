/* SPDX-License-Identifier: BSD-2-Clause */
/* Intrusive chained hash table and SipHash-1-3 (Aumasson, Bernstein 2012). */
#include "hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 16

static uint64_t rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

uint64_t hash_bytes(const uint64_t seed[2], const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575ULL,
		seed[1] ^ 0x646f72616e646f6dULL,
		seed[0] ^ 0x6c7967656e657261ULL,
		seed[1] ^ 0x7465646279746573ULL };
	uint64_t word, last = (uint64_t)len << 56;
	size_t i, tail = len & 7;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, p + i, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = 0;
	if (tail)
		memcpy(&word, p + i, tail);
	last |= word;
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct hash_link **slot_of(const struct hash *h, uint64_t key)
{
	return &h->slots[key & (h->slot_count - 1)];
}

int hash_reserve(struct hash *h)
{
	struct hash bigger = { 0 };
	struct hash_link *link, *next;
	size_t i;

	if (h->count < h->slot_count)
		return 0;
	bigger.slot_count = h->slot_count ? h->slot_count * 2 : SLOTS_MIN;
	bigger.slots = calloc(bigger.slot_count, sizeof(*bigger.slots));
	if (!bigger.slots)
		return h->slot_count ? 0 : -ENOMEM;
	for (i = 0; i < h->slot_count; i++) {
		for (link = h->slots[i]; link; link = next) {
			next = link->next;
			hash_insert(&bigger, link, link->key);
		}
	}
	free(h->slots);
	*h = bigger;
	return 0;
}

void hash_insert(struct hash *h, struct hash_link *link, uint64_t key)
{
	struct hash_link **slot = slot_of(h, key);

	link->key = key;
	link->next = *slot;
	*slot = link;
	h->count++;
}

void hash_remove(struct hash *h, struct hash_link *link)
{
	struct hash_link **at = slot_of(h, link->key);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	link->next = NULL;
	h->count--;
}

struct hash_link *hash_first(const struct hash *h, uint64_t key)
{
	struct hash_link *link;

	if (!h->slot_count)
		return NULL;
	for (link = *slot_of(h, key); link; link = link->next)
		if (link->key == key)
			return link;
	return NULL;
}

struct hash_link *hash_next(const struct hash_link *link)
{
	uint64_t key = link->key;
	struct hash_link *next;

	for (next = link->next; next; next = next->next)
		if (next->key == key)
			return next;
	return NULL;
}

void hash_free(struct hash *h)
{
	free(h->slots);
	memset(h, 0, sizeof(*h));
}
