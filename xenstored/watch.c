/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watches, found by the path that changes.
 *
 * The watched places form a tree of their own, up to the root; its branches
 * stand in one hash table by parent and name, so that firing costs the depth
 * of the path and the watches that match, not the watches that exist.
 */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const specials[2] = { "@introduceDomain", "@releaseDomain" };

const char *special_name(int which)
{
	return specials[which];
}

/* The domain of "@releaseDomain/DOMID", or -1. */
static int special_domid(const char *text, size_t len)
{
	size_t name_len = strlen(specials[1]);
	uint64_t domid;

	if (len <= name_len + 1 || memcmp(text, specials[1], name_len) != 0 ||
		text[name_len] != '/' ||
		wire_number(text + name_len + 1, UINT16_MAX, &domid))
		return -1;
	return (int)domid;
}

/* Which one a watch's path means. */
static int watched_special(const char *text, size_t len)
{
	return special_domid(text, len) >= 0 ? 1 : special_index(text, len);
}

int special_index(const char *text, size_t len)
{
	int i;

	for (i = 0; i < 2; i++)
		if (strlen(specials[i]) == len &&
			!memcmp(text, specials[i], len))
			return i;
	return -1;
}

static uint64_t name_key(const struct store *s, const struct watch_name *parent,
	const char *name, size_t len)
{
	uint64_t seed[2] = { s->seed[0], s->seed[1] ^ (uintptr_t)parent };

	return hash_bytes(seed, name, len);
}

static struct watch_name *name_find(const struct store *s,
	const struct watch_name *parent, const char *name, size_t len)
{
	struct hash_link *l;
	struct watch_name *n;

	l = hash_first(&s->names, name_key(s, parent, name, len));
	for (; l; l = hash_next(l)) {
		n = hash_entry(l, struct watch_name, link);
		if (n->parent == parent && n->name_len == len &&
			!memcmp(n->name, name, len))
			return n;
	}
	return NULL;
}

static struct watch_name *name_new(struct store *s, struct watch_name *parent,
	const char *name, size_t len)
{
	struct watch_name *n;

	if (hash_reserve(&s->names))
		return NULL;
	n = calloc(1, sizeof(*n) + len + 1);
	if (!n)
		return NULL;
	n->parent = parent;
	n->name_len = (uint32_t)len;
	memcpy(n->name, name, len);
	list_init(&n->kids);
	list_init(&n->sibling);
	list_init(&n->watches);
	hash_insert(&s->names, &n->link, name_key(s, parent, name, len));
	if (parent)
		list_add_tail(&parent->kids, &n->sibling);
	else
		s->top = n;
	return n;
}

/* Removes a place that nobody watches any more, and those above it. */
static void name_release(struct store *s, struct watch_name *n)
{
	struct watch_name *parent;

	while (n && list_is_empty(&n->kids) && list_is_empty(&n->watches)) {
		parent = n->parent;
		list_remove(&n->sibling);
		hash_remove(&s->names, &n->link);
		if (!parent)
			s->top = NULL;
		free(n);
		n = parent;
	}
}

static struct watch_name *name_make(
	struct store *s, const char *path, size_t len)
{
	const char *at = path, *end = path + len, *name;
	struct watch_name *n = s->top, *kid;
	size_t name_len;

	if (!n)
		n = name_new(s, NULL, "", 0);
	while (n && (name_len = path_step(&at, end, &name))) {
		kid = name_find(s, n, name, name_len);
		if (!kid)
			kid = name_new(s, n, name, name_len);
		if (!kid)
			name_release(s, n);
		n = kid;
	}
	return n;
}

static uint64_t watch_key(const struct conn *c, const char *path, size_t len,
	const char *token, size_t token_len)
{
	uint64_t seed[2] = { c->store->seed[0], (uintptr_t)c };

	seed[1] ^= hash_bytes(c->store->seed, token, token_len);
	return hash_bytes(seed, path, len);
}

static const char *token_of(const struct watch *w)
{
	return w->text + w->path_len + 1;
}

