/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains: the table of all of them, their making and their freeing.
 *
 * A domain is in the table from creation until its structure is freed.  That
 * is when nobody has a reference any more; its frames hold one together, so
 * those that others still map keep it (core/page_domain.c).
 */
#include <tenon/domain.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/grant.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/rangeset.h>
#include <tenon/softirq.h>
#include <tenon/string.h>
#include <tenon/trace.h>
#include <tenon/trace_buffers.h>
#include <public/domctl.h>
#include <public/sched.h>
#include "domain_private.h"

#define CHUNK_SHIFT 9
#define CHUNK_IDS   (1U << CHUNK_SHIFT)

struct domain *dom0, *domain_idle, *domain_io, *domain_xen;

static struct lock list_lock = LOCK_INIT(LOCK_DOMAIN_LIST);
/* By id, in chunks that are there while a domain stands in them.  Under
 * list_lock. */
static struct domain **table[DOMID_MASK / CHUNK_IDS + 1];
static uint16_t chunk_used[ARRAY_SIZE(table)];

/* Domains with refs 0, to be freed; a stack, pushed by anyone. */
static struct domain *reap_list;
static bool must_tell_dom0; /* VIRQ_DOM_EXC is due */

/* Nodes of the range sets. */
static struct range *range_alloc(void *ctx)
{
	(void)ctx;
	return heap_alloc(sizeof(struct range));
}

static void range_free(void *ctx, struct range *r)
{
	(void)ctx;
	heap_free(r);
}

static const struct rangeset_ops range_ops = { range_alloc, range_free };

static struct domain **slot_of(domid_t id)
{
	struct domain **chunk;

	if (id > DOMID_MASK)
		return NULL;
	chunk = table[id >> CHUNK_SHIFT];
	return chunk ? &chunk[id & (CHUNK_IDS - 1)] : NULL;
}

static struct domain *by_id(domid_t id)
{
	struct domain **slot = slot_of(id);

	return slot ? atomic_read(slot) : NULL;
}

/* One more reference unless there are none. */
static bool ref_unless_zero(struct domain *d)
{
	uint32_t refs = atomic_read(&d->refs);

	while (refs)
		if (atomic_cas(&d->refs, &refs, refs + 1))
			return true;
	return false;
}

struct domain *domain_get(domid_t id)
{
	struct domain *d;

	lock_take(&list_lock);
	d = by_id(id);
	if (d && !ref_unless_zero(d))
		d = NULL;
	lock_drop(&list_lock);
	return d;
}

struct domain *domain_get_or_self(domid_t id)
{
	struct domain *d = current->domain;

	if (id != DOMID_SELF && id != d->id)
		return domain_get(id);
	domain_ref(d);
	return d;
}

struct domain *domain_get_next(domid_t id)
{
	struct domain *d = NULL;
	unsigned i = id;

	lock_take(&list_lock);
	while (i < DOMID_FIRST_RESERVED) {
		if (!table[i >> CHUNK_SHIFT]) {
			i = (i | (CHUNK_IDS - 1)) + 1;
			continue;
		}
		d = by_id((domid_t)i++);
		if (d && ref_unless_zero(d))
			break;
		d = NULL;
	}
	lock_drop(&list_lock);
	return d;
}

void domain_ref(struct domain *d)
{
	uint32_t refs = atomic_add(&d->refs, 1);

	BUG_ON(refs < 2);
}

void domain_put(struct domain *d)
{
	uint32_t refs = atomic_sub(&d->refs, 1);
	struct domain *head = atomic_read(&reap_list);

	BUG_ON(refs == ~0U);
	if (refs)
		return;
	do {
		d->reap_next = head;
	} while (!atomic_cas(&reap_list, &head, d));
	softirq_raise(SOFTIRQ_DOMAIN);
}

void domain_tell_dom0(void)
{
	atomic_write(&must_tell_dom0, true);
	softirq_raise(SOFTIRQ_DOMAIN);
}

int domain_pick_id(domid_t *id)
{
	static domid_t hint = 1;
	unsigned n, i;

	lock_take(&list_lock);
	for (n = 0, i = hint; n < DOMID_FIRST_RESERVED; n++, i++) {
		if (i >= DOMID_FIRST_RESERVED)
			i = 1;
		if (by_id((domid_t)i))
			continue;
		hint = (domid_t)(i + 1);
		lock_drop(&list_lock);
		*id = (domid_t)i;
		return 0;
	}
	lock_drop(&list_lock);
	return -ENFILE;
}

