/* SPDX-License-Identifier: BSD-2-Clause */
/* sysctl: the list of domains, the console. */
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/debug_key.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/page.h>
#include <tenon/sched.h>
#include <tenon/string.h>
#include "sysctl.h"

/* Text is read and keys are taken in pieces of this. */
#define PIECE 256
/* Keys in one call; nobody presses more. */
#define KEYS_MAX 64

int sysctl_list_domains(struct sysctl *c)
{
	struct xen_sysctl_getdomaininfolist *arg = &c->op.u.getdomaininfolist;
	struct xen_domctl_getdomaininfo info;
	struct domain *d;
	uint32_t n = 0, next = arg->first_domain;

	while (n < arg->max_domains && next < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)next)) != NULL) {
		int r;

		next = d->id + 1U;
		domctl_fill_info(d, &info);
		domain_put(d);
		r = guest_write_at(arg->buffer, n, &info);
		if (r)
			return r;
		n++;
	}
	arg->num_domains = n;
	c->must_copy_back = true;
	return 0;
}

int sysctl_readconsole(struct sysctl *c)
{
	struct xen_sysctl_readconsole *arg = &c->op.u.readconsole;
	uint64_t index = arg->incremental ? arg->index : 0;
	char piece[PIECE];
	uint32_t done = 0;

	while (done < arg->count) {
		size_t n = console_ring_read(
			&index, piece, MIN(arg->count - done, PIECE));

		if (!n)
			break;
		if (arch_copy_to_guest(arg->buffer.va + done, piece, n))
			return -EFAULT;
		done += (uint32_t)n;
	}
	if (arg->clear)
		console_ring_clear();
	arg->index = (uint32_t)index;
	arg->count = done;
	c->must_copy_back = true;
	return 0;
}

int sysctl_debug_keys(struct sysctl *c)
{
	const struct xen_sysctl_debug_keys *arg = &c->op.u.debug_keys;

	if (arg->nr_keys > KEYS_MAX)
		return -E2BIG;
	for (uint32_t i = 0; i < arg->nr_keys; i++) {
		char key;

		if (guest_read_at(&key, arg->keys, i))
			return -EFAULT;
		debug_key(key);
	}
	return 0;
}
