/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole hypercall table under hostile guests on a machine of three CPUs:
 * domain 0 and two guests with two vcpus each, which the scheduler moves.
 *
 * In a step every CPU named by the input lets its vcpu make a call of calls.def
 * (or go on with one that was put off), all at the same time: the CPUs change
 * at atomic operations as the input's last bytes say.  Between the steps guests
 * write to memory, grants and events, devices interrupt and time passes.  After
 * each step all audits run; at the end every domain is killed, and the free
 * memory is what it was before there was any.
 */
#define RIG_FRAMES 640 /* few: what is given back is soon another's */
#include "unit/irq_rig.h"
#include "calls.h"
#include <stdio.h>
#include <stdlib.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/pv.h>

#define CPUS  3
#define STEPS 200

_Static_assert(CALLS_DOMAINS == CTL_DOMAINS, "those of the rig");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t free_at_end;
static size_t heap_at_end;
/* CPUs that stand still, for they turned the machine off. */
static uint64_t stopped;

/* The order of the CPUs' steps: runs of one of them, from the input's end. */
static unsigned run_left, run_who;
static uint32_t random_state;

static unsigned choose(unsigned n)
{
	uint8_t v;

	if (run_left) {
		run_left--;
		return run_who % n;
	}
	random_state = random_state * 1103515245 + 12345;
	v = calls_input < calls_end ? *--calls_end
				    : (uint8_t)(random_state >> 16);
	run_who = v & 3;
	run_left = v >> 2 & 31;
	return run_who % n;
}

static uint8_t yields; /* a bit a question */

static bool should_yield(void)
{
	bool is_now = yields & 1;

	yields = (uint8_t)(yields >> 1 | (yields & 1) << 7);
	return is_now || softirq_pending();
}

static unsigned busy; /* CPUs in a call or in softirqs */

static bool all_is_quiet(void)
{
	if (atomic_read(&busy))
		return false;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		if (!(stopped & CPUMASK(cpu)) &&
			atomic_read(&cpus[cpu]->softirqs))
			return false;
	return true;
}

/* With TRACE in the environment: what a finding was. */
static void trace(struct vcpu *v, const struct cpu_user_regs *c, uint64_t rax)
{
	static int is_wanted = -1;

	if (is_wanted < 0)
		is_wanted = getenv("TRACE") != NULL;
	if (is_wanted)
		fprintf(stderr,
			"cpu%u d%uv%u: %lu(%#lx, %#lx, %#lx, %#lx) = %#lx%s\n",
			this_cpu()->id, v->domain->id, v->id, c->rax, c->rdi,
			c->rsi, c->rdx, c->r10, rax,
			arch_guest_regs()->rip == CALLS_AGAIN_RIP ? ", again"
								  : "");
}

static void vcpu_runs(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct cpu_user_regs before = *regs;

	if (v->is_idle)
		return;
	if (!v->arch.in_kernel) {
		/* User code goes back to the kernel. */
		pv_syscall(v, regs);
	} else if (regs->rip == CALLS_AGAIN_RIP) {
		regs->rip = CALLS_RIP;
		entry_hypercall(regs);
		trace(v, &before, regs->rax);
	}
}

static void cpu_runs(void *arg)
{
	struct cpu *cpu = this_cpu();
	unsigned tries = *(unsigned *)arg;

	if (cpu->arch.timer_deadline <= time_now()) {
		cpu->arch.timer_deadline = ~0ULL;
		timer_interrupt();
		softirq_run();
	}
	for (; tries && !stopped; tries--) {
		vcpu_runs(current, arch_guest_regs());
		BUG_ON(cpu->locks_held || !arch_irq_enabled());
		softirq_run();
	}
	atomic_sub(&busy, 1);
	while (!all_is_quiet()) {
		/* What it raises on others is for them to see. */
		atomic_add(&busy, 1);
		softirq_run();
		atomic_sub(&busy, 1);
		arch_relax();
	}
}

/* The CPUs of the mask make a call, with what comes of it; others do what they
 * are asked to. */
static void run_cpus(unsigned mask, unsigned tries)
{
	unsigned none = 0;

	busy = CPUS;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		fake_spawn(cpu, cpu_runs, mask >> cpu & 1 ? &tries : &none);
	fake_run(choose);
}

static void for_each_domain(void (*fn)(struct domain *d))
{
	uint32_t id = 0;
	struct domain *d;

	while (id < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)id)) != NULL) {
		id = d->id + 1U;
		fn(d);
		domain_put(d);
	}
}

static void audit_domain(struct domain *d)
{
	struct vcpu *v;

	event_audit(d);
	grant_audit(d);
	vcpu_for_each (d, v)
		BUG_ON(v->is_running && (v->domain->life == DOMAIN_DEAD ||
						v->domain->is_shut_down));
}

static void audit(void)
{
	bool (*was)(void) = fake_should_yield;

	fake_should_yield = NULL;
	for_each_domain(audit_domain);
	page_audit();
	pagetype_audit(NULL);
	irq_audit();
	sched_audit();
	timer_audit();
	trace_buffers_audit();
	fake_tlb_audit();
	fake_should_yield = was;
}

