/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy: shares by weight, latency of sleepers, placement. */
#include "sched_rig.h"

static double share(struct vcpu *v, uint64_t total)
{
	return (double)sched_cpu_time(v) / (double)total;
}

static void assert_near(double got, double want, double tolerance)
{
	if (got < want - tolerance || got > want + tolerance)
		fail_msg("%f is not within %f of %f", got, tolerance, want);
}

static void weights_on_one_cpu(void **state)
{
	const uint32_t weights[3] = { 128, 256, 640 };
	struct domain *d[3];

	(void)state;
	rig_start(1);
	for (unsigned i = 0; i < 3; i++) {
		d[i] = rig_domain((domid_t)(i + 1), 1, weights[i]);
		rig_up(d[i]);
	}
	rig_run(20000 * MS);
	for (unsigned i = 0; i < 3; i++)
		assert_near(share(d[i]->vcpu[0], 20000 * MS),
			weights[i] / 1024.0, 0.01);
	for (unsigned i = 0; i < 3; i++)
		rig_free(d[i]);
	fake_stop();
}

static void are_even(unsigned n, unsigned cpu_n)
{
	struct domain *d;

	rig_start(cpu_n);
	d = rig_domain(1, n, 256);
	rig_up(d);
	rig_run(20000 * MS);
	for (unsigned i = 0; i < n; i++)
		assert_near(
			share(d->vcpu[i], 20000 * MS) * n, cpu_n, 0.03 * cpu_n);
	rig_free(d);
	fake_stop();
}

/* Vcpus that never sleep get equal shares, however many share the CPUs. */
static void some_too_many(void **state)
{
	(void)state;
	for (unsigned cpu_n = 2; cpu_n <= 5; cpu_n++)
		for (unsigned n = cpu_n + 1; n <= 2 * cpu_n + 1; n++)
			are_even(n, cpu_n);
	are_even(11, 7);
	are_even(11, 8);
	are_even(13, 8);
	are_even(14, 9);
}

/* Two domains of two, one of twice the weight, however they were placed. */
static void weights_on_two_cpus(void **state)
{
	struct domain *a, *b;
	double light, heavy;

	(void)state;
	rig_start(2);
	a = rig_domain(1, 2, 256);
	b = rig_domain(2, 2, 512);
	for (unsigned i = 0; i < 2; i++) {
		a->vcpu[i]->processor = 0;
		b->vcpu[i]->processor = 1;
	}
	rig_up(a);
	rig_up(b);
	rig_run(20000 * MS);
	light = share(a->vcpu[0], 20000 * MS) + share(a->vcpu[1], 20000 * MS);
	heavy = share(b->vcpu[0], 20000 * MS) + share(b->vcpu[1], 20000 * MS);
	assert_near(light, 2 / 3.0, 0.04);
	assert_near(heavy, 4 / 3.0, 0.04);
	rig_free(a);
	rig_free(b);
	fake_stop();
}

/* One that sleeps most of the time runs within the minimum slice of another's
 * after it is woken, and cannot save up for later. */
static void sleepers_are_quick(void **state)
{
	struct domain *hog, *sleeper;
	uint64_t woken, worst = 0, before;

	(void)state;
	rig_start(1);
	hog = rig_domain(1, 1, 256);
	sleeper = rig_domain(2, 1, 256);
	rig_up(sleeper);
	rig_run(1 * MS);
	vcpu_take_down(sleeper->vcpu[0]);
	rig_up(hog);
	for (unsigned i = 0; i < 200; i++) {
		rig_run((3 + i % 5) * MS + i * 1000);
		woken = time_now();
		vcpu_bring_up(sleeper->vcpu[0]);
		rig_settle();
		while (cpus[0]->vcpu != sleeper->vcpu[0])
			rig_step(time_now() + 100 * MS);
		worst = MAX(worst, time_now() - woken);
		rig_run(100000);
		vcpu_take_down(sleeper->vcpu[0]);
		rig_settle();
		assert_ptr_equal(cpus[0]->vcpu, hog->vcpu[0]);
	}
	assert_true(worst <= 1 * MS);

	/* After a long sleep both want the CPU for good: no debt is paid. */
	rig_run(5000 * MS);
	before = sched_cpu_time(hog->vcpu[0]);
	vcpu_bring_up(sleeper->vcpu[0]);
	rig_run(100 * MS);
	assert_true(sched_cpu_time(hog->vcpu[0]) - before >= 40 * MS);
	rig_free(hog);
	rig_free(sleeper);
	fake_stop();
}

