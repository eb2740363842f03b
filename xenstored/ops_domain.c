/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about domains. */
#include "ops.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Ids from here on are the hypervisor's own words (public/xen.h). */
#define FIRST_RESERVED 0x7ff0

static int request_guest(struct request *r, uint16_t *domid)
{
	int rc = request_domid(r, domid);

	if (!rc && (*domid >= FIRST_RESERVED || domain_is_control(*domid)))
		return -EINVAL;
	return rc;
}

/* The frame number travels as a signed decimal. */
static int request_signed(struct request *r, int64_t *out)
{
	uint64_t n;
	char *text;
	bool is_negative;
	int rc = request_string(r, &text);

	if (rc < 0)
		return rc;
	is_negative = text[0] == '-';
	rc = wire_number(text + is_negative, INT64_MAX, &n);
	if (!rc)
		*out = is_negative ? -(int64_t)n : (int64_t)n;
	return rc;
}

int op_introduce(struct request *r)
{
	struct store *s = r->store;
	bool was_introduced;
	uint16_t domid;
	uint64_t port = 0;
	int64_t gfn = 0;
	char *text;
	int rc;

	rc = request_guest(r, &domid);
	if (!rc)
		rc = request_signed(r, &gfn);
	if (!rc)
		rc = request_string(r, &text);
	if (rc >= 0)
		rc = wire_number(text, UINT32_MAX, &port);
	if (rc < 0)
		return rc;
	was_introduced = store_is_introduced(s, domid);
	if (!domain_make(s, domid))
		return -ENOMEM;
	if (s->host.introduce)
		rc = s->host.introduce(s->host.ctx, domid, gfn, (uint32_t)port);
	if (!rc)
		rc = store_introduce(s, domid);
	if (rc)
		return rc;
	request_ok(r);
	if (!was_introduced)
		watch_fire_special(s, 0, domid);
	return 0;
}

int op_release(struct request *r)
{
	struct store *s = r->store;
	struct domain *d;
	uint16_t domid;
	int rc;

	rc = request_guest(r, &domid);
	if (rc)
		return rc;
	d = domain_find(s, domid);
	if (!d || !d->is_introduced)
		return -ENOENT;
	request_ok(r);
	if (!s->host.exists || !s->host.exists(s->host.ctx, domid)) {
		store_domain_gone(s, domid);
		return 0;
	}
	d->is_introduced = false;
	effect_domain(s, domid);
	if (s->host.release)
		s->host.release(s->host.ctx, domid);
	watch_fire_special(s, 1, domid);
	return 0;
}

int op_get_domain_path(struct request *r)
{
	char path[PATH_HOME_MAX + 1];
	uint16_t domid;
	int rc, len;

	rc = request_domid(r, &domid);
	if (rc)
		return rc;
	len = snprintf(path, sizeof(path), "/local/domain/%u", domid);
	request_reply(r, path, (size_t)len + 1);
	return 0;
}

int op_is_domain_introduced(struct request *r)
{
	uint16_t domid;
	int rc;

	rc = request_domid(r, &domid);
	if (rc)
		return rc;
	request_reply(r, store_is_introduced(r->store, domid) ? "T" : "F", 2);
	return 0;
}

int op_resume(struct request *r)
{
	struct domain *d;
	uint16_t domid;
	int rc;

	rc = request_guest(r, &domid);
	if (rc)
		return rc;
	d = domain_find(r->store, domid);
	if (!d || !d->is_introduced)
		return -ENOENT;
	d->is_shutdown = false;
	effect_domain(r->store, domid);
	return 0;
}

int op_set_target(struct request *r)
{
	struct domain *d, *target;
	uint16_t domid, target_domid;
	int rc;

	rc = request_guest(r, &domid);
	if (!rc)
		rc = request_guest(r, &target_domid);
	if (rc)
		return rc;
	d = domain_find(r->store, domid);
	target = domain_find(r->store, target_domid);
	if (!d || !d->is_introduced || !target || !target->is_introduced)
		return -ENOENT;
	d->has_target = true;
	d->target = target_domid;
	d->target_era = domain_era(r->store, target_domid);
	effect_domain(r->store, domid);
	return 0;
}
