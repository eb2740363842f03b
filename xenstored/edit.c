/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The edits of a tree: each decides first, then changes with one step.
 *
 * Whether the tree is the store's own or a transaction's makes no difference
 * here; the accounts change in the view's deltas alone.
 */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Clients mostly stay in one directory. */
static struct node *find_nearest(
	const struct view *v, const char *path, size_t len, size_t *found)
{
	if (!v->place)
		return tree_find_nearest(*v->root, path, len, found);
	return tree_find_from(
		v->place, &v->store->tree, *v->root, path, len, found);
}

void change_drop(struct store *s, struct change *change)
{
	tree_put(&s->tree, change->removed);
	perm_list_put(change->old_perms);
	memset(change, 0, sizeof(*change));
}

/* What a transaction has made is charged to it already. */
static int check_memory(struct view *v, int64_t more)
{
	if (more <= 0 || v->who.is_control)
		return 0;
	return quota_check(v->store, v->who.domid, QUOTA_MEMORY_HARD,
		quota_memory(v->store, v->who.domid) + more);
}

static int check_nodes(struct view *v, int64_t more)
{
	const struct domain *d = domain_find(v->store, v->who.domid);
	const struct delta *pending =
		deltas_find(v->deltas, v->who.domid, v->who.era);

	return quota_check(v->store, v->who.domid, QUOTA_NODES,
		(d ? d->account.nodes : 0) + (pending ? pending->nodes : 0) +
			more);
}

static int check_size(
	struct view *v, size_t value_len, const struct perm_list *perms)
{
	return quota_check(v->store, v->who.domid, QUOTA_NODE_SIZE,
		(int64_t)(value_len + perms->count * sizeof(perms->entry[0])));
}

int edit_look(struct view *v, const char *path, size_t len, struct node **out)
{
	size_t found;
	struct node *n = find_nearest(v, path, len, &found);

	/* Who may not read the parent is not told what is missing in it. */
	if (!(perm_access(node_perms(n), &v->who) & PERM_READ))
		return -EACCES;
	if (found != len)
		return -ENOENT;
	*out = n;
	return 0;
}

/* The permissions of a new node: its parent's, owned by its maker. */
static struct perm_list *inherit(const struct view *v, struct perm_list *from)
{
	struct perm_list *own;

	if (v->who.is_control || (from->entry[0].domid == v->who.domid &&
					 from->entry[0].era == v->who.era))
		return perm_list_get(from);
	own = perm_list_new(from->count);
	if (!own)
		return NULL;
	memcpy(own->entry, from->entry, from->count * sizeof(from->entry[0]));
	own->entry[0].domid = v->who.domid;
	own->entry[0].era = v->who.era;
	return own;
}

/*
 * Builds the nodes for the components of `rest`, each under the one before,
 * the last with the value. Consumes nothing; adds up how many there are, and
 * what they cost.
 */
static struct node *build_chain(struct view *v, const char *rest, size_t len,
	struct perm_list *perms, const void *value, size_t value_len,
	int64_t *count, int64_t *cost)
{
	struct tree *t = &v->store->tree;
	struct node *below = NULL, *n = NULL;
	size_t start, end = len;

	while (end) {
		start = end;
		while (start && rest[start - 1] != '/')
			start--;
		n = tree_node_new(t, rest + start, end - start,
			below ? NULL : value, below ? 0 : value_len, perms);
		if (!n) {
			tree_put(t, below);
			return NULL;
		}
		n->kids = arena_ref(below);
		*cost += node_cost(n);
		++*count;
		below = n;
		end = start;
		while (end && rest[end - 1] == '/')
			end--;
	}
	return n;
}

static int64_t count_components(const char *rest, size_t len)
{
	const char *at = rest, *end = rest + len, *name;
	int64_t count = 0;

	while (path_step(&at, end, &name))
		count++;
	return count;
}

/* Before anything is built that quotas forbid. */
static int check_new(struct view *v, const char *rest, size_t len,
	size_t value_len, const struct perm_list *perms)
{
	int rc;

	if (v->who.is_control)
		return 0;
	rc = check_nodes(v, count_components(rest, len));
	return rc ? rc : check_size(v, value_len, perms);
}

static int create(struct view *v, const char *path, size_t len, size_t found,
	struct node *nearest, const void *value, size_t value_len,
	struct change *change)
{
	struct tree *t = &v->store->tree;
	const char *rest = path + found;
	size_t rest_len = len - found;
	struct perm_list *perms = node_perms(nearest);
	struct node *chain;
	int64_t cost = 0, count = 0;
	int rc;

	if (!(perm_access(perms, &v->who) & PERM_WRITE))
		return -EACCES;
	while (*rest == '/') {
		rest++;
		rest_len--;
	}
	rc = check_new(v, rest, rest_len, value_len, perms);
	if (!rc)
		rc = deltas_reserve(v->deltas, 1);
	if (rc)
		return rc;
	perms = inherit(v, perms);
	if (!perms)
		return -ENOMEM;
	chain = build_chain(
		v, rest, rest_len, perms, value, value_len, &count, &cost);
	rc = chain ? check_memory(v, cost) : -ENOMEM;
	if (!rc)
		rc = tree_attach(t, v->root, path, found, nearest, chain);
	if (rc) {
		tree_put(t, chain);
	} else {
		deltas_add(v->deltas, &perms->entry[0], count, cost);
		change->happened = change->created = true;
		change->written = chain;
		change->made_from = found;
	}
	perm_list_put(perms);
	return rc;
}

