/* SPDX-License-Identifier: BSD-2-Clause */
/* The persistent tree: lookup, edit, attach, detach, walk. */
#include "kids.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct node *tree_node_new(struct tree *t, const char *name, size_t name_len,
	const void *value, size_t value_len, struct perm_list *perms)
{
	struct node *n = kids_alloc(t, name_len, value_len);

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->refs = 1;
	n->count = 1;
	n->bytes = (uint32_t)name_len + 1;
	n->perms = arena_ref(perm_list_get(perms));
	n->stamp = ++t->stamp;
	n->name_len = (uint16_t)name_len;
	if (name_is_number(name, name_len))
		n->name_len |= NODE_IS_NUMBER;
	n->value_len = (uint16_t)value_len;
	memcpy(n->text, name, name_len);
	if (value_len)
		memcpy(n->text + name_len, value, value_len);
	t->live_bytes += kids_perms_cost(n);
	return n;
}

struct node *tree_get(struct node *n)
{
	if (n)
		n->refs++;
	return n;
}

static void drop(uint32_t *waiting, uint32_t ref)
{
	struct node *n = node_at(ref);

	if (n && --n->refs == 0) {
		n->next = *waiting;
		*waiting = ref;
	}
}

void tree_put(struct tree *t, struct node *n)
{
	uint32_t waiting = 0;

	drop(&waiting, arena_ref(n));
	while (waiting) {
		n = node_at(waiting);
		waiting = n->next;
		drop(&waiting, n->left);
		drop(&waiting, n->right);
		drop(&waiting, n->kids);
		t->live_bytes -= kids_perms_cost(n);
		perm_list_put(node_perms(n));
		kids_free(t, n);
	}
}

int tree_name_cmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
	bool a_num = name_is_number(a, a_len);
	bool b_num = name_is_number(b, b_len);
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

static inline struct node *child_by_key(
	const struct node *n, const struct name_key *key)
{
	struct node *k = node_at(n->kids);
	int c;

	while (k) {
		c = name_key_cmp(key, k);
		if (!c)
			return k;
		k = node_at(c < 0 ? k->left : k->right);
	}
	return NULL;
}

struct node *tree_child(const struct node *n, const char *name, size_t len)
{
	struct name_key key;

	name_key_init(&key, name, len, name + len);
	return child_by_key(n, &key);
}

/* Where a way down has ended, and what stands above it. */
struct descent {
	struct node *node, *parent;
	size_t len, parent_len; /* of their paths */
};

/* From the node at the first d->len bytes of `path` as far as there is one. */
static inline void descend(struct descent *d, const char *path, size_t len)
{
	const char *at = path + d->len, *end = path + len;
	struct name_key key;
	struct node *child;
	size_t name_len;

	for (;;) {
		if (at < end && *at == '/')
			at++;
		if (at == end)
			break;
		name_len = name_span(at, end);
		name_key_init(&key, at, name_len, end);
		at += name_len;
		child = child_by_key(d->node, &key);
		if (!child)
			return;
		d->parent = d->node;
		d->parent_len = d->len;
		d->node = child;
		d->len = (size_t)(at - path);
	}
	d->len = len;
}

struct node *tree_find_nearest(
	struct node *root, const char *path, size_t len, size_t *found_len)
{
	struct descent d = { .node = root, .len = len ? 1 : 0 };

	descend(&d, path, len);
	*found_len = d.len;
	return d.node;
}

static bool leads_there(const struct tree_place *p, const struct tree *t,
	const struct node *root, const char *path, size_t len)
{
	return p->dir && p->edits == t->edits && p->root == root &&
	       len >= p->len && (len == p->len || path[p->len] == '/') &&
	       !memcmp(path, p->path, p->len);
}

/* A node without children is no place to look for others. */
static void note_place(struct tree_place *p, const struct tree *t,
	const struct node *root, const char *path, const struct descent *d)
{
	bool is_leaf = !d->node->kids && d->parent;
	size_t len = is_leaf ? d->parent_len : d->len;

	if (len <= 1 || len > sizeof(p->path))
		return;
	p->dir = is_leaf ? d->parent : d->node;
	p->root = root;
	p->edits = t->edits;
	p->len = len;
	memcpy(p->path, path, len);
}

