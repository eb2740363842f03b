/* SPDX-License-Identifier: BSD-2-Clause */
/* Several CPUs: their start, calls between them, TLB flushes. */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/irq.h>
#include <tenon/lock.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/softirq.h>
#include <tenon/string.h>
#include <tenon/timer.h>
#include <tenon/tlb.h>
#include "traps.h"
#include "x86.h"

#define TRAMPOLINE_PAGE 0x8000
#define ICR_INIT	0x4500
#define ICR_STARTUP	0x4600
#define ICR_FIXED	0x4000
#define ICR_NMI		0x4400

extern char trampoline_start[], trampoline_end[], trampoline_jump[];
extern char trampoline_gdt_base[], trampoline_cr3[], trampoline_stack[];
extern char trampoline_entry[], cpu0_stack[];

static struct cpu cpu0;
static struct tss tss0;
static uint64_t gdt0[512] page_aligned;
static bool is_stopping;

/* One call at a time; the word of CPUs that have not answered. */
static struct lock call_lock = LOCK_INIT(LOCK_CALL);
static struct {
	void (*fn)(void *);
	void *arg;
	cpumask_t waiting;
} call;

bool smp_is_stopping(void)
{
	return READ_ONCE(is_stopping);
}

/* Enough for this_cpu() before memory is set up. */
void smp_make_cpu_early(void)
{
	struct cpu_top *top = (struct cpu_top *)(cpu0_stack + STACK_SIZE) - 1;

	top->cpu = &cpu0;
	cpus[0] = &cpu0;
	cpu_count = 1;
}

/* Reserve the structures of a CPU; the first uses static ones. */
struct cpu *smp_make_cpu(unsigned id, uint32_t apic, uint32_t acpi_number)
{
	struct cpu *c = &cpu0;

	if (id == 0) {
		c->arch.tss = &tss0;
		c->arch.gdt =
			(uint64_t *)(directmap + ((uint64_t)gdt0 - IMAGE_BASE));
		c->arch.stack = (uint8_t *)cpu0_stack;
	} else {
		struct page *stack = page_alloc(STACK_ORDER, ALLOC_ZERO);
		struct page *gdt = page_alloc(0, ALLOC_ZERO);

		c = heap_alloc(sizeof(*c));
		if (!c || !stack || !gdt)
			return NULL;
		c->arch.tss = heap_alloc(sizeof(struct tss));
		if (!c->arch.tss)
			return NULL;
		c->arch.gdt = page_to_virt(gdt);
		c->arch.stack = page_to_virt(stack);
	}
	c->id = id;
	c->apic_id = apic;
	c->acpi_id = acpi_number;
	c->arch.window = mm_make_window(id);
	((struct cpu_top *)(c->arch.stack + STACK_SIZE) - 1)->cpu = c;
	cpus[id] = c;
	if (id >= cpu_count)
		cpu_count = id + 1;
	return c;
}

/* First C of another CPU, on its own stack. */
static void secondary_main(void)
{
	struct cpu *c = this_cpu();

	desc_init_cpu(c);
	write_cr4(features_cr4());
	wrmsr(MSR_PAT, PAT_VALUE);
	fpu_init_cpu();
	apic_init_cpu();
	timer_init_cpu(c->id);
	sched_init_cpu(c->id);
	irq_init_cpu();
	c->is_online = true;
	atomic_or(&cpus_online, CPUMASK(c->id));
	x86_idle_enter();
}

static void *in_trampoline(const char *symbol)
{
	return directmap + TRAMPOLINE_PAGE + (symbol - trampoline_start);
}

static void prepare_trampoline(void)
{
	uint32_t base = TRAMPOLINE_PAGE;
	uint32_t word;

	memcpy(directmap + TRAMPOLINE_PAGE, trampoline_start,
		(size_t)(trampoline_end - trampoline_start));
	memcpy(&word, in_trampoline(trampoline_jump), 4);
	word += base;
	memcpy(in_trampoline(trampoline_jump), &word, 4);
	memcpy(&word, in_trampoline(trampoline_gdt_base), 4);
	word += base;
	memcpy(in_trampoline(trampoline_gdt_base), &word, 4);
	*(uint64_t *)in_trampoline(trampoline_cr3) =
		(uint64_t)idle_root - IMAGE_BASE;
	*(uint64_t *)in_trampoline(trampoline_entry) = (uint64_t)secondary_main;
}

