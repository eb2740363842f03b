/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of requests, and how one is taken apart and answered. */
#include "ops.h"

#include <errno.h>
#include <public/io/xs_wire.h>
#include <stdlib.h>
#include <string.h>

static const struct op ops[] = {
	[XS_CONTROL] = { op_control, OP_CONTROL },
	[XS_DIRECTORY] = { op_directory, OP_TXN },
	[XS_READ] = { op_read, OP_TXN },
	[XS_GET_PERMS] = { op_get_perms, OP_TXN },
	[XS_WATCH] = { op_watch, 0 },
	[XS_UNWATCH] = { op_unwatch, 0 },
	[XS_TRANSACTION_START] = { op_transaction_start, 0 },
	[XS_TRANSACTION_END] = { op_transaction_end, OP_TXN },
	[XS_INTRODUCE] = { op_introduce, OP_CONTROL },
	[XS_RELEASE] = { op_release, OP_CONTROL },
	[XS_GET_DOMAIN_PATH] = { op_get_domain_path, 0 },
	[XS_WRITE] = { op_write, OP_TXN },
	[XS_MKDIR] = { op_mkdir, OP_TXN },
	[XS_RM] = { op_rm, OP_TXN },
	[XS_SET_PERMS] = { op_set_perms, OP_TXN },
	[XS_IS_DOMAIN_INTRODUCED] = { op_is_domain_introduced, 0 },
	[XS_RESUME] = { op_resume, OP_CONTROL },
	[XS_SET_TARGET] = { op_set_target, OP_CONTROL },
	[XS_RESET_WATCHES] = { op_reset_watches, 0 },
	[XS_DIRECTORY_PART] = { op_directory_part, OP_TXN },
};

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

int request_domid(struct request *r, uint16_t *out)
{
	uint64_t domid;
	char *text;
	int rc = request_string(r, &text);

	if (rc >= 0)
		rc = wire_number(text, UINT16_MAX, &domid);
	if (!rc)
		*out = (uint16_t)domid;
	return rc < 0 ? rc : 0;
}

/* Finds where the request takes effect. */
static int open_view(struct request *r, unsigned int flags)
{
	struct view *v = &r->view;

	v->store = r->store;
	domain_subject(r->store, r->conn->domid, &v->who);
	v->root = &r->store->root;
	v->deltas = &r->deltas;
	if ((flags & OP_CONTROL) && !v->who.is_control)
		return -EACCES;
	if (!(flags & OP_TXN) || !r->hdr->tx_id)
		return 0;
	v->txn = txn_find(r->conn, r->hdr->tx_id);
	if (!v->txn)
		return -ENOENT;
	v->root = &v->txn->root;
	v->deltas = &v->txn->deltas;
	return 0;
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

	if (hdr->type < sizeof(ops) / sizeof(ops[0]))
		op = &ops[hdr->type];
	if (op && op->serve) {
		rc = open_view(&r, op->flags);
		if (!rc)
			rc = op->serve(&r);
	}
	free(r.deltas.at);
	if (r.is_answered)
		return;
	if (!rc) {
		request_ok(&r);
		return;
	}
	name = wire_error_name(rc);
	output_reply(c, hdr, XS_ERROR, name, strlen(name) + 1);
}