struct node *tree_place_dir(const struct tree_place *p, const struct tree *t,
	const struct node *root, const char *path, size_t len)
{
	return p->len == len && leads_there(p, t, root, path, len) ? p->dir
								   : NULL;
}

struct node *tree_find_from(struct tree_place *p, const struct tree *t,
	struct node *root, const char *path, size_t len, size_t *found_len)
{
	struct descent d = { .node = root, .len = len ? 1 : 0 };
	bool is_near = leads_there(p, t, root, path, len);

	if (is_near) {
		d.node = p->dir;
		d.len = p->len;
	}
	descend(&d, path, len);
	if (!is_near || (d.parent && d.parent != p->dir))
		note_place(p, t, root, path, &d);
	*found_len = d.len;
	return d.node;
}

struct node *tree_find(struct node *root, const char *path, size_t len)
{
	size_t found;
	struct node *n = tree_find_nearest(root, path, len, &found);

	return found == len ? n : NULL;
}

/*
 * Finds the slot of the node at `path`, all above it made this root's own;
 * what is in the slot may still be shared.
 */
static int find_slot(struct tree *t, uint32_t *root, const char *path,
	size_t len, uint32_t **out)
{
	const char *at = path, *end = path + len, *name;
	struct name_key key;
	uint32_t *slot = root;
	struct node *n;
	size_t name_len;
	int c, rc;

	while ((name_len = path_step(&at, end, &name))) {
		rc = kids_own(t, slot);
		if (rc)
			return rc;
		name_key_init(&key, name, name_len, name + name_len);
		slot = &node_at(*slot)->kids;
		for (;;) {
			n = node_at(*slot);
			if (!n)
				return -ENOENT;
			c = name_key_cmp(&key, n);
			if (!c)
				break;
			rc = kids_own(t, slot);
			if (rc)
				return rc;
			n = node_at(*slot);
			slot = c < 0 ? &n->left : &n->right;
		}
	}
	*out = slot;
	return 0;
}

/* The node at `path`, made this root's own. */
static int tree_edit(struct tree *t, uint32_t *root, const char *path,
	size_t len, struct node **out)
{
	uint32_t *slot;
	int rc = find_slot(t, root, path, len, &slot);

	if (!rc)
		rc = kids_own(t, slot);
	if (!rc)
		*out = node_at(*slot);
	return rc;
}

static bool fits(const struct node *n, size_t value_len)
{
	size_t name_len = node_name_len(n);

	return arena_size(node_bytes(name_len, value_len)) ==
	       arena_size(node_bytes(name_len, n->value_len));
}

static void put_value(struct node *n, const void *value, size_t value_len)
{
	n->value_len = (uint16_t)value_len;
	if (value_len)
		memcpy(n->text + node_name_len(n), value, value_len);
}

bool tree_poke_value(
	struct tree *t, struct node *n, const void *value, size_t value_len)
{
	if (!kids_are_private(t) || !fits(n, value_len))
		return false;
	put_value(n, value, value_len);
	return true;
}

int tree_set_value(struct tree *t, struct node **root, const char *path,
	size_t len, const void *value, size_t value_len)
{
	uint32_t top = arena_ref(*root), *slot;
	struct node *n, *old;
	size_t name_len;
	int rc = find_slot(t, &top, path, len, &slot);

	if (rc)
		goto out;
	n = old = node_at(*slot);
	name_len = node_name_len(old);
	if (old->refs > 1 || !fits(old, value_len)) {
		n = kids_alloc(t, name_len, value_len);
		rc = n ? 0 : -ENOMEM;
		if (rc)
			goto out;
		n->name_len = old->name_len;
		memcpy(n->text, old->text, name_len);
		kids_replace(t, slot, n);
	}
	put_value(n, value, value_len);
out:
	*root = node_at(top);
	return rc;
}

