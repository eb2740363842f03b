/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: who is on record, their eras, and their end.
 *
 * An id is used again and again; its era tells the lives apart. All that
 * names a domain names it with its era, so that forgetting one is a single
 * increment.
 */
#include "state.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The conflicts that a domain may cause in one go, in thousandths. */
#define CREDIT_FULL 10000

uint32_t conn_features(const struct conn *c)
{
	const struct domain *d = domain_find(c->store, c->domid);

	return d ? d->features : 0;
}

struct domain *domain_make(struct store *s, uint16_t domid)
{
	size_t p = domid / DOMID_PAGE;
	struct domain *d = domain_find(s, domid);

	if (d)
		return d;
	if (!s->domains[p])
		s->domains[p] = calloc(DOMID_PAGE, sizeof(*s->domains[p]));
	if (!s->eras[p])
		s->eras[p] = calloc(DOMID_PAGE, sizeof(*s->eras[p]));
	if (!s->domains[p] || !s->eras[p])
		return NULL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->domid = domid;
	d->features = DOMAIN_FEATURES;
	d->credit = CREDIT_FULL;
	d->credit_at = s->now;
	if (s->host.exists && !domain_is_control(domid))
		d->was_seen = s->host.exists(s->host.ctx, domid);
	s->domains[p][domid % DOMID_PAGE] = d;
	effect_domain(s, domid);
	return d;
}

void domain_free_all(struct store *s)
{
	size_t p, i;

	for (p = 0; p < DOMID_COUNT / DOMID_PAGE; p++) {
		for (i = 0; s->domains[p] && i < DOMID_PAGE; i++)
			free(s->domains[p][i]);
		free(s->domains[p]);
		free(s->eras[p]);
	}
}

void domain_subject(const struct store *s, uint16_t domid, struct subject *who)
{
	const struct domain *d = domain_find(s, domid);

	*who = (struct subject){ .is_control = domain_is_control(domid),
		.domid = domid,
		.era = domain_era(s, domid) };
	if (d && d->has_target) {
		who->has_target = true;
		who->target = d->target;
		who->target_era = d->target_era;
	}
}

void store_domains(struct store *s,
	void (*visit)(void *ctx, uint16_t domid, bool was_seen), void *ctx)
{
	struct domain *d;
	size_t p, i;

	for (p = 0; p < DOMID_COUNT / DOMID_PAGE; p++) {
		for (i = 0; s->domains[p] && i < DOMID_PAGE; i++) {
			d = s->domains[p][i];
			if (d && !domain_is_control(d->domid))
				visit(ctx, d->domid, d->was_seen);
		}
	}
}

void store_domain_seen(struct store *s, uint16_t domid)
{
	struct domain *d = domain_find(s, domid);

	if (!d || d->was_seen)
		return;
	d->was_seen = true;
	effect_domain(s, domid);
}

bool store_is_introduced(const struct store *s, uint16_t domid)
{
	const struct domain *d = domain_find(s, domid);

	return d && d->is_introduced;
}

int store_introduce(struct store *s, uint16_t domid)
{
	struct domain *d = domain_make(s, domid);

	if (!d)
		return -ENOMEM;
	d->is_introduced = true;
	d->is_shutdown = false;
	effect_domain(s, domid);
	return 0;
}

/* The paths of what a dead domain owned. */
struct estate {
	uint16_t domid;
	uint32_t era;
	char **paths;
	size_t count, room;
};

