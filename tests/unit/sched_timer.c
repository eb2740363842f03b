/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers: order, re-arming, stopping, moving between CPUs. */
#include "sched_rig.h"

#include <stdlib.h>
#include <string.h>

#define TIMERS 200

static struct timer timers[TIMERS];
static uint64_t due[TIMERS]; /* 0: not armed, by the test's own book */
static uint64_t last_fired;
static unsigned fired;

static unsigned seed = 1;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static void fires(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;

	assert_true(due[i] != 0 && due[i] <= time_now());
	assert_int_equal(this_cpu()->id, timers[i].cpu);
	/* On time: the test jumps from deadline to deadline. */
	assert_true(due[i] == time_now() || due[i] < last_fired);
	due[i] = 0;
	last_fired = time_now();
	fired++;
}

static void start(unsigned cpu_n)
{
	rig_start(cpu_n);
	memset(due, 0, sizeof(due));
	fired = 0;
	last_fired = 0;
	for (unsigned i = 0; i < TIMERS; i++)
		timer_init(&timers[i], fires, (void *)(uintptr_t)i, i % cpu_n);
}

static void audit_all(void)
{
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		fake_play(cpu);
		timer_audit();
	}
	fake_play(0);
}

static void random_use(void **state)
{
	unsigned armed = 0;

	(void)state;
	start(3);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = any(TIMERS);
		uint64_t at = time_now() + 1 + any(1000000);

		fake_play(any(3));
		switch (any(6)) {
		default:
			due[i] = at;
			timer_set(&timers[i], at);
			break;
		case 3:
			due[i] = 0;
			timer_stop(&timers[i]);
			assert_false(timer_is_set(&timers[i]));
			break;
		case 4:
			timer_migrate(&timers[i], any(3));
			break;
		case 5:
			rig_step(time_now() + 50000);
			break;
		}
		if (step % 100 == 0)
			audit_all();
	}
	rig_run(1000 * MS);
	for (unsigned i = 0; i < TIMERS; i++) {
		armed += due[i] != 0;
		timer_kill(&timers[i]);
		timer_set(&timers[i], time_now());
	}
	assert_int_equal(armed, 0);
	assert_true(fired > 1000);
	fired = 0;
	rig_run(10 * MS);
	assert_int_equal(fired, 0);
	audit_all();
	fake_stop();
}

/* In order, whatever the order in which they were set. */
static unsigned order[TIMERS], ordered;

static void note(void *arg)
{
	order[ordered++] = (unsigned)(uintptr_t)arg;
}

static void sorted(void **state)
{
	(void)state;
	start(1);
	ordered = 0;
	for (unsigned i = 0; i < TIMERS; i++) {
		unsigned key = i * 77 % TIMERS;

		timer_init(&timers[key], note, (void *)(uintptr_t)key, 0);
		timer_set(&timers[key], 1000 + key);
	}
	/* All at once: one interrupt, much too late. */
	fake_advance(5 * MS);
	timer_interrupt();
	rig_settle();
	assert_int_equal(ordered, TIMERS);
	for (unsigned i = 0; i < TIMERS; i++)
		assert_int_equal(order[i], i);
	fake_stop();
}

/* A handler that sets itself again, and one that stops itself. */
static unsigned ticks;

static void tick(void *arg)
{
	struct timer *t = arg;

	if (++ticks < 10)
		timer_set(t, t->expires + MS);
	else
		timer_stop(t);
}

static void periodic(void **state)
{
	struct timer t;

	(void)state;
	start(1);
	ticks = 0;
	timer_init(&t, tick, &t, 0);
	timer_set(&t, time_now() + MS);
	rig_run(100 * MS);
	assert_int_equal(ticks, 10);
	assert_false(timer_is_set(&t));
	timer_kill(&t);
	fake_stop();
}

/* One CPU's handler runs while another stops the timer: afterwards it does
 * not run any more. */
static bool is_in_handler, is_stopped;
static struct timer shared;

static void slow(void *arg)
{
	(void)arg;
	is_in_handler = true;
	for (unsigned i = 0; i < 5; i++) {
		arch_race_point();
		assert_false(is_stopped);
	}
	timer_set(&shared, time_now() + any(3));
	is_in_handler = false;
}

static void runs_timers(void *arg)
{
	(void)arg;
	while (!is_stopped) {
		fake_advance(1);
		timer_interrupt();
		softirq_run();
		arch_relax();
	}
}

static void stops_timer(void *arg)
{
	for (unsigned i = any(30); i; i--)
		arch_race_point();
	if (any(2))
		timer_migrate(&shared, 2);
	timer_kill(&shared);
	assert_false(is_in_handler);
	is_stopped = true;
	(void)arg;
}

static void stop_waits(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		seed = round;
		start(3);
		is_stopped = false;
		timer_init(&shared, slow, NULL, 1);
		timer_set(&shared, 1);
		fake_spawn(0, stops_timer, NULL);
		fake_spawn(1, runs_timers, NULL);
		fake_spawn(2, runs_timers, NULL);
		fake_run(any);
		fake_stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use),
		cmocka_unit_test(sorted),
		cmocka_unit_test(periodic),
		cmocka_unit_test(stop_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
