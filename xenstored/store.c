/* SPDX-License-Identifier: BSD-2-Clause */
/* A store as a whole: its birth, its end, and what the daemon writes. */
#include "state.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdlib.h>
#include <string.h>

static struct perm_list *control_perms(void)
{
	return perm_list_new(1); /* n0, in the first era */
}

static int make_root(struct store *s)
{
	struct perm_list *perms = control_perms();
	struct domain *d;

	if (perms)
		s->root = tree_node_new(&s->tree, "/", 1, NULL, 0, perms);
	perm_list_put(perms);
	if (!s->root)
		return -ENOMEM;
	d = domain_find(s, 0);
	d->account.nodes = 1;
	d->account.node_bytes = s->node_bytes = node_cost(s->root);
	return 0;
}

struct store *store_new(const struct store_host *host, const uint64_t seed[2])
{
	struct store *s = calloc(1, sizeof(*s));
	int i;

	if (!s)
		return NULL;
	if (host)
		s->host = *host;
	s->seed[0] = seed[0];
	s->seed[1] = seed[1];
	quota_init(s);
	list_init(&s->conns);
	list_init(&s->dirty);
	list_init(&s->open_txns);
	park_init(s);
	for (i = 0; i < 2; i++) {
		list_init(&s->special_watches[i]);
		s->special_perms[i] = control_perms();
	}
	if (!s->special_perms[0] || !s->special_perms[1] ||
		store_introduce(s, 0) || make_root(s)) {
		store_free(s);
		return NULL;
	}
	return s;
}

void store_set_stamp(struct store *s, uint32_t stamp)
{
	s->tree.stamp = stamp;
}

void store_free(struct store *s)
{
	struct list *at, *next;

	list_for_each_safe(at, next, &s->conns)
		conn_free(list_entry(at, struct conn, of_store));
	tree_put(&s->tree, s->root);
	perm_list_put(s->special_perms[0]);
	perm_list_put(s->special_perms[1]);
	domain_free_all(s);
	watch_free_all(s);
	free(s->deltas.at);
	free(s->lost.at);
	free(s);
}

int store_write(
	struct store *s, const char *path, const void *value, size_t len)
{
	struct deltas deltas = { 0 };
	struct change change = { 0 };
	struct view v = { .store = s, .root = &s->root, .deltas = &deltas };
	int rc;

	domain_subject(s, 0, &v.who);
	rc = edit_write(&v, path, strlen(path), value, len, &change);
	if (!rc) {
		deltas_apply(s, &deltas);
		effect_edit(s, XS_WRITE, path, strlen(path), &change, NULL);
		watch_fire(s, path, strlen(path), &change);
	}
	free(deltas.at);
	change_drop(s, &change);
	old_settle(s);
	return rc;
}
