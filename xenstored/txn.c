/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions: a snapshot to work on, and a list of what was asked and told.
 *
 * When nobody else has changed the tree, the commit is one pointer. Else the
 * steps are run again on the tree as it is now: if every one of them gets
 * the answer that its client was given, the transaction might as well have
 * happened at this moment, and is made real; if not, it is a conflict.
 * Without an edit there is nothing to make real: what was read was true at
 * one moment, the beginning, and the commit cannot fail.
 */
#include "state.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdlib.h>
#include <string.h>

struct txn *txn_find(const struct conn *c, uint32_t id)
{
	struct list *at;

	for (at = c->txns.next; at != &c->txns; at = at->next)
		if (list_entry(at, struct txn, of_conn)->id == id)
			return list_entry(at, struct txn, of_conn);
	return NULL;
}

int txn_put(struct conn *c, uint32_t id)
{
	struct store *s = c->store;
	struct domain *d = domain_make(s, c->domid);
	struct txn *t = calloc(1, sizeof(*t));

	if (!d || !t) {
		free(t);
		return -ENOMEM;
	}
	t->conn = c;
	t->id = id;
	list_add_tail(&s->open_txns, &t->of_store);
	t->base = tree_get(s->root);
	t->root = tree_get(s->root);
	t->began = s->commits;
	t->deaths = s->deaths;
	list_add_tail(&c->txns, &t->of_conn);
	c->txn_count++;
	s->txn_count++;
	s->tree.snapshots++;
	d->account.transactions++;
	t->failed = -EAGAIN;
	return 0;
}

int txn_begin(struct conn *c, struct txn **out)
{
	struct store *s = c->store;
	struct domain *d = domain_make(s, c->domid);
	uint32_t id;
	int rc;

	if (!d)
		return -ENOMEM;
	rc = quota_check(
		s, c->domid, QUOTA_TRANSACTIONS, d->account.transactions + 1);
	if (rc)
		return rc;
	do {
		id = ++c->next_txn;
	} while (!id || txn_find(c, id));
	rc = txn_put(c, id);
	if (rc)
		return rc;
	*out = list_entry(c->txns.prev, struct txn, of_conn);
	(*out)->failed = 0;
	s->txns.started++;
	return 0;
}

static void step_free(struct store *s, struct step *step)
{
	tree_put(&s->tree, step->seen);
	perm_list_put(step->perms);
	change_drop(s, &step->change);
	free(step);
}

/* What it has made for itself is charged as its steps are. */
static void make_private(struct txn *t, int64_t bytes)
{
	struct domain *d = domain_find(t->conn->store, t->conn->domid);

	t->private_bytes += bytes;
	t->conn->store->private_bytes += bytes;
	if (d)
		d->account.step_bytes += bytes;
}

void txn_break(struct txn *t)
{
	struct store *s = t->conn->store;
	size_t i;

	t->is_broken = true;
	t->failed = -EAGAIN;
	for (i = 0; i < t->step_count; i++) {
		tree_put(&s->tree, t->steps[i]->seen);
		t->steps[i]->seen = NULL;
		change_drop(s, &t->steps[i]->change);
	}
	tree_put(&s->tree, t->root);
	tree_put(&s->tree, t->base);
	t->root = t->base = NULL;
	make_private(t, -t->private_bytes);
	old_leave(s, t);
}

void txn_free(struct conn *c, struct txn *t)
{
	struct store *s = c->store;
	struct domain *d = domain_find(s, c->domid);
	size_t i;

	park_release(t);
	for (i = 0; i < t->step_count; i++)
		step_free(s, t->steps[i]);
	free(t->steps);
	free(t->deltas.at);
	tree_put(&s->tree, t->root);
	tree_put(&s->tree, t->base);
	make_private(t, -t->private_bytes);
	old_leave(s, t);
	old_settle(s);
	list_remove(&t->of_conn);
	c->txn_count--;
	s->txn_count--;
	s->tree.snapshots--;
	if (d) {
		d->account.transactions--;
		d->account.step_bytes -= t->cost;
	}
	free(t);
}

