/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a store again from records. */
#include "restore.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdlib.h>
#include <string.h>

/* Only absolute paths that a client could have made. */
static int check_path(const char *path, size_t len)
{
	struct path p;
	int rc = path_parse(&p, 0, path, len, false);

	return rc || p.home_len ? -EINVAL : 0;
}

static int make_perms(struct store *s, const struct restore_perm *from,
	size_t count, struct perm_list **out)
{
	struct perm_list *perms;
	size_t i;

	if (!count || count > WIRE_PAYLOAD_MAX)
		return -EINVAL;
	perms = perm_list_new(count);
	if (!perms)
		return -ENOMEM;
	if (!domain_make(s, from[0].domid)) {
		perm_list_put(perms);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		perms->entry[i].domid = from[i].domid;
		perms->entry[i].access = from[i].access & PERM_BOTH;
		perms->entry[i].era = domain_era(s, from[i].domid);
	}
	*out = perms;
	return 0;
}

/* Whether a list says the same, of domains that live. */
static bool is_as_noted(const struct store *s, const struct perm_list *list,
	const struct restore_perm *perms, size_t count)
{
	size_t i;

	if (list->count != count)
		return false;
	for (i = 0; i < count; i++)
		if (list->entry[i].domid != perms[i].domid ||
			list->entry[i].access != perms[i].access ||
			list->entry[i].era != domain_era(s, perms[i].domid))
			return false;
	return true;
}

int restore_node(struct store *s, const char *path, size_t len,
	const void *value, size_t value_len, const struct restore_perm *perms,
	size_t perm_count)
{
	struct perm_list *list = NULL;
	struct deltas deltas = { 0 };
	int rc = check_path(path, len);

	if (!rc && value_len > WIRE_PAYLOAD_MAX)
		rc = -EINVAL;
	if (!rc)
		rc = make_perms(s, perms, perm_count, &list);
	if (!rc)
		rc = edit_put(s, &deltas, path, len, value, value_len, list);
	if (!rc)
		deltas_apply(s, &deltas);
	free(deltas.at);
	perm_list_put(list);
	old_settle(s);
	return rc;
}

/* Finds the parent, if it is another one than before. */
static bool find_parent(struct store *s, struct restore_run *run,
	const char *path, size_t parent_len)
{
	if (run->parent && run->parent_len == parent_len &&
		!memcmp(run->path, path, parent_len))
		return true;
	run->last = NULL;
	run->parent = tree_find(s->root, path, parent_len);
	run->parent_len = parent_len;
	memcpy(run->path, path, parent_len);
	return run->parent;
}

/* Whether a child of that name is new for sure. */
static bool is_new(const struct restore_run *run, const char *name, size_t len)
{
	if (run->last)
		return tree_name_cmp(name, len, node_name(run->last),
			       node_name_len(run->last)) > 0;
	return !tree_child(run->parent, name, len);
}

static int hang(struct store *s, struct restore_run *run, const char *name,
	size_t len, const void *value, size_t value_len,
	const struct restore_perm *perms, size_t perm_count)
{
	struct perm_list *list = run->last ? node_perms(run->last) : NULL;
	bool is_greatest = run->last || !run->parent->kids;
	struct domain *d;
	struct node *n;
	int rc = 0;

	if (list && is_as_noted(s, list, perms, perm_count))
		perm_list_get(list);
	else
		rc = make_perms(s, perms, perm_count, &list);
	if (rc)
		return rc;
	n = tree_node_new(&s->tree, name, len, value, value_len, list);
	perm_list_put(list);
	if (!n)
		return -ENOMEM;
	rc = tree_attach(
		&s->tree, &s->root, run->path, run->parent_len, run->parent, n);
	if (rc) {
		tree_put(&s->tree, n);
		return rc;
	}
	d = domain_find(s, perms[0].domid);
	d->account.nodes++;
	d->account.node_bytes += node_cost(n);
	s->node_bytes += node_cost(n);
	/* Beside others it may stand anywhere. */
	if (is_greatest)
		run->last = n;
	return 0;
}

int restore_next(struct store *s, struct restore_run *run, const char *path,
	size_t len, const void *value, size_t value_len,
	const struct restore_perm *perms, size_t perm_count)
{
	size_t parent_len = path_parent_len(path, len);
	const char *name = path + parent_len + (parent_len > 1);

	if (value_len > WIRE_PAYLOAD_MAX || check_path(path, len))
		return -EINVAL;
	if (s->tree.snapshots || len <= 1 ||
		!find_parent(s, run, path, parent_len) ||
		!is_new(run, name, len - (size_t)(name - path))) {
		memset(run, 0, sizeof(*run));
		return restore_node(
			s, path, len, value, value_len, perms, perm_count);
	}
	return hang(s, run, name, len - (size_t)(name - path), value, value_len,
		perms, perm_count);
}

