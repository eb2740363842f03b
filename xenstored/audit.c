/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit: every account is recomputed from what it counts, and every
 * structure is walked. Tests and fuzzers run it after each request.
 */
#include "state.h"

#include <stdlib.h>
#include <string.h>

struct tally {
	const struct store *store;
	struct deltas sums;
	const char *wrong;
};

static int add_node(
	void *ctx, const struct node *n, const char *path, size_t len)
{
	struct tally *t = ctx;
	size_t i;

	(void)path;
	(void)len;
	if (deltas_reserve(&t->sums, 1))
		return -1;
	deltas_add(&t->sums, &node_perms(n)->entry[0], 1, node_cost(n));
	for (i = 0; i < node_perms(n)->count; i++)
		if (node_perms(n)->entry[i].access > PERM_BOTH)
			t->wrong = "a permission is no permission";
	return 0;
}

static const char *tally_tree(struct tally *t, const struct node *root)
{
	t->sums.count = 0;
	t->wrong = tree_audit(root);
	if (!t->wrong && tree_walk(root, NULL, 0, add_node, t))
		t->wrong = "no memory for the audit";
	return t->wrong;
}

static const char *audit_owners(struct tally *t)
{
	const struct domain *d;
	size_t i;

	for (i = 0; i < t->sums.count; i++) {
		d = domain_find(t->store, t->sums.at[i].domid);
		if (!d)
			return "a node's owner is not on record";
		if (t->sums.at[i].era !=
			domain_era(t->store, t->sums.at[i].domid))
			return "a node outlived its owner";
	}
	return NULL;
}

struct counts {
	int64_t watches, watch_bytes, transactions, step_bytes, old_bytes;
	int64_t replies, reply_bytes, event_bytes;
};

static const char *count_conn(const struct conn *c, struct counts *sum)
{
	struct list *at;
	struct watch *w;
	struct txn *x;
	uint32_t watches = 0, txns = 0;

	for (at = c->watches.next; at != &c->watches; at = at->next) {
		w = list_entry(at, struct watch, of_conn);
		if (w->conn != c)
			return "a watch hangs on another's list";
		watches++;
		sum->watch_bytes += WATCH_COST + w->path_len + w->token_len;
	}
	for (at = c->txns.next; at != &c->txns; at = at->next) {
		txns++;
		x = list_entry(at, struct txn, of_conn);
		sum->step_bytes += x->cost + x->private_bytes;
		sum->old_bytes += x->old_bytes;
	}
	if (watches != c->watch_count || txns != c->txn_count)
		return "a connection miscounts what it has";
	sum->replies += c->reply_count;
	sum->reply_bytes += (int64_t)c->reply_bytes;
	sum->event_bytes += (int64_t)c->event_bytes;
	sum->watches += watches;
	sum->transactions += txns;
	return NULL;
}

static const char *audit_domain(struct tally *t, const struct domain *d)
{
	const struct delta *sum =
		deltas_find(&t->sums, d->domid, domain_era(t->store, d->domid));
	struct counts n = { 0 };
	const char *wrong;
	struct list *at;
	struct conn *c;

	if (d->account.nodes != (sum ? sum->nodes : 0) ||
		d->account.node_bytes != (sum ? sum->node_bytes : 0))
		return "a domain's account of nodes is wrong";
	for (at = t->store->conns.next; at != &t->store->conns; at = at->next) {
		c = list_entry(at, struct conn, of_store);
		wrong = c->domid == d->domid ? count_conn(c, &n) : NULL;
		if (wrong)
			return wrong;
	}
	if (d->account.watches != n.watches ||
		d->account.watch_bytes != n.watch_bytes)
		return "a domain's account of watches is wrong";
	if (d->account.transactions != n.transactions ||
		d->account.step_bytes != n.step_bytes ||
		d->account.old_bytes != n.old_bytes)
		return "a domain's account of transactions is wrong";
	if (d->account.replies != n.replies ||
		d->account.reply_bytes != n.reply_bytes ||
		d->account.event_bytes != n.event_bytes)
		return "a domain's account of output is wrong";
	return NULL;
}

static const char *audit_domains(struct tally *t)
{
	const struct store *s = t->store;
	const char *wrong = NULL;
	size_t p, i;

	for (p = 0; !wrong && p < DOMID_COUNT / DOMID_PAGE; p++)
		for (i = 0; s->domains[p] && !wrong && i < DOMID_PAGE; i++)
			if (s->domains[p][i])
				wrong = audit_domain(t, s->domains[p][i]);
	return wrong;
}

/* What a transaction would change must be what it says it would. */
static const char *audit_txn(struct tally *t, const struct txn *x)
{
	struct tally base = { .store = t->store };
	const struct delta *was, *d;
	const char *wrong;
	size_t i;

	if (x->is_broken)
		return NULL;
	wrong = tally_tree(t, x->root);

	if (!wrong)
		wrong = tally_tree(&base, x->base);
	for (i = 0; !wrong && i < t->sums.count; i++) {
		was = deltas_find(
			&base.sums, t->sums.at[i].domid, t->sums.at[i].era);
		d = deltas_find(
			&x->deltas, t->sums.at[i].domid, t->sums.at[i].era);
		if ((was ? was->nodes : 0) + (d ? d->nodes : 0) !=
				t->sums.at[i].nodes ||
			(was ? was->node_bytes : 0) + (d ? d->node_bytes : 0) !=
				t->sums.at[i].node_bytes)
			wrong = "a transaction's accounts are wrong";
	}
	free(base.sums.at);
	return wrong;
}

/* What is found from there on must be what is found from the root on. */
static const char *audit_place(const struct store *s, const struct conn *c)
{
	const struct tree_place *p = &c->place;

	if (!p->dir || p->edits != s->tree.edits || p->root != s->root)
		return NULL;
	return tree_find(s->root, p->path, p->len) == p->dir
		       ? NULL
		       : "a connection looks in a wrong place";
}

static const char *audit_conns(struct tally *t)
{
	const char *wrong = NULL;
	struct list *at, *x;
	struct conn *c;
	size_t txns = 0;

	for (at = t->store->conns.next; !wrong && at != &t->store->conns;
		at = at->next) {
		c = list_entry(at, struct conn, of_store);
		wrong = output_audit(c);
		if (!wrong)
			wrong = audit_place(t->store, c);
		for (x = c->txns.next; !wrong && x != &c->txns; x = x->next) {
			wrong = audit_txn(
				t, list_entry(x, struct txn, of_conn));
			txns++;
		}
	}
	if (!wrong && txns != t->store->txn_count)
		wrong = "the number of transactions is wrong";
	return wrong;
}

static const char *audit_sum(const struct tally *t)
{
	int64_t bytes = 0;
	size_t i;

	for (i = 0; i < t->sums.count; i++)
		bytes += t->sums.at[i].node_bytes;
	return bytes == t->store->node_bytes ? NULL
					     : "the sum of nodes is wrong";
}

const char *store_audit(struct store *s)
{
	struct tally t = { .store = s };
	const char *wrong;

	wrong = tally_tree(&t, s->root);
	if (!wrong)
		wrong = audit_owners(&t);
	if (!wrong)
		wrong = audit_domains(&t);
	if (!wrong)
		wrong = audit_sum(&t);
	if (!wrong)
		wrong = old_audit(s);
	if (!wrong)
		wrong = park_audit(s);
	if (!wrong)
		wrong = watch_audit(s);
	if (!wrong)
		wrong = audit_conns(&t);
	free(t.sums.at);
	return wrong;
}