static int note_owned(
	void *ctx, const struct node *n, const char *path, size_t len)
{
	struct estate *e = ctx;
	char **more;

	if (node_perms(n)->entry[0].domid != e->domid ||
		node_perms(n)->entry[0].era != e->era || len <= 1)
		return 0;
	if (e->count == e->room) {
		more = realloc(e->paths, (e->room * 2 + 16) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		e->paths = more;
		e->room = e->room * 2 + 16;
	}
	e->paths[e->count] = strdup(path);
	if (!e->paths[e->count])
		return -ENOMEM;
	e->count++;
	return 0;
}

static int remove_as_control(struct store *s, const char *path)
{
	struct deltas deltas = { 0 };
	struct change change = { 0 };
	struct view v = { .store = s, .root = &s->root, .deltas = &deltas };
	int rc;

	domain_subject(s, 0, &v.who);
	rc = edit_rm(&v, path, strlen(path), &change);
	if (!rc) {
		deltas_apply(s, &deltas);
		effect_edit(s, XS_RM, path, strlen(path), &change, NULL);
		if (change.happened)
			watch_fire(s, path, strlen(path), &change);
	}
	free(deltas.at);
	change_drop(s, &change);
	old_settle(s);
	return rc;
}

/* The root outlives everybody: it falls back to domain 0. */
static int take_back_root(struct store *s, const struct domain *d)
{
	struct perm_list *perms;
	struct deltas deltas = { 0 };
	struct change change = { 0 };
	struct view v = { .store = s, .root = &s->root, .deltas = &deltas };
	int rc;

	if (node_perms(s->root)->entry[0].domid != d->domid)
		return 0;
	perms = perm_list_new(1);
	if (!perms)
		return -ENOMEM;
	perms->entry[0].era = domain_era(s, 0);
	domain_subject(s, 0, &v.who);
	rc = edit_perms(&v, "/", 1, perms, &change);
	if (!rc) {
		deltas_apply(s, &deltas);
		effect_edit(s, XS_SET_PERMS, "/", 1, &change, NULL);
	}
	free(deltas.at);
	perm_list_put(perms);
	change_drop(s, &change);
	old_settle(s);
	return rc;
}

/*
 * Deletes what the domain owned. Mostly all of it is in the domain's home,
 * or was removed by the tool stack before: then the tree is not searched.
 */
static void delete_estate(struct store *s, const struct domain *d)
{
	struct estate e = { .domid = d->domid, .era = domain_era(s, d->domid) };
	char path[PATH_MAX_LEN + 1];
	struct node *home;
	size_t i;
	int rc = 0;

	if (d->account.nodes <= 0)
		return;
	snprintf(path, sizeof(path), "/local/domain/%u", d->domid);
	home = tree_find(s->root, path, strlen(path));
	if (home && node_perms(home)->entry[0].domid == e.domid &&
		node_perms(home)->entry[0].era == e.era)
		rc = remove_as_control(s, path);
	if (!rc && d->account.nodes > 0)
		rc = take_back_root(s, d);
	if (!rc && d->account.nodes > 0) {
		strcpy(path, "/");
		rc = tree_walk(s->root, path, 1, note_owned, &e);
	}
	for (i = 0; i < e.count; i++) {
		if (tree_find(s->root, e.paths[i], strlen(e.paths[i])))
			remove_as_control(s, e.paths[i]);
		free(e.paths[i]);
	}
	free(e.paths);
	if (rc)
		store_log(s, true, "nodes of dead domain %u remain: %s",
			d->domid, wire_error_name(rc));
}

void store_domain_shutdown(struct store *s, uint16_t domid)
{
	struct domain *d = domain_find(s, domid);

	if (!d || !d->is_introduced || d->is_shutdown)
		return;
	d->is_shutdown = true;
	effect_domain(s, domid);
	watch_fire_special(s, 1, domid);
}

void domain_forget(struct store *s, struct domain *d)
{
	uint16_t domid = d->domid;

	s->eras[domid / DOMID_PAGE][domid % DOMID_PAGE]++;
	s->deaths++;
	s->domains[domid / DOMID_PAGE][domid % DOMID_PAGE] = NULL;
	free(d);
}

void store_domain_gone(struct store *s, uint16_t domid)
{
	struct domain *d = domain_find(s, domid);
	bool was_introduced;

	if (!d || domain_is_control(domid))
		return;
	was_introduced = d->is_introduced;
	d->is_introduced = false;
	if (was_introduced && s->host.release)
		s->host.release(s->host.ctx, domid);
	delete_estate(s, d);
	domain_forget(s, d);
	effect_domain_gone(s, domid);
	if (was_introduced)
		watch_fire_special(s, 1, domid);
}
