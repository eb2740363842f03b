/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reference model of the store: a handful of paths in an array, copied
 * whole for a transaction. It knows the rules of nodes, permissions, the
 * quota of nodes and watches, and nothing of how a store is made.
 */
#ifndef TESTS_STORE_MODEL_H
#define TESTS_STORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <public/io/xs_wire.h>
#include "perm.h"

/* The root, and all paths of one or two names out of three, and a deep one. */
#define PATHS	 14
#define VALUE	 8
#define SAID	 96
#define GUESTS	 2
#define NO_QUOTA 0

static const char *const paths[PATHS] = { "/", "/a", "/b", "/c", "/a/a", "/a/b",
	"/a/c", "/b/a", "/b/b", "/b/c", "/c/a", "/c/b", "/c/c", "/a/a/a" };
/* Of each path, where it hangs. */
static const int parents[PATHS] = { -1, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4 };

struct model_perm {
	uint16_t domid;
	uint8_t access;
	uint32_t era;
};

struct model_node {
	bool present;
	char value[VALUE];
	struct model_perm owner, other; /* `other` of domain 0: none */
};

struct model {
	struct model_node node[PATHS];
};

/* A request, with what the store has said to it. */
struct entry {
	uint32_t op;
	int path;
	char value[VALUE];
	struct model_perm owner, other;
	char said[SAID];
};

/* What an edit has changed, for the watches. */
struct effect {
	bool happened, created, removed, has_perms;
	int path;
	struct model before;
};

/* What is so outside of the tree. */
struct world {
	uint32_t era[GUESTS + 1]; /* of domain 5, 6; [0] of domain 0 */
	int node_limit;
	int nodes_elsewhere[GUESTS + 1]; /* what counts besides, if in a tx */
};

static inline int model_guest(uint16_t domid)
{
	return domid ? domid - 4 : 0;
}

static inline bool model_is(
	const struct world *w, const struct model_perm *p, uint16_t domid)
{
	return p->domid == domid && p->era == w->era[model_guest(domid)];
}

static inline unsigned int model_access(
	const struct world *w, const struct model_node *n, uint16_t domid)
{
	if (!domid || model_is(w, &n->owner, domid))
		return PERM_BOTH;
	if (n->other.domid && model_is(w, &n->other, domid))
		return n->other.access;
	return n->owner.access;
}

static inline bool model_is_below(int path, int of)
{
	while (path >= 0 && path != of)
		path = parents[path];
	return path == of;
}

static inline int model_depth(int path)
{
	return path ? 1 + model_depth(parents[path]) : 0;
}

static inline int model_nearest(const struct model *m, int path)
{
	while (!m->node[path].present)
		path = parents[path];
	return path;
}

static inline int model_count(const struct model *m, uint16_t domid)
{
	int i, count = 0;

	for (i = 0; i < PATHS; i++)
		count += m->node[i].present && m->node[i].owner.domid == domid;
	return count;
}

/* The names that DIRECTORY would give, with '|' for their NULs. */
static inline void model_list(const struct model *m, int path, char *out)
{
	int i;

	*out = '\0';
	for (i = 0; i < PATHS; i++)
		if (m->node[i].present && parents[i] == path)
			out += sprintf(out, "%s|", strrchr(paths[i], '/') + 1);
}

static inline void model_perms(
	const struct world *w, const struct model_node *n, char *out)
{
	static const char letters[] = "nrwb";

	out += sprintf(out, "%c%u|", letters[n->owner.access], n->owner.domid);
	if (n->other.domid && model_is(w, &n->other, n->other.domid))
		sprintf(out, "%c%u|", letters[n->other.access], n->other.domid);
}

static inline const char *model_create(struct model *m, const struct world *w,
	uint16_t who, int path, struct effect *fx)
{
	int from = model_nearest(m, path), made = 0, i;
	struct model_node *like = &m->node[from];
	struct model_perm owner = like->owner;

	if (!(model_access(w, like, who) & PERM_WRITE))
		return "EACCES";
	for (i = path; i != from; i = parents[i])
		made++;
	if (who && w->node_limit &&
		model_count(m, who) + w->nodes_elsewhere[model_guest(who)] +
				made >
			w->node_limit)
		return "ENOSPC";
	if (who && !model_is(w, &owner, who)) {
		owner.domid = who;
		owner.era = w->era[model_guest(who)];
	}
	for (i = path; i != from; i = parents[i]) {
		m->node[i] = (struct model_node){
			.present = true, .owner = owner, .other = like->other
		};
	}
	fx->happened = fx->created = true;
	return "OK";
}

static inline const char *model_rm(struct model *m, const struct world *w,
	uint16_t who, int path, struct effect *fx)
{
	int near = model_nearest(m, path), i;

	if (!path)
		return "EINVAL";
	if (near != path) {
		if (!(model_access(w, &m->node[near], who) & PERM_READ))
			return "EACCES";
		return near == parents[path] ? "OK" : "ENOENT";
	}
	if (!(model_access(w, &m->node[path], who) & PERM_WRITE))
		return "EACCES";
	for (i = 0; i < PATHS; i++)
		if (model_is_below(i, path))
			m->node[i].present = false;
	fx->happened = fx->removed = true;
	return "OK";
}

static inline const char *model_write(struct model *m, const struct world *w,
	uint16_t who, const struct entry *e, struct effect *fx)
{
	const char *said = "OK";

	if (!m->node[e->path].present)
		said = model_create(m, w, who, e->path, fx);
	else if (!(model_access(w, &m->node[e->path], who) & PERM_WRITE))
		said = "EACCES";
	else
		fx->happened = e->op == XS_WRITE;
	if (e->op == XS_WRITE && !strcmp(said, "OK"))
		strcpy(m->node[e->path].value, e->value);
	return said;
}

/* What is asked about one node, who may read it. */
static inline const char *model_look(struct model *m, const struct world *w,
	uint16_t who, const struct entry *e, struct effect *fx, char *said)
{
	struct model_node *n = &m->node[model_nearest(m, e->path)];

	if (!(model_access(w, n, who) & PERM_READ))
		return "EACCES";
	if (n != &m->node[e->path])
		return "ENOENT";
	if (e->op == XS_DIRECTORY)
		model_list(m, e->path, said);
	else if (e->op == XS_GET_PERMS)
		model_perms(w, n, said);
	else if (e->op == XS_READ)
		strcpy(said, n->value);
	if (e->op != XS_SET_PERMS)
		return said;
	if (who && !model_is(w, &n->owner, who))
		return "EACCES";
	if (who && (e->owner.domid != n->owner.domid ||
			   e->owner.era != n->owner.era))
		return "EPERM";
	n->owner = e->owner;
	n->other = e->other;
	fx->happened = true;
	return "OK";
}

/* Does it, and puts the answer into `said` and what changed into `fx`. */
static inline void model_run(struct model *m, const struct world *w,
	uint16_t who, const struct entry *e, char *said, struct effect *fx)
{
	const char *answer;

	fx->happened = fx->created = fx->removed = false;
	fx->has_perms = e->op == XS_SET_PERMS;
	fx->path = e->path;
	fx->before = *m;
	*said = '\0';
	switch (e->op) {
	case XS_WRITE:
	case XS_MKDIR:
		answer = model_write(m, w, who, e, fx);
		break;
	case XS_RM:
		answer = model_rm(m, w, who, e->path, fx);
		break;
	default:
		answer = model_look(m, w, who, e, fx, said);
	}
	if (answer != said)
		strcpy(said, answer);
}

#endif
