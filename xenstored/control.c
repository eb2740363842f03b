/* SPDX-License-Identifier: BSD-2-Clause */
/* CONTROL: an administrator's words to the daemon itself. */
#include "ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 4000
#define ARGS_MAX   8

struct command {
	const char *name;
	int (*run)(struct request *r, char *answer, size_t size);
	const char *help;
};

static int run_help(struct request *r, char *answer, size_t size);

static int run_check(struct request *r, char *answer, size_t size)
{
	const char *wrong = store_audit(r->store);

	snprintf(answer, size, "%s", wrong ? wrong : "OK");
	return 0;
}

/* quota set [DOMID] NAME VALUE; NAME VALUE */
static int set_quota(struct request *r, const char *name, bool is_soft)
{
	struct store *s = r->store;
	uint32_t domid = DOMID_COUNT;
	struct store_quota *q;
	enum quota_id id;
	uint64_t value;
	char *text;
	int rc;

	if (!wire_number(name, UINT16_MAX, &value)) {
		domid = (uint32_t)value;
		rc = request_string(r, &text);
		if (rc < 0)
			return rc;
		name = text;
	}
	q = store_quota_by_name(s, name);
	if (!q)
		return -EINVAL;
	id = (enum quota_id)(q - s->quota);
	if (is_soft && id != QUOTA_MEMORY_HARD)
		return -EINVAL;
	if (is_soft)
		id = QUOTA_MEMORY_SOFT;
	rc = request_number(r, UINT32_MAX, &value);
	if (!rc)
		rc = quota_set(s, domid, id, value);
	if (!rc)
		effect_quota(s, domid, id, value);
	return rc;
}

static void show_quotas(struct store *s, char *answer, size_t size)
{
	size_t i, len = 0;

	for (i = 0; i < QUOTA_COUNT; i++)
		len += (size_t)snprintf(answer + len, size - len,
			"%s %u denied %llu\n", s->quota[i].name,
			s->quota[i].value,
			(unsigned long long)s->quota[i].denied);
}

static int show_domain(
	struct store *s, uint16_t domid, char *answer, size_t size)
{
	const struct domain *d = domain_find(s, domid);
	const struct account *a;
	size_t i, len;

	if (!d)
		return -ENOENT;
	a = &d->account;
	len = (size_t)snprintf(answer, size,
		"introduced %d\nnodes %lld\nwatches %lld\ntransactions %lld\n"
		"outstanding %lld\nmemory %lld\nconflicts %llu\n",
		d->is_introduced, (long long)a->nodes, (long long)a->watches,
		(long long)a->transactions, (long long)a->replies,
		(long long)quota_memory(s, domid),
		(unsigned long long)d->conflicts);
	for (i = 0; i < QUOTA_COUNT; i++)
		len += (size_t)snprintf(answer + len, size - len,
			"quota %s %u denied %u\n", s->quota[i].name,
			quota_value(s, domid, (enum quota_id)i),
			d->quota_hits[i]);
	return 0;
}

static int run_domain(struct request *r, char *answer, size_t size)
{
	uint16_t domid;
	int rc = request_domid(r, &domid);

	return rc ? rc : show_domain(r->store, domid, answer, size);
}

/* As administrators know it from other daemons; see the manual. */
static int quota_command(
	struct request *r, char *answer, size_t size, bool is_soft)
{
	uint64_t domid;
	char *word;
	int rc = 0;

	if (!r->len) {
		show_quotas(r->store, answer, size);
		return 0;
	}
	rc = request_string(r, &word);
	if (rc < 0)
		return rc;
	if (!r->len && !wire_number(word, UINT16_MAX, &domid))
		return show_domain(r->store, (uint16_t)domid, answer, size);
	if (!strcmp(word, "set")) {
		rc = request_string(r, &word);
		if (rc < 0)
			return rc;
	}
	rc = set_quota(r, word, is_soft);
	if (!rc)
		snprintf(answer, size, "OK");
	return rc;
}

static int run_quota(struct request *r, char *answer, size_t size)
{
	return quota_command(r, answer, size, false);
}

static int run_quota_soft(struct request *r, char *answer, size_t size)
{
	return quota_command(r, answer, size, true);
}

static int run_memreport(struct request *r, char *answer, size_t size)
{
	const struct store *s = r->store;

	snprintf(answer, size,
		"nodes %lld\nold versions and open transactions %lld\n"
		"watched places %zu\nwatches %zu\nwaiting events %zu\n",
		(long long)s->node_bytes,
		(long long)(s->tree.live_bytes - s->node_bytes), s->names.count,
		s->watches.count, s->events.count);
	return 0;
}

static int run_print(struct request *r, char *answer, size_t size)
{
	char *text;
	int rc = request_string(r, &text);

	if (rc < 0)
		return rc;
	for (rc = 0; text[rc]; rc++)
		if (text[rc] < ' ')
			text[rc] = ' ';
	store_log(r->store, false, "%s", text);
	snprintf(answer, size, "OK");
	return 0;
}

static const struct command commands[] = {
	{ "help", run_help, "this list" },
	{ "check", run_check, "audit all structures: OK, or what is wrong" },
	{ "quota", run_quota,
		"[DOMID | set [DOMID] NAME VALUE]: show or set quotas" },
	{ "quota-soft", run_quota_soft,
		"[set [DOMID] memory VALUE]: the quota that only warns" },
	{ "domain", run_domain, "DOMID: what a domain owns" },
	{ "memreport", run_memreport, "bytes and numbers of what is held" },
	{ "stats", stats_run,
		"[store | operations | domains | quotas [FROM]]: JSON" },
	{ "print", run_print, "TEXT: put it into the log" },
};

static int run_help(struct request *r, char *answer, size_t size)
{
	size_t i, len = 0;

	(void)r;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		len += (size_t)snprintf(answer + len, size - len, "%s %s\n",
			commands[i].name, commands[i].help);
	return 0;
}

/* What the core does not know, its surroundings may. */
static int ask_host(struct request *r, char *name, char *answer, size_t size)
{
	const struct store_host *host = &r->store->host;
	char *args[ARGS_MAX] = { name };
	size_t count = 1;
	int rc = 0;

	if (!host->control)
		return -EINVAL;
	while (r->len && count < ARGS_MAX && rc >= 0) {
		rc = request_string(r, &args[count]);
		count++;
	}
	if (rc < 0 || r->len)
		return -EINVAL;
	rc = host->control(host->ctx, r->conn, args, count, answer, size);
	return rc == -ENOSYS ? -EINVAL : rc;
}

int op_control(struct request *r)
{
	char answer[ANSWER_MAX] = "";
	char *name;
	size_t i;
	int rc;

	rc = request_string(r, &name);
	if (rc < 0)
		return rc;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			break;
	if (i < sizeof(commands) / sizeof(commands[0]))
		rc = commands[i].run(r, answer, sizeof(answer));
	else
		rc = ask_host(r, name, answer, sizeof(answer));
	if (!rc)
		request_reply(r, answer, strlen(answer) + 1);
	return rc;
}