/*
 * Room for a domain of that number, to be given back by room_put.  -EEXIST:
 * there is one.
 */
static int room_get(domid_t id)
{
	unsigned n = id >> CHUNK_SHIFT;
	struct domain **fresh = heap_alloc_array(CHUNK_IDS, sizeof(*fresh));
	int r = 0;

	if (!fresh)
		return -ENOMEM;
	lock_take(&list_lock);
	if (!table[n]) {
		table[n] = fresh;
		fresh = NULL;
	}
	if (by_id(id))
		r = -EEXIST;
	else
		chunk_used[n]++;
	lock_drop(&list_lock);
	heap_free(fresh);
	return r;
}

/* With the last of a chunk go the chunk and its page of owners: numbers grow
 * with each new domain, memory in use must not. */
static void room_put(domid_t id)
{
	unsigned n = id >> CHUNK_SHIFT;
	struct domain **empty = NULL;
	struct page *owners = NULL;

	lock_take(&list_lock);
	if (--chunk_used[n] == 0) {
		empty = table[n];
		table[n] = NULL;
		owners = page_owner_detach(id);
	}
	lock_drop(&list_lock);
	heap_free(empty);
	if (owners)
		page_free(owners, 0);
}

/* Enter d in the table, where there is room; -EEXIST: another was quicker. */
static int publish(struct domain *d)
{
	int r = 0;

	lock_take(&list_lock);
	if (by_id(d->id))
		r = -EEXIST;
	else
		atomic_write(slot_of(d->id), d);
	lock_drop(&list_lock);
	return r;
}

void domain_free_irqs(struct domain *d)
{
	if (d->pirqs)
		irq_domain_free(d);
	d->pirqs = NULL;
}

/* Free all that d has; whatever was never made is NULL. */
static void domain_free(struct domain *d)
{
	unsigned i;

	for (i = 0; d->vcpu && i < d->vcpu_count; i++)
		if (d->vcpu[i])
			vcpu_free(d->vcpu[i]);
	for (i = 0; i < DOMAIN_WATCHDOGS; i++)
		timer_kill(&d->watchdog[i]);
	if (d->events)
		event_free(d);
	if (d->grants)
		grant_free(d);
	domain_free_irqs(d);
	if (d->shared_info)
		page_unshare(virt_to_page(d->shared_info));
	if (d->iomem) {
		rangeset_clear(d->iomem);
		rangeset_clear(d->ioports);
		rangeset_clear(d->irqs);
		heap_free(d->iomem);
	}
	heap_free(d->shadow);
	heap_free(d->page_chunks);
	heap_free(d->e820);
	heap_free(d->arch.cpuid_policy);
	heap_free(d->console_line);
	heap_free(d->vcpu);
	heap_free(d);
}

static void watchdog_bites(void *arg)
{
	domain_shutdown(arg, SHUTDOWN_watchdog);
}

/* What every domain has, pseudo ones too. */
static struct domain *domain_alloc(domid_t id, unsigned vcpu_count)
{
	struct domain *d = heap_alloc(sizeof(*d));
	struct rangeset *sets;
	unsigned i;

	if (!d)
		return NULL;
	d->id = id;
	d->refs = 1;
	d->shutdown_code = (uint8_t)~0U;
	sched_domain_init(d);
	lock_init(&d->lock, LOCK_DOMAIN);
	lock_init(&d->page_lock, LOCK_PAGES);
	for (i = 0; i < DOMAIN_WATCHDOGS; i++)
		timer_init(&d->watchdog[i], watchdog_bites, d, this_cpu()->id);

	sets = heap_alloc_array(3, sizeof(*sets));
	d->iomem = sets;
	d->vcpu = heap_alloc_array(vcpu_count, sizeof(*d->vcpu));
	if (sets) {
		d->ioports = sets + 1;
		d->irqs = sets + 2;
		for (i = 0; i < 3; i++)
			rangeset_init(&sets[i], &range_ops, NULL);
	}
	if (!sets || !d->vcpu) {
		domain_free(d);
		return NULL;
	}
	d->vcpu_count = vcpu_count;
	return d;
}

static int create_shared_info(struct domain *d)
{
	struct page *pg = page_alloc(0, ALLOC_ZERO);
	int r;

	if (!pg)
		return -ENOMEM;
	r = page_share(pg, d, true);
	if (r) {
		page_free(pg, 0);
		return r;
	}
	d->shared_info = page_to_virt(pg);
	return 0;
}