struct watch *watch_find(const struct conn *c, const struct path *path,
	const char *token, size_t token_len)
{
	struct hash_link *l;
	struct watch *w;

	l = hash_first(&c->store->watches,
		watch_key(c, path->text, path->len, token, token_len));
	for (; l; l = hash_next(l)) {
		w = hash_entry(l, struct watch, link);
		if (w->conn == c && w->path_len == path->len &&
			w->token_len == token_len &&
			w->home_len == path->home_len &&
			!memcmp(w->text, path->text, path->len) &&
			!memcmp(token_of(w), token, token_len))
			return w;
	}
	return NULL;
}

static int64_t watch_cost(const struct watch *w)
{
	return WATCH_COST + w->path_len + w->token_len;
}

/*
 * The longest event of a watch must fit a packet: its path may be as deep
 * as paths go, with the home cut off that its client did not send.
 */
static bool token_fits(const struct path *path, size_t token_len)
{
	size_t longest = path->is_special ? path->len + sizeof("/65535")
					  : PATH_MAX_LEN - path->home_len;

	return longest + 1 + token_len + 1 <= WIRE_PAYLOAD_MAX;
}

static bool special_permitted(const struct store *s, int which, uint16_t domid)
{
	struct subject who;

	domain_subject(s, domid, &who);
	return perm_access(s->special_perms[which], &who) & PERM_READ;
}

static int admit(struct conn *c, const struct path *path, int64_t cost)
{
	struct store *s = c->store;
	struct domain *d = domain_make(s, c->domid);
	int which = watched_special(path->text, path->len), rc;

	if (!d)
		return -ENOMEM;
	if (path->is_special && which >= 0 &&
		!special_permitted(s, which, c->domid))
		return -EACCES;
	rc = quota_check(s, c->domid, QUOTA_WATCHES, d->account.watches + 1);
	if (rc)
		return rc;
	return quota_check(s, c->domid, QUOTA_MEMORY_HARD,
		quota_memory(s, c->domid) + cost);
}

int watch_add(struct conn *c, const struct path *path, const char *token,
	size_t token_len, int32_t depth)
{
	int rc = admit(
		c, path, WATCH_COST + (int64_t)path->len + (int64_t)token_len);

	return rc ? rc : watch_put(c, path, token, token_len, depth);
}

static int check(struct conn *c, const struct path *path, const char *token,
	size_t token_len, int32_t depth)
{
	if (path->is_special &&
		(watched_special(path->text, path->len) < 0 || depth > 1))
		return -EINVAL;
	if (!token_fits(path, token_len))
		return -E2BIG;
	if (watch_find(c, path, token, token_len))
		return -EEXIST;
	return hash_reserve(&c->store->watches);
}

int watch_put(struct conn *c, const struct path *path, const char *token,
	size_t token_len, int32_t depth)
{
	struct store *s = c->store;
	struct domain *d;
	struct watch *w;
	int rc;

	rc = check(c, path, token, token_len, depth);
	if (rc)
		return rc;
	w = calloc(1, sizeof(*w) + path->len + token_len + 2);
	if (!w)
		return -ENOMEM;
	if (!path->is_special) {
		w->at = name_make(s, path->text, path->len);
		if (!w->at) {
			free(w);
			return -ENOMEM;
		}
	}
	w->conn = c;
	w->home_len = (uint32_t)path->home_len;
	w->depth = depth;
	w->path_len = (uint32_t)path->len;
	w->token_len = (uint32_t)token_len;
	memcpy(w->text, path->text, path->len);
	memcpy(w->text + path->len + 1, token, token_len);
	list_add_tail(w->at ? &w->at->watches
			    : &s->special_watches[watched_special(
				      path->text, path->len)],
		&w->of_name);
	list_add_tail(&c->watches, &w->of_conn);
	hash_insert(&s->watches, &w->link,
		watch_key(c, path->text, path->len, token, token_len));
	c->watch_count++;
	d = domain_find(s, c->domid);
	if (d) {
		d->account.watches++;
		d->account.watch_bytes += watch_cost(w);
	}
	return 0;
}