/* Adds a step for a path and a value, charged to the client. */
static int add_step(struct view *v, struct conn *c, enum step_kind kind,
	const struct edit *e, struct step **out)
{
	struct store *s = v->store;
	struct domain *d = domain_find(s, c->domid);
	struct txn *t = v->txn;
	int64_t cost = STEP_COST + (int64_t)(e->len + e->value_len);
	struct step *step, **more;
	size_t room;
	int rc;

	rc = quota_check(s, c->domid, QUOTA_MEMORY_HARD,
		quota_memory(s, c->domid) + cost);
	if (rc)
		return rc;
	if (t->step_count == t->step_room) {
		room = t->step_room * 2 + 8;
		more = realloc(t->steps, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		t->steps = more;
		t->step_room = room;
	}
	step = malloc(sizeof(*step) + e->len + 1 + e->value_len);
	if (!step)
		return -ENOMEM;
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->op = e->op;
	step->path_len = (uint32_t)e->len;
	step->value_len = (uint32_t)e->value_len;
	memcpy(step->path, e->path, e->len);
	step->path[e->len] = '\0';
	if (e->value_len)
		memcpy(step->path + e->len + 1, e->value, e->value_len);
	step->perms = perm_list_get(e->perms);
	t->steps[t->step_count++] = step;
	t->cost += cost;
	d->account.step_bytes += cost;
	*out = step;
	return 0;
}

int txn_note_read(struct view *v, struct conn *c, enum step_kind kind,
	const char *path, size_t len, struct node *seen, int err)
{
	struct edit e = { .path = path, .len = len };
	struct step *step;
	int rc;

	rc = add_step(v, c, kind, &e, &step);
	if (rc)
		return rc;
	step->err = err;
	step->seen = err ? NULL : tree_get(seen);
	return 0;
}

int txn_run_edit(struct view *v, const struct edit *e, struct change *change)
{
	switch (e->op) {
	case XS_WRITE:
		return edit_write(
			v, e->path, e->len, e->value, e->value_len, change);
	case XS_MKDIR:
		return edit_mkdir(v, e->path, e->len, change);
	case XS_RM:
		return edit_rm(v, e->path, e->len, change);
	default:
		return edit_perms(v, e->path, e->len, e->perms, change);
	}
}

/* The first reason counts: what is to be begun anew may well fit then. */
static void fail(struct txn *t, int err)
{
	if (!t->failed)
		t->failed = err;
}

int txn_edit(struct view *v, struct conn *c, const struct edit *e)
{
	struct txn *t = v->txn;
	struct step *step;
	int64_t live = c->store->tree.live_bytes;
	int rc;

	rc = add_step(v, c, STEP_EDIT, e, &step);
	if (rc) {
		fail(t, rc);
		return rc;
	}
	step->err = txn_run_edit(v, e, &step->change);
	make_private(t, c->store->tree.live_bytes - live);
	/* Open before a crash, and what it had made is gone: no answer to its
	 * client is the right one, but to begin anew. */
	if (step->err && t->failed == -EAGAIN)
		return -EAGAIN;
	if (!step->err)
		t->edit_count++;
	else if (step->err == -ENOSPC || step->err == -ENOMEM)
		fail(t, step->err);
	return step->err;
}

static bool is_same_value(const struct node *a, const struct node *b)
{
	return a == b ||
	       (a->value_len == b->value_len &&
		       !memcmp(node_value(a), node_value(b), a->value_len));
}

/* Whether an edit gets the same answer again. */
static bool is_edit_repeated(struct view *v, struct step *step)
{
	struct edit e = { .op = step->op,
		.path = step->path,
		.len = step->path_len,
		.value = step->path + step->path_len + 1,
		.value_len = step->value_len,
		.perms = step->perms };

	if (e.perms && e.perms->entry[0].era !=
			       domain_era(v->store, e.perms->entry[0].domid))
		return false;
	change_drop(v->store, &step->change);
	return txn_run_edit(v, &e, &step->change) == step->err;
}

/* The next entry from `i` on that GET_PERMS shows. */
static uint32_t next_shown(
	const struct store *s, const struct perm_list *list, uint32_t i)
{
	while (i && i < list->count &&
		list->entry[i].era != domain_era(s, list->entry[i].domid))
		i++;
	return i;
}

/*
 * Whether GET_PERMS would show now what it showed then. Of a domain that has
 * died meanwhile an entry was shown, perhaps.
 */
static bool are_same_perms(const struct store *s, const struct txn *t,
	const struct perm_list *a, const struct perm_list *b)
{
	uint32_t i = 0, j = 0;

	for (;; i++, j++) {
		if (s->deaths == t->deaths) {
			i = next_shown(s, a, i);
			j = next_shown(s, b, j);
		}
		if (i >= a->count || j >= b->count)
			return i >= a->count && j >= b->count;
		if (a->entry[i].domid != b->entry[j].domid ||
			a->entry[i].access != b->entry[j].access ||
			next_shown(s, a, i) != i)
			return false;
	}
}

/* Whether a step gets the same answer again. */
static bool is_repeated(struct view *v, const struct txn *t, struct step *step)
{
	struct node *n = NULL;
	int err;

	if (step->kind == STEP_EDIT)
		return is_edit_repeated(v, step);
	err = edit_look(v, step->path, step->path_len, &n);
	if (err != step->err)
		return false;
	if (err)
		return true;
	if (step->kind == STEP_READ)
		return is_same_value(n, step->seen);
	if (step->kind == STEP_PERMS)
		return are_same_perms(
			v->store, t, node_perms(n), node_perms(step->seen));
	return tree_same_names(n, step->seen);
}

/*
 * A node that a later step has removed again is not there to be told of,
 * nor is one below it: each step tells what has become of its path.
 */
static void tell_edits(struct store *s, const struct txn *t)
{
	const struct step *step;
	size_t i;

	for (i = 0; i < t->step_count; i++) {
		step = t->steps[i];
		if (step->kind == STEP_EDIT)
			effect_edit(s, step->op, step->path, step->path_len,
				&step->change, NULL);
	}
}

static int replay(struct conn *c, struct txn *t)
{
	struct store *s = c->store;
	struct node *root = tree_get(s->root);
	struct deltas deltas = { 0 };
	struct view v = { .store = s, .root = &root, .deltas = &deltas };
	size_t i;

	domain_subject(s, c->domid, &v.who);
	s->work += t->step_count;
	for (i = 0; i < t->step_count; i++) {
		if (is_repeated(&v, t, t->steps[i]))
			continue;
		blame_conflict(s, c->domid, t->began, t->steps[i]->path,
			t->steps[i]->path_len);
		if (t->steps[i]->kind != STEP_EDIT)
			park_heat(s, t->steps[i]->path, t->steps[i]->path_len);
		tree_put(&s->tree, root);
		free(deltas.at);
		return -EAGAIN;
	}
	tree_put(&s->tree, s->root);
	s->root = root;
	deltas_apply(s, &deltas);
	free(deltas.at);
	tell_edits(s, t);
	return 0;
}

void txn_refresh(struct txn *t)
{
	struct store *s = t->conn->store;
	struct node *root = tree_get(s->root);
	struct view v = { .store = s, .root = &root };
	size_t i;

	domain_subject(s, t->conn->domid, &v.who);
	for (i = 0; i < t->step_count; i++) {
		if (t->steps[i]->kind == STEP_EDIT ||
			!is_repeated(&v, t, t->steps[i])) {
			tree_put(&s->tree, root);
			return;
		}
	}
	tree_put(&s->tree, t->base);
	tree_put(&s->tree, t->root);
	t->base = tree_get(root);
	t->root = root;
	t->began = s->commits;
	t->deaths = s->deaths;
	old_leave(s, t);
	list_add_tail(&s->open_txns, &t->of_store);
	old_settle(s);
}

int txn_commit(struct conn *c, struct txn *t)
{
	struct store *s = c->store;

	if (t->failed)
		return t->failed;
	if (!t->edit_count)
		return 0;
	if (t->base != s->root || t->deaths != s->deaths)
		return replay(c, t);
	tree_put(&s->tree, s->root);
	s->root = t->root;
	t->root = NULL;
	make_private(t, -t->private_bytes);
	deltas_apply(s, &t->deltas);
	tell_edits(s, t);
	return 0;
}

void txn_fire(struct conn *c, struct txn *t)
{
	struct step *step;
	size_t i;

	for (i = 0; i < t->step_count; i++) {
		step = t->steps[i];
		if (step->kind != STEP_EDIT || !step->change.happened)
			continue;
		blame_note(c->store, c->domid, step->path, step->path_len);
		watch_fire(c->store, step->path, step->path_len, &step->change);
	}
}
