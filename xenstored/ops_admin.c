/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about what a domain is offered, and how much it may have. */
#include "ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void reply_number(struct request *r, uint64_t value)
{
	char text[24];
	int len =
		snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	request_reply(r, text, (size_t)len + 1);
}

/* Without a domain: what the asking one is offered. */
int op_get_feature(struct request *r)
{
	const struct domain *d;
	uint16_t domid = r->conn->domid;
	int rc;

	if (r->len) {
		if (!r->view.who.is_control)
			return -EACCES;
		rc = request_domid(r, &domid);
		if (rc)
			return rc;
	}
	d = domain_find(r->store, domid);
	if (!d)
		return -ENOENT;
	reply_number(r, d->features);
	return 0;
}

int op_set_feature(struct request *r)
{
	struct domain *d;
	uint64_t features;
	uint16_t domid;
	int rc;

	rc = request_domid(r, &domid);
	if (!rc)
		rc = request_number(r, UINT32_MAX, &features);
	if (rc)
		return rc;
	if (features & ~(uint64_t)DOMAIN_FEATURES)
		return -EINVAL;
	/* Its ring shows them already. */
	if (store_is_introduced(r->store, domid))
		return -EBUSY;
	d = domain_make(r->store, domid);
	if (!d)
		return -ENOMEM;
	d->features = (uint32_t)features;
	effect_domain(r->store, domid);
	return 0;
}

/* The strings of a request about quotas: [domid] name [value]. */
struct quota_args {
	uint32_t domid; /* DOMID_COUNT: of all guests */
	enum quota_id id;
};

static size_t count_strings(const struct request *r)
{
	size_t i, count = 0;

	for (i = 0; i < r->len; i++)
		count += !r->payload[i];
	return count;
}

static int quota_args(
	struct request *r, bool has_domid, struct quota_args *args)
{
	struct store_quota *q;
	uint16_t domid;
	char *name;
	int rc;

	args->domid = DOMID_COUNT;
	if (has_domid) {
		rc = request_domid(r, &domid);
		if (rc)
			return rc;
		if (!domain_find(r->store, domid))
			return -ENOENT;
		args->domid = domid;
	}
	rc = request_string(r, &name);
	if (rc < 0)
		return rc;
	q = store_quota_by_name(r->store, name);
	if (!q)
		return -EINVAL;
	args->id = (enum quota_id)(q - r->store->quota);
	return 0;
}

/* Without a name: the names of all that there are. */
int op_get_quota(struct request *r)
{
	struct quota_args args;
	char names[256];
	size_t len = 0, i;
	int rc;

	if (!r->len) {
		for (i = 0; i < QUOTA_COUNT; i++)
			len += (size_t)snprintf(names + len,
				sizeof(names) - len, "%s%s", i ? " " : "",
				r->store->quota[i].name);
		request_reply(r, names, len + 1);
		return 0;
	}
	rc = quota_args(r, count_strings(r) > 1, &args);
	if (rc)
		return rc;
	if (args.domid == DOMID_COUNT)
		reply_number(r, r->store->quota[args.id].value);
	else
		reply_number(r,
			quota_value(r->store, (uint16_t)args.domid, args.id));
	return 0;
}

int op_set_quota(struct request *r)
{
	struct quota_args args;
	uint64_t value;
	int rc;

	rc = quota_args(r, count_strings(r) > 2, &args);
	if (!rc)
		rc = request_number(r, UINT32_MAX, &value);
	if (!rc)
		rc = quota_set(r->store, args.domid, args.id, value);
	if (!rc)
		effect_quota(r->store, args.domid, args.id, value);
	return rc;
}
