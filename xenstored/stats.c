/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters as JSON; stats.h has the format. */
#include "stats.h"

#include "ops.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a list keeps free for its end: ],"next":65535} */
#define END_ROOM 32
/* The longest element of a list. */
#define ITEM_MAX 1400

/* A text that grows; when it is full, so it stays. */
struct text {
	char *at;
	size_t len, size;
	bool is_full;
};

static unsigned int bucket_of(uint64_t ns)
{
	uint64_t units = ns >> STATS_BUCKET_BITS;
	unsigned int bucket =
		units ? 64 - (unsigned int)__builtin_clzll(units) : 0;

	return bucket < STATS_BUCKETS ? bucket : STATS_BUCKETS - 1;
}

static inline void add(struct stats_load *load, uint64_t ns,
	unsigned int bucket, bool is_error)
{
	load->requests++;
	load->errors += is_error;
	load->ns_total += ns;
	if (ns > load->ns_max)
		load->ns_max = ns;
	load->latency[bucket]++;
}

void stats_count(struct stats_load *of_type, struct stats_load *of_domain,
	uint64_t ns, bool is_error)
{
	unsigned int bucket = bucket_of(ns);

	if (of_type)
		add(of_type, ns, bucket, is_error);
	if (of_domain)
		add(of_domain, ns, bucket, is_error);
}

__attribute__((format(printf, 2, 3))) static void put(
	struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->size - t->len)
		t->is_full = true;
	else
		t->len += (size_t)n;
}

static void put_number(struct text *t, const char *name, uint64_t value)
{
	char last = t->len ? t->at[t->len - 1] : '{';

	put(t, "%s\"%s\":%llu", last == '{' ? "" : ",", name,
		(unsigned long long)value);
}

static void put_load(struct text *t, const struct stats_load *load)
{
	int i, last = STATS_BUCKETS - 1;

	put_number(t, "requests", load->requests);
	put_number(t, "errors", load->errors);
	put_number(t, "ns_total", load->ns_total);
	put_number(t, "ns_max", load->ns_max);
	put(t, ",\"latency\":[");
	while (last >= 0 && !load->latency[last])
		last--;
	for (i = 0; i <= last; i++)
		put(t, "%s%llu", i ? "," : "",
			(unsigned long long)load->latency[i]);
	put(t, "]");
}

/* What is owned by all domains together, and how many they are. */
static void add_up(const struct store *s, struct account *sum, size_t *domains)
{
	const struct domain *d;
	size_t p, i;

	for (p = 0; p < DOMID_COUNT / DOMID_PAGE; p++) {
		for (i = 0; s->domains[p] && i < DOMID_PAGE; i++) {
			d = s->domains[p][i];
			if (!d)
				continue;
			++*domains;
			sum->nodes += d->account.nodes;
			sum->node_bytes += d->account.node_bytes;
			sum->watches += d->account.watches;
			sum->watch_bytes += d->account.watch_bytes;
			sum->transactions += d->account.transactions;
			sum->step_bytes += d->account.step_bytes;
			sum->old_bytes += d->account.old_bytes;
			sum->reply_bytes += d->account.reply_bytes;
			sum->event_bytes += d->account.event_bytes;
		}
	}
}

static void put_memory(struct text *t, const struct account *a)
{
	put(t, ",\"memory\":{");
	put_number(t, "nodes", (uint64_t)a->node_bytes);
	put_number(t, "watches", (uint64_t)a->watch_bytes);
	put_number(t, "transactions", (uint64_t)a->step_bytes);
	put_number(t, "old_versions", (uint64_t)a->old_bytes);
	put_number(t, "output", (uint64_t)(a->reply_bytes + a->event_bytes));
}

static void put_store(struct text *t, const struct store *s)
{
	struct account sum = { 0 };
	size_t domains = 0, conns = 0;
	const struct list *at;
	uint64_t requests = 0, errors = 0;
	int i;

	add_up(s, &sum, &domains);
	for (at = s->conns.next; at != &s->conns; at = at->next)
		conns++;
	for (i = 0; i < WIRE_TYPES; i++) {
		requests += s->load[i].requests;
		errors += s->load[i].errors;
	}
	put(t, "{\"version\":1");
	put_number(t, "uptime_ms", (s->now - s->born) / 1000000);
	put_number(t, "commits", s->commits);
	put_number(t, "connections", conns);
	put_number(t, "domains", domains);
	put_number(t, "requests", requests);
	put_number(t, "errors", errors);
	put_number(t, "nodes", (uint64_t)sum.nodes);
	put_number(t, "watches", (uint64_t)sum.watches);
	put(t, ",\"transactions\":{");
	put_number(t, "open", s->txn_count);
	put_number(t, "started", s->txns.started);
	put_number(t, "committed", s->txns.committed);
	put_number(t, "aborted", s->txns.aborted);
	put_number(t, "conflicts", s->txns.conflicts);
	put_number(t, "parked", s->txns.parked);
	put(t, "},\"events\":{");
	put_number(t, "sent", s->events_made.sent);
	put_number(t, "merged", s->events_made.merged);
	put_number(t, "melted", s->events_made.melted);
	put(t, "}");
	put_memory(t, &sum);
	put(t, "}}");
}

