/* SPDX-License-Identifier: BSD-2-Clause */
/* The persistent tree: lookup, edit, attach, detach, walk. */
#include "kids.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct blob *blob_new(const void *bytes, size_t len)
{
	struct blob *b = malloc(sizeof(*b) + len);

	if (!b)
		return NULL;
	b->refs = 1;
	b->len = (uint32_t)len;
	if (len)
		memcpy(b->bytes, bytes, len);
	return b;
}

struct blob *blob_get(struct blob *blob)
{
	if (blob)
		blob->refs++;
	return blob;
}

void blob_put(struct blob *blob)
{
	if (blob && --blob->refs == 0)
		free(blob);
}

bool blob_equal(const struct blob *a, const struct blob *b)
{
	uint32_t a_len = a ? a->len : 0, b_len = b ? b->len : 0;

	if (a == b)
		return true;
	return a_len == b_len && (!a_len || !memcmp(a->bytes, b->bytes, a_len));
}

struct node *tree_node_new(struct tree *t, struct blob *name,
	struct blob *value, struct perm_list *perms)
{
	struct node *n = kids_alloc(t);

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->refs = 1;
	n->count = 1;
	n->bytes = name->len + 1u;
	n->name = name;
	n->value = value;
	n->perms = perms;
	n->stamp = ++t->stamp;
	return n;
}

struct node *tree_get(struct node *n)
{
	if (n)
		n->refs++;
	return n;
}

static void drop(struct node **waiting, struct node *n)
{
	if (n && --n->refs == 0) {
		n->next = *waiting;
		*waiting = n;
	}
}

void tree_put(struct tree *t, struct node *n)
{
	struct node *waiting = NULL;

	drop(&waiting, n);
	while (waiting) {
		n = waiting;
		waiting = n->next;
		drop(&waiting, n->left);
		drop(&waiting, n->right);
		drop(&waiting, n->kids);
		blob_put(n->name);
		blob_put(n->value);
		perm_list_put(n->perms);
		kids_free(t, n);
	}
}

void tree_fini(struct tree *t)
{
	struct node *n;

	while ((n = t->spare)) {
		t->spare = n->next;
		free(n);
	}
	t->spare_count = 0;
}

static bool is_number(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

int tree_name_cmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
	bool a_num = is_number(a, a_len), b_num = is_number(b, b_len);
	int c;

	if (a_num != b_num)
		return a_num ? -1 : 1;
	if (a_num && a_len != b_len)
		return a_len < b_len ? -1 : 1;
	c = memcmp(a, b, a_len < b_len ? a_len : b_len);
	if (c || a_len == b_len)
		return c;
	return a_len < b_len ? -1 : 1;
}

struct node *tree_child(const struct node *n, const char *name, size_t len)
{
	struct node *k = n->kids;
	int c;

	while (k) {
		c = tree_name_cmp(name, len, k->name->bytes, k->name->len);
		if (!c)
			return k;
		k = c < 0 ? k->left : k->right;
	}
	return NULL;
}

struct node *tree_find_nearest(
	struct node *root, const char *path, size_t len, size_t *found_len)
{
	const char *at = path, *end = path + len, *name;
	struct node *n = root, *child;
	size_t name_len;

	*found_len = len ? 1 : 0;
	while ((name_len = path_step(&at, end, &name))) {
		child = tree_child(n, name, name_len);
		if (!child)
			return n;
		n = child;
		*found_len = (size_t)(at - path);
	}
	*found_len = len;
	return n;
}

struct node *tree_find(struct node *root, const char *path, size_t len)
{
	size_t found;
	struct node *n = tree_find_nearest(root, path, len, &found);

	return found == len ? n : NULL;
}

int tree_edit(struct tree *t, struct node **root, const char *path, size_t len,
	struct node **out)
{
	const char *at = path, *end = path + len, *name;
	struct node **slot = root, *n;
	size_t name_len;
	int c, rc;

