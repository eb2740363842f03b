/* SPDX-License-Identifier: BSD-2-Clause */
/* What domains own, and the changes to it that are not committed yet. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>

int deltas_reserve(struct deltas *d, size_t count)
{
	size_t room = d->room;
	struct delta *more;

	if (d->count + count <= room)
		return 0;
	while (room < d->count + count)
		room = room ? room * 2 : 4;
	more = realloc(d->at, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	d->at = more;
	d->room = room;
	return 0;
}

const struct delta *deltas_find(
	const struct deltas *d, uint16_t domid, uint32_t era)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (d->at[i].domid == domid && d->at[i].era == era)
			return &d->at[i];
	return NULL;
}

void deltas_add(struct deltas *d, const struct perm_entry *owner, int64_t nodes,
	int64_t bytes)
{
	const struct delta *found;
	struct delta *at;

	found = deltas_find(d, owner->domid, owner->era);
	at = found ? &d->at[found - d->at] : &d->at[d->count++];
	if (!found)
		*at = (struct delta){ owner->domid, owner->era, 0, 0 };
	at->nodes += nodes;
	at->node_bytes += bytes;
}

void deltas_apply(struct store *s, struct deltas *d)
{
	struct domain *dom;
	size_t i;

	for (i = 0; i < d->count; i++) {
		s->node_bytes += d->at[i].node_bytes;
		dom = domain_find(s, d->at[i].domid);
		if (!dom || domain_era(s, d->at[i].domid) != d->at[i].era)
			continue;
		dom->account.nodes += d->at[i].nodes;
		dom->account.node_bytes += d->at[i].node_bytes;
	}
	d->count = 0;
}
