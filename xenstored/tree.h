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

#include "arena.h"
#include "perm.h"

/* The depth of a weight-balanced tree (3, 2) of 2^26 nodes, and some. */
#define TREE_BALANCE_MAX 80

/*
 * A node: a place in the sibling tree of its parent, a name and a value.
 * Its references are the arena's. It is changed in place only while one
 * reference leads to it.
 */
struct node {
	uint32_t refs;
	uint32_t count; /* siblings in this subtree, this one included */
	uint32_t bytes; /* of their names, each with its NUL */
	union {
		uint32_t stamp; /* when the set of children changed last */
		uint32_t next;	/* while it waits to be freed */
	};
	uint32_t left, right;
	uint32_t kids;
	uint32_t perms;
	uint16_t name_len; /* NODE_IS_NUMBER besides */
	uint16_t value_len;
	char text[]; /* the name, then the value */
};

#define NODE_NAME_LEN  0x0fffu
#define NODE_IS_NUMBER 0x8000u

static inline const char *node_name(const struct node *n)
{
	return n->text;
}

static inline size_t node_name_len(const struct node *n)
{
	return n->name_len & NODE_NAME_LEN;
}

static inline const char *node_value(const struct node *n)
{
	return n->text + node_name_len(n);
}

static inline size_t node_value_len(const struct node *n)
{
	return n->value_len;
}

static inline struct perm_list *node_perms(const struct node *n)
{
	return arena_at(n->perms);
}

/* The number of children. */
static inline size_t node_kid_count(const struct node *n)
{
	return n->kids ? ((struct node *)arena_at(n->kids))->count : 0;
}

/* The bytes of a node as it is allocated. */
size_t node_bytes(size_t name_len, size_t value_len);

static inline size_t node_size(const struct node *n)
{
	return node_bytes(node_name_len(n), n->value_len);
}

/* The memory that it costs, with its permissions as if not shared. */
int64_t node_cost(const struct node *n);
/* What it would with such a name, value and permissions. */
int64_t node_cost_of(
	size_t name_len, size_t value_len, const struct perm_list *perms);

/* What edits draw on. */
struct tree {
	uint32_t stamp;
	size_t snapshots;   /* of the tree: what else refers to its nodes */
	int64_t live_bytes; /* the costs of its nodes, old versions too */
	uint64_t edits;	    /* by which a node with children has gone */
};

/*
 * The directory where something was found last, to begin there again. It has
 * children; what takes it out of its tree, or its last child, counts as an
 * edit, and then it may be gone.
 */
#define TREE_PLACE_MAX 96
struct tree_place {
	struct node
		*dir; /* NULL: none yet; it may be gone when `edits` moved */
	const struct node *root;
	uint64_t edits;
	size_t len;
	char path[TREE_PLACE_MAX];
};

/*
 * A node outside of any tree with one reference, and one of its own to
 * `perms`. NULL without memory.
 */
struct node *tree_node_new(struct tree *t, const char *name, size_t name_len,
	const void *value, size_t value_len, struct perm_list *perms);
/*
 * Another reference. Who keeps one to the root of a tree that is edited
 * meanwhile has a snapshot, and counts it in `snapshots`.
 */
struct node *tree_get(struct node *n);
/* Drops a reference; frees all that nothing else refers to. */
void tree_put(struct tree *t, struct node *n);

/* Digits before all else and by their number, the rest by its bytes. */
int tree_name_cmp(const char *a, size_t a_len, const char *b, size_t b_len);

/* The node at an absolute path, borrowed; NULL when there is none. */
struct node *tree_find(struct node *root, const char *path, size_t len);
/* The deepest node on the way to `path`, and the path's length to there. */
struct node *tree_find_nearest(
	struct node *root, const char *path, size_t len, size_t *found_len);
/* The same, from the place on when the path leads there; it is noted then. */
struct node *tree_find_from(struct tree_place *p, const struct tree *t,
	struct node *root, const char *path, size_t len, size_t *found_len);
/* The node at that path if it is the place's; else NULL. */
struct node *tree_place_dir(const struct tree_place *p, const struct tree *t,
	const struct node *root, const char *path, size_t len);
/* One child by name. */
struct node *tree_child(const struct node *n, const char *name, size_t len);

/*
 * Gives the node at `path` of this root another value.
 * -ENOENT: no such node; -ENOMEM. Nothing visible changes in either case.
 */
int tree_set_value(struct tree *t, struct node **root, const char *path,
	size_t len, const void *value, size_t value_len);
/*
 * The same in place, for a node of the one tree there is; false when there
 * are snapshots or the value does not fit, and nothing is changed.
 */
bool tree_poke_value(
	struct tree *t, struct node *n, const void *value, size_t value_len);
/* The same with permissions, of which it takes a reference of its own. */
int tree_set_perms(struct tree *t, struct node **root, const char *path,
	size_t len, struct perm_list *perms);
/*
 * Hangs `child` (a new node with what is under it), of a name that is not
 * there, below `parent`, which was found at `path`; consumes its reference.
 * -ENOENT, -ENOMEM: nothing is changed or consumed.
 */
int tree_attach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node *parent, struct node *child);
/*
 * Takes the node at `path` (not the root) out of the tree; the reference to
 * it, with all that was under it, passes to the caller. `parent` is the node
 * above it, or NULL: it is looked for. -ENOENT, -ENOMEM.
 */
int tree_detach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node *parent, struct node **out);

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
 * The same in steps: who goes on after the tree was edited has a snapshot.
 * What it took is freed by tree_walk_end(), after any step.
 */
struct tree_walk {
	struct tree_level *levels;
	size_t depth, room;
	const struct node *last; /* whose children come next; NULL: none */
	size_t last_len;
	char *path;
	bool has_begun;
};
void tree_walk_begin(
	struct tree_walk *w, const struct node *top, char *path, size_t len);
/* 1: `*out`, with its path's length; 0: that was all; -ENOMEM. */
int tree_walk_next(struct tree_walk *w, const struct node **out, size_t *len);
void tree_walk_end(struct tree_walk *w);

/*
 * Checks order, balance and sums of all under `root`; NULL, or what is
 * wrong. Its cost is the size of the tree.
 */
const char *tree_audit(const struct node *root);

#endif
