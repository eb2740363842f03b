/* SPDX-License-Identifier: BSD-2-Clause */
/* Quotas: what a guest may have, and who was told that it may not. */
#include "state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Nanoseconds in which one quota of one domain is told of once. */
#define TELL_EVERY (10ull * 1000000000u)

/* The defaults that administrators know from other daemons. */
static const struct store_quota defaults[QUOTA_COUNT] = {
	[QUOTA_NODES] = { "nodes", 1000, 0 },
	[QUOTA_WATCHES] = { "watches", 128, 0 },
	[QUOTA_TRANSACTIONS] = { "transactions", 10, 0 },
	[QUOTA_NODE_SIZE] = { "node-size", 2048, 0 },
	[QUOTA_PERMISSIONS] = { "permissions", 5, 0 },
	[QUOTA_OUTSTANDING] = { "outstanding", 20, 0 },
	[QUOTA_MEMORY_SOFT] = { "memory-soft", 2 << 20, 0 },
	[QUOTA_MEMORY_HARD] = { "memory", (2 << 20) + (64 << 10), 0 },
};

void quota_init(struct store *s)
{
	memcpy(s->quota, defaults, sizeof(defaults));
}

uint32_t quota_value(const struct store *s, uint16_t domid, enum quota_id id)
{
	const struct domain *d;

	if (domain_is_control(domid))
		return 0;
	d = domain_find(s, domid);
	if (d && d->quota_own & (1u << id))
		return d->quota[id];
	return s->quota[id].value;
}

int quota_set(struct store *s, uint32_t domid, enum quota_id id, uint64_t value)
{
	struct domain *d;

	if (value > UINT32_MAX)
		return -EINVAL;
	if (domid == DOMID_COUNT) {
		s->quota[id].value = (uint32_t)value;
		return 0;
	}
	d = domain_make(s, (uint16_t)domid);
	if (!d)
		return -ENOMEM;
	d->quota_own |= 1u << id;
	d->quota[id] = (uint32_t)value;
	return 0;
}

struct store_quota *store_quota(struct store *s, enum quota_id id)
{
	return &s->quota[id];
}

struct store_quota *store_quota_by_name(struct store *s, const char *name)
{
	size_t i;

	for (i = 0; i < QUOTA_COUNT; i++)
		if (!strcmp(s->quota[i].name, name))
			return &s->quota[i];
	return NULL;
}

void store_log(struct store *s, bool is_warning, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!s->host.log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->host.log(s->host.ctx, is_warning, line);
}

int64_t quota_memory(const struct store *s, uint16_t domid)
{
	const struct domain *d = domain_find(s, domid);

	if (!d)
		return 0;
	return d->account.node_bytes + d->account.watch_bytes +
	       d->account.step_bytes + d->account.old_bytes +
	       d->account.reply_bytes;
}

void quota_hit(struct store *s, uint16_t domid, enum quota_id id,
	uint32_t value, int64_t wanted)
{
	struct domain *d = domain_find(s, domid);
	uint32_t unsaid;

	s->quota[id].denied++;
	if (!d)
		return;
	d->quota_hits[id]++;
	if (d->quota_told[id] && s->now - d->quota_told_at[id] < TELL_EVERY)
		return;
	unsaid = d->quota_hits[id] - d->quota_told[id];
	d->quota_told[id] = d->quota_hits[id];
	d->quota_told_at[id] = s->now;
	store_log(s, true,
		"domain %u %s quota %s=%u: it wants %lld (%u such since it "
		"was told last; xenstore-control quota raises it)",
		domid, id == QUOTA_MEMORY_SOFT ? "is over" : "is refused by",
		s->quota[id].name, value, (long long)wanted, unsaid);
}

int quota_check(
	struct store *s, uint16_t domid, enum quota_id id, int64_t wanted)
{
	uint32_t value, soft;

	if (domain_is_control(domid))
		return 0;
	value = quota_value(s, domid, id);
	if (id == QUOTA_MEMORY_HARD) {
		soft = quota_value(s, domid, QUOTA_MEMORY_SOFT);
		if (soft && wanted > soft)
			quota_hit(s, domid, QUOTA_MEMORY_SOFT, soft, wanted);
	}
	if (!value || wanted <= value)
		return 0;
	quota_hit(s, domid, id, value, wanted);
	return -ENOSPC;
}