/* Who makes another has a turn to end what it does; then both share. */
static void new_ones_wait_a_turn(void **state)
{
	struct domain *maker, *made;
	uint64_t before;

	(void)state;
	rig_start(1);
	maker = rig_domain(1, 1, 256);
	made = rig_domain(2, 1, 256);
	rig_up(maker);
	rig_run(100 * MS);
	rig_up(made);
	rig_run(9 * MS);
	assert_int_equal(sched_cpu_time(made->vcpu[0]), 0);
	before = sched_cpu_time(maker->vcpu[0]);
	rig_run(200 * MS);
	assert_true(sched_cpu_time(made->vcpu[0]) >= 80 * MS);
	assert_true(sched_cpu_time(maker->vcpu[0]) - before >= 80 * MS);

	/* Nobody else wants the CPU: at once. */
	vcpu_take_down(made->vcpu[0]);
	rig_free(made);
	vcpu_take_down(maker->vcpu[0]);
	made = rig_domain(3, 1, 256);
	rig_up(made);
	rig_settle();
	assert_ptr_equal(cpus[0]->vcpu, made->vcpu[0]);
	rig_free(made);
	rig_free(maker);
	fake_stop();
}

static double used(struct domain *d, uint64_t total)
{
	double sum = 0;

	for (unsigned i = 0; i < d->vcpu_count; i++)
		sum += share(d->vcpu[i], total);
	return sum;
}

/* A cap holds on CPUs that nobody else wants, for all vcpus together. */
static void caps(void **state)
{
	static const uint32_t percents[] = { 1, 25, 50, 99, 130 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(percents); i++) {
		struct domain *d;
		struct vcpu_runstate_info info;

		rig_start(2);
		d = rig_domain(1, 3, 256);
		sched_set_weight(d, 256, percents[i]);
		rig_up(d);
		rig_run(5000 * MS);
		assert_near(used(d, 5000 * MS), percents[i] / 100.0, 0.005);
		/* Who is kept from the CPU waits, it does not sleep. */
		sched_get_runstate(d->vcpu[0], &info);
		assert_int_equal(info.time[RUNSTATE_blocked], 0);
		/* Without the cap both CPUs are theirs. */
		sched_set_weight(d, 256, 0);
		rig_run(5000 * MS);
		assert_near(used(d, 5000 * MS), 2 + percents[i] / 100.0, 0.01);
		rig_free(d);
		fake_stop();
	}
}

/* What a capped domain leaves is another's; a sleeper saves nothing. */
static void caps_and_others(void **state)
{
	struct domain *capped, *hog;
	uint64_t before;

	(void)state;
	rig_start(1);
	capped = rig_domain(1, 1, 65535);
	hog = rig_domain(2, 1, 1);
	sched_set_weight(capped, 65535, 20);
	rig_up(hog);
	rig_run(3000 * MS);
	assert_near(share(hog->vcpu[0], 3000 * MS), 1, 0.001);
	vcpu_bring_up(capped->vcpu[0]);
	rig_run(20 * MS);
	before = sched_cpu_time(capped->vcpu[0]);
	assert_true(before <= 6 * MS);
	rig_run(3000 * MS);
	assert_near((double)(sched_cpu_time(capped->vcpu[0]) - before) /
			    (3000.0 * MS),
		0.2, 0.01);
	/* It ends while it is parked. */
	while (!capped->sched.is_parked)
		rig_step(time_now() + MS);
	rig_free(capped);
	rig_run(100 * MS);
	rig_free(hog);
	fake_stop();
}

static void placement(void **state)
{
	struct domain *d;

	(void)state;
	rig_start(4);
	d = rig_domain(1, 5, 256);
	for (unsigned i = 0; i < 5; i++)
		d->vcpu[i]->processor = 0;
	/* Idle CPUs are used ... */
	for (unsigned i = 0; i < 4; i++)
		vcpu_bring_up(d->vcpu[i]);
	rig_settle();
	for (unsigned i = 0; i < 4; i++)
		assert_true(d->vcpu[i]->is_running);
	/* ... and one that becomes idle takes who waits ... */
	vcpu_bring_up(d->vcpu[4]);
	rig_settle();
	vcpu_take_down(d->vcpu[2]);
	rig_settle();
	for (unsigned i = 0; i < 5; i++)
		assert_true(d->vcpu[i]->is_running == (i != 2));
	/* ... but nobody goes where it may not. */
	assert_int_equal(sched_set_affinity(d->vcpu[0], 2, 2), 0);
	assert_int_equal(sched_set_affinity(d->vcpu[1], 2, 2), 0);
	assert_int_equal(sched_set_affinity(d->vcpu[3], 2, 2), 0);
	assert_int_equal(sched_set_affinity(d->vcpu[4], 2, 2), 0);
	rig_settle();
	rig_run(1000 * MS);
	for (unsigned i = 0; i < 5; i++)
		if (i != 2)
			assert_int_equal(d->vcpu[i]->processor, 1);
	assert_true(cpus[0]->vcpu->is_idle && cpus[2]->vcpu->is_idle);
	assert_int_equal(sched_set_affinity(d->vcpu[0], 1ULL << 40, 1), -22);
	rig_free(d);
	fake_stop();
}

