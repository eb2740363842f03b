/* SPDX-License-Identifier: BSD-2-Clause */
/* What must survive, told to the host. */
#include "state.h"

#include <public/io/xs_wire.h>

static void tell(struct store *s, const struct store_effect *e)
{
	if (s->host.effect)
		s->host.effect(s->host.ctx, e);
}

/*
 * The nodes of `path` beyond its first `from` bytes, parents first. `n` is
 * the first of them, and those below have no siblings; or it is NULL.
 */
static void tell_nodes(struct store *s, const char *path, size_t len,
	size_t from, struct node *n)
{
	struct store_effect e = {
		.kind = EFFECT_NODE, .path = path, .path_len = len, .node = n
	};
	struct node *above = n ? NULL : tree_find(s->root, path, from);
	const char *at = path + from, *name;

	if (n && !n->kids) {
		tell(s, &e);
		return;
	}
	while ((n || above) && path_step(&at, path + len, &name)) {
		if (above)
			n = above =
				tree_child(above, name, (size_t)(at - name));
		e.node = n;
		e.path_len = (size_t)(at - path);
		if (n)
			tell(s, &e);
		if (!above && n)
			n = arena_at(n->kids);
	}
}

void effect_edit(struct store *s, uint32_t op, const char *path, size_t len,
	const struct change *change, struct node *n)
{
	struct store_effect e = { .path = path, .path_len = len };

	if (!s->host.effect || !change->happened)
		return;
	if (op == XS_RM) {
		e.kind = EFFECT_RM;
		tell(s, &e);
	} else if (change->created) {
		tell_nodes(s, path, len, change->made_from, n);
	} else {
		e.kind = EFFECT_NODE;
		e.node = n ? n : tree_find(s->root, path, len);
		if (e.node)
			tell(s, &e);
	}
}

void effect_special(struct store *s, int which)
{
	struct store_effect e = { .kind = EFFECT_SPECIAL,
		.path = special_name(which),
		.perms = s->special_perms[which] };

	while (e.path[e.path_len])
		e.path_len++;
	tell(s, &e);
}

void effect_domain(struct store *s, uint16_t domid)
{
	tell(s, &(struct store_effect){
			.kind = EFFECT_DOMAIN, .domid = domid });
}

void effect_domain_gone(struct store *s, uint16_t domid)
{
	tell(s, &(struct store_effect){
			.kind = EFFECT_DOMAIN_GONE, .domid = domid });
}

void effect_watch(enum store_effect_kind kind, const struct watch *w)
{
	tell(w->conn->store, &(struct store_effect){ .kind = kind,
				     .conn = w->conn,
				     .domid = w->conn->domid,
				     .watch = w });
}

void effect_conn(enum store_effect_kind kind, struct conn *c, uint32_t tx_id)
{
	tell(c->store, &(struct store_effect){ .kind = kind,
			       .conn = c,
			       .domid = c->domid,
			       .tx_id = tx_id });
}

void effect_served(struct conn *c)
{
	size_t len = c->in_untold;

	c->in_untold = 0;
	if (c->id && len)
		tell(c->store,
			&(struct store_effect){
				.kind = EFFECT_SERVED, .conn = c, .len = len });
}

void effect_output(struct conn *c, const void *bytes, size_t len)
{
	size_t served = c->in_untold;

	c->in_untold = 0;
	if (c->id)
		tell(c->store, &(struct store_effect){ .kind = EFFECT_OUTPUT,
				       .conn = c,
				       .bytes = bytes,
				       .len = len,
				       .value = served });
}

void effect_quota(
	struct store *s, uint32_t domid, enum quota_id id, uint64_t value)
{
	struct store_effect e = { .quota = id, .value = value };

	e.kind = domid < DOMID_COUNT ? EFFECT_DOMAIN_QUOTA : EFFECT_QUOTA;
	e.domid = (uint16_t)domid;
	tell(s, &e);
}
