/* SPDX-License-Identifier: BSD-2-Clause */
/* The debug keys: what an operator asks of a running machine. */
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/counters.h>
#include <tenon/debug_key.h>
#include <tenon/domain.h>
#include <tenon/event.h>
#include <tenon/grant.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/sched.h>
#include <tenon/timer.h>

/* Calls fn on each domain that there is. */
static void for_each_domain(void (*fn)(struct domain *d))
{
	uint32_t next = 0;
	struct domain *d;

	while (next < DOMID_FIRST_RESERVED &&
		(d = domain_get_next((domid_t)next)) != NULL) {
		next = d->id + 1U;
		fn(d);
		domain_put(d);
	}
}

static void dump_domain(struct domain *d)
{
	struct vcpu *v;

	log_info("d%u: life %u, refs %u, pauses %u, %llu of %llu pages, %llu "
		 "shared",
		d->id, d->life, d->refs, d->pauses,
		(unsigned long long)d->page_count,
		(unsigned long long)d->page_max,
		(unsigned long long)d->shared_count);
	vcpu_for_each (d, v)
		log_info("  v%u: CPU %u%s, flags %#x, pauses %u, upcall %u "
			 "mask %u, sel %#lx",
			v->id, v->processor, v->is_running ? " running" : "",
			v->pause_flags, v->pauses,
			v->vcpu_info->evtchn_upcall_pending,
			v->vcpu_info->evtchn_upcall_mask,
			v->vcpu_info->evtchn_pending_sel);
}

static void dump_domains(void)
{
	for_each_domain(dump_domain);
}

static void dump_events(void)
{
	for_each_domain(event_dump);
}

static void dump_grants_of(struct domain *d)
{
	if (d->grants)
		grant_dump(d);
}

static void dump_grants(void)
{
	for_each_domain(dump_grants_of);
}

static void dump_memory(void)
{
	log_info("%llu of %llu frames free, %llu claimed, heap %llu bytes",
		(unsigned long long)page_free_count(),
		(unsigned long long)page_total_count(),
		(unsigned long long)page_claimed_count(),
		(unsigned long long)heap_used());
}

static void dump_vcpu(const struct vcpu *v)
{
	const struct cpu_user_regs *r =
		v == current ? arch_guest_regs() : &v->arch.regs;

	log_info("d%uv%u in its %s, CPU %u%s", v->domain->id, v->id,
		v->arch.in_kernel ? "kernel" : "user code", v->processor,
		v != current && v->is_running
			? ", running: as it was when it last stopped"
			: "");
	log_info("  rip %016lx cs %04x rflags %08lx rsp %016lx ss %04x",
		(unsigned long)r->rip, r->cs, (unsigned long)r->rflags,
		(unsigned long)r->rsp, r->ss);
	log_info("  rax %016lx rbx %016lx rcx %016lx rdx %016lx",
		(unsigned long)r->rax, (unsigned long)r->rbx,
		(unsigned long)r->rcx, (unsigned long)r->rdx);
	log_info("  rsi %016lx rdi %016lx rbp %016lx cr2 %016lx",
		(unsigned long)r->rsi, (unsigned long)r->rdi,
		(unsigned long)r->rbp, (unsigned long)v->vcpu_info->arch.cr2);
	log_info("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx",
		(unsigned long)r->r8, (unsigned long)r->r9,
		(unsigned long)r->r10, (unsigned long)r->r11);
	log_info("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx",
		(unsigned long)r->r12, (unsigned long)r->r13,
		(unsigned long)r->r14, (unsigned long)r->r15);
}

static void dump_current(void)
{
	if (current->is_idle)
		log_info("CPU %u is idle", this_cpu()->id);
	else
		dump_vcpu(current);
}

static void dump_dom0(void)
{
	struct vcpu *v;

	if (!dom0)
		return;
	vcpu_for_each (dom0, v)
		dump_vcpu(v);
}

static void dump_nmis(void)
{
	log_info("%llu NMIs of the machine", (unsigned long long)nmi_count());
}

static void reboot(void)
{
	log_warn("rebooting at the operator's wish");
	arch_stop_others();
	arch_reboot();
}

static void crash(void)
{
	panic("debug key C");
}

static struct debug_key table[] = {
	{ 'q', "domains and their vcpus", dump_domains, NULL },
	{ 'e', "event channels", dump_events, NULL },
	{ 'g', "grant tables", dump_grants, NULL },
	{ 'm', "memory", dump_memory, NULL },
	{ 'r', "run queues", sched_dump, NULL },
	{ 'a', "timers", timer_dump, NULL },
	{ 'i', "interrupts", irq_dump, NULL },
	{ 'd', "registers of this CPU's guest", dump_current, NULL },
	{ '0', "registers of dom0", dump_dom0, NULL },
	{ 'p', "counters of hypercalls, exceptions and more", counters_dump,
		NULL },
	{ 'P', "set the counters to zero", counters_reset, NULL },
	{ 'n', "count of NMIs", dump_nmis, NULL },
	{ 'A', "audit everything, guests stand still meanwhile", audit_request,
		NULL },
	{ 'C', "crash the machine, which shows what a crash says", crash,
		NULL },
	{ 'R', "reboot the machine at once", reboot, NULL },
};

void debug_keys_init(void)
{
	static bool is_done;

	if (atomic_swap(&is_done, true))
		return;
	for (unsigned i = ARRAY_SIZE(table); i--;)
		debug_key_register(&table[i]);
	audit_init();
}