/* A grant of the domain that plays, an event word, or any word of its own. */
static void write_memory(void)
{
	struct domain *d = current->domain;
	struct shared_info *s = d->shared_info;
	struct page *pg;
	uint8_t what = calls_next(), v = calls_next();
	uint64_t value;

	switch (what % 4) {
	case 0:
		if (grant_table_frame(d, 0, false, &pg))
			break;
		((struct grant_entry_v1 *)page_to_virt(pg))[v % 12] =
			(struct grant_entry_v1){
				.flags = what & 0x40 ? calls_next() : 1,
				.domid = calls_next() % CTL_DOMAINS,
				.frame = (uint32_t)calls_frame(calls_next()),
			};
		break;
	case 1:
		s->evtchn_pending[0] ^= calls_raw(2);
		s->evtchn_mask[0] ^= calls_raw(2);
		current->vcpu_info->evtchn_upcall_pending = v & 1;
		current->vcpu_info->evtchn_pending_sel = v >> 1;
		break;
	default:
		value = what & 0x80 ? calls_wild() : calls_raw(4);
		calls_store(calls_address(v) + calls_next() * 8U, &value,
			sizeof(value));
	}
}

static void interrupt(uint8_t v)
{
	if (v & 0x80)
		(void)rig_pin(v % PINS);
	else
		rig_message(v % CPUS,
			IRQ_VECTOR_FIRST +
				v % (IRQ_VECTOR_LAST - IRQ_VECTOR_FIRST + 1));
}

/* Somebody can always go on: domain 0 is woken by its devices. */
static void wake(void)
{
	struct vcpu *v = dom[0]->vcpu[0];

	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		if (!cpus[cpu]->vcpu->is_idle)
			return;
	fake_play(0);
	vcpu_bring_up(v);
	event_mark_pending(v);
	sched_unblock(v);
	run_cpus(0, 0);
}

static void step(void)
{
	uint8_t what = calls_next();
	unsigned mask = what & 7 ? what & 7 : 7;

	if (what & 8)
		fake_advance((1 + calls_next() % 64) * MS / 2);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		fake_play(cpu);
		if (!(mask >> cpu & 1) || current->is_idle)
			continue;
		if (what & 16)
			write_memory();
		calls_prepare();
	}
	fake_play(0);
	if (what & 32)
		interrupt(calls_next());
	yields = what & 64 ? calls_next() : 0;
	if (yields % 4 == 3)
		fake_fail_alloc_at(calls_next() % 16);
	run_cpus(mask, 1 + (what >> 7) * 7);
	fake_fail_alloc_at(~0ULL);
	if (stopped)
		return;
	wake();
	if (!stopped)
		audit();
}

noreturn static void end(void)
{
	/* Who waits for its vcpu would wait for ever. */
	atomic_write(&current->is_running, false);
	stopped |= CPUMASK(this_cpu()->id);
	atomic_sub(&busy, 1);
	fake_abandon();
}

static void start_domain(unsigned i)
{
	struct vcpu *v = dom[i]->vcpu[0];

	(void)!domain_unpause_by_controller(dom[i]);
	dom[i]->page_max = 100;
	fake_enter(v, 0);
	BUG_ON(fake_space(v, CALLS_PAGES, calls_frames[i]));
	fake_enter(NULL, 0);
	BUG_ON(pt_new_root(
		dom[i]->vcpu[1], calls_frames[i][CALLS_FRAMES - 1], false));
	for (unsigned n = 0; n < CTL_VCPUS; n++)
		dom[i]->vcpu[n]->is_initialised = true;
}

static void start(void)
{
	struct vcpu *v;

	stopped = 0;
	random_state = 1;
	run_left = 0;
	irq_rig_start(CPUS);
	calls_functions[0] = MSI_BDF;
	calls_functions[1] = MSIX_BDF;
	calls_bar = BAR_BASE;
	fake_on_end = end;
	console_set_level(LOG_ERR);
	boot_options.guest_loglvl_limited = LOG_NONE;
	fake_enter(NULL, 0);
	for (unsigned i = 0; i < CTL_DOMAINS; i++)
		start_domain(i);
	for (unsigned i = 0; i < CTL_DOMAINS; i++)
		vcpu_for_each (dom[i], v)
			vcpu_bring_up(v);
	run_cpus(0, 0);
	fake_should_yield = should_yield;
	audit();
}

static void take_down(struct domain *d)
{
	struct vcpu *v;

	vcpu_for_each (d, v)
		vcpu_take_down(v);
}

static void kill(struct domain *d)
{
	int r;

	if (d->life == DOMAIN_DEAD)
		return;
	d->is_hardware = false; /* or it could not be */
	do
		r = domain_kill(d);
	while (r == -ERESTART_HC);
	BUG_ON(r);
}

/* The rings stay when domains go; the tables of who owns them stay for ever, so
 * there must have been one. */
static void end_tracing(void)
{
	const struct trace_settings off = { 0 };

	BUG_ON(trace_buffers_set(&off) || trace_buffers_resize(1) ||
		trace_buffers_resize(0));
}

static void stop(void)
{
	fake_should_yield = NULL;
	for_each_domain(take_down);
	run_cpus(0, 0);
	dom0 = NULL;
	for_each_domain(kill);
	memset(dom, 0, sizeof(dom));
	run_cpus(0, 0);
	audit();
	end_tracing();
	/* With the domains their interrupts have gone. */
	BUG_ON(pci_remove(0, MSI_BDF) == -EBUSY);
	BUG_ON(pci_remove(0, MSIX_BDF) == -EBUSY);
	msi_free_spare();
	free_at_end = page_free_count();
	heap_at_end = heap_used();
	irq_rig_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t free_wanted;
	static size_t heap_wanted;

	if (!free_wanted) {
		start();
		stop();
		free_wanted = free_at_end;
		heap_wanted = heap_at_end;
	}
	calls_input = data;
	calls_end = data + size;
	start();
	for (unsigned n = 0; n < STEPS && calls_input < calls_end && !stopped;
		n++)
		step();
	if (stopped) {
		fake_discard();
		return 0;
	}
	stop();
	BUG_ON(free_at_end != free_wanted || heap_at_end != heap_wanted);
	return 0;
}
