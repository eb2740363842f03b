/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hv_main: from the loader to dom0, phase by phase, each timed in the log.
 */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/debug_key.h>
#include <tenon/domain.h>
#include <tenon/drv.h>
#include <tenon/efi.h>
#include <tenon/event.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/pv.h>
#include <tenon/sched.h>
#include <tenon/softirq.h>
#include <tenon/string.h>
#include <tenon/timer.h>
#include "boot/multiboot.h"
#include "traps.h"
#include "x86.h"

#define VERSION_LINE "Tenon " TENON_VERSION

void hv_main(uint32_t magic, uint32_t address);

static uint64_t phase_start;

/* Close a phase: its length stands in the log. */
static void phase(const char *name)
{
	uint64_t now = rdtsc();
	uint64_t khz = clock_tsc_khz();

	if (khz)
		log_info("boot: %-8s %6lu us", name,
			(unsigned long)((now - phase_start) * 1000 / khz));
	phase_start = now;
}

static void init_console(void)
{
	/* Nothing asked for: both, so that somebody sees something. */
	if (!boot_options.console_com1 && !boot_options.console_vga)
		boot_options.console_com1 = boot_options.console_vga = true;
	if (boot_options.console_vga && boot_has_text_screen())
		vga_init();
	if (boot_options.console_com1)
		uart_init(boot_options.com1_port, boot_options.com1_baud);
	console_set_level(boot_options.loglvl);
}

/* Sorted, and what is RAM cut so that no range overlaps another. */
static void sort_memory_map(void)
{
	struct boot_range *r = boot_info.e820;
	unsigned n = boot_info.e820_count;

	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j > 0 && r[j].start < r[j - 1].start;
			j--) {
			struct boot_range swap = r[j];

			r[j] = r[j - 1];
			r[j - 1] = swap;
		}
	for (unsigned i = 0; i + 1 < n; i++) {
		uint64_t end = r[i].start + r[i].size;

		if (end > r[i + 1].start && r[i].type == 1)
			r[i].size = r[i + 1].start - r[i].start;
		else if (end > r[i + 1].start && r[i + 1].type == 1) {
			uint64_t cut = MIN(end - r[i + 1].start, r[i + 1].size);

			r[i + 1].start += cut;
			r[i + 1].size -= cut;
		}
	}
}

static void print_memory_map(void)
{
	static const char *const names[] = { "?", "RAM", "reserved", "ACPI",
		"NVS", "bad" };
	uint64_t ram = 0;

	for (unsigned i = 0; i < boot_info.e820_count; i++) {
		const struct boot_range *r = &boot_info.e820[i];

		log_debug("memory: %012lx-%012lx %s", (unsigned long)r->start,
			(unsigned long)(r->start + r->size),
			r->type < ARRAY_SIZE(names) ? names[r->type] : "other");
		if (r->type == 1)
			ram += r->size;
	}
	log_info("memory: %lu MiB of RAM in %u ranges",
		(unsigned long)(ram >> 20), boot_info.e820_count);
}

static void take_input(void)
{
	char key;

	while (console_read_key(&key))
		debug_key(key);
	if (dom0)
		event_send_global_virq(dom0, VIRQ_CONSOLE);
}

/* What head.S mapped, for tables that are read before memory is set up. */
static const void *map_early(void *ctx, paddr_t pa, size_t size)
{
	(void)ctx;
	return pa < GIB(4) && size <= GIB(4) - pa ? directmap + pa : NULL;
}

static void init_machine(void)
{
	apic_init(acpi.lapic_base ? acpi.lapic_base : 0xfee00000);
	apic_init_cpu();
	cpus[0]->apic_id = apic_id();
	apic_timer_calibrate();
	irq_init();
	irq_init_cpu();
	softirq_register(SOFTIRQ_CONSOLE, take_input);
	debug_keys_init();
	if (uart_port() && irq_request_isa(4, uart_interrupt, NULL) >= 0)
		uart_enable_input();
}

static void init_cpus(void)
{
	unsigned acpi_number = 0;

	for (unsigned i = 0; i < acpi.cpu_count; i++)
		if (acpi.cpus[i].apic_id == cpus[0]->apic_id)
			acpi_number = acpi.cpus[i].acpi_id;
	cpus[0]->acpi_id = acpi_number;
	smp_start_all();
	mm_drop_identity();
	log_info("CPUs: %u online, %s",
		(unsigned)__builtin_popcountll(cpus_online),
		cpu_features.brand);
}

static void start_dom0(void)
{
	struct boot_module kernel = { 0 }, initrd = { 0 };

	if (boot_info.module_count == 0)
		panic("no dom0 kernel: add a line 'module2 /boot/vmlinuz ...' "
		      "after the line that loads Tenon");
	kernel.start = boot_info.module[0].start;
	kernel.size = boot_info.module[0].end - boot_info.module[0].start;
	kernel.cmdline = boot_info.module[0].cmdline;
	if (boot_info.module_count > 1) {
		initrd.start = boot_info.module[1].start;
		initrd.size =
			boot_info.module[1].end - boot_info.module[1].start;
	}
	pv_start_dom0(&kernel, initrd.size ? &initrd : NULL);
}

void hv_main(uint32_t magic, uint32_t address)
{
	bool is_known;

	phase_start = rdtsc();
	smp_make_cpu_early();
	features_detect();
	is_known = multiboot_read(magic, address);
	cmdline_parse(boot_info.cmdline);
	init_console();
	log_info(VERSION_LINE ", loaded by %s", boot_info.loader);
	log_info("command line: %s", boot_info.cmdline);
	features_set_smap();
	if (!is_known)
		panic("not started by a multiboot loader (magic %#x): use "
		      "GRUB's multiboot2 command",
			magic);
	efi_init(&(const struct acpi_memory){ .map = map_early });
	sort_memory_map();
	print_memory_map();
	mm_init();
	console_grow_ring(boot_options.ring_size);
	smp_make_cpu(0, 0, 0);
	desc_init_cpu(cpus[0]);
	write_cr4(features_cr4());
	wrmsr(MSR_PAT, PAT_VALUE);
	fpu_init_cpu();
	acpi_init();
	clock_init(clock_calibrate());
	phase("memory");
	timer_init_cpu(0);
	domain_init();
	mm_share_m2p();
	sched_init();
	nmi_init();
	cpus[0]->is_online = true;
	atomic_or(&cpus_online, 1);
	sched_init_cpu(0);
	init_machine();
	arch_irq_enable();
	phase("machine");
	init_cpus();
	phase("CPUs");
	start_dom0();
	mm_free_modules();
	mm_free_init();
	phase("dom0");
	log_info("memory: %lu MiB free; starting dom0",
		(unsigned long)(page_free_count() >> 8));
	if (uart_port() && !boot_options.keeps_input)
		console_give_input(true);
	/* The screen is dom0's from now on. */
	vga_release();
	x86_idle_enter();
}

void arch_stop_others(void)
{
	smp_stop_others();
}

void arch_delay_ms(unsigned ms)
{
	if (!clock_tsc_khz())
		return;
	while (ms--)
		udelay(1000);
}

void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Reset: ACPI's register, the keyboard controller, then a triple fault. */
void arch_reboot(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) no_idt = { 0, 0 };

	arch_irq_disable();
	acpi_reset();
	outb(0xcf9, 0x06);
	arch_delay_ms(10);
	outb(0x64, 0xfe);
	arch_delay_ms(10);
	__asm__ volatile("lidt %0; int3" ::"m"(no_idt));
	arch_halt();
}

void arch_power_off(void)
{
	log_info("power off: dom0 gave no way; halted");
	arch_halt();
}
