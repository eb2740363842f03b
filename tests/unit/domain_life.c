/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A domain's life, and that nothing is left of it: frames and heap are what
 * they were, to the page and the byte.
 */
#include "sched_rig.h"

#include <errno.h>
#include <string.h>
#include <tenon/errno.h>
#include <tenon/event.h>
#include <tenon/pagetype.h>
#include <tenon/rangeset.h>
#include <public/domctl.h>
#include <public/sched.h>

static const struct xen_domctl_createdomain config = {
	.handle = { 1, 2, 3 },
	.max_vcpus = 3,
	.max_evtchn_port = 1023,
	.max_grant_frames = 4,
	.max_maptrack_frames = 4,
};

static struct domain *control; /* dom0, its vcpu current on CPU 0 */

static struct domain *make(domid_t id, bool is_privileged)
{
	struct domain *d;

	assert_int_equal(domain_create(id, &config, is_privileged, &d), 0);
	for (unsigned i = 0; i < config.max_vcpus; i++)
		assert_int_equal(vcpu_create(d, i), 0);
	d->page_max = 100;
	/* Guests keep off dom0's CPU if they can. */
	for (unsigned i = 0; !is_privileged && i < config.max_vcpus; i++)
		assert_int_equal(sched_set_affinity(
					 d->vcpu[i], cpu_count > 1 ? 2 : 1, 3),
			0);
	return d;
}

static void start(unsigned cpu_n)
{
	rig_start(cpu_n);
	control = make(0, true);
	assert_int_equal(sched_set_affinity(control->vcpu[0], 1, 1), 0);
	vcpu_bring_up(control->vcpu[0]);
	assert_int_equal(domain_unpause_by_controller(control), 0);
	rig_settle();
	assert_ptr_equal(cpus[0]->vcpu, control->vcpu[0]);
}

static bool always(void)
{
	return true;
}

static void kill_it(void *arg)
{
	unsigned rounds = 0;
	int r;

	while ((r = domain_kill(arg)) == -ERESTART_HC)
		assert_true(++rounds < 10000);
	assert_int_equal(r, 0);
}

static void kill_all_the_way(struct domain *d)
{
	rig_call(kill_it, d);
}

static void resume_it(void *arg)
{
	domain_resume(arg);
}

static void pause_it(void *arg)
{
	domain_pause(arg);
}

static void give_frames(struct domain *d, unsigned n)
{
	struct page *pg;

	while (n--)
		assert_int_equal(page_alloc_domain(d, 0, 0, &pg), 0);
}

static void nothing_is_left(void **state)
{
	uint64_t frames;
	size_t heap;
	struct domain *d;

	(void)state;
	start(2);
	/* What the first one of its kind makes stays. */
	d = make(1, false);
	give_frames(d, 1);
	assert_true(domain_get(1) == d);
	kill_all_the_way(d);
	domain_put(d);
	rig_settle();
	frames = page_free_count();
	heap = heap_used();

	for (unsigned round = 0; round < 4; round++) {
		uint32_t port;

		d = make(1, false);
		assert_true(domain_get(1) == d);
		give_frames(d, 50);
		assert_int_equal(event_alloc_unbound(d, 0, &port), 0);
		assert_int_equal(rangeset_add(d->iomem, 10, 20), 0);
		assert_int_equal(rangeset_add(d->ioports, 1, 2), 0);
		for (unsigned i = 0; i < 2; i++)
			vcpu_bring_up(d->vcpu[i]);
		if (round > 0)
			assert_int_equal(domain_unpause_by_controller(d), 0);
		time_set_periodic(d->vcpu[0], 2 * MS);
		time_set_singleshot(d->vcpu[1], time_now() + 50 * MS);
		rig_run(20 * MS);
		if (round > 0)
			assert_true(d->vcpu[0]->is_running);
		fake_should_yield = round > 1 ? always : NULL;
		kill_all_the_way(d);
		fake_should_yield = NULL;
		assert_int_equal(d->life, DOMAIN_DEAD);
		assert_int_equal(domain_kill(d), 0);
		assert_int_equal(d->page_count + d->shared_count, 0);
		assert_int_equal(d->refs, 1);
		domain_put(d);
		assert_null(domain_get(1));
		rig_run(100 * MS);
		assert_int_equal(page_free_count(), frames);
		assert_int_equal(heap_used(), heap);
	}
	fake_stop();
}