static void watch_free(struct watch *w)
{
	struct conn *c = w->conn;
	struct store *s = c->store;
	struct domain *d = domain_find(s, c->domid);

	output_forget(c, w);
	hash_remove(&s->watches, &w->link);
	list_remove(&w->of_name);
	list_remove(&w->of_conn);
	name_release(s, w->at);
	c->watch_count--;
	if (d) {
		d->account.watches--;
		d->account.watch_bytes -= watch_cost(w);
	}
	free(w);
}

int watch_remove(struct conn *c, const struct path *path, const char *token,
	size_t token_len)
{
	struct watch *w = watch_find(c, path, token, token_len);

	if (!w)
		return -ENOENT;
	watch_free(w);
	return 0;
}

void watch_remove_all(struct conn *c)
{
	struct list *at, *next;

	list_for_each_safe(at, next, &c->watches)
		watch_free(list_entry(at, struct watch, of_conn));
}

/*
 * The permission lists of which one must let a watcher read. Control domains
 * see all, so it is looked up when the first other one is asked about.
 */
struct sight {
	struct store *store;
	const char *path;
	size_t len;
	const struct change *change; /* NULL: it is looked up */
	const struct perm_list *now, *before, *parent;
	uint64_t hash; /* of the path, once a watch matches */
	bool is_hashed;
};

static void look_up(struct sight *sight)
{
	const struct change *change = sight->change;
	struct node *root = sight->store->root, *n;
	size_t found;

	sight->change = NULL;
	n = tree_find_nearest(root, sight->path, sight->len, &found);
	if (found == sight->len)
		sight->now = node_perms(n);
	sight->before = change->old_perms;
	if (change->removed)
		sight->before = node_perms(change->removed);
	if (change->created || change->removed) {
		n = tree_find_nearest(root, sight->path,
			path_parent_len(sight->path, sight->len), &found);
		sight->parent = node_perms(n);
	}
}

static bool can_see(const struct conn *c, struct sight *sight)
{
	struct subject who;

	if (domain_is_control(c->domid))
		return true;
	if (sight->change)
		look_up(sight);
	domain_subject(c->store, c->domid, &who);
	return (sight->now && perm_access(sight->now, &who) & PERM_READ) ||
	       (sight->before &&
		       perm_access(sight->before, &who) & PERM_READ) ||
	       (sight->parent && perm_access(sight->parent, &who) & PERM_READ);
}

/* The store of a place that is watched. */
static const struct store *name_store(const struct watch_name *name)
{
	return list_entry(name->watches.next, struct watch, of_name)
		->conn->store;
}

static void fire_at(struct watch_name *name, int32_t depth, const char *path,
	size_t len, struct sight *sight)
{
	struct list *at;
	struct watch *w;

	if (list_is_empty(&name->watches))
		return;
	if (!sight->is_hashed) {
		sight->hash = hash_bytes(name_store(name)->seed, path, len);
		sight->is_hashed = true;
	}
	for (at = name->watches.next; at != &name->watches; at = at->next) {
		w = list_entry(at, struct watch, of_name);
		if ((w->depth < 0 || depth <= w->depth) &&
			can_see(w->conn, sight))
			output_event_hashed(w, path, len, sight->hash);
	}
}

/* One level of fire_below(): a watched place, and what stood there. */
struct below {
	struct watch_name *name;
	const struct node *node;
	struct list *next;
};

/*
 * Watches below a node that was removed fire with their own path, if there
 * was something there. The places, unlike the nodes, are at most as deep as
 * a path has components.
 */
