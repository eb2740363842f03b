/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A chained hash table whose links live inside the objects that it holds.
 *
 * The table owns no object. Keys are 64-bit values of hash_bytes(); what two
 * objects with one key have in common is for the caller to compare.
 */
#ifndef XENSTORED_HASH_H
#define XENSTORED_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_link {
	struct hash_link *next;
	uint64_t key;
};

/* All zero is an empty table. */
struct hash {
	struct hash_link **slots;
	size_t slot_count; /* 0 or a power of two */
	size_t count;
};

/* The object that holds `link` as `member`. */
#define hash_entry(link, type, member) \
	((type *)(void *)((char *)(link)-offsetof(type, member)))

/*
 * A keyed hash (SipHash-1-3), so that a guest which chooses names cannot
 * choose collisions. `seed` is 16 secret bytes.
 */
uint64_t hash_bytes(const uint64_t seed[2], const void *data, size_t len);

/* Makes the next hash_insert() possible; -ENOMEM when it cannot. */
int hash_reserve(struct hash *h);
/* Adds a link that is in no table; hash_reserve() went before. */
void hash_insert(struct hash *h, struct hash_link *link, uint64_t key);
/* Takes out a link that is in the table. */
void hash_remove(struct hash *h, struct hash_link *link);
/* The links of one key, one after the other; NULL at the end. */
struct hash_link *hash_first(const struct hash *h, uint64_t key);
struct hash_link *hash_next(const struct hash_link *link);
/* Frees the slots; the objects stay with their owners. */
void hash_free(struct hash *h);

#endif
