/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The children of a node: a persistent weight-balanced tree.
 *
 * The parameters (3, 2) are those that Hirai and Yamamoto proved sound
 * ("Balancing weight-balanced trees", 2011). An insertion or a removal takes
 * its nodes from the reserve, so that it cannot fail half way.
 */
#include "kids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DELTA	  3
#define GAMMA	  2
#define SPARE_MAX (4 * TREE_BALANCE_MAX)

static int reserve(struct tree *t)
{
	struct node *n;

	while (t->spare_count < 3 * TREE_BALANCE_MAX) {
		n = malloc(sizeof(*n));
		if (!n)
			return -ENOMEM;
		n->next = t->spare;
		t->spare = n;
		t->spare_count++;
	}
	return 0;
}

struct node *kids_alloc(struct tree *t)
{
	struct node *n = t->spare;

	if (!n)
		return malloc(sizeof(*n));
	t->spare = n->next;
	t->spare_count--;
	return n;
}

void kids_free(struct tree *t, struct node *n)
{
	if (t->spare_count >= SPARE_MAX) {
		free(n);
		return;
	}
	n->next = t->spare;
	t->spare = n;
	t->spare_count++;
}

int kids_own(struct tree *t, struct node **slot)
{
	struct node *old = *slot, *n;

	if (old->refs == 1)
		return 0;
	n = kids_alloc(t);
	if (!n)
		return -ENOMEM;
	*n = *old;
	n->refs = 1;
	tree_get(n->left);
	tree_get(n->right);
	tree_get(n->kids);
	blob_get(n->name);
	blob_get(n->value);
	perm_list_get(n->perms);
	old->refs--;
	*slot = n;
	return 0;
}

/* kids_own() behind a reserve that was filled. */
static struct node *own(struct tree *t, struct node **slot)
{
	if (kids_own(t, slot))
		abort();
	return *slot;
}

static uint64_t count_of(const struct node *n)
{
	return n ? n->count : 0;
}

static void sum_up(struct node *n)
{
	n->count = (uint32_t)(1 + count_of(n->left) + count_of(n->right));
	n->bytes = n->name->len + 1u + (n->left ? n->left->bytes : 0) +
		   (n->right ? n->right->bytes : 0);
}

static void rotate_left(struct tree *t, struct node **slot)
{
	struct node *n = *slot, *r = own(t, &n->right);

	n->right = r->left;
	r->left = n;
	sum_up(n);
	sum_up(r);
	*slot = r;
}

static void rotate_right(struct tree *t, struct node **slot)
{
	struct node *n = *slot, *l = own(t, &n->left);

	n->left = l->right;
	l->right = n;
	sum_up(n);
	sum_up(l);
	*slot = l;
}

static bool is_heavy(const struct node *light, const struct node *heavy)
{
	return DELTA * (count_of(light) + 1) < count_of(heavy) + 1;
}

static bool is_single(const struct node *inner, const struct node *outer)
{
	return count_of(inner) + 1 < GAMMA * (count_of(outer) + 1);
}

/* `*slot` is owned and its sums may be stale. */
static void balance(struct tree *t, struct node **slot)
{
	struct node *n = *slot;

	sum_up(n);
	if (is_heavy(n->left, n->right)) {
		own(t, &n->right);
		if (!is_single(n->right->left, n->right->right)) {
			own(t, &n->right->left);
			rotate_right(t, &n->right);
		}
		rotate_left(t, slot);
	} else if (is_heavy(n->right, n->left)) {
		own(t, &n->left);
		if (!is_single(n->left->right, n->left->left)) {
			own(t, &n->left->right);
			rotate_left(t, &n->left);
		}
		rotate_right(t, slot);
	}
}

static int order(const struct node *a, const struct node *b)
{
	return tree_name_cmp(
		a->name->bytes, a->name->len, b->name->bytes, b->name->len);
}

static void insert(struct tree *t, struct node **slot, struct node *child)
{
	struct node *n;

	if (!*slot) {
		*slot = child;
		return;
	}
	n = own(t, slot);
	insert(t, order(child, n) < 0 ? &n->left : &n->right, child);
	balance(t, slot);
}

