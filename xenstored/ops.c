/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of requests, and how one is taken apart and answered. */
#include "ops.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdlib.h>
#include <string.h>

#define OP(type, serve, flags) [XS_##type] = { #type, serve, flags }

static const struct op ops[WIRE_TYPES] = {
	OP(CONTROL, op_control, OP_CONTROL),
	OP(DIRECTORY, op_directory, OP_TXN),
	OP(READ, op_read, OP_TXN),
	OP(GET_PERMS, op_get_perms, OP_TXN),
	OP(WATCH, op_watch, 0),
	OP(UNWATCH, op_unwatch, 0),
	OP(TRANSACTION_START, op_transaction_start, 0),
	OP(TRANSACTION_END, op_transaction_end, OP_TXN),
	OP(INTRODUCE, op_introduce, OP_CONTROL),
	OP(RELEASE, op_release, OP_CONTROL),
	OP(GET_DOMAIN_PATH, op_get_domain_path, 0),
	OP(WRITE, op_write, OP_TXN),
	OP(MKDIR, op_mkdir, OP_TXN),
	OP(RM, op_rm, OP_TXN),
	OP(SET_PERMS, op_set_perms, OP_TXN),
	OP(IS_DOMAIN_INTRODUCED, op_is_domain_introduced, 0),
	OP(RESUME, op_resume, OP_CONTROL),
	OP(SET_TARGET, op_set_target, OP_CONTROL),
	OP(RESET_WATCHES, op_reset_watches, 0),
	OP(DIRECTORY_PART, op_directory_part, OP_TXN),
	OP(GET_FEATURE, op_get_feature, 0),
	OP(SET_FEATURE, op_set_feature, OP_CONTROL),
	OP(GET_QUOTA, op_get_quota, OP_CONTROL),
	OP(SET_QUOTA, op_set_quota, OP_CONTROL),
};

const char *op_name(uint32_t type)
{
	return type < WIRE_TYPES && ops[type].name ? ops[type].name : "?";
}

void request_reply(struct request *r, const void *payload, size_t len)
{
	r->is_answered = true;
	output_reply(r->conn, r->hdr, r->hdr->type, payload, len);
}

void request_ok(struct request *r)
{
	request_reply(r, "OK", sizeof("OK"));
}

int request_string(struct request *r, char **out)
{
	return wire_string(&r->payload, &r->len, out);
}

int request_path(struct request *r, bool special_allowed, struct path **out)
{
	char *text;
	int len = request_string(r, &text);

	if (len < 0)
		return len;
	*out = &r->store->path;
	return path_parse(
		*out, r->conn->domid, text, (size_t)len, special_allowed);
}

int request_number(struct request *r, uint64_t max, uint64_t *out)
{
	char *text;
	int rc = request_string(r, &text);

	return rc < 0 ? rc : wire_number(text, max, out);
}

int request_domid(struct request *r, uint16_t *out)
{
	uint64_t domid;
	int rc = request_number(r, UINT16_MAX, &domid);

	if (!rc)
		*out = (uint16_t)domid;
	return rc;
}

/* Finds where the request takes effect. */
static int open_view(struct request *r, unsigned int flags)
{
	struct view *v = &r->view;

	v->store = r->store;
	domain_subject(r->store, r->conn->domid, &v->who);
	v->root = &r->store->root;
	v->deltas = &r->store->deltas;
	v->deltas->count = 0;
	v->place = &r->conn->place;
	if ((flags & OP_CONTROL) && !v->who.is_control)
		return -EACCES;
	if (!(flags & OP_TXN) || !r->hdr->tx_id)
		return 0;
	v->txn = txn_find(r->conn, r->hdr->tx_id);
	if (!v->txn)
		return -ENOENT;
	if (v->txn->is_broken && r->hdr->type != XS_TRANSACTION_END)
		return -EAGAIN;
	v->root = &v->txn->root;
	v->deltas = &v->txn->deltas;
	return 0;
}

/* Counts the request, and tells the host who wants to log it. */
static void account_for(
	struct request *r, int rc, const char *path, size_t path_room)
{
	struct store *s = r->store;
	struct domain *d = domain_find(s, r->conn->domid);
	uint64_t ns = 0, now;

	if (s->host.clock) {
		now = s->host.clock(s->host.ctx);
		ns = now > s->now ? now - s->now : 0;
	}
	stats_count(r->hdr->type < WIRE_TYPES ? &s->load[r->hdr->type] : NULL,
		d ? &d->load : NULL, ns, rc);
	if (s->access.per_second && s->host.access)
		access_tell(r, rc, ns, path, path_room);
}

void ops_serve(struct conn *c, const struct wire_header *hdr, char *payload)
{
	struct request r = { .conn = c,
		.store = c->store,
		.hdr = hdr,
		.payload = payload,
		.len = hdr->len };
	const struct op *op = NULL;
	const char *name;
	int rc = -ENOSYS;

	if (hdr->type < WIRE_TYPES)
		op = &ops[hdr->type];
	if (op && op->serve) {
		rc = open_view(&r, op->flags);
		if (!rc)
			rc = op->serve(&r);
	}
	if (rc) {
		name = wire_error_name(rc);
		output_reply(c, hdr, XS_ERROR, name, strlen(name) + 1);
	} else if (!r.is_answered) {
		request_ok(&r);
	}
	account_for(&r, rc, payload, hdr->len);
}