int edit_write(struct view *v, const char *path, size_t len, const void *value,
	size_t value_len, struct change *change)
{
	size_t found;
	struct node *n = find_nearest(v, path, len, &found);
	const struct perm_list *perms = node_perms(n);
	struct perm_entry owner = perms->entry[0];
	int64_t more;
	int rc;

	if (found != len)
		return create(v, path, len, found, n, value, value_len, change);
	if (!(perm_access(perms, &v->who) & PERM_WRITE))
		return -EACCES;
	more = node_cost_of(node_name_len(n), value_len, perms) - node_cost(n);
	rc = check_size(v, value_len, perms);
	if (!rc)
		rc = check_memory(v, more);
	if (!rc && more)
		rc = deltas_reserve(v->deltas, 1);
	if (!rc && tree_poke_value(&v->store->tree, n, value, value_len))
		change->written = n;
	else if (!rc)
		rc = tree_set_value(
			&v->store->tree, v->root, path, len, value, value_len);
	if (rc)
		return rc;
	if (more)
		deltas_add(v->deltas, &owner, 0, more);
	change->happened = true;
	return 0;
}

int edit_put(struct store *s, struct deltas *deltas, const char *path,
	size_t len, const void *value, size_t value_len,
	struct perm_list *perms)
{
	struct view v = { .store = s, .root = &s->root, .deltas = deltas };
	struct change change = { 0 };
	size_t found;
	int rc = 0;

	tree_find_nearest(s->root, path, len, &found);
	if (found != len && found != path_parent_len(path, len))
		return -ENOENT;
	domain_subject(s, 0, &v.who);
	rc = edit_write(&v, path, len, value, value_len, &change);
	if (!rc)
		rc = edit_perms(&v, path, len, perms, &change);
	change_drop(s, &change);
	return rc;
}

int edit_mkdir(
	struct view *v, const char *path, size_t len, struct change *change)
{
	size_t found;
	struct node *n = find_nearest(v, path, len, &found);

	if (found != len)
		return create(v, path, len, found, n, NULL, 0, change);
	return perm_access(node_perms(n), &v->who) & PERM_WRITE ? 0 : -EACCES;
}

static int note_loss(
	void *ctx, const struct node *n, const char *path, size_t len)
{
	struct deltas *lost = ctx;
	int rc = deltas_reserve(lost, 1);

	(void)path;
	(void)len;
	if (!rc)
		deltas_add(lost, &node_perms(n)->entry[0], -1, -node_cost(n));
	return rc;
}

/* Notes what goes with a node; -ENOMEM. */
static int note_losses(const struct node *n, struct deltas *lost)
{
	return n->kids ? tree_walk(n, NULL, 0, note_loss, lost)
		       : note_loss(lost, n, NULL, 0);
}

/* Adds up what was lost; the number of nodes. */
static uint64_t merge(struct deltas *into, const struct deltas *from)
{
	struct perm_entry owner = { 0 };
	uint64_t nodes = 0;
	size_t i;

	for (i = 0; i < from->count; i++) {
		owner.domid = from->at[i].domid;
		owner.era = from->at[i].era;
		deltas_add(into, &owner, from->at[i].nodes,
			from->at[i].node_bytes);
		nodes += (uint64_t)-from->at[i].nodes;
	}
	return nodes;
}

int edit_rm(struct view *v, const char *path, size_t len, struct change *change)
{
	struct tree *t = &v->store->tree;
	struct deltas *lost = &v->store->lost;
	size_t found;
	struct node *n = find_nearest(v, path, len, &found), *parent = NULL;
	int rc;

	if (len <= 1)
		return -EINVAL;
	if (found != len) {
		if (!(perm_access(node_perms(n), &v->who) & PERM_READ))
			return -EACCES;
		return found == path_parent_len(path, len) ? 0 : -ENOENT;
	}
	if (!(perm_access(node_perms(n), &v->who) & PERM_WRITE))
		return -EACCES;
	lost->count = 0;
	rc = note_losses(n, lost);
	if (!rc)
		rc = deltas_reserve(v->deltas, lost->count);
	if (!rc && v->place)
		parent = tree_place_dir(v->place, t, *v->root, path,
			path_parent_len(path, len));
	if (!rc)
		rc = tree_detach(
			t, v->root, path, len, parent, &change->removed);
	if (rc)
		return rc;
	v->store->work += merge(v->deltas, lost);
	change->happened = true;
	return 0;
}

int edit_perms(struct view *v, const char *path, size_t len,
	struct perm_list *perms, struct change *change)
{
	struct perm_list *old;
	struct node *n;
	int64_t was, is;
	int rc;

	rc = edit_look(v, path, len, &n);
	if (rc)
		return rc;
	old = node_perms(n);
	if (!perm_is_owner(old, &v->who))
		return -EACCES;
	if (!v->who.is_control &&
		(perms->entry[0].domid != old->entry[0].domid ||
			perms->entry[0].era != old->entry[0].era))
		return -EPERM;
	was = node_cost(n);
	is = node_cost_of(node_name_len(n), node_value_len(n), perms);
	rc = check_size(v, node_value_len(n), perms);
	if (!rc)
		rc = check_memory(v, is - was);
	if (!rc)
		rc = deltas_reserve(v->deltas, 2);
	if (rc)
		return rc;
	perm_list_get(old);
	rc = tree_set_perms(&v->store->tree, v->root, path, len, perms);
	if (rc) {
		perm_list_put(old);
		return rc;
	}
	deltas_add(v->deltas, &old->entry[0], -1, -was);
	deltas_add(v->deltas, &perms->entry[0], 1, is);
	change->old_perms = old;
	change->happened = true;
	return 0;
}
