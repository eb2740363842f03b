/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about nodes. */
#include "ops.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looks a node up, and notes in the transaction what was found. */
static int look(struct request *r, enum step_kind kind, const struct path *p,
	struct node **out)
{
	int rc = edit_look(&r->view, p->text, p->len, out);
	int noted;

	if (!r->view.txn)
		return rc;
	noted = txn_note_read(
		&r->view, r->conn, kind, p->text, p->len, rc ? NULL : *out, rc);
	return noted ? noted : rc;
}

int op_read(struct request *r)
{
	struct path *p;
	struct node *n;
	int rc;

	rc = request_path(r, false, &p);
	if (!rc)
		rc = look(r, STEP_READ, p, &n);
	if (rc)
		return rc;
	request_reply(r, node_value(n), node_value_len(n));
	return 0;
}

/*
 * A name and its NUL. Of most it is one store of 8 bytes, which a node always
 * has and `to` must have room for.
 */
static char *put_name(char *to, const struct node *n)
{
	size_t len = node_name_len(n);

	if (len <= 8)
		memcpy(to, node_name(n), 8);
	else
		memcpy(to, node_name(n), len);
	to[len] = '\0';
	return to + len + 1;
}

int op_directory(struct request *r)
{
	char list[WIRE_PAYLOAD_MAX + 8], *at = list;
	struct kid_iter it;
	const struct node *kid;
	struct path *p;
	struct node *n;
	int rc;

	rc = request_path(r, false, &p);
	if (!rc)
		rc = look(r, STEP_LIST, p, &n);
	if (rc)
		return rc;
	if (tree_list_bytes(n) > WIRE_PAYLOAD_MAX)
		return -E2BIG;
	kid_iter_init(&it, n);
	while ((kid = kid_iter_next(&it)))
		at = put_name(at, kid);
	request_reply(r, list, (size_t)(at - list));
	return 0;
}

/* The stamp, whole names from `offset` on, and an empty one at the end. */
static void reply_part(struct request *r, const struct node *n, uint64_t offset)
{
	char list[WIRE_PAYLOAD_MAX];
	struct kid_iter it;
	const struct node *kid;
	uint64_t skip;
	size_t len, part;

	len = (size_t)snprintf(list, sizeof(list), "%u", n->stamp) + 1;
	kid_iter_seek(&it, n, offset, &skip);
	while ((kid = kid_iter_next(&it))) {
		part = node_name_len(kid) - (size_t)skip;
		if (len + part + 1 > sizeof(list) - 1)
			break;
		memcpy(list + len, node_name(kid) + skip, part);
		len += part;
		list[len++] = '\0';
		skip = 0;
	}
	if (!kid)
		list[len++] = '\0';
	request_reply(r, list, len);
}

int op_directory_part(struct request *r)
{
	struct path *p;
	struct node *n;
	uint64_t offset;
	char *text;
	int rc;

	rc = request_path(r, false, &p);
	if (!rc)
		rc = request_string(r, &text);
	if (rc >= 0)
		rc = wire_number(text, UINT32_MAX, &offset);
	if (!rc)
		rc = look(r, STEP_LIST, p, &n);
	if (rc)
		return rc;
	if (offset > tree_list_bytes(n))
		return -EINVAL;
	reply_part(r, n, offset);
	return 0;
}

/* One edit, in the transaction or at once; then the answer, then events. */
static int edit(struct request *r, const struct path *p, const void *value,
	size_t value_len, struct perm_list *perms)
{
	struct edit e = { r->hdr->type, p->text, p->len, value, value_len,
		perms };
	struct view *v = &r->view;
	struct change change = { 0 };
	int rc;

	if (v->txn)
		return txn_edit(v, r->conn, &e);
	rc = txn_run_edit(v, &e, &change);
	if (rc)
		return rc;
	deltas_apply(r->store, v->deltas);
	effect_edit(r->store, e.op, p->text, p->len, &change, change.written);
	request_ok(r);
	if (change.happened) {
		blame_note(r->store, r->conn->domid, p->text, p->len);
		watch_fire(r->store, p->text, p->len, &change);
	}
	change_drop(r->store, &change);
	old_settle(r->store);
	return 0;
}

int op_write(struct request *r)
{
	struct path *p;
	int rc = request_path(r, false, &p);

	return rc ? rc : edit(r, p, r->payload, r->len, NULL);
}