/* The virtual clocks of two CPUs drift apart; who moves is no worse off. */
static void clocks_apart(void **state)
{
	struct domain *old, *young;
	uint64_t before[3];

	(void)state;
	rig_start(2);
	old = rig_domain(1, 2, 256);
	young = rig_domain(2, 1, 256);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sched_set_affinity(old->vcpu[i], 1, 1), 0);
	assert_int_equal(sched_set_affinity(young->vcpu[0], 2, 2), 0);
	rig_up(old);
	rig_run(60000 * MS);
	rig_up(young);
	rig_run(10 * MS);
	for (unsigned i = 0; i < 2; i++) {
		before[i] = sched_cpu_time(old->vcpu[i]);
		assert_int_equal(sched_set_affinity(old->vcpu[i], 3, 3), 0);
	}
	before[2] = sched_cpu_time(young->vcpu[0]);
	rig_run(3000 * MS);
	for (unsigned i = 0; i < 2; i++)
		assert_true(
			sched_cpu_time(old->vcpu[i]) - before[i] > 1800 * MS);
	assert_true(sched_cpu_time(young->vcpu[0]) - before[2] > 1800 * MS);
	rig_free(old);
	rig_free(young);
	fake_stop();
}

static void yielding(void **state)
{
	struct domain *d;
	struct vcpu *first;

	(void)state;
	rig_start(1);
	d = rig_domain(1, 2, 256);
	rig_up(d);
	rig_run(3 * MS);
	for (unsigned i = 0; i < 10; i++) {
		first = cpus[0]->vcpu;
		sched_yield();
		rig_settle();
		assert_ptr_not_equal(cpus[0]->vcpu, first);
	}
	rig_free(d);
	fake_stop();
}

/* Every nanosecond of a vcpu is in one of the four states. */
static void runstates(void **state)
{
	struct vcpu_runstate_info r;
	struct domain *d;
	uint64_t sum, born;

	(void)state;
	rig_start(1);
	born = time_now();
	d = rig_domain(1, 2, 256);
	vcpu_bring_up(d->vcpu[0]);
	rig_run(50 * MS);
	vcpu_bring_up(d->vcpu[1]);
	rig_run(100 * MS);
	vcpu_take_down(d->vcpu[0]);
	rig_run(30 * MS);
	for (unsigned i = 0; i < 2; i++) {
		sched_get_runstate(d->vcpu[i], &r);
		sum = r.time[0] + r.time[1] + r.time[2] + r.time[3];
		assert_int_equal(sum, time_now() - born);
	}
	assert_int_equal(r.state, RUNSTATE_running);
	assert_int_equal(r.time[RUNSTATE_offline], 50 * MS);
	sched_get_runstate(d->vcpu[0], &r);
	assert_int_equal(r.state, RUNSTATE_offline);
	assert_int_equal(r.time[RUNSTATE_offline], 30 * MS);
	assert_int_equal(r.time[RUNSTATE_blocked], 0);
	assert_int_equal(sched_idle_time(0), 0);
	rig_free(d);
	rig_run(7 * MS);
	assert_int_equal(sched_idle_time(0), 7 * MS);
	fake_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_on_one_cpu),
		cmocka_unit_test(some_too_many),
		cmocka_unit_test(weights_on_two_cpus),
		cmocka_unit_test(sleepers_are_quick),
		cmocka_unit_test(new_ones_wait_a_turn),
		cmocka_unit_test(caps),
		cmocka_unit_test(caps_and_others),
		cmocka_unit_test(placement),
		cmocka_unit_test(clocks_apart),
		cmocka_unit_test(yielding),
		cmocka_unit_test(runstates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