static int create_parts(
	struct domain *d, const struct xen_domctl_createdomain *config)
{
	int frames = config->max_grant_frames;
	int maptrack = config->max_maptrack_frames;
	int r;

	r = create_shared_info(d);
	if (!r)
		r = event_init(d);
	if (!r)
		r = grant_init(d,
			frames < 0 ? boot_options.grant_frames
				   : (unsigned)frames,
			maptrack < 0 ? boot_options.maptrack_frames
				     : (unsigned)maptrack);
	if (!r)
		r = irq_domain_init(d);
	return r;
}

int domain_create(domid_t id, const struct xen_domctl_createdomain *config,
	bool is_privileged, struct domain **result)
{
	struct domain *d;
	int r;

	if (id >= DOMID_FIRST_RESERVED || !config->max_vcpus ||
		config->max_vcpus > DOMAIN_MAX_VCPUS ||
		config->flags & XEN_DOMCTL_CDF_hvm)
		return -EINVAL;
	r = room_get(id);
	if (r)
		return r;
	d = domain_alloc(id, config->max_vcpus);
	if (!d) {
		room_put(id);
		return -ENOMEM;
	}
	d->is_privileged = d->is_hardware = is_privileged;
	d->create_flags = config->flags;
	d->ssidref = config->ssidref;
	d->cpupool = config->cpupool_id;
	memcpy(d->handle, config->handle, sizeof(d->handle));
	d->controller_pauses = 1;
	d->pauses = 1;

	r = create_parts(d, config);
	if (!r)
		r = publish(d);
	if (r) {
		domain_free(d);
		room_put(id);
		return r;
	}
	TRACE(TRC_DOM0_DOM_ADD, id);
	time_update_wallclock(d);
	if (is_privileged && !dom0)
		dom0 = d;
	*result = d;
	return 0;
}

static struct domain *create_pseudo(domid_t id, unsigned vcpu_count)
{
	struct domain *d = domain_alloc(id, vcpu_count);

	if (!d || room_get(id) != 0 || publish(d) != 0)
		panic("no memory for domain %u", id);
	return d;
}

/* Who has subscribed for the end of a domain's suspension has bound to a port
 * of it. */
static void tell_subscribers(void)
{
	uint32_t next = 0;
	struct domain *d;

	while (next < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)next)) != NULL) {
		next = d->id + 1U;
		if (atomic_swap(&d->has_suspended, false) && d->suspend_port &&
			event_send(d, d->suspend_port))
			log_warn("d%u has suspended, but has no port %u to "
				 "tell by",
				d->id, d->suspend_port);
		domain_put(d);
	}
}

/* SOFTIRQ_DOMAIN. */
static void domain_reap(void)
{
	struct domain *d, *next;
	domid_t id;

	for (d = atomic_swap(&reap_list, NULL); d; d = next) {
		next = d->reap_next;
		id = d->id;
		lock_take(&list_lock);
		atomic_write(slot_of(id), NULL);
		lock_drop(&list_lock);
		TRACE(TRC_DOM0_DOM_REM, d->id);
		domain_free(d);
		room_put(id);
		atomic_write(&must_tell_dom0, true);
	}
	if (atomic_swap(&must_tell_dom0, false)) {
		tell_subscribers();
		domain_send_global_virq(VIRQ_DOM_EXC);
	}
}

void domain_init(void)
{
	memset(table, 0, sizeof(table));
	memset(chunk_used, 0, sizeof(chunk_used));
	reap_list = NULL;
	must_tell_dom0 = false;
	dom0 = NULL;
	time_init();
	softirq_register(SOFTIRQ_DOMAIN, domain_reap);
	domain_idle = create_pseudo(DOMID_IDLE, NR_CPUS);
	domain_io = create_pseudo(DOMID_IO, 1);
	domain_xen = create_pseudo(DOMID_XEN, 1);
	trace_buffers_init();
}

bool domain_may_control(
	const struct domain *caller, const struct domain *target)
{
	(void)target;
	return caller->is_privileged;
}

bool domain_may_talk(const struct domain *a, const struct domain *b)
{
	return !boot_options.is_silo || a == b || a->is_privileged ||
	       b->is_privileged;
}

void domain_send_global_virq(unsigned virq)
{
	event_send_machine_virq(virq);
}
