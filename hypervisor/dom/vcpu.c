/* SPDX-License-Identifier: BSD-2-Clause */
/* Vcpus: making, stopping, and where their vcpu_info is. */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/panic.h>
#include <public/vcpu.h>
#include "domain_private.h"

#define PAUSES_MAX 254 /* of the controller; as many as Xen counts */

/* For vcpus that shared_info has no room for, until they register their own;
 * what is written here nobody reads. */
static struct vcpu_info nowhere = { .evtchn_upcall_mask = 1 };

static void poll_timed_out(void *arg)
{
	struct vcpu *v = arg;

	/* Of a poll that an event ended it means nothing to a block. */
	if (atomic_read(&v->pause_flags) & VCPU_POLLING)
		sched_unblock(v);
}

static void vcpu_init(struct vcpu *v, struct domain *d, unsigned id)
{
	v->id = id;
	v->domain = d;
	v->vcpu_info = &nowhere;
	sched_vcpu_init(v);
	time_vcpu_init(v);
	timer_init(&v->poll_timer, poll_timed_out, v, v->processor);
}

int vcpu_create(struct domain *d, unsigned id)
{
	struct vcpu *v;

	if (id >= d->vcpu_count || d->life != DOMAIN_ALIVE)
		return -EINVAL;
	if (d->vcpu[id])
		return -EEXIST;
	v = heap_alloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	vcpu_init(v, d, id);
	v->pause_flags = VCPU_DOWN;
	if (id < XEN_LEGACY_MAX_VCPUS) {
		v->vcpu_info = &d->shared_info->vcpu_info[id];
		v->vcpu_info->evtchn_upcall_mask = 1;
	}
	if (arch_vcpu_create(v) != 0) {
		heap_free(v);
		return -ENOMEM;
	}
	time_show_vcpu(v);
	atomic_write(&d->vcpu[id], v);
	return 0;
}

void vcpu_create_idle(unsigned cpu)
{
	struct vcpu *v = cpus[cpu]->idle;

	/* The arch may have one from before there was a heap. */
	if (!v)
		v = heap_alloc(sizeof(*v));
	if (!v)
		panic("no memory for the idle vcpu of CPU %u", cpu);
	vcpu_init(v, domain_idle, cpu);
	v->is_idle = true;
	domain_idle->vcpu[cpu] = v;
	cpus[cpu]->idle = v;
}

void vcpu_free(struct vcpu *v)
{
	time_vcpu_stop(v);
	timer_kill(&v->poll_timer);
	vcpu_info_release(v);
	sched_vcpu_destroy(v);
	arch_vcpu_destroy(v);
	heap_free(v);
}

void vcpu_pause(struct vcpu *v)
{
	BUG_ON(v == current);
	atomic_add(&v->pauses, 1);
	sched_sleep_wait(v);
}

void vcpu_unpause(struct vcpu *v)
{
	if (!atomic_sub(&v->pauses, 1))
		sched_wake(v);
}

void vcpu_bring_up(struct vcpu *v)
{
	if (atomic_and(&v->pause_flags, ~(uint32_t)VCPU_DOWN) & VCPU_DOWN)
		sched_wake(v);
}

void vcpu_take_down(struct vcpu *v)
{
	atomic_or(&v->pause_flags, VCPU_DOWN);
	sched_sleep(v);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;

	atomic_add(&d->pauses, 1);
	/* All are told first, so that the waits overlap. */
	vcpu_for_each (d, v)
		sched_sleep(v);
	vcpu_for_each (d, v)
		if (v != current)
			sched_sleep_wait(v);
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;

	if (atomic_sub(&d->pauses, 1))
		return;
	vcpu_for_each (d, v)
		sched_wake(v);
}

int domain_pause_by_controller(struct domain *d)
{
	int r = -EOVERFLOW;

	lock_take(&d->lock);
	if (d->controller_pauses < PAUSES_MAX) {
		d->controller_pauses++;
		r = 0;
	}
	lock_drop(&d->lock);
	if (!r)
		domain_pause(d);
	return r;
}

void domain_pause_for_debugger(struct vcpu *v, unsigned vector)
{
	struct domain *d = v->domain;
	struct vcpu *each;

	atomic_write(&v->debug_event, vector);
	lock_take(&d->lock);
	if (!d->controller_pauses) {
		d->controller_pauses = 1;
		atomic_add(&d->pauses, 1);
	}
	lock_drop(&d->lock);
	/* Two vcpus may be here at once: neither may wait for the other. */
	vcpu_for_each (d, each)
		sched_sleep(each);
	domain_send_global_virq(VIRQ_DEBUGGER);
}

int domain_unpause_by_controller(struct domain *d)
{
	int r = -EINVAL;

	lock_take(&d->lock);
	if (d->controller_pauses) {
		r = 0;
		d->controller_pauses--;
		if (!d->controller_pauses)
			d->was_started = true;
	}
	lock_drop(&d->lock);
	if (!r)
		domain_unpause(d);
	return r;
}

/* d->lock is held: of two that register one vcpu, one comes first. */
static int info_register_locked(
	struct vcpu *v, struct page *pg, unsigned offset)
{
	struct vcpu_info *fresh, *old = v->vcpu_info;

	if (v != current && !(atomic_read(&v->pause_flags) & VCPU_DOWN))
		return -EINVAL;
	/* It leaves its CPU just now. No waiting here: two vcpus of a domain
	 * could wait for each other. */
	if (v != current && atomic_read(&v->is_running))
		return -ERESTART_HC;
	if (v->vcpu_info_page || v->domain->life != DOMAIN_ALIVE ||
		!page_get_and_type(pg, v->domain, PT_WRITABLE))
		return -EINVAL;
	fresh = (struct vcpu_info *)((uint8_t *)page_to_virt(pg) + offset);
	if (old == &nowhere) {
		*fresh = (struct vcpu_info){ .evtchn_upcall_mask = 1 };
	} else {
		fresh->evtchn_upcall_pending = old->evtchn_upcall_pending;
		fresh->evtchn_upcall_mask = old->evtchn_upcall_mask;
		fresh->evtchn_pending_sel = old->evtchn_pending_sel;
		fresh->arch = old->arch;
	}
	v->vcpu_info_page = pg;
	atomic_write(&v->vcpu_info, fresh);
	return 0;
}

int vcpu_info_register(struct vcpu *v, mfn_t mfn, unsigned offset)
{
	int r;

	if (offset > PAGE_SIZE - sizeof(struct vcpu_info) || offset % 8 ||
		!mfn_valid(mfn))
		return -EINVAL;
	lock_take(&v->domain->lock);
	r = info_register_locked(v, mfn_to_page(mfn), offset);
	if (!r) {
		/* An event may have gone to the old place meanwhile: let the
		 * guest scan every word. */
		smp_mb();
		atomic_or(&v->vcpu_info->evtchn_pending_sel, ~0UL);
		event_mark_pending(v);
		time_show_vcpu(v);
	}
	lock_drop(&v->domain->lock);
	return r;
}

void vcpu_info_release(struct vcpu *v)
{
	struct page *pg = v->vcpu_info_page;

	atomic_write(&v->vcpu_info, &nowhere);
	v->vcpu_info_page = NULL;
	if (pg)
		page_put_and_type(pg);
}
