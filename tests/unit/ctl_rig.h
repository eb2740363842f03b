/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domain 0 and two guests for tests of hypercalls that concern several
 * domains.  The caller is whoever plays; after each call everything is
 * audited.
 */
#ifndef CTL_RIG_H
#define CTL_RIG_H

#include "sched_rig.h"

#include <string.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/grant.h>
#include <tenon/hypercall.h>
#include <tenon/lock.h>
#include <tenon/pagetype.h>
#include <tenon/pool.h>
#include <tenon/rangeset.h>
#include <tenon/trace_buffers.h>
#include <public/domctl.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sysctl.h>

/* An address that no copy reaches: in the first page. */
#define BAD_VA	    8ULL

#define CTL_DOMAINS 3
#define CTL_VCPUS   2

static struct domain *dom[CTL_DOMAINS];

static inline void ctl_audit(void)
{
	for (unsigned i = 0; i < CTL_DOMAINS; i++) {
		if (!dom[i])
			continue;
		event_audit(dom[i]);
		grant_audit(dom[i]);
	}
	page_audit();
	pagetype_audit(NULL);
	pool_audit();
	trace_buffers_audit();
	fake_tlb_audit();
}

/* Plays a domain's vcpu 0 on CPU 0. */
static inline void ctl_play(unsigned i)
{
	fake_enter(dom[i]->vcpu[0], 0);
}

static inline void ctl_start(unsigned cpu_n)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = CTL_VCPUS,
		.max_grant_frames = 4,
		.max_maptrack_frames = 2,
	};

	rig_start(cpu_n);
	for (unsigned i = 0; i < CTL_DOMAINS; i++) {
		assert_int_equal(
			domain_create((domid_t)i, &config, i == 0, &dom[i]), 0);
		for (unsigned n = 0; n < CTL_VCPUS; n++)
			assert_int_equal(vcpu_create(dom[i], n), 0);
		dom[i]->page_max = 1024;
	}
	assert_int_equal(rangeset_add(dom[0]->iomem, 0, 1 << 20), 0);
	assert_int_equal(rangeset_add(dom[0]->ioports, 0, 0xffff), 0);
	assert_int_equal(rangeset_add(dom[0]->irqs, 1, 63), 0);
	fake_should_yield = NULL;
	ctl_play(0);
}

static inline void ctl_stop(void)
{
	ctl_audit();
	fake_enter(NULL, 0);
	fake_should_yield = NULL;
	fake_fail_alloc_after(~0ULL);
	fake_fail_copy_after(~0ULL);
	memset(dom, 0, sizeof(dom));
	fake_stop();
}

static unsigned ctl_restarts;

/* A hypercall of who plays, entered again as often as it asks. */
static inline long ctl_call(
	hypercall_fn *fn, uint64_t a, uint64_t b, uint64_t c)
{
	struct hypercall hc = {
		.v = current, .d = current->domain, .arg = { a, b, c }
	};
	long r;

	for (ctl_restarts = 0;; ctl_restarts++) {
		r = fn(&hc);
		assert_int_equal(this_cpu()->locks_held, 0);
		assert_true(arch_irq_enabled());
		if (r != -ERESTART_HC)
			break;
		assert_true(ctl_restarts < 100000);
	}
	return r;
}

static inline bool ctl_always(void)
{
	return true;
}

#endif
