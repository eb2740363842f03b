/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the tree: names as keys, and sibling trees, for tree.c. */
#ifndef XENSTORED_KIDS_H
#define XENSTORED_KIDS_H

#include <string.h>

#include "tree.h"

/* A name made ready to be compared: mostly two words tell. */
struct name_key {
	uint64_t word; /* the first bytes, the first one highest */
	const char *text;
	uint16_t len;
	uint16_t rank; /* a number's length, more than that for other names */
	uint16_t name_len; /* as in the node of this name */
};

#define RANK_OTHER 0xffffu

/* The bits of so many bytes of a word. */
static const uint64_t name_masks[9] = { 0, 0xffull << 56, 0xffffull << 48,
	0xffffffull << 40, 0xffffffffull << 32, 0xffffffffffull << 24,
	0xffffffffffffull << 16, 0xffffffffffffffull << 8, UINT64_MAX };

static inline uint64_t name_word(const char *text, size_t len)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return __builtin_bswap64(word) & name_masks[len < 8 ? len : 8];
}

/* The same of a name behind whose end nothing may be read. */
static inline uint64_t name_word_bounded(const char *text, size_t len)
{
	uint32_t low, high;
	uint64_t word;
	size_t i;

	if (len >= 8)
		return name_word(text, len);
	if (len >= 4) {
		memcpy(&low, text, sizeof(low));
		memcpy(&high, text + len - 4, sizeof(high));
		word = (uint64_t)__builtin_bswap32(high) << 32;
		return (uint64_t)__builtin_bswap32(low) << 32 |
		       word >> (8 * (len - 4));
	}
	word = 0;
	for (i = 0; i < len; i++)
		word |= (uint64_t)(unsigned char)text[i] << (56 - 8 * i);
	return word;
}

static inline bool name_is_number(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (unsigned char)(text[i] - '0') <= 9)
		i++;
	return i == len;
}

/* The bytes before the first '/', or all before `end`. */
static inline size_t name_span(const char *text, const char *end)
{
	const uint64_t ones = 0x0101010101010101;
	const char *at = text;
	uint64_t word;

	for (; end - at >= 8; at += 8) {
		memcpy(&word, at, sizeof(word));
		word ^= ones * '/'; /* its zero bytes are found at once */
		word = (word - ones) & ~word & (ones << 7);
		if (word)
			return (size_t)(at - text) +
			       (size_t)__builtin_ctzll(word) / 8;
	}
	while (at < end && *at != '/')
		at++;
	return (size_t)(at - text);
}

/* `text` is of 1 to PATH_MAX_LEN bytes, and may be read up to `end`. */
static inline void name_key_init(
	struct name_key *key, const char *text, size_t len, const char *end)
{
	bool is_number = name_is_number(text, len);

	key->word = end - text >= 8 ? name_word(text, len)
				    : name_word_bounded(text, len);
	key->text = text;
	key->len = (uint16_t)len;
	key->rank = is_number ? (uint16_t)len : RANK_OTHER;
	key->name_len = (uint16_t)(is_number ? len | NODE_IS_NUMBER : len);
}

/* The order of tree_name_cmp(). */
static inline int name_key_cmp(const struct name_key *key, const struct node *n)
{
	size_t len = node_name_len(n), least;
	uint16_t rank =
		n->name_len & NODE_IS_NUMBER ? (uint16_t)len : RANK_OTHER;
	uint64_t word;
	int c;

	word = name_word(n->text, len);
	if (key->word == word && key->name_len == n->name_len && len <= 8)
		return 0;
	if (key->rank != rank)
		return key->rank < rank ? -1 : 1;
	if (key->word != word)
		return key->word < word ? -1 : 1;
	least = key->len < len ? key->len : len;
	if (least > 8) {
		c = memcmp(key->text + 8, n->text + 8, least - 8);
		if (c)
			return c;
	}
	return (int)key->len - (int)len;
}

static inline struct node *node_at(uint32_t ref)
{
	return arena_at(ref);
}

/* A node of uninitialised content and its freeing, both accounted. */
struct node *kids_alloc(struct tree *t, size_t name_len, size_t value_len);
void kids_free(struct tree *t, struct node *n);

/* The part of its cost that its permissions are. */
int64_t kids_perms_cost(const struct node *n);

/* Makes the node in `slot` private to it. -ENOMEM: nothing changed. */
int kids_own(struct tree *t, uint32_t *slot);
/* Puts `n` in the place of what is in `slot`, with its links and perms. */
void kids_replace(struct tree *t, uint32_t *slot, struct node *n);

/* Whether nothing but the store's tree refers to its nodes. */
static inline bool kids_are_private(const struct tree *t)
{
	return !t->snapshots;
}

/* Adds a child whose name is not there; -ENOMEM: nothing changed. */
int kids_insert(struct tree *t, uint32_t *kids, struct node *child);
/* Takes out a child. -ENOENT, -ENOMEM: nothing changed. */
int kids_remove(struct tree *t, uint32_t *kids, const struct name_key *key,
	struct node **out);

/* What is wrong with one node among its siblings, or NULL. */
const char *kids_audit(const struct node *n);

#endif
