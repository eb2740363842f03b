/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of nodes: persistent, so that a reference to a root is a snapshot.
 *
 * A node is counted, and may be changed in place only while nothing but the
 * path from one root leads to it; every edit copies what is shared on its
 * way down. Taking a snapshot is thus one tree_get(), and an edit of a tree
 * nobody has a snapshot of copies nothing.
 *
 *        root ── kids ──► b            the children of a node are a weight-
 *                       ┌─┴─┐          balanced search tree through left and
 *                       a   d ── kids  right; each has its own kids
 *
 * Children stand in the order of tree_name_cmp(). `count` and `bytes` sum up
 * a sibling subtree, so that a child is found by its offset in the reply of
 * DIRECTORY in logarithmic time. Every walk over what a guest has built is a
 * loop; only the sibling tree, at most TREE_BALANCE_MAX deep, is recursed in.
 */
#ifndef XENSTORED_TREE_H
#define XENSTORED_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perm.h"

/* The depth of a weight-balanced tree (3, 2) of 2^26 nodes, and some. */
#define TREE_BALANCE_MAX 80

/* Immutable bytes, counted. */
struct blob {
	uint32_t refs;
	uint32_t len;
	char bytes[];
};

struct blob *blob_new(const void *bytes, size_t len);
struct blob *blob_get(struct blob *blob);
void blob_put(struct blob *blob);
bool blob_equal(const struct blob *a, const struct blob *b);

struct node {
	uint32_t refs;
	uint32_t count; /* siblings in this subtree, this one included */
	uint64_t bytes; /* of their names, each with its NUL */
	struct node *left, *right;
	struct node *kids;
	struct blob *name;
	struct blob *value; /* NULL is empty */
	struct perm_list *perms;
	union {
		uint64_t stamp;	   /* when the set of children changed last */
		struct node *next; /* while it waits to be freed */
	};
};

static inline const char *node_name(const struct node *n)
{
	return n->name->bytes;
}

static inline size_t node_name_len(const struct node *n)
{
	return n->name->len;
}

static inline const char *node_value(const struct node *n)
{
	return n->value ? n->value->bytes : "";
}

static inline size_t node_value_len(const struct node *n)
{
	return n->value ? n->value->len : 0;
}

/* What edits draw on: stamps, and nodes kept back so that none can fail. */
struct tree {
	uint64_t stamp;
	struct node *spare;
	size_t spare_count;
};

/* A node outside of any tree, owning the references given to it. */
struct node *tree_node_new(struct tree *t, struct blob *name,
	struct blob *value, struct perm_list *perms);
struct node *tree_get(struct node *n);
/* Drops a reference; frees all that nothing else refers to. */
void tree_put(struct tree *t, struct node *n);
/* Gives back the spare nodes. */
void tree_fini(struct tree *t);

/* Digits before all else and by their number, the rest by its bytes. */
int tree_name_cmp(const char *a, size_t a_len, const char *b, size_t b_len);

/* The node at an absolute path, borrowed; NULL when there is none. */
struct node *tree_find(struct node *root, const char *path, size_t len);
/* The deepest node on the way to `path`, and the path's length to there. */
struct node *tree_find_nearest(
	struct node *root, const char *path, size_t len, size_t *found_len);
/* One child by name. */
struct node *tree_child(const struct node *n, const char *name, size_t len);

/*
 * Makes the node at `path` this root's own and gives it out to be changed.
 * -ENOENT: no such node; -ENOMEM. Nothing visible changes in either case.
 */
int tree_edit(struct tree *t, struct node **root, const char *path, size_t len,
	struct node **out);
/*
 * Hangs `child` (a new node with what is under it) below `path`, consuming
 * its reference. -ENOENT, -EEXIST, -ENOMEM: nothing is changed or consumed.
 */
int tree_attach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node *child);
/*
 * Takes the node at `path` (not the root) out of the tree; the reference to
 * it, with all that was under it, passes to the caller. -ENOENT, -ENOMEM.
 */
int tree_detach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node **out);

/* The children of a node in order. */
struct kid_iter {
	const struct node *stack[TREE_BALANCE_MAX];
	size_t depth;
};
void kid_iter_init(struct kid_iter *it, const struct node *parent);
/* Begins at the child whose name covers byte `offset` of the list. */
void kid_iter_seek(struct kid_iter *it, const struct node *parent,
	uint64_t offset, uint64_t *skip);
const struct node *kid_iter_next(struct kid_iter *it);

/* The bytes of the list of children: DIRECTORY's reply. */
uint64_t tree_list_bytes(const struct node *parent);
/* Whether two nodes have children of the same names. */
bool tree_same_names(const struct node *a, const struct node *b);

/*
 * All nodes of a subtree, parents first, without recursion. `path` (when not
 * NULL) of PATH_MAX_LEN + 1 bytes holds the node's path during the call;
 * it begins with the given one. Ends early when `visit` returns non-zero.
 */
int tree_walk(const struct node *top, char *path, size_t len,
	int (*visit)(
		void *ctx, const struct node *n, const char *path, size_t len),
	void *ctx);

/*
 * Checks order, balance and sums of all under `root`; NULL, or what is
 * wrong. Its cost is the size of the tree.
 */
const char *tree_audit(const struct node *root);

#endif
