/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about watches and transactions. */
#include "ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Path and token, which a watch needs and an unwatch repeats. */
static int watch_args(struct request *r, struct path **p, char **token)
{
	int rc = request_path(r, true, p);

	return rc ? rc : request_string(r, token);
}

int op_watch(struct request *r)
{
	struct watch *w;
	struct path *p;
	uint64_t depth;
	char *token, *text;
	int32_t levels = -1;
	int len, rc;

	len = watch_args(r, &p, &token);
	if (len < 0)
		return len;
	if (r->len) {
		rc = request_string(r, &text);
		if (rc >= 0)
			rc = wire_number(text, INT32_MAX, &depth);
		if (rc < 0)
			return rc;
		/* Who was not offered it cannot have meant it. */
		if (!(conn_features(r->conn) & FEATURE_WATCHDEPTH))
			return -EINVAL;
		levels = (int32_t)depth;
	}
	rc = watch_add(r->conn, p, token, (size_t)len, levels);
	if (rc)
		return rc;
	w = list_entry(r->conn->watches.prev, struct watch, of_conn);
	effect_watch(EFFECT_WATCH, w);
	request_ok(r);
	output_event(w, w->text, w->path_len);
	return 0;
}

int op_unwatch(struct request *r)
{
	struct path *p;
	const struct watch *w;
	char *token;
	int len = watch_args(r, &p, &token);

	if (len < 0)
		return len;
	w = watch_find(r->conn, p, token, (size_t)len);
	if (w)
		effect_watch(EFFECT_UNWATCH, w);
	return watch_remove(r->conn, p, token, (size_t)len);
}

int op_reset_watches(struct request *r)
{
	struct list *at, *next;

	effect_conn(EFFECT_RESET, r->conn, 0);
	watch_remove_all(r->conn);
	list_for_each_safe(at, next, &r->conn->txns)
		txn_free(r->conn, list_entry(at, struct txn, of_conn));
	return 0;
}

int op_transaction_start(struct request *r)
{
	struct txn *t;
	char id[16];
	int rc, len;

	if (r->hdr->tx_id)
		return -EBUSY;
	rc = txn_begin(r->conn, &t);
	if (rc)
		return rc;
	effect_conn(EFFECT_TXN, r->conn, t->id);
	len = snprintf(id, sizeof(id), "%u", t->id);
	request_reply(r, id, (size_t)len + 1);
	return 0;
}

int op_transaction_end(struct request *r)
{
	struct txn *t = r->view.txn;
	char *word;
	int rc;

	rc = request_string(r, &word);
	if (rc != 1 || (word[0] != 'T' && word[0] != 'F'))
		return -EINVAL;
	if (!t)
		return -ENOENT;
	rc = 0;
	effect_conn(EFFECT_TXN_END, r->conn, t->id);
	if (word[0] == 'F') {
		r->store->txns.aborted++;
	} else {
		rc = txn_commit(r->conn, t);
		if (!rc) {
			r->store->txns.committed++;
			request_ok(r);
			txn_fire(r->conn, t);
		}
	}
	txn_free(r->conn, t);
	return rc;
}
