/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduler, timers, CPU pools and interrupts that move, with three CPUs that
 * change at atomic operations in an order that the input chooses.  Three
 * domains block, yield and arm timers, tools change pools, affinity, weights
 * and pauses, pins of the IO-APIC fire at will.  At rest afterwards: nobody
 * runs where it may not, nobody sleeps with an event pending or waits beside
 * an idle CPU, no timer is late, and every audit is clean.
 */
#include "unit/irq_rig.h"
#include <stdlib.h>
#include <tenon/console.h>
#include <tenon/boot.h>
#include <tenon/pool.h>

#define CPUS	 3
#define STEPS	 40 /* of each CPU */
#define LINES	 3
#define POOLS	 3
#define CPU_MASK ((1U << CPUS) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input, *input_end;
static unsigned bits, bit_count; /* of the input, for the interleaving */
static unsigned turn, busy;

static const int pins[LINES] = { 4, 9, 11 };
static int pirqs[LINES];
static uint32_t ports[LINES];
static bool is_driven[LINES]; /* the device's wire; cleared on delivery */

static uint8_t next(void)
{
	return input < input_end ? *input++ : 0;
}

/* Whose turn it is: two bits each; by lot when the input has ended. */
static unsigned choose(unsigned n)
{
	unsigned value;

	if (!bit_count && input == input_end)
		return ((turn = turn * 1103515245 + 12345) >> 16) % n;
	if (!bit_count) {
		bits = next();
		bit_count = 8;
	}
	value = bits & 3;
	bits >>= 2;
	bit_count -= 2;
	return value % n;
}

static struct vcpu *any_vcpu(void)
{
	uint8_t n = next();

	return dom[n % CTL_DOMAINS]->vcpu[n / 16 % CTL_VCPUS];
}

static void tools(void)
{
	struct domain *d = dom[next() % CTL_DOMAINS];
	uint32_t id = next() % POOLS, cpu = next() % (CPUS + 1);
	struct vcpu *v;
	int r = 0;

	switch (next() % 9) {
	case 0:
		r = pool_create(&id);
		break;
	case 1:
		r = pool_destroy(id);
		break;
	case 2:
	case 3:
		r = pool_add_cpu(id, cpu < CPUS ? cpu : POOL_ANY);
		break;
	case 4:
		r = pool_remove_cpu(id, cpu < CPUS ? cpu : POOL_ANY);
		break;
	case 5:
		r = pool_move_domain(d, id);
		break;
	case 6:
		r = sched_set_affinity(any_vcpu(), next() & CPU_MASK, next());
		break;
	case 7:
		sched_set_weight(d, 1 + next(), next() % 3 ? 0 : 1 + next());
		break;
	default:
		v = any_vcpu();
		if (v == current)
			break;
		vcpu_pause(v);
		if (v->is_running || v->sched.is_queued)
			abort();
		vcpu_unpause(v);
	}
	/* Refused or not, pools are whole. */
	(void)r;
	pool_audit();
}

/* What the kernel that runs here does. */
static void guest(void)
{
	struct vcpu *v = current;
	struct evtchn_bind_vcpu b;
	uint8_t n = next();

	if (v->is_idle)
		return;
	switch (n % 7) {
	case 0:
	case 1:
		/* It handles what is pending, or sleeps. */
		if (!atomic_swap(&v->vcpu_info->evtchn_upcall_pending, 0))
			sched_block();
		else
			v->vcpu_info->evtchn_pending_sel = 0;
		break;
	case 2:
		sched_yield();
		break;
	case 3:
		time_set_singleshot(v, time_now() + n * 10000ULL);
		break;
	case 4:
		time_set_periodic(v, n & 8 ? 0 : 1000000ULL + n * 10000);
		break;
	case 5:
		if (v->domain != dom[0])
			break;
		b.port = ports[n % LINES];
		b.vcpu = n / 8 % CTL_VCPUS;
		if (ctl_call(hc_event_channel_op, EVTCHNOP_bind_vcpu,
			    (uintptr_t)&b, 0))
			abort();
		break;
	default:
		if (v->domain == dom[0] &&
			pirq_eoi(dom[0], (unsigned)pirqs[n % LINES]))
			abort();
	}
}