	rc = kids_own(t, slot);
	while (!rc && (name_len = path_step(&at, end, &name))) {
		slot = &(*slot)->kids;
		for (;;) {
			n = *slot;
			if (!n)
				return -ENOENT;
			rc = kids_own(t, slot);
			if (rc)
				return rc;
			n = *slot;
			c = tree_name_cmp(
				name, name_len, n->name->bytes, n->name->len);
			if (!c)
				break;
			slot = c < 0 ? &n->left : &n->right;
		}
	}
	if (!rc)
		*out = *slot;
	return rc;
}

int tree_attach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node *child)
{
	struct node *parent;
	int rc;

	rc = tree_edit(t, root, path, len, &parent);
	if (rc)
		return rc;
	if (tree_child(parent, child->name->bytes, child->name->len))
		return -EEXIST;
	rc = kids_insert(t, &parent->kids, child);
	if (!rc)
		parent->stamp = ++t->stamp;
	return rc;
}

int tree_detach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node **out)
{
	size_t parent_len = path_parent_len(path, len);
	const char *name = path + parent_len + (parent_len > 1);
	size_t name_len = len - (size_t)(name - path);
	struct node *parent;
	int rc;

	rc = tree_edit(t, root, path, parent_len, &parent);
	if (rc)
		return rc;
	if (!tree_child(parent, name, name_len))
		return -ENOENT;
	rc = kids_remove(t, &parent->kids, name, name_len, out);
	if (!rc)
		parent->stamp = ++t->stamp;
	return rc;
}

/* A level of the walk: the children of one node, and its path's length. */
struct level {
	struct kid_iter it;
	size_t len;
};

static int push_level(struct level **levels, size_t *depth, size_t *room,
	const struct node *n, size_t len)
{
	struct level *more;

	if (*depth == *room) {
		more = realloc(*levels, (*room * 2 + 8) * sizeof(**levels));
		if (!more)
			return -ENOMEM;
		*levels = more;
		*room = *room * 2 + 8;
	}
	kid_iter_init(&(*levels)[*depth].it, n);
	(*levels)[*depth].len = len;
	(*depth)++;
	return 0;
}

static size_t append_name(char *path, size_t len, const struct node *n)
{
	if (!path)
		return 0;
	if (len != 1)
		path[len++] = '/';
	memcpy(path + len, n->name->bytes, n->name->len);
	len += n->name->len;
	path[len] = '\0';
	return len;
}

int tree_walk(const struct node *top, char *path, size_t len,
	int (*visit)(
		void *ctx, const struct node *n, const char *path, size_t len),
	void *ctx)
{
	struct level *levels = NULL;
	size_t depth = 0, room = 0, at;
	const struct node *n;
	int rc;

	rc = visit(ctx, top, path, len);
	if (!rc && top->kids)
		rc = push_level(&levels, &depth, &room, top, len);
	while (!rc && depth) {
		n = kid_iter_next(&levels[depth - 1].it);
		if (!n) {
			depth--;
			continue;
		}
		at = append_name(path, levels[depth - 1].len, n);
		rc = visit(ctx, n, path, at);
		if (!rc && n->kids)
			rc = push_level(&levels, &depth, &room, n, at);
	}
	free(levels);
	return rc;
}

static int audit_one(
	void *ctx, const struct node *n, const char *path, size_t len)
{
	const char **wrong = ctx;
	struct kid_iter it;
	const struct node *kid;
	uint32_t seen = 0;

	(void)path;
	(void)len;
	kid_iter_init(&it, n);
	while (!*wrong && (kid = kid_iter_next(&it))) {
		*wrong = kids_audit(kid);
		seen++;
	}
	if (!*wrong && seen != (n->kids ? n->kids->count : 0))
		*wrong = "a walk over children missed some";
	return *wrong ? 1 : 0;
}

const char *tree_audit(const struct node *root)
{
	const char *wrong = NULL;

	if (tree_walk(root, NULL, 0, audit_one, &wrong) < 0)
		return "no memory for the audit";
	return wrong;
}
