/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The children of a node: a persistent weight-balanced tree.
 *
 * The parameters (3, 2) are those that Hirai and Yamamoto proved sound
 * ("Balancing weight-balanced trees", 2011). An insertion or a removal takes
 * its nodes from a reserve, so that it cannot fail half way.
 */
#include "kids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DELTA 3
#define GAMMA 2

size_t node_bytes(size_t name_len, size_t value_len)
{
	size_t size = sizeof(struct node) + name_len + value_len;

	/* name_word() reads so far. */
	return size < sizeof(struct node) + 8 ? sizeof(struct node) + 8 : size;
}

static int64_t perms_cost(const struct perm_list *perms)
{
	return (int64_t)(perms->count * sizeof(struct perm_entry));
}

int64_t node_cost_of(
	size_t name_len, size_t value_len, const struct perm_list *perms)
{
	return (int64_t)arena_size(node_bytes(name_len, value_len)) +
	       perms_cost(perms);
}

int64_t node_cost(const struct node *n)
{
	return node_cost_of(node_name_len(n), n->value_len, node_perms(n));
}

int64_t kids_perms_cost(const struct node *n)
{
	return perms_cost(node_perms(n));
}

struct node *kids_alloc(struct tree *t, size_t name_len, size_t value_len)
{
	size_t size = node_bytes(name_len, value_len);
	struct node *n = arena_alloc(size);

	if (n)
		t->live_bytes += (int64_t)arena_size(size);
	return n;
}

void kids_free(struct tree *t, struct node *n)
{
	size_t size = node_size(n);

	t->live_bytes -= (int64_t)arena_size(size);
	arena_free(n, size);
}

static void get(uint32_t ref)
{
	if (ref)
		node_at(ref)->refs++;
}

void kids_replace(struct tree *t, uint32_t *slot, struct node *n)
{
	struct node *old = node_at(*slot);

	t->edits++;
	n->refs = 1;
	n->count = old->count;
	n->bytes = old->bytes;
	n->stamp = old->stamp;
	n->left = old->left;
	n->right = old->right;
	n->kids = old->kids;
	n->perms = old->perms;
	*slot = arena_ref(n);
	if (old->refs == 1) {
		kids_free(t, old);
		return;
	}
	old->refs--;
	get(n->left);
	get(n->right);
	get(n->kids);
	t->live_bytes += perms_cost(perm_list_get(node_perms(n)));
}

int kids_own(struct tree *t, uint32_t *slot)
{
	struct node *old = node_at(*slot), *n;
	size_t name_len = node_name_len(old);

	if (old->refs == 1)
		return 0;
	n = kids_alloc(t, name_len, old->value_len);
	if (!n)
		return -ENOMEM;
	n->name_len = old->name_len;
	n->value_len = old->value_len;
	memcpy(n->text, old->text, name_len + old->value_len);
	kids_replace(t, slot, n);
	return 0;
}

/* kids_own() behind a reserve that was made. */
static struct node *own(struct tree *t, uint32_t *slot)
{
	struct node *n = node_at(*slot);

	if (n->refs == 1)
		return n;
	if (kids_own(t, slot))
		abort();
	return node_at(*slot);
}

static uint64_t count_of(uint32_t ref)
{
	return ref ? node_at(ref)->count : 0;
}

static uint32_t bytes_of(uint32_t ref)
{
	return ref ? node_at(ref)->bytes : 0;
}

static uint32_t list_bytes(const struct node *n)
{
	return (uint32_t)node_name_len(n) + 1 + bytes_of(n->left) +
	       bytes_of(n->right);
}

static void sum_up(struct node *n)
{
	n->count = (uint32_t)(1 + count_of(n->left) + count_of(n->right));
	n->bytes = list_bytes(n);
}

static void rotate_left(struct tree *t, uint32_t *slot)
{
	struct node *n = node_at(*slot), *r = own(t, &n->right);
	uint32_t ref = n->right;

	n->right = r->left;
	r->left = *slot;
	sum_up(n);
	sum_up(r);
	*slot = ref;
}

static void rotate_right(struct tree *t, uint32_t *slot)
{
	struct node *n = node_at(*slot), *l = own(t, &n->left);
	uint32_t ref = n->left;

	n->left = l->right;
	l->right = *slot;
	sum_up(n);
	sum_up(l);
	*slot = ref;
}

static bool is_heavy(uint64_t light, uint64_t heavy)
{
	return DELTA * (light + 1) < heavy + 1;
}

static bool is_single(uint32_t inner, uint32_t outer)
{
	return count_of(inner) + 1 < GAMMA * (count_of(outer) + 1);
}

/* `*slot` is owned and its sums are right. */
static void balance(struct tree *t, uint32_t *slot)
{
	struct node *n = node_at(*slot), *side;
	uint64_t left = count_of(n->left), right = n->count - 1 - left;

	if (is_heavy(left, right)) {
		side = own(t, &n->right);
		if (!is_single(side->left, side->right)) {
			own(t, &side->left);
			rotate_right(t, &n->right);
		}
		rotate_left(t, slot);
	} else if (is_heavy(right, left)) {
		side = own(t, &n->left);
		if (!is_single(side->right, side->left)) {
			own(t, &side->right);
			rotate_left(t, &n->left);
		}
		rotate_right(t, slot);
	}
}

