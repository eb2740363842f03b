/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures of the scheduler on the fake machine: shares of vcpus that never
 * sleep, and how long one that was woken waits for a CPU that others want.
 * Time is simulated: it stands while the scheduler's code runs, so the figures
 * are those of the policy, and repeat exactly.
 */
#include "unit/sched_rig.h"

#include <stdio.h>
#include <stdlib.h>

#define SAMPLES 400
#define SECONDS 20

static void shares(unsigned cpu_n, unsigned n)
{
	double least = 1e9, most = 0;
	struct domain *d;

	rig_start(cpu_n);
	d = rig_domain(1, n, 256);
	rig_up(d);
	rig_run(SECONDS * 1000 * MS);
	for (unsigned i = 0; i < n; i++) {
		double part = (double)sched_cpu_time(d->vcpu[i]) * n /
			      ((double)SECONDS * 1000 * MS * cpu_n);

		least = MIN(least, part);
		most = MAX(most, part);
	}
	printf("shares of %u on %u CPUs: %.3f to %.3f of an even one\n", n,
		cpu_n, least, most);
	rig_free(d);
	fake_stop();
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* One that runs 100 us after each sleep of some ms, beside those that never
 * sleep. */
static void latency(unsigned cpu_n, unsigned hog_n)
{
	struct domain *hogs, *sleeper;
	uint64_t waits[SAMPLES], woken;
	struct vcpu *v;

	rig_start(cpu_n);
	hogs = rig_domain(1, hog_n, 256);
	sleeper = rig_domain(2, 1, 256);
	v = sleeper->vcpu[0];
	rig_up(hogs);
	rig_run(100 * MS);
	for (unsigned i = 0; i < SAMPLES; i++) {
		rig_run((3 + i % 5) * MS + i * 1000);
		woken = time_now();
		vcpu_bring_up(v);
		rig_settle();
		while (!v->is_running)
			rig_step(time_now() + 100 * MS);
		waits[i] = time_now() - woken;
		rig_run(100000);
		vcpu_take_down(v);
		rig_settle();
	}
	qsort(waits, SAMPLES, sizeof(waits[0]), compare);
	printf("wake-up beside %u on %u CPUs: median %llu us, 99%% %llu us, "
	       "worst %llu us\n",
		hog_n, cpu_n, (unsigned long long)waits[SAMPLES / 2] / 1000,
		(unsigned long long)waits[SAMPLES * 99 / 100] / 1000,
		(unsigned long long)waits[SAMPLES - 1] / 1000);
	rig_free(hogs);
	rig_free(sleeper);
	fake_stop();
}

int main(void)
{
	for (unsigned cpu_n = 2; cpu_n <= 9; cpu_n++)
		for (unsigned n = cpu_n + 1; n <= 3 * cpu_n; n++)
			shares(cpu_n, n);
	latency(1, 1);
	latency(1, 4);
	latency(2, 4);
	latency(8, 32);
	return 0;
}
