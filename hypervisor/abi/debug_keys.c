/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug keys that look at domains. */
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/debug_key.h>
#include <tenon/domain.h>
#include <tenon/event.h>
#include <tenon/grant.h>
#include <tenon/page.h>
#include <tenon/sched.h>
#include "sysctl.h"

/* Calls fn on each domain that there is. */
static void for_each_domain(void (*fn)(struct domain *d))
{
	uint32_t next = 0;
	struct domain *d;

	while (next < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)next)) != NULL) {
		next = d->id + 1U;
		fn(d);
		domain_put(d);
	}
}

static void dump_domain(struct domain *d)
{
	struct vcpu *v;

	log_info("d%u: life %u, refs %u, pauses %u, %llu of %llu pages, %llu "
		 "shared",
		d->id, d->life, d->refs, d->pauses,
		(unsigned long long)d->page_count,
		(unsigned long long)d->page_max,
		(unsigned long long)d->shared_count);
	vcpu_for_each (d, v)
		log_info("  v%u: CPU %u%s, flags %#x, pauses %u, upcall %u "
			 "mask %u, sel %#lx",
			v->id, v->processor, v->is_running ? " running" : "",
			v->pause_flags, v->pauses,
			v->vcpu_info->evtchn_upcall_pending,
			v->vcpu_info->evtchn_upcall_mask,
			v->vcpu_info->evtchn_pending_sel);
}

static void dump_domains(void)
{
	for_each_domain(dump_domain);
}

static void dump_events(void)
{
	for_each_domain(event_dump);
}

static void dump_grants_of(struct domain *d)
{
	if (d->grants)
		grant_dump(d);
}

static void dump_grants(void)
{
	for_each_domain(dump_grants_of);
}

static void dump_memory(void)
{
	log_info("%llu of %llu frames free, %llu claimed, heap %llu bytes",
		(unsigned long long)page_free_count(),
		(unsigned long long)page_total_count(),
		(unsigned long long)page_claimed_count(),
		(unsigned long long)heap_used());
}

static struct debug_key table[] = {
	{ 'q', "domains and their vcpus", dump_domains, NULL },
	{ 'e', "event channels", dump_events, NULL },
	{ 'g', "grant tables", dump_grants, NULL },
	{ 'm', "memory", dump_memory, NULL },
};

void debug_keys_init(void)
{
	static bool is_done;

	if (atomic_swap(&is_done, true))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		debug_key_register(&table[i]);
}
