/* SPDX-License-Identifier: BSD-2-Clause */
/* Who lives, by the keeper's word. */
#include "daemon.h"

#include <errno.h>
#include <string.h>

static int domain_flags(struct daemon *d, uint16_t domid, uint32_t *flags)
{
	struct post p = { .kind = ASK_DOMAIN, .domid = domid };
	int fds[POST_FDS_MAX], rc = daemon_ask(d, &p, fds);

	post_close(fds);
	*flags = p.flags;
	return rc;
}

/* Only the clear word that nobody is there makes a domain dead. */
bool domains_exists(struct daemon *d, uint16_t domid)
{
	uint32_t flags;

	return domain_flags(d, domid, &flags) != -ESRCH;
}

static void check(void *ctx, uint16_t domid, bool was_seen)
{
	struct daemon *d = ctx;
	uint32_t flags = 0;
	int rc = domain_flags(d, domid, &flags);

	if (rc == -ESRCH) {
		/* Permissions may name a domain before it is there. */
		if (was_seen || store_is_introduced(d->store, domid))
			store_domain_gone(d->store, domid);
		return;
	}
	if (rc) {
		log_line(true, "the state of domain %u is not known: %s", domid,
			strerror(-rc));
		return;
	}
	store_domain_seen(d->store, domid);
	if (flags & POST_SHUTDOWN)
		store_domain_shutdown(d->store, domid);
}

void domains_check(struct daemon *d)
{
	store_domains(d->store, check, d);
}
