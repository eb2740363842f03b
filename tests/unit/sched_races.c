/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler with its CPUs interleaved at every atomic operation: no
 * wake-up is lost, nobody runs on two CPUs, and who has waited for a vcpu to
 * stop sees it stopped.
 */
#include "sched_rig.h"

#include <stdlib.h>
#include <tenon/event.h>

static unsigned seed;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static struct domain *d;
static unsigned busy; /* CPUs with operations left */

static void finish(void)
{
	atomic_sub(&busy, 1);
	while (atomic_read(&busy)) {
		softirq_run();
		arch_relax();
	}
	softirq_run();
}

/* As one guest would on this CPU: block as long as there is nothing to do. */
static void blocker(void *arg)
{
	unsigned left = *(unsigned *)arg;

	while (left) {
		softirq_run();
		if (current->is_idle) {
			arch_relax();
			continue;
		}
		if (atomic_swap(&current->vcpu_info->evtchn_upcall_pending, 0))
			left--;
		else
			sched_block();
	}
	finish();
}

static void sender(void *arg)
{
	unsigned left = *(unsigned *)arg;
	struct vcpu *v = d->vcpu[0];

	while (left) {
		if (!atomic_read(&v->vcpu_info->evtchn_upcall_pending)) {
			event_mark_pending(v);
			left--;
		} else {
			arch_relax();
		}
		softirq_run();
	}
	finish();
}

static void no_wakeup_is_lost(void **state)
{
	unsigned n = 50;

	(void)state;
	for (unsigned round = 1; round <= 100; round++) {
		seed = round;
		rig_start(2);
		d = rig_domain(1, 1, 256);
		assert_int_equal(sched_set_affinity(d->vcpu[0], 1, 1), 0);
		rig_up(d);
		busy = 2;
		fake_spawn(0, blocker, &n);
		fake_spawn(1, sender, &n);
		fake_run(any);
		rig_settle();
		rig_free(d);
		fake_stop();
	}
}

/* Nobody is current twice, and current is marked as running. */
static void check_currents(void)
{
	for (unsigned a = 0; a < cpu_count; a++) {
		assert_true(cpus[a]->vcpu->is_running);
		for (unsigned b = 0; b < a; b++)
			assert_ptr_not_equal(cpus[a]->vcpu, cpus[b]->vcpu);
	}
}

/* Changes whose effect need not be waited for. */
static void meddler(void *arg)
{
	unsigned left = *(unsigned *)arg;

	while (left--) {
		struct vcpu *v = d->vcpu[any(d->vcpu_count)];

		switch (any(6)) {
		case 0:
			vcpu_bring_up(v);
			break;
		case 1:
			vcpu_take_down(v);
			break;
		case 2:
			assert_int_equal(
				sched_set_affinity(v, 1 + any(7), 1 + any(7)),
				0);
			break;
		case 3:
			if (!current->is_idle)
				sched_yield();
			break;
		case 4:
			if (!current->is_idle)
				sched_block();
			break;
		case 5:
			sched_unblock(v);
			break;
		}
		if (any(4) == 0)
			timer_interrupt();
		softirq_run();
		check_currents();
	}
	finish();
}

/* One CPU pauses and looks at what it has stopped. */
static void controller(void *arg)
{
	unsigned left = *(unsigned *)arg;

	while (left--) {
		struct vcpu *v = d->vcpu[any(d->vcpu_count)];

		if (any(3) == 0)
			fake_advance(any(20000000));
		if (v != current) {
			vcpu_pause(v);
			assert_false(v->is_running);
			assert_false(v->sched.is_queued);
			arch_race_point();
			assert_false(v->is_running);
			for (unsigned i = 0; i < cpu_count; i++)
				assert_ptr_not_equal(cpus[i]->vcpu, v);
			vcpu_unpause(v);
		}
		softirq_run();
	}
	finish();
}

static void anything_goes(void **state)
{
	unsigned n = 60;

	(void)state;
	for (unsigned round = 1; round <= 150; round++) {
		seed = round * 7919;
		rig_start(3);
		d = rig_domain(1, 5, 256);
		rig_up(d);
		busy = 3;
		fake_spawn(0, controller, &n);
		fake_spawn(1, meddler, &n);
		fake_spawn(2, meddler, &n);
		fake_run(any);
		rig_settle();
		check_currents();
		for (unsigned i = 0; i < 5; i++) {
			struct vcpu *v = d->vcpu[i];

			assert_int_equal(vcpu_is_runnable(v),
				v->is_running || v->sched.is_queued);
			if (v->is_running || v->sched.is_queued)
				assert_true(
					v->affinity_hard >> v->processor & 1);
		}
		rig_free(d);
		fake_stop();
	}
}

/* One CPU preempts a vcpu while the other becomes idle. */
static void preempts(void *arg)
{
	(void)arg;
	vcpu_bring_up(d->vcpu[1]);
	softirq_run();
	finish();
}

static void becomes_idle(void *arg)
{
	(void)arg;
	vcpu_take_down(d->vcpu[2]);
	softirq_run();
	finish();
}

static void nobody_waits_beside_an_idle_cpu(void **state)
{
	(void)state;
	for (unsigned round = 1; round <= 300; round++) {
		seed = round;
		rig_start(2);
		d = rig_domain(1, 3, 256);
		assert_int_equal(sched_set_affinity(d->vcpu[1], 1, 1), 0);
		assert_int_equal(sched_set_affinity(d->vcpu[2], 2, 2), 0);
		d->vcpu[0]->processor = 0;
		/* One that has run before, for new ones preempt nobody. */
		vcpu_bring_up(d->vcpu[1]);
		rig_run(1000000);
		vcpu_take_down(d->vcpu[1]);
		vcpu_bring_up(d->vcpu[2]);
		rig_settle();
		vcpu_bring_up(d->vcpu[0]);
		rig_run(3000000);
		assert_ptr_equal(cpus[0]->vcpu, d->vcpu[0]);
		busy = 2;
		fake_spawn(0, preempts, NULL);
		fake_spawn(1, becomes_idle, NULL);
		fake_run(any);
		rig_settle();
		assert_true(d->vcpu[0]->is_running);
		assert_true(d->vcpu[1]->is_running);
		rig_free(d);
		fake_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wakeup_is_lost),
		cmocka_unit_test(anything_goes),
		cmocka_unit_test(nobody_waits_beside_an_idle_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
