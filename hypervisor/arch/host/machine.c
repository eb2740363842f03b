/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake machine: memory, CPUs, interrupts, time, and the end of it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/boot.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/poison.h>
#include <tenon/timer.h>
#include <tenon/tlb.h>
#include <arch/fake.h>
#include "host.h"

struct page *frame_table;
uint8_t *directmap;
uint64_t *m2p;
uint64_t frame_count;

void (*fake_on_kick)(unsigned cpu);
void (*fake_on_end)(void);
bool (*fake_should_yield)(void);
void (*fake_cpuid)(uint32_t leaf, uint32_t sub, uint32_t r[4]);
uint64_t fake_xcr0_mask;
jmp_buf fake_panic_jump;
bool fake_panic_is_caught;
char fake_panic_text[256];

static unsigned played; /* the CPU that the test plays */
static uint8_t *is_hole;
static bool is_sparse; /* the memory is mapped, not allocated */
static uint64_t now_ns;
static uint64_t allocs_left = ~0ULL, allocs_to_failure = ~0ULL;
static bool has_failed;

bool mfn_is_ram(mfn_t m)
{
	return m.v < frame_count && !is_hole[m.v];
}

void fake_hole(uint64_t start, uint64_t end)
{
	for (uint64_t m = start; m < end && m < frame_count; m++)
		is_hole[m] = true;
}

static void *must_alloc(size_t align, size_t size)
{
	void *p = aligned_alloc(align, ALIGN_UP(size, align));

	if (!p)
		panic("the host has no memory for the fake machine");
	memset(p, 0, size);
	return p;
}

static void start_cpu(unsigned id)
{
	struct cpu *cpu = must_alloc(64, sizeof(*cpu));
	struct vcpu *idle = must_alloc(64, sizeof(*idle));

	cpu->id = id;
	cpu->apic_id = id;
	cpu->acpi_id = id;
	cpu->is_online = true;
	cpu->arch.irqs_on = true;
	cpu->arch.timer_deadline = ~0ULL;
	idle->id = id;
	idle->is_idle = true;
	idle->is_running = true;
	idle->processor = id;
	idle->domain = domain_idle;
	cpu->idle = idle;
	cpu->vcpu = idle;
	cpus[id] = cpu;
	tlb_flush_end(id, TLB_EMPTY);
	cpus_online |= CPUMASK(id);
}

static void start(uint64_t frames, unsigned cpu_n)
{
	frame_count = frames;
	is_hole[0] = true;
	now_ns = 0;
	played = 0;
	allocs_left = ~0ULL;
	fake_fail_alloc_at(~0ULL);
	fake_fail_copy_after(~0ULL);
	cpu_count = cpu_n;
	for (unsigned id = 0; id < cpu_n; id++)
		start_cpu(id);
	page_reset();
	page_owner_reset();
	heap_reset();
	page_add_range(MFN(1), MFN(frames));
}

/* Memory that is clear.  The last machine's is kept: to clear it costs the host
 * less than to map it anew. */
static void *take_memory(size_t size)
{
	static void *kept;
	static size_t kept_size;

	if (kept_size == size) {
		memory_allow(kept, size);
		memset(kept, 0, size);
	} else {
		free(kept);
		kept = must_alloc(PAGE_SIZE, size);
		kept_size = size;
	}
	return kept;
}

void fake_start(uint64_t frames, unsigned cpu_n)
{
	directmap = take_memory(frames << PAGE_SHIFT);
	frame_table = must_alloc(64, frames * sizeof(*frame_table));
	m2p = must_alloc(64, frames * sizeof(*m2p));
	memset(m2p, 0xff, frames * sizeof(*m2p));
	is_hole = must_alloc(64, frames);
	start(frames, cpu_n);
}