static bool start_cpu(struct cpu *c)
{
	*(uint64_t *)in_trampoline(trampoline_stack) =
		(uint64_t)((struct cpu_top *)(c->arch.stack + STACK_SIZE) - 1) -
		8;
	smp_mb();
	apic_send_ipi(c->apic_id, ICR_INIT);
	udelay(200);
	for (int i = 0; i < 2 && !READ_ONCE(c->is_online); i++) {
		apic_send_ipi(c->apic_id, ICR_STARTUP | TRAMPOLINE_PAGE >> 12);
		for (int j = 0; j < 2000 && !READ_ONCE(c->is_online); j++)
			udelay(50);
	}
	return READ_ONCE(c->is_online);
}

void smp_start_all(void)
{
	unsigned id = 1;

	mm_map_trampoline();
	prepare_trampoline();
	for (unsigned i = 0; i < acpi.cpu_count && id < NR_CPUS; i++) {
		struct cpu *c;

		if (acpi.cpus[i].apic_id == cpus[0]->apic_id)
			continue;
		if (!apic_reaches(acpi.cpus[i].apic_id)) {
			log_warn("APIC id %u needs x2APIC mode: left out",
				acpi.cpus[i].apic_id);
			continue;
		}
		if (boot_options.max_cpus && id >= boot_options.max_cpus)
			break;
		c = smp_make_cpu(
			id, acpi.cpus[i].apic_id, acpi.cpus[i].acpi_id);
		if (!c) {
			log_warn("no memory for CPU %u: left out", id);
			break;
		}
		if (!start_cpu(c)) {
			/* Its stack stays: it may wake up late. */
			log_warn("CPU %u (APIC %u) does not start: left out",
				id, c->apic_id);
			cpus[id] = NULL;
			cpu_count = id;
			break;
		}
		id++;
	}
}

void arch_kick(unsigned cpu)
{
	if (cpu == this_cpu()->id)
		return; /* the way out is ours already */
	apic_send_ipi(cpus[cpu]->apic_id, ICR_FIXED | VECTOR_KICK);
}

void smp_call_interrupt(void)
{
	cpumask_t me = CPUMASK(this_cpu()->id);

	if (!(atomic_read(&call.waiting) & me))
		return;
	call.fn(call.arg);
	atomic_and(&call.waiting, ~me);
}

void arch_call(cpumask_t mask, void (*fn)(void *), void *arg)
{
	cpumask_t me = CPUMASK(this_cpu()->id);
	cpumask_t others = mask & ~me & atomic_read(&cpus_online);
	unsigned id;

	if (others) {
		ASSERT(arch_irq_enabled());
		lock_take(&call_lock);
		call.fn = fn;
		call.arg = arg;
		atomic_write(&call.waiting, others);
		cpu_for_each (id, others) {
			apic_send_ipi(
				cpus[id]->apic_id, ICR_FIXED | VECTOR_CALL);
		}
	}
	if (mask & me) {
		uint64_t flags = arch_irq_save();

		fn(arg);
		arch_irq_restore(flags);
	}
	if (others) {
		while (atomic_read(&call.waiting))
			arch_relax();
		lock_drop(&call_lock);
	}
}

struct flush {
	unsigned how;
	vaddr_t va;
};

static void flush_here(void *arg)
{
	const struct flush *f = arg;
	uint64_t begun = tlb_flush_begin();
	bool was_empty = tlb_is_empty(this_cpu()->id);

	if (was_empty && !(f->how & TLB_GLOBAL))
		return;
	if (f->how & TLB_GLOBAL) {
		uint64_t cr4 = read_cr4();

		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	} else if (f->how & TLB_ALL) {
		write_cr3(read_cr3());
	} else {
		invlpg(f->va);
		return;
	}
	/* One that idles goes on to need no flush. */
	if (!was_empty)
		tlb_flush_end(this_cpu()->id, begun);
}

void arch_tlb_flush(cpumask_t mask, unsigned how, vaddr_t va)
{
	struct flush f = { how, va };

	arch_call(mask, flush_here, &f);
}

static void wbinvd_here(void *arg)
{
	(void)arg;
	__asm__ volatile("wbinvd" ::: "memory");
}

void arch_cache_flush(cpumask_t mask)
{
	arch_call(mask, wbinvd_here, NULL);
}

void smp_stop_others(void)
{
	unsigned id;

	WRITE_ONCE(is_stopping, true);
	cpu_for_each (id, cpus_online) {
		if (id != this_cpu()->id)
			apic_send_ipi(cpus[id]->apic_id, ICR_NMI);
	}
}

uint64_t arch_irq_save(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return flags;
}

void arch_irq_restore(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		arch_irq_enable();
}

void arch_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

void arch_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

bool arch_irq_enabled(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags & RFLAGS_IF;
}

void arch_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}