int tree_set_perms(struct tree *t, struct node **root, const char *path,
	size_t len, struct perm_list *perms)
{
	uint32_t top = arena_ref(*root);
	struct node *n;
	int rc = tree_edit(t, &top, path, len, &n);

	*root = node_at(top);
	if (rc)
		return rc;
	t->live_bytes -= kids_perms_cost(n);
	perm_list_get(perms);
	perm_list_put(node_perms(n));
	n->perms = arena_ref(perms);
	t->live_bytes += kids_perms_cost(n);
	return 0;
}

static int attach(struct tree *t, struct node *parent, struct node *child)
{
	int rc = kids_insert(t, &parent->kids, child);

	if (!rc)
		parent->stamp = ++t->stamp;
	return rc;
}

int tree_attach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node *parent, struct node *child)
{
	uint32_t top = arena_ref(*root);
	int rc;

	if (kids_are_private(t))
		return attach(t, parent, child);
	rc = tree_edit(t, &top, path, len, &parent);
	*root = node_at(top);
	return rc ? rc : attach(t, parent, child);
}

int tree_detach(struct tree *t, struct node **root, const char *path,
	size_t len, struct node *parent, struct node **out)
{
	size_t parent_len = path_parent_len(path, len);
	const char *name = path + parent_len + (parent_len > 1);
	uint32_t top = arena_ref(*root);
	struct name_key key;
	int rc = 0;

	if (!parent || !kids_are_private(t))
		rc = tree_edit(t, &top, path, parent_len, &parent);
	*root = node_at(top);
	if (rc)
		return rc;
	name_key_init(&key, name, len - (size_t)(name - path), path + len);
	rc = kids_remove(t, &parent->kids, &key, out);
	if (!rc) {
		parent->stamp = ++t->stamp;
		t->edits += !parent->kids || (*out)->kids;
	}
	return rc;
}

/* A level of the walk: the children of one node, and its path's length. */
struct tree_level {
	struct kid_iter it;
	size_t len;
};

static int push_level(struct tree_walk *w, const struct node *n, size_t len)
{
	struct tree_level *more;

	if (w->depth == w->room) {
		more = realloc(
			w->levels, (w->room * 2 + 8) * sizeof(*w->levels));
		if (!more)
			return -ENOMEM;
		w->levels = more;
		w->room = w->room * 2 + 8;
	}
	kid_iter_init(&w->levels[w->depth].it, n);
	w->levels[w->depth].len = len;
	w->depth++;
	return 0;
}

static size_t append_name(char *path, size_t len, const struct node *n)
{
	if (!path)
		return 0;
	if (len != 1)
		path[len++] = '/';
	memcpy(path + len, n->text, node_name_len(n));
	len += node_name_len(n);
	path[len] = '\0';
	return len;
}

void tree_walk_begin(
	struct tree_walk *w, const struct node *top, char *path, size_t len)
{
	memset(w, 0, sizeof(*w));
	w->last = top;
	w->last_len = len;
	w->path = path;
}

int tree_walk_next(struct tree_walk *w, const struct node **out, size_t *len)
{
	struct tree_level *level;

	if (!w->has_begun) {
		w->has_begun = true;
		*out = w->last;
		*len = w->last_len;
		return 1;
	}
	if (w->last && w->last->kids && push_level(w, w->last, w->last_len))
		return -ENOMEM;
	for (w->last = NULL; w->depth; w->depth--) {
		level = &w->levels[w->depth - 1];
		w->last = kid_iter_next(&level->it);
		if (!w->last)
			continue;
		w->last_len = append_name(w->path, level->len, w->last);
		*out = w->last;
		*len = w->last_len;
		return 1;
	}
	return 0;
}

void tree_walk_end(struct tree_walk *w)
{
	free(w->levels);
	memset(w, 0, sizeof(*w));
}

int tree_walk(const struct node *top, char *path, size_t len,
	int (*visit)(
		void *ctx, const struct node *n, const char *path, size_t len),
	void *ctx)
{
	const struct node *n;
	struct tree_walk w;
	int rc;

	tree_walk_begin(&w, top, path, len);
	while ((rc = tree_walk_next(&w, &n, &len)) > 0) {
		rc = visit(ctx, n, path, len);
		if (rc)
			break;
	}
	tree_walk_end(&w);
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
	if (!*wrong && seen != node_kid_count(n))
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