/* A frame that another holds keeps the structure, and no longer. */
/* A number far from the others takes memory while it is in use alone; also
 * when the domain cannot be made, or is one of two. */
static void numbers_take_no_memory(void **state)
{
	static const domid_t ids[] = { 600, 601, 1200, 5000, 5001 };
	struct domain *d[ARRAY_SIZE(ids)], *other;
	uint64_t frames;
	size_t heap;

	(void)state;
	start(2);
	frames = page_free_count();
	heap = heap_used();
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
			d[i] = make(ids[i], false);
			give_frames(d[i], 3);
		}
		assert_int_equal(
			domain_create(600, &config, false, &other), -EEXIST);
		for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
			assert_true(domain_get(ids[i]) == d[i]);
			kill_all_the_way(d[i]);
			domain_put(d[i]);
			rig_settle();
			assert_null(domain_get(ids[i]));
		}
		assert_int_equal(page_free_count(), frames);
		assert_int_equal(heap_used(), heap);
	}
	fake_stop();
}

static void a_frame_keeps_its_owner(void **state)
{
	struct page *pg;
	struct domain *d, *other;

	(void)state;
	start(1);
	d = make(1, false);
	assert_int_equal(page_alloc_domain(d, 0, 0, &pg), 0);
	assert_true(page_get(pg, d));
	assert_true(domain_get(1) == d);
	kill_all_the_way(d);
	domain_put(d);
	rig_settle();
	assert_int_equal(d->page_count, 1);
	assert_int_equal(page_owner(pg), 1);
	/* Its number is not free yet. */
	assert_int_equal(domain_create(1, &config, false, &other), -EEXIST);
	page_put(pg);
	rig_settle();
	assert_int_equal(domain_create(1, &config, false, &other), 0);
	fake_stop();
}

static void every_allocation_may_fail(void **state)
{
	uint64_t frames;
	size_t heap;
	struct domain *d = NULL;
	unsigned n;
	int r = -ENOMEM;

	(void)state;
	start(1);
	d = make(7, false);
	assert_true(domain_get(7) == d);
	kill_all_the_way(d);
	domain_put(d);
	rig_settle();
	frames = page_free_count();
	heap = heap_used();
	for (n = 0; r; n++) {
		d = NULL;
		fake_fail_alloc_after(n);
		r = domain_create(7, &config, false, &d);
		if (!r) {
			r = vcpu_create(d, 0);
			if (r) {
				assert_int_equal(r, -ENOMEM);
				fake_fail_alloc_after(~0ULL);
				kill_all_the_way(d);
			}
		} else {
			assert_int_equal(r, -ENOMEM);
			assert_null(d);
		}
		fake_fail_alloc_after(~0ULL);
		rig_settle();
		if (r) {
			assert_int_equal(page_free_count(), frames);
			assert_int_equal(heap_used(), heap);
		}
	}
	assert_true(n > 2);
	fake_stop();
}