int op_mkdir(struct request *r)
{
	struct path *p;
	int rc = request_path(r, false, &p);

	return rc ? rc : edit(r, p, NULL, 0, NULL);
}

int op_rm(struct request *r)
{
	struct path *p;
	int rc = request_path(r, false, &p);

	return rc ? rc : edit(r, p, NULL, 0, NULL);
}

/* The list that a path has, of a node or of a special name. */
static int find_perms(
	struct request *r, const struct path *p, const struct perm_list **out)
{
	int which = special_index(p->text, p->len), rc;
	struct node *n;

	if (p->is_special) {
		if (which < 0)
			return -ENOENT;
		if (!r->view.who.is_control)
			return -EACCES;
		*out = r->store->special_perms[which];
		return 0;
	}
	rc = look(r, STEP_PERMS, p, &n);
	if (!rc)
		*out = node_perms(n);
	return rc;
}

int op_get_perms(struct request *r)
{
	char list[WIRE_PAYLOAD_MAX];
	const struct perm_list *perms = NULL;
	const struct perm_entry *e;
	struct path *p;
	size_t len = 0, i;
	int rc;

	rc = request_path(r, true, &p);
	if (!rc)
		rc = find_perms(r, p, &perms);
	if (rc)
		return rc;
	for (i = 0; i < perms->count; i++) {
		e = &perms->entry[i];
		if (i && e->era != domain_era(r->store, e->domid))
			continue;
		if (len + 8 > sizeof(list))
			return -E2BIG;
		len += perm_format(list + len, sizeof(list) - len, e);
	}
	request_reply(r, list, len);
	return 0;
}

/*
 * Binds an entry to the life of its domain. Whom a control domain names is on
 * record from then on. An entry for a domain that nobody knows means nobody,
 * or it would be a right of the next one of that id; so does everybody's
 * when the asking domain does not know that word.
 */
static int admit_entry(struct request *r, struct perm_entry *e, bool is_owner)
{
	struct store *s = r->store;
	bool is_known;

	if (e->domid == PERM_EVERYBODY) {
		if (is_owner)
			return -EINVAL;
		is_known = conn_features(r->conn) & FEATURE_WILDCARD;
	} else if (r->view.who.is_control) {
		is_known = domain_make(s, e->domid);
		if (!is_known)
			return -ENOMEM;
	} else {
		is_known = domain_find(s, e->domid);
	}
	e->era = is_known ? domain_era(s, e->domid) : PERM_NOBODY;
	return 0;
}

/* Reads the rest of the payload as a list. */
static int parse_perms(struct request *r, struct perm_list **out)
{
	struct perm_list *perms;
	struct perm_entry *e;
	size_t count = 0, i;
	char *text;
	int rc = 0;

	for (i = 0; i < r->len; i++)
		count += !r->payload[i];
	if (!count || r->payload[r->len - 1])
		return -EINVAL;
	rc = quota_check(
		r->store, r->conn->domid, QUOTA_PERMISSIONS, (int64_t)count);
	if (rc)
		return rc;
	perms = perm_list_new(count);
	if (!perms)
		return -ENOMEM;
	for (i = 0; i < count && rc >= 0; i++) {
		e = &perms->entry[i];
		rc = request_string(r, &text);
		if (rc >= 0)
			rc = perm_parse(e, text, (size_t)rc);
		if (!rc)
			rc = admit_entry(r, e, !i);
	}
	if (rc < 0) {
		perm_list_put(perms);
		return rc;
	}
	*out = perms;
	return 0;
}

int op_set_perms(struct request *r)
{
	struct perm_list *perms;
	struct path *p;
	int rc, which;

	rc = request_path(r, true, &p);
	if (!rc)
		rc = parse_perms(r, &perms);
	if (rc)
		return rc;
	if (p->is_special) {
		which = special_index(p->text, p->len);
		if (which < 0)
			rc = -ENOENT;
		else if (!r->view.who.is_control)
			rc = -EACCES;
		else if (r->view.txn)
			rc = -EINVAL;
		if (!rc) {
			perm_list_put(r->store->special_perms[which]);
			r->store->special_perms[which] = perm_list_get(perms);
			effect_special(r->store, which);
		}
	} else {
		rc = edit(r, p, NULL, 0, perms);
	}
	perm_list_put(perms);
	return rc;
}