static void hardware(void)
{
	uint64_t flags = arch_irq_save();

	for (unsigned i = 0; i < LINES; i++) {
		unsigned pin = (unsigned)pins[i];

		if (!is_driven[i] || rig_is_masked(pin) ||
			rig_pin_cpu(pin) != this_cpu()->id)
			continue;
		is_driven[i] = false;
		entry_interrupt(rig_rte(pin) & 0xff);
	}
	if (this_cpu()->arch.timer_deadline <= time_now()) {
		this_cpu()->arch.timer_deadline = ~0ULL;
		timer_interrupt();
	}
	arch_irq_restore(flags);
}

static void step(unsigned cpu)
{
	uint8_t n = next();

	switch (n % 8) {
	case 0:
		is_driven[n / 8 % LINES] = true;
		break;
	case 1:
		fake_advance(1 + next() * 20000ULL);
		break;
	case 2:
		if (n & 8)
			vcpu_bring_up(any_vcpu());
		else
			vcpu_take_down(any_vcpu());
		break;
	case 3:
		event_mark_pending(any_vcpu());
		break;
	case 4:
		/* Control calls are made one at a time. */
		if (!cpu)
			tools();
		break;
	default:
		guest();
	}
}

static void run_cpu(void *arg)
{
	unsigned cpu = *(unsigned *)arg;

	for (unsigned n = 0; n < STEPS && input < input_end; n++) {
		step(cpu);
		hardware();
		softirq_run();
		if (!current->is_running || current->processor != cpu)
			abort();
	}
	atomic_sub(&busy, 1);
	while (atomic_read(&busy)) {
		hardware();
		softirq_run();
		arch_relax();
	}
	softirq_run();
}

static void check_vcpu(const struct vcpu *v)
{
	bool wants = v->is_running || v->sched.is_queued;
	unsigned cpu;

	/* Who waits when its domain is parked leaves its queue in its turn. */
	if (vcpu_is_runnable(v) != wants &&
		!(v->domain->sched.is_parked && v->sched.is_queued))
		abort();
	if (v->pause_flags & VCPU_BLOCKED &&
		v->vcpu_info->evtchn_upcall_pending &&
		!v->vcpu_info->evtchn_upcall_mask)
		abort();
	if (wants && !(v->allowed & CPUMASK(v->processor)))
		abort();
	if (!vcpu_is_runnable(v) || v->is_running)
		return;
	/* Who waits beside an idle CPU is taken within the owner's turn. */
	cpu_for_each (cpu, v->allowed)
		if (cpus[cpu]->vcpu->is_idle)
			abort();
}

static void check_all(void)
{
	struct vcpu *v;

	/* A turn and more, for who was found a better place while it waited. */
	rig_run(30 * MS);
	for (unsigned i = 0; i < CTL_DOMAINS; i++)
		vcpu_for_each (dom[i], v)
			check_vcpu(v);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		fake_play(cpu);
		timer_audit();
		if (cpus[cpu]->arch.timer_deadline < time_now())
			abort();
	}
	fake_play(0);
	irq_audit();
	ctl_audit();
}

static void start(void)
{
	irq_rig_start(CPUS);
	console_set_level(LOG_ERR);
	boot_options.guest_loglvl_limited = LOG_NONE;
	for (unsigned i = 0; i < LINES; i++) {
		pirqs[i] = pins[i];
		if (map_gsi(DOMID_SELF, pins[i], &pirqs[i]) ||
			bind_pirq((uint32_t)pirqs[i], true, &ports[i]))
			abort();
		is_driven[i] = false;
	}
	fake_enter(NULL, 0);
	for (unsigned i = 0; i < CTL_DOMAINS; i++) {
		(void)!domain_unpause_by_controller(dom[i]);
		for (unsigned n = 0; n < CTL_VCPUS; n++)
			vcpu_bring_up(dom[i]->vcpu[n]);
	}
	rig_settle();
}

static void stop(void)
{
	struct vcpu *v;

	for (unsigned i = 0; i < CTL_DOMAINS; i++) {
		atomic_add(&dom[i]->pauses, 1);
		sched_domain_stop(dom[i]);
		vcpu_for_each (dom[i], v)
			sched_sleep(v);
	}
	rig_settle();
	irq_rig_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned number[CPUS];

	input = data;
	input_end = data + size;
	bit_count = 0;
	turn = 0;
	start();
	busy = CPUS;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		number[cpu] = cpu;
		fake_spawn(cpu, run_cpu, &number[cpu]);
	}
	fake_run(choose);
	check_all();
	stop();
	return 0;
}