static void refusals(void **state)
{
	struct xen_domctl_createdomain c = config;
	struct domain *d, *e;
	domid_t id;

	(void)state;
	start(1);
	d = make(1, false);
	e = NULL;
	assert_int_equal(domain_create(1, &config, false, &e), -EEXIST);
	assert_int_equal(
		domain_create(DOMID_SELF, &config, false, &e), -EINVAL);
	c.max_vcpus = 0;
	assert_int_equal(domain_create(2, &c, false, &e), -EINVAL);
	c.max_vcpus = DOMAIN_MAX_VCPUS + 1;
	assert_int_equal(domain_create(2, &c, false, &e), -EINVAL);
	assert_null(e);
	assert_int_equal(vcpu_create(d, 0), -EEXIST);
	assert_int_equal(vcpu_create(d, 3), -EINVAL);
	assert_int_equal(domain_pick_id(&id), 0);
	assert_int_not_equal(id, 1);
	assert_int_not_equal(id, 0);
	/* dom0 and pseudo-domains live for ever. */
	assert_int_equal(domain_kill(control), -EINVAL);
	assert_int_equal(domain_kill(domain_io), -EINVAL);
	assert_true(domain_get(DOMID_IO) == domain_io);
	assert_null(domain_get(0x1234));
	assert_null(domain_get(0xffff));
	e = domain_get_or_self(DOMID_SELF);
	assert_ptr_equal(e, control);
	domain_put(e);
	e = domain_get_next(1);
	assert_ptr_equal(e, d);
	domain_put(e);
	assert_null(domain_get_next(2));
	assert_true(domain_may_control(control, d));
	assert_false(domain_may_control(d, d));
	fake_stop();
}

static void pauses_nest(void **state)
{
	struct domain *d;
	struct vcpu *v;

	(void)state;
	start(2);
	d = make(1, false);
	v = d->vcpu[0];
	vcpu_bring_up(v);
	rig_settle();
	assert_false(v->is_running);
	assert_int_equal(domain_unpause_by_controller(d), 0);
	rig_settle();
	assert_true(v->is_running);
	assert_int_equal(domain_unpause_by_controller(d), -EINVAL);
	rig_call(pause_it, d);
	assert_false(v->is_running);
	rig_call(pause_it, d);
	domain_unpause(d);
	rig_settle();
	assert_false(v->is_running);
	domain_unpause(d);
	rig_settle();
	assert_true(v->is_running);
	fake_stop();
}

static void shutdown_and_resume(void **state)
{
	struct domain *d;
	uint32_t port;
	uint64_t *pending;

	(void)state;
	start(2);
	assert_int_equal(event_bind_virq(control, VIRQ_DOM_EXC, 0, &port), 0);
	pending = (uint64_t *)control->shared_info->evtchn_pending;
	d = make(1, false);
	vcpu_bring_up(d->vcpu[0]);
	assert_int_equal(domain_unpause_by_controller(d), 0);
	rig_settle();
	assert_true(d->vcpu[0]->is_running);
	assert_false(bit_test(pending, port));

	domain_shutdown(d, SHUTDOWN_suspend);
	domain_shutdown(d, SHUTDOWN_crash); /* too late */
	rig_settle();
	assert_true(d->is_shut_down);
	assert_int_equal(d->shutdown_code, SHUTDOWN_suspend);
	assert_false(d->vcpu[0]->is_running);
	assert_true(bit_test_and_clear(pending, port));

	rig_call(resume_it, d);
	rig_settle();
	assert_false(d->is_shut_down);
	assert_true(d->vcpu[0]->is_running);
	rig_call(resume_it, d); /* nothing to resume */
	rig_settle();
	assert_true(d->vcpu[0]->is_running);

	fake_play(1);
	domain_crash(d, "%s", "as a test");
	rig_settle();
	assert_int_equal(d->shutdown_code, SHUTDOWN_crash);
	assert_true(bit_test_and_clear(pending, port));

	/* And again when it is dead, and when it is gone. */
	assert_true(domain_get(1) == d);
	kill_all_the_way(d);
	rig_settle();
	assert_true(bit_test_and_clear(pending, port));
	domain_put(d);
	rig_settle();
	assert_true(bit_test_and_clear(pending, port));
	fake_stop();
}

static void dom0_takes_the_machine_along(void **state)
{
	(void)state;
	start(1);
	if (fake_panics()) {
		assert_string_equal(fake_panic_text, "the core powers off");
	} else {
		domain_shutdown(control, SHUTDOWN_poweroff);
		fail_msg("still here");
	}
	fake_panic_end();
}