static void insert(struct tree *t, uint32_t *slot, struct node *child,
	const struct name_key *key)
{
	struct node *n;

	if (!*slot) {
		*slot = arena_ref(child);
		return;
	}
	n = own(t, slot);
	n->count++;
	n->bytes += child->bytes;
	insert(t, name_key_cmp(key, n) < 0 ? &n->left : &n->right, child, key);
	balance(t, slot);
}

/* What is taken out below `n` does not count there any more. */
static void uncount(struct node *n, const struct node *taken)
{
	n->count--;
	n->bytes -= (uint32_t)node_name_len(taken) + 1;
}

/* Takes the first node of the subtree out. */
static struct node *take_first(struct tree *t, uint32_t *slot)
{
	struct node *n = own(t, slot), *first;

	if (!n->left) {
		*slot = n->right;
		n->right = 0;
		return n;
	}
	first = take_first(t, &n->left);
	uncount(n, first);
	balance(t, slot);
	return first;
}

/* NULL: there is no such name. */
static struct node *take(
	struct tree *t, uint32_t *slot, const struct name_key *key)
{
	struct node *n, *taken, *next;
	int c;

	if (!*slot)
		return NULL;
	n = own(t, slot);
	c = name_key_cmp(key, n);
	if (c) {
		taken = take(t, c < 0 ? &n->left : &n->right, key);
		if (taken) {
			uncount(n, taken);
			balance(t, slot);
		}
		return taken;
	}
	if (!n->left || !n->right) {
		*slot = n->left ? n->left : n->right;
	} else {
		next = take_first(t, &n->right);
		next->left = n->left;
		next->right = n->right;
		sum_up(next);
		*slot = arena_ref(next);
		balance(t, slot);
	}
	n->left = n->right = 0;
	sum_up(n);
	return n;
}

int kids_insert(struct tree *t, uint32_t *kids, struct node *child)
{
	struct name_key key;
	int rc = arena_reserve();

	if (rc)
		return rc;
	sum_up(child);
	name_key_init(&key, node_name(child), node_name_len(child),
		node_value(child));
	insert(t, kids, child, &key);
	return 0;
}

int kids_remove(struct tree *t, uint32_t *kids, const struct name_key *key,
	struct node **out)
{
	struct node *taken;
	int rc = arena_reserve();

	if (rc)
		return rc;
	taken = take(t, kids, key);
	if (!taken)
		return -ENOENT;
	*out = taken;
	return 0;
}

void kid_iter_init(struct kid_iter *it, const struct node *parent)
{
	const struct node *n;

	it->depth = 0;
	for (n = node_at(parent->kids); n; n = node_at(n->left))
		it->stack[it->depth++] = n;
}

void kid_iter_seek(struct kid_iter *it, const struct node *parent,
	uint64_t offset, uint64_t *skip)
{
	const struct node *n = node_at(parent->kids);
	uint64_t before;

	it->depth = 0;
	*skip = 0;
	while (n) {
		before = bytes_of(n->left);
		if (offset < before) {
			it->stack[it->depth++] = n;
			n = node_at(n->left);
			continue;
		}
		offset -= before;
		if (offset < node_name_len(n) + 1) {
			it->stack[it->depth++] = n;
			*skip = offset;
			return;
		}
		offset -= node_name_len(n) + 1;
		n = node_at(n->right);
	}
}

const struct node *kid_iter_next(struct kid_iter *it)
{
	const struct node *n, *down;

	if (!it->depth)
		return NULL;
	n = it->stack[--it->depth];
	for (down = node_at(n->right); down; down = node_at(down->left))
		it->stack[it->depth++] = down;
	return n;
}

static bool is_same_name(const struct node *a, const struct node *b)
{
	return a->name_len == b->name_len &&
	       !memcmp(a->text, b->text, node_name_len(a));
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
		if (!is_same_name(na, nb))
			return false;
	return true;
}

uint64_t tree_list_bytes(const struct node *parent)
{
	return bytes_of(parent->kids);
}

static int order(const struct node *a, const struct node *b)
{
	return tree_name_cmp(
		a->text, node_name_len(a), b->text, node_name_len(b));
}

const char *kids_audit(const struct node *n)
{
	const struct perm_list *perms = node_perms(n);

	if (!n->refs)
		return "a node without references is linked";
	if (n->count != count_of(n->left) + count_of(n->right) + 1)
		return "a sibling count is wrong";
	if (n->bytes != list_bytes(n))
		return "a sum of name bytes is wrong";
	if (is_heavy(count_of(n->left), count_of(n->right)) ||
		is_heavy(count_of(n->right), count_of(n->left)))
		return "a sibling tree is out of balance";
	if ((n->left && order(node_at(n->left), n) >= 0) ||
		(n->right && order(node_at(n->right), n) <= 0))
		return "children are out of order";
	if (!perms || !perms->refs || !perms->count || !node_name_len(n))
		return "a node lacks its name or owner";
	return NULL;
}