static void put_operation(struct text *t, const struct store *s, uint32_t type)
{
	put(t, "{\"id\":%u,\"name\":\"%s\"", type, op_name(type));
	put_load(t, &s->load[type]);
	put(t, "}");
}

static void put_domain(struct text *t, const struct store *s, uint32_t domid)
{
	const struct domain *d = domain_find(s, (uint16_t)domid);
	const struct account *a = &d->account;
	int i;

	put(t, "{\"domid\":%u,\"introduced\":%s", domid,
		d->is_introduced ? "true" : "false");
	put_load(t, &d->load);
	put_number(t, "conflicts_caused", d->conflicts);
	put_number(t, "conflicts_suffered", d->suffered);
	put_number(t, "held", d->held);
	put_number(t, "nodes", (uint64_t)a->nodes);
	put_number(t, "watches", (uint64_t)a->watches);
	put_number(t, "transactions", (uint64_t)a->transactions);
	put_number(t, "outstanding", (uint64_t)a->replies);
	put_memory(t, a);
	put_number(t, "total", (uint64_t)quota_memory(s, d->domid));
	put(t, "},\"quotas\":{");
	for (i = 0; !domain_is_control(d->domid) && i < QUOTA_COUNT; i++)
		put_number(t, s->quota[i].name,
			quota_value(s, d->domid, (enum quota_id)i));
	put(t, "},\"quota_hits\":{");
	for (i = 0; i < QUOTA_COUNT; i++)
		if (d->quota_hits[i])
			put_number(t, s->quota[i].name, d->quota_hits[i]);
	put(t, "}}");
}

static bool has_operation(const struct store *s, uint32_t type)
{
	return s->load[type].requests;
}

static bool has_domain(const struct store *s, uint32_t domid)
{
	return domain_find(s, (uint16_t)domid);
}

/* A list that may go on in the next answer. */
struct section {
	const char *name;
	uint32_t count;
	bool (*has)(const struct store *s, uint32_t i);
	void (*put)(struct text *t, const struct store *s, uint32_t i);
};

static const struct section sections[] = {
	{ "operations", WIRE_TYPES, has_operation, put_operation },
	{ "domains", DOMID_COUNT, has_domain, put_domain },
};

static void put_section(struct text *t, const struct store *s,
	const struct section *sec, uint64_t from)
{
	char item[ITEM_MAX];
	struct text one = { .at = item, .size = sizeof(item) };
	bool is_first = true;
	uint64_t i;

	put(t, "{\"%s\":[", sec->name);
	for (i = from; i < sec->count; i++) {
		if (!sec->has(s, (uint32_t)i))
			continue;
		one.len = 0;
		sec->put(&one, s, (uint32_t)i);
		if (t->len + one.len + END_ROOM > t->size)
			break;
		put(t, "%s%s", is_first ? "" : ",", item);
		is_first = false;
	}
	if (i < sec->count)
		put(t, "],\"next\":%llu}", (unsigned long long)i);
	else
		put(t, "],\"next\":null}");
}

static void put_quotas(struct text *t, const struct store *s)
{
	int i;

	put(t, "{\"quotas\":[");
	for (i = 0; i < QUOTA_COUNT; i++) {
		put(t, "%s{\"name\":\"%s\"", i ? "," : "", s->quota[i].name);
		put_number(t, "value", s->quota[i].value);
		put_number(t, "hits", s->quota[i].denied);
		put(t, "}");
	}
	put(t, "]}");
}

int stats_run(struct request *r, char *buf, size_t size)
{
	struct text t = { .at = buf, .size = size };
	char *name = "store", *text;
	uint64_t from = 0;
	size_t i;
	int rc = 0;

	if (r->len)
		rc = request_string(r, &name);
	if (rc >= 0 && r->len) {
		rc = request_string(r, &text);
		if (rc >= 0)
			rc = wire_number(text, UINT32_MAX, &from);
	}
	if (rc < 0)
		return rc;
	if (!strcmp(name, "store")) {
		put_store(&t, r->store);
	} else if (!strcmp(name, "quotas")) {
		put_quotas(&t, r->store);
	} else {
		for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
			if (!strcmp(name, sections[i].name))
				put_section(&t, r->store, &sections[i], from);
		if (!t.len)
			return -EINVAL;
	}
	return t.is_full ? -E2BIG : 0;
}