/* Who subscribed hears by its port when the domain has suspended, each time,
 * and not when it ends otherwise; a port that is none hurts nobody. */
static void subscription(void **state)
{
	uint64_t *pending;
	uint32_t theirs, mine;
	struct domain *d;

	(void)state;
	start(1);
	d = make(1, false);
	pending = (uint64_t *)control->shared_info->evtchn_pending;
	assert_int_equal(event_alloc_unbound(d, 0, &theirs), 0);
	assert_int_equal(event_bind_interdomain(control, 1, theirs, &mine), 0);
	(void)bit_test_and_clear(pending, mine);
	d->suspend_port = theirs;
	for (unsigned i = 0; i < 2; i++) {
		domain_shutdown(d, SHUTDOWN_suspend);
		rig_settle();
		assert_true(bit_test_and_clear(pending, mine));
		domain_resume(d);
	}
	domain_shutdown(d, SHUTDOWN_poweroff);
	rig_settle();
	assert_false(bit_test(pending, mine));
	domain_resume(d);
	d->suspend_port = 1000;
	domain_shutdown(d, SHUTDOWN_suspend);
	rig_settle();
	assert_false(bit_test(pending, mine));
	event_audit(d);
	fake_stop();
}

static void vcpu_info_moves(void **state)
{
	struct vcpu_info *old, *fresh;
	struct domain *d;
	struct page *pg;
	struct vcpu *v;
	mfn_t m;

	(void)state;
	start(1);
	d = make(1, false);
	v = d->vcpu[1];
	assert_int_equal(page_alloc_domain(d, 0, 0, &pg), 0);
	m = page_to_mfn(pg);
	old = v->vcpu_info;
	assert_ptr_equal(old, &d->shared_info->vcpu_info[1]);
	old->arch.cr2 = 0x1234;
	old->evtchn_upcall_mask = 1;
	assert_int_equal(vcpu_info_register(v, m, PAGE_SIZE - 56), -EINVAL);
	assert_int_equal(vcpu_info_register(v, m, 4), -EINVAL);
	assert_int_equal(vcpu_info_register(v, MFN(frame_count), 0), -EINVAL);
	assert_int_equal(vcpu_info_register(v, MFN(1), 0), -EINVAL);
	/* Told to go down, it leaves its CPU a moment later. */
	atomic_write(&v->is_running, true);
	assert_int_equal(vcpu_info_register(v, m, 64), -ERESTART_HC);
	atomic_write(&v->is_running, false);
	assert_int_equal(vcpu_info_register(v, m, 64), 0);
	assert_int_equal(vcpu_info_register(v, m, 128), -EINVAL);
	fresh = v->vcpu_info;
	assert_ptr_equal(fresh, (uint8_t *)page_to_virt(pg) + 64);
	assert_int_equal(fresh->arch.cr2, 0x1234);
	assert_int_equal(fresh->evtchn_upcall_mask, 1);
	assert_int_equal(fresh->evtchn_upcall_pending, 1);
	assert_int_equal(fresh->evtchn_pending_sel, ~0UL);
	assert_int_equal(fresh->time.version % 2, 0);
	assert_int_equal(fresh->time.tsc_to_system_mul, 1U << 31);
	assert_true(domain_get(1) == d);
	kill_all_the_way(d);
	domain_put(d);
	rig_settle();
	assert_null(domain_get(1));
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left),
		cmocka_unit_test(numbers_take_no_memory),
		cmocka_unit_test(a_frame_keeps_its_owner),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(refusals),
		cmocka_unit_test(pauses_nest),
		cmocka_unit_test(shutdown_and_resume),
		cmocka_unit_test(subscription),
		cmocka_unit_test(vcpu_info_moves),
		cmocka_unit_test(dom0_takes_the_machine_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
