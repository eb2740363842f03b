/* SPDX-License-Identifier: BSD-2-Clause */
/* CONTROL: an administrator's words to the daemon itself. */
#include "ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 4000

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

static int set_quota(struct request *r, const char *name)
{
	struct store_quota *q = store_quota_by_name(r->store, name);
	enum quota_id id;
	uint64_t value;
	char *text;
	int rc = request_string(r, &text);

	if (rc < 0)
		return rc;
	rc = wire_number(text, INT32_MAX, &value);
	if (!q)
		return -ENOENT;
	id = (enum quota_id)(q - r->store->quota);
	if (!rc)
		rc = quota_set(r->store, DOMID_COUNT, id, value);
	if (!rc)
		effect_quota(r->store, DOMID_COUNT, id, value);
	return rc;
}

static int run_quota(struct request *r, char *answer, size_t size)
{
	size_t i, len = 0;
	char *name;
	int rc;

	if (r->len) {
		rc = request_string(r, &name);
		if (rc >= 0)
			rc = set_quota(r, name);
		if (rc < 0)
			return rc;
	}
	for (i = 0; i < QUOTA_COUNT; i++)
		len += (size_t)snprintf(answer + len, size - len,
			"%s %llu denied %llu\n", r->store->quota[i].name,
			(unsigned long long)r->store->quota[i].value,
			(unsigned long long)r->store->quota[i].denied);
	return 0;
}

static int run_domain(struct request *r, char *answer, size_t size)
{
	const struct domain *d;
	uint16_t domid;
	int rc;

	rc = request_domid(r, &domid);
	if (rc)
		return rc;
	d = domain_find(r->store, domid);
	if (!d)
		return -ENOENT;
	snprintf(answer, size,
		"introduced %d\nnodes %lld\nwatches %lld\ntransactions %lld\n"
		"memory %lld\nconflicts %llu\n",
		d->is_introduced, (long long)d->account.nodes,
		(long long)d->account.watches,
		(long long)d->account.transactions,
		(long long)quota_memory(r->store, domid),
		(unsigned long long)d->conflicts);
	return 0;
}

static const struct command commands[] = {
	{ "help", run_help, "this list" },
	{ "check", run_check, "audit all structures: OK, or what is wrong" },
	{ "quota", run_quota, "[NAME VALUE]: show the quotas, or set one" },
	{ "domain", run_domain, "DOMID: what a domain owns" },
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

int op_control(struct request *r)
{
	char answer[ANSWER_MAX] = "";
	char *name;
	size_t i;
	int rc;

	rc = request_string(r, &name);
	if (rc < 0)
		return rc;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		rc = commands[i].run(r, answer, sizeof(answer));
		if (!rc)
			request_reply(r, answer, strlen(answer) + 1);
		return rc;
	}
	return -EINVAL;
}