static void fire_below(struct watch_name *name, const struct node *removed)
{
	struct below stack[PATH_MAX_LEN / 2 + 1];
	size_t depth = 0;
	struct below *top;
	struct watch_name *kid;
	struct sight sight;
	const struct node *n;
	struct watch *first;

	stack[depth++] = (struct below){ name, removed, name->kids.next };
	while (depth) {
		top = &stack[depth - 1];
		if (top->next == &top->name->kids) {
			depth--;
			continue;
		}
		kid = list_entry(top->next, struct watch_name, sibling);
		top->next = top->next->next;
		n = tree_child(top->node, kid->name, kid->name_len);
		if (!n)
			continue;
		if (!list_is_empty(&kid->watches)) {
			sight = (struct sight){ .before = node_perms(n),
				.parent = node_perms(top->node) };
			first = list_entry(
				kid->watches.next, struct watch, of_name);
			fire_at(kid, 0, first->text, first->path_len, &sight);
		}
		stack[depth++] = (struct below){ kid, n, kid->kids.next };
	}
}

void watch_fire(struct store *s, const char *path, size_t len,
	const struct change *change)
{
	const char *at = path, *end = path + len, *name;
	struct watch_name *place = s->top;
	struct sight sight = {
		.store = s, .path = path, .len = len, .change = change
	};
	size_t name_len;
	unsigned int depth;

	if (!place)
		return;
	path_is_under(path, len, "/", 1, &depth);
	fire_at(place, (int32_t)depth, path, len, &sight);
	while (!list_is_empty(&place->kids) &&
		(name_len = path_step(&at, end, &name))) {
		place = name_find(s, place, name, name_len);
		if (!place)
			return;
		depth--;
		fire_at(place, (int32_t)depth, path, len, &sight);
	}
	if (at == end && change->removed)
		fire_below(place, change->removed);
}

void watch_fire_special(struct store *s, int which, uint16_t domid)
{
	struct list *at, *head = &s->special_watches[which];
	struct watch *w;
	char path[32];
	int len, only;

	for (at = head->next; at != head; at = at->next) {
		w = list_entry(at, struct watch, of_name);
		only = special_domid(w->text, w->path_len);
		if ((only >= 0 && only != domid) ||
			!special_permitted(s, which, w->conn->domid))
			continue;
		len = snprintf(path, sizeof(path), "%s", specials[which]);
		if (only >= 0 || w->depth > 0)
			len = snprintf(path, sizeof(path), "%s/%u",
				specials[which], domid);
		output_event(w, path, (size_t)len);
	}
}

void watch_free_all(struct store *s)
{
	hash_free(&s->names);
	hash_free(&s->watches);
	hash_free(&s->events);
	hash_free(&s->conn_ids);
}

static const char *audit_watch(const struct watch *w)
{
	char path[PATH_MAX_LEN + 2];
	const struct watch_name *n;
	size_t at = sizeof(path);

	if (!w->at)
		return watched_special(w->text, w->path_len) < 0
			       ? "a special watch is not special"
			       : NULL;
	for (n = w->at; n->parent; n = n->parent) {
		at -= n->name_len;
		memcpy(path + at, n->name, n->name_len);
		path[--at] = '/';
	}
	if (at == sizeof(path))
		path[--at] = '/';
	if (sizeof(path) - at != w->path_len ||
		memcmp(path + at, w->text, w->path_len) != 0)
		return "a watch stands at another path";
	return NULL;
}

const char *watch_audit(struct store *s)
{
	const char *wrong = NULL;
	struct list *at, *of;
	struct watch_name *n;
	struct hash_link *l;
	struct conn *c;
	size_t i, watches = 0;

	for (i = 0; i < s->names.slot_count; i++) {
		for (l = s->names.slots[i]; l; l = l->next) {
			n = hash_entry(l, struct watch_name, link);
			if (list_is_empty(&n->kids) &&
				list_is_empty(&n->watches))
				return "a watched place has no watch";
		}
	}
	for (at = s->conns.next; at != &s->conns; at = at->next) {
		c = list_entry(at, struct conn, of_store);
		for (of = c->watches.next; !wrong && of != &c->watches;
			of = of->next) {
			wrong = audit_watch(
				list_entry(of, struct watch, of_conn));
			watches++;
		}
	}
	if (!wrong && watches != s->watches.count)
		wrong = "the table of watches is wrong";
	return wrong;
}