int restore_rm(struct store *s, const char *path, size_t len)
{
	struct deltas deltas = { 0 };
	struct change change = { 0 };
	struct view v = { .store = s, .root = &s->root, .deltas = &deltas };
	int rc = check_path(path, len);

	domain_subject(s, 0, &v.who);
	if (!rc)
		rc = edit_rm(&v, path, len, &change);
	if (!rc)
		deltas_apply(s, &deltas);
	free(deltas.at);
	change_drop(s, &change);
	old_settle(s);
	return rc;
}

int restore_special(struct store *s, const char *path, size_t len,
	const struct restore_perm *perms, size_t perm_count)
{
	int which = special_index(path, len), rc;
	struct perm_list *list;

	if (which < 0)
		return -EINVAL;
	rc = make_perms(s, perms, perm_count, &list);
	if (rc)
		return rc;
	perm_list_put(s->special_perms[which]);
	s->special_perms[which] = list;
	return 0;
}

int restore_domain(struct store *s, const struct restore_domain *r)
{
	struct domain *d = domain_make(s, r->domid);

	if (!d || (r->has_target && !domain_make(s, r->target)))
		return -ENOMEM;
	d->is_introduced = r->is_introduced;
	d->is_shutdown = r->is_shutdown;
	d->was_seen = r->was_seen;
	d->has_target = r->has_target;
	d->target = r->target;
	d->target_era = domain_era(s, r->target);
	d->features = r->features & DOMAIN_FEATURES;
	return 0;
}

int restore_domain_gone(struct store *s, uint16_t domid)
{
	struct domain *d = domain_find(s, domid);

	if (domain_is_control(domid))
		return -EINVAL;
	if (!d)
		return -ENOENT;
	if (d->account.nodes || d->account.watches || d->account.transactions ||
		d->account.replies || d->account.event_bytes)
		return -EINVAL;
	domain_forget(s, d);
	return 0;
}

int restore_quota(
	struct store *s, uint32_t domid, enum quota_id id, uint64_t value)
{
	if (domid > DOMID_COUNT || (unsigned int)id >= QUOTA_COUNT)
		return -EINVAL;
	return quota_set(s, domid, id, value);
}

/* A watch's path, as its client's request would have made it. */
static int watch_path(struct conn *c, const char *path, size_t len,
	size_t home_len, struct path *out)
{
	int rc;

	if (home_len > PATH_HOME_MAX || home_len >= len)
		return -EINVAL;
	rc = path_parse(out, c->domid, path + home_len, len - home_len, true);
	if (rc)
		return rc;
	if (out->home_len != home_len || out->len != len ||
		memcmp(out->text, path, len) != 0)
		return -EINVAL;
	return 0;
}

int restore_watch(struct conn *c, const char *path, size_t len, size_t home_len,
	const char *token, size_t token_len, int32_t depth)
{
	struct path p;
	int rc = watch_path(c, path, len, home_len, &p);

	if (!rc && memchr(token, '\0', token_len))
		rc = -EINVAL;
	return rc ? rc : watch_put(c, &p, token, token_len, depth);
}

int restore_unwatch(struct conn *c, const char *path, size_t len,
	size_t home_len, const char *token, size_t token_len)
{
	struct path p;
	int rc = watch_path(c, path, len, home_len, &p);

	return rc ? rc : watch_remove(c, &p, token, token_len);
}

int restore_txn(struct conn *c, uint32_t tx_id)
{
	if (!tx_id || txn_find(c, tx_id))
		return -EINVAL;
	return txn_put(c, tx_id);
}

int restore_txn_end(struct conn *c, uint32_t tx_id)
{
	struct txn *t = txn_find(c, tx_id);

	if (!t)
		return -ENOENT;
	txn_free(c, t);
	return 0;
}

void restore_reset(struct conn *c)
{
	struct list *at, *next;

	watch_remove_all(c);
	list_for_each_safe(at, next, &c->txns)
		txn_free(c, list_entry(at, struct txn, of_conn));
}

int restore_output(
	struct conn *c, const char *bytes, size_t len, size_t partial)
{
	struct wire_header hdr;
	int rc = 0;

	if (partial > len || partial > sizeof(hdr) + WIRE_PAYLOAD_MAX)
		return -EINVAL;
	if (partial)
		rc = output_put(c, bytes, partial, true);
	bytes += partial;
	len -= partial;
	while (!rc && len) {
		if (len < sizeof(hdr))
			return -EINVAL;
		memcpy(&hdr, bytes, sizeof(hdr));
		if (hdr.len > WIRE_PAYLOAD_MAX || hdr.len > len - sizeof(hdr))
			return -EINVAL;
		rc = output_put(c, bytes, sizeof(hdr) + hdr.len, false);
		bytes += sizeof(hdr) + hdr.len;
		len -= sizeof(hdr) + hdr.len;
	}
	return rc;
}