/* Takes the first node of the subtree out. */
static struct node *take_first(struct tree *t, struct node **slot)
{
	struct node *n = own(t, slot), *first;

	if (!n->left) {
		*slot = n->right;
		n->right = NULL;
		return n;
	}
	first = take_first(t, &n->left);
	balance(t, slot);
	return first;
}

static struct node *take(
	struct tree *t, struct node **slot, const char *name, size_t len)
{
	struct node *n = own(t, slot), *taken, *next;
	int c = tree_name_cmp(name, len, n->name->bytes, n->name->len);

	if (c) {
		taken = take(t, c < 0 ? &n->left : &n->right, name, len);
		balance(t, slot);
		return taken;
	}
	if (!n->left || !n->right) {
		*slot = n->left ? n->left : n->right;
	} else {
		next = take_first(t, &n->right);
		next->left = n->left;
		next->right = n->right;
		*slot = next;
		balance(t, slot);
	}
	n->left = n->right = NULL;
	sum_up(n);
	return n;
}

int kids_insert(struct tree *t, struct node **kids, struct node *child)
{
	int rc = reserve(t);

	if (rc)
		return rc;
	sum_up(child);
	insert(t, kids, child);
	return 0;
}

int kids_remove(struct tree *t, struct node **kids, const char *name,
	size_t len, struct node **out)
{
	int rc = reserve(t);

	if (rc)
		return rc;
	*out = take(t, kids, name, len);
	return 0;
}

void kid_iter_init(struct kid_iter *it, const struct node *parent)
{
	const struct node *n;

	it->depth = 0;
	for (n = parent->kids; n; n = n->left)
		it->stack[it->depth++] = n;
}

void kid_iter_seek(struct kid_iter *it, const struct node *parent,
	uint64_t offset, uint64_t *skip)
{
	const struct node *n = parent->kids;
	uint64_t before;

	it->depth = 0;
	*skip = 0;
	while (n) {
		before = n->left ? n->left->bytes : 0;
		if (offset < before) {
			it->stack[it->depth++] = n;
			n = n->left;
			continue;
		}
		offset -= before;
		if (offset < n->name->len + 1u) {
			it->stack[it->depth++] = n;
			*skip = offset;
			return;
		}
		offset -= n->name->len + 1u;
		n = n->right;
	}
}

const struct node *kid_iter_next(struct kid_iter *it)
{
	const struct node *n, *down;

	if (!it->depth)
		return NULL;
	n = it->stack[--it->depth];
	for (down = n->right; down; down = down->left)
		it->stack[it->depth++] = down;
	return n;
}

bool tree_same_names(const struct node *a, const struct node *b)
{
	struct kid_iter ia, ib;
	const struct node *na, *nb;

	if (a->kids == b->kids)
		return true;
	if (count_of(a->kids) != count_of(b->kids))
		return false;
	kid_iter_init(&ia, a);
	kid_iter_init(&ib, b);
	while ((na = kid_iter_next(&ia)) && (nb = kid_iter_next(&ib)))
		if (order(na, nb))
			return false;
	return true;
}

uint64_t tree_list_bytes(const struct node *parent)
{
	return parent->kids ? parent->kids->bytes : 0;
}

const char *kids_audit(const struct node *n)
{
	uint64_t left = count_of(n->left), right = count_of(n->right);

	if (!n->refs)
		return "a node without references is linked";
	if (n->count != left + right + 1)
		return "a sibling count is wrong";
	if (n->bytes != n->name->len + 1u + (n->left ? n->left->bytes : 0) +
				(n->right ? n->right->bytes : 0))
		return "a sum of name bytes is wrong";
	if (is_heavy(n->left, n->right) || is_heavy(n->right, n->left))
		return "a sibling tree is out of balance";
	if ((n->left && order(n->left, n) >= 0) ||
		(n->right && order(n->right, n) <= 0))
		return "children are out of order";
	if (!n->perms || !n->perms->count || !n->name->len)
		return "a node lacks its name or owner";
	return NULL;
}