/* Of the host's memory it takes what is touched. */
static void *map_sparse(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool fake_start_sparse(uint64_t frames, unsigned cpu_n)
{
	directmap = map_sparse(frames << PAGE_SHIFT);
	if (!directmap)
		return false;
	is_sparse = true;
	frame_table = map_sparse(frames * sizeof(*frame_table));
	m2p = map_sparse(frames * sizeof(*m2p));
	is_hole = map_sparse(frames);
	if (!frame_table || !m2p || !is_hole)
		panic("the host has no memory for the fake machine");
	start(frames, cpu_n);
	return true;
}

static void free_memory(void)
{
	if (!is_sparse) {
		free(frame_table);
		free(m2p);
		free(is_hole);
		return;
	}
	is_sparse = false;
	munmap(directmap, frame_count << PAGE_SHIFT);
	munmap(frame_table, frame_count * sizeof(*frame_table));
	munmap(m2p, frame_count * sizeof(*m2p));
	munmap(is_hole, frame_count);
}

void fake_stop(void)
{
	page_audit();
	fake_discard();
}

void fake_discard(void)
{
	for (unsigned id = 0; id < cpu_count; id++) {
		free(cpus[id]->idle);
		free(cpus[id]);
		cpus[id] = NULL;
	}
	cpus_online = 0;
	cpu_count = 0;
	free_memory();
	frame_count = 0;
	directmap = NULL;
	frame_table = NULL;
	m2p = NULL;
	is_hole = NULL;
}

struct cpu *arch_this_cpu(void)
{
	return cpus[played];
}

void fake_play(unsigned cpu)
{
	played = cpu;
}

void fake_fail_alloc_after(uint64_t n)
{
	allocs_left = n;
}

void fake_fail_alloc_at(uint64_t n)
{
	allocs_to_failure = n;
	has_failed = false;
}

bool fake_alloc_has_failed(void)
{
	return has_failed;
}

bool arch_alloc_fails(void)
{
	if (allocs_to_failure != ~0ULL && allocs_to_failure-- == 0) {
		has_failed = true;
		return true;
	}
	if (allocs_left == ~0ULL)
		return false;
	if (allocs_left == 0)
		return true;
	allocs_left--;
	return false;
}

uint64_t arch_irq_save(void)
{
	bool was_on = this_cpu()->arch.irqs_on;

	this_cpu()->arch.irqs_on = false;
	return was_on;
}

void arch_irq_restore(uint64_t flags)
{
	this_cpu()->arch.irqs_on = flags;
}

void arch_irq_enable(void)
{
	this_cpu()->arch.irqs_on = true;
}

void arch_irq_disable(void)
{
	this_cpu()->arch.irqs_on = false;
}

bool arch_irq_enabled(void)
{
	return this_cpu()->arch.irqs_on;
}

/* Runs fn as another CPU, in its interrupt context. */
static void call_on(unsigned cpu, void (*fn)(void *arg), void *arg)
{
	unsigned self = played;
	bool was_on;

	while (cpu != self && !cpus[cpu]->arch.irqs_on)
		arch_relax();
	played = cpu;
	was_on = cpus[cpu]->arch.irqs_on;
	cpus[cpu]->arch.irqs_on = false;
	host_no_switch++;
	fn(arg);
	host_no_switch--;
	cpus[cpu]->arch.irqs_on = was_on;
	played = self;
}

void arch_call(cpumask_t mask, void (*fn)(void *arg), void *arg)
{
	unsigned cpu;

	if (mask & ~CPUMASK(played))
		BUG_ON(!arch_irq_enabled());
	cpu_for_each (cpu, mask & cpus_online)
		call_on(cpu, fn, arg);
}

static void run_kick(void *arg)
{
	fake_on_kick(*(unsigned *)arg);
}

void arch_kick(unsigned cpu)
{
	cpus[cpu]->arch.kicks++;
	if (fake_on_kick && cpus[cpu]->arch.irqs_on)
		call_on(cpu, run_kick, &cpu);
}

void arch_clear_pages(void *start, uint64_t count)
{
	memset(start, 0, count * PAGE_SIZE);
}

void arch_cache_flush(cpumask_t mask)
{
	(void)mask;
}

uint64_t arch_tsc(void)
{
	return now_ns;
}

uint64_t time_now(void)
{
	return now_ns;
}

bool arch_tsc_is_stable(void)
{
	return true;
}

void fake_advance(uint64_t ns)
{
	now_ns += ns;
}

void arch_timer_program(uint64_t ns)
{
	this_cpu()->arch.timer_deadline = ns;
}

void arch_time_params(
	uint64_t *tsc_stamp, uint64_t *system_ns, uint32_t *mul, int8_t *shift)
{
	*tsc_stamp = now_ns;
	*system_ns = now_ns;
	*mul = 1U << 31;
	*shift = 1;
}

void arch_wallclock(uint64_t *sec, uint32_t *nsec)
{
	*sec = 1700000000;
	*nsec = 0;
}

uint64_t arch_cpu_khz(void)
{
	return 1000000;
}

void arch_dump(void)
{
}

void arch_stop_others(void)
{
}

void arch_delay_ms(unsigned ms)
{
	fake_advance(ms * 1000000ULL);
}

struct boot_info boot_info;

void arch_cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	memset(r, 0, 4 * sizeof(r[0]));
	if (fake_cpuid)
		fake_cpuid(leaf, sub, r);
}

size_t arch_build_id(const void **id)
{
	static const uint8_t fake_id[] = { 1, 2, 3, 4, 5 };

	*id = fake_id;
	return sizeof(fake_id);
}

uint64_t arch_xcr0_mask(void)
{
	return fake_xcr0_mask;
}

static noreturn void the_end(const char *how)
{
	if (fake_on_end)
		fake_on_end();
	panic("the core %s", how);
}

noreturn void arch_reboot(void)
{
	the_end("reboots");
}

noreturn void arch_halt(void)
{
	the_end("halts");
}

noreturn void arch_power_off(void)
{
	the_end("powers off");
}

noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake_panic_text, sizeof(fake_panic_text), fmt, ap);
	va_end(ap);
	if (fake_panic_is_caught) {
		fake_panic_is_caught = false;
		longjmp(fake_panic_jump, 1);
	}
	fprintf(stderr, "panic on CPU %u: %s\n", played, fake_panic_text);
	abort();
}
