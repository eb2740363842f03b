/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of the access log: who asked what, with which end.
 *
 * A bucket holds them back: so many a second, and a burst of as many. What
 * was left out is counted and told with the next record that gets through.
 */
#include "ops.h"

#define NS_PER_SECOND 1000000000u

void store_set_access_log(struct store *s, uint32_t per_second)
{
	s->access.per_second = per_second;
	s->access.left = per_second;
	s->access.filled_at = s->now;
}

static bool is_let_through(struct store *s)
{
	uint64_t rate = s->access.per_second, gained;

	gained = (s->now - s->access.filled_at) * rate / NS_PER_SECOND;
	if (s->now - s->access.filled_at >= NS_PER_SECOND)
		gained = rate;
	if (gained) {
		s->access.filled_at = s->now;
		s->access.left += gained;
		if (s->access.left > rate)
			s->access.left = rate;
	}
	if (s->access.left) {
		s->access.left--;
		return true;
	}
	s->access.skipped++;
	return false;
}

void access_tell(
	struct request *r, int rc, uint64_t ns, const char *payload, size_t len)
{
	struct store *s = r->store;
	struct store_access a = { .conn = r->conn,
		.domid = r->conn->domid,
		.op = op_name(r->hdr->type),
		.tx_id = r->hdr->tx_id,
		.error = rc ? wire_error_name(rc) : NULL,
		.ns = ns };

	if (!is_let_through(s))
		return;
	a.text = payload;
	while (a.text_len < len && payload[a.text_len])
		a.text_len++;
	a.skipped = s->access.skipped;
	s->access.skipped = 0;
	s->host.access(s->host.ctx, &a);
}
