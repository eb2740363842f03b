/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines and vectors, and what happens when one arrives.  Whose it is (a
 * driver's of ours or guests') is the handler's business.
 */
#include <tenon/irq.h>
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/atomic.h>
#include <tenon/console.h>
#include <tenon/cpu.h>
#include <tenon/entry.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/panic.h>
#include <tenon/pci.h>
#include <tenon/string.h>
#include <tenon/trace.h>

/* Gates that user code may call: int 0x80, and old hypercalls. */
#define VECTOR_INT80 0x80
#define VECTOR_INT82 0x82

#define PIC1_MASK    0x21
#define PIC2_MASK    0xa1

/* Whose a vector is; taken and left by cmpxchg and a plain write. */
static struct irq_line *by_vector[256];
static struct irq_line *gsi_lines;
static unsigned gsi_count;
static uint64_t stray_count;

unsigned irq_gsi_count(void)
{
	return gsi_count;
}

struct irq_line *irq_line_of_gsi(unsigned gsi)
{
	return gsi < gsi_count && gsi_lines[gsi].chip ? &gsi_lines[gsi] : NULL;
}

void irq_line_init(
	struct irq_line *line, const struct irq_chip *chip, unsigned number)
{
	memset(line, 0, sizeof(*line));
	lock_init(&line->lock, LOCK_IRQ);
	line->chip = chip;
	line->number = number;
	line->is_masked = true;
}

static bool is_for_lines(unsigned vector)
{
	return vector >= IRQ_VECTOR_FIRST && vector <= IRQ_VECTOR_LAST &&
	       vector != VECTOR_INT80 && vector != VECTOR_INT82;
}

/* All of [first, first + count), or none. */
static bool take_vectors(
	struct irq_line **lines, unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct irq_line *nobody = NULL;

		if (is_for_lines(first + i) &&
			atomic_cas(&by_vector[first + i], &nobody, lines[i]))
			continue;
		while (i--)
			atomic_write(&by_vector[first + i], NULL);
		return false;
	}
	for (unsigned i = 0; i < count; i++)
		lines[i]->vector = (uint8_t)(first + i);
	return true;
}

int irq_assign_vectors(struct irq_line **lines, unsigned count)
{
	if (count == 1 && lines[0]->vector)
		return 0;
	for (unsigned first = ALIGN_UP(IRQ_VECTOR_FIRST, count);
		first + count - 1 <= IRQ_VECTOR_LAST; first += count)
		if (take_vectors(lines, first, count))
			return 0;
	return -ENOSPC;
}

void irq_release_vector(struct irq_line *line)
{
	if (line->vector)
		atomic_write(&by_vector[line->vector], NULL);
	line->vector = 0;
}

uint32_t irq_destination(const struct irq_line *line)
{
	uint32_t apic = cpus[line->cpu] ? cpus[line->cpu]->apic_id : 0x100;

	/* Without interrupt remapping a destination has 8 bits, and 255 is
	 * everybody. */
	return apic < 0xff ? apic : cpus[0]->apic_id;
}

void irq_mask_locked(struct irq_line *line)
{
	line->is_masked = true;
	line->chip->mask(line);
}

void irq_unmask_locked(struct irq_line *line)
{
	line->is_masked = false;
	line->chip->unmask(line);
}

void irq_route_locked(struct irq_line *line, unsigned cpu)
{
	if (line->cpu == cpu)
		return;
	line->cpu = cpu;
	line->chip->route(line);
}

void irq_start_locked(struct irq_line *line)
{
	line->is_on = true;
	line->chip->route(line);
	irq_unmask_locked(line);
}

void irq_stop_locked(struct irq_line *line)
{
	line->is_on = false;
	irq_mask_locked(line);
}

/* Interrupts are off.  The vector's line may be changing hands meanwhile: its
 * memory stays a line's, and its own idea of its vector decides. */
void entry_interrupt(unsigned vector)
{
	struct irq_line *line = atomic_read(&by_vector[vector & 0xff]);
	uint64_t start = trace_is_on(TRC_HW) ? arch_tsc() : 0;

	cpu_count_event(COUNT_INTERRUPT);
	if (!line) {
		TRACE(TRC_HW_IRQ_UNMAPPED_VECTOR, vector);
		arch_irq_eoi();
		if (atomic_add(&stray_count, 1) == 1)
			log_warn("an interrupt on vector %#x is nobody's",
				vector);
		return;
	}
	lock_take(&line->lock);
	if (line->vector != vector || !line->is_on) {
		/* In flight while it was stopped. */
		if (line->chip && line->is_level)
			irq_mask_locked(line);
		arch_irq_eoi();
		lock_drop(&line->lock);
		return;
	}
	line->count++;
	if (line->is_level)
		irq_mask_locked(line);
	arch_irq_eoi();
	line->handler(line->arg);
	TRACE(TRC_HW_IRQ_HANDLED, line->number, (uint32_t)start,
		(uint32_t)arch_tsc());
	lock_drop(&line->lock);
}

/* A handler of ours on a level line: done when it returns. */
struct own_handler {
	void (*fn)(void *);
	void *arg;
	struct irq_line *line;
};

static void run_own(void *arg)
{
	struct own_handler *h = arg;

	h->fn(h->arg);
	if (h->line->is_level)
		irq_unmask_locked(h->line);
}

static unsigned gsi_of_isa(unsigned isa_irq)
{
	for (unsigned i = 0; i < acpi.override_count; i++)
		if (acpi.override[i].isa_irq == isa_irq)
			return acpi.override[i].gsi;
	return isa_irq;
}

int irq_request_isa(unsigned isa_irq, void (*fn)(void *), void *arg)
{
	struct irq_line *line = irq_line_of_gsi(gsi_of_isa(isa_irq));
	struct own_handler *h;
	uint64_t flags;
	int r;

	if (isa_irq > 15 || !line)
		return -ENODEV;
	h = heap_alloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->fn = fn;
	h->arg = arg;
	h->line = line;
	flags = lock_take_irq(&line->lock);
	r = line->handler ? -EBUSY : irq_assign_vectors(&line, 1);
	if (!r) {
		line->handler = run_own;
		line->arg = h;
		line->is_set_up = true;
		irq_start_locked(line);
		r = line->vector;
	}
	lock_drop_irq(&line->lock, flags);
	if (r < 0)
		heap_free(h);
	return r;
}

int irq_setup_gsi(unsigned gsi, bool is_level, bool is_low)
{
	struct irq_line *line = irq_line_of_gsi(gsi);
	uint64_t flags;
	int r = 0;

	if (!line)
		return -EINVAL;
	flags = lock_take_irq(&line->lock);
	if (line->is_set_up) {
		r = -EEXIST;
	} else if (line->is_on) {
		r = line->is_level == is_level && line->is_low == is_low
			    ? 0
			    : -EBUSY;
	} else {
		line->is_level = is_level;
		line->is_low = is_low;
		line->is_set_up = true;
	}
	lock_drop_irq(&line->lock, flags);
	return r;
}

void irq_init(void)
{
	arch_io_write(PIC1_MASK, 1, 0xff);
	arch_io_write(PIC2_MASK, 1, 0xff);
	memset(by_vector, 0, sizeof(by_vector));
	stray_count = 0;
	gsi_lines = NULL;
	pci_init();
	gsi_count = ioapic_init(NULL);
	if (gsi_count)
		gsi_lines = heap_alloc_array(gsi_count, sizeof(*gsi_lines));
	if (!gsi_lines) {
		gsi_count = 0;
		log_warn("no IO-APIC: devices cannot interrupt");
		return;
	}
	ioapic_init(gsi_lines);
	log_info("interrupts: %u GSIs", gsi_count);
}

void irq_init_cpu(void)
{
	/* Vectors are the same on all CPUs, and nothing is kept for each. */
}

void irq_dump(void)
{
	for (unsigned vector = 0; vector < 256; vector++) {
		struct irq_line *line = atomic_read(&by_vector[vector]);
		uint64_t flags;

		if (!line)
			continue;
		flags = lock_take_irq(&line->lock);
		if (line->chip)
			log_info("vector %#x: %s %u, CPU %u, %llu arrived%s%s, "
				 "%u guests",
				vector, line->chip->name, line->number,
				line->cpu, (unsigned long long)line->count,
				line->is_level ? ", level" : "",
				line->is_masked ? ", masked" : "",
				line->guest_count);
		lock_drop_irq(&line->lock, flags);
	}
}

void irq_audit(void)
{
	for (unsigned vector = 0; vector < 256; vector++) {
		struct irq_line *line = atomic_read(&by_vector[vector]);
		uint64_t flags;

		if (!line)
			continue;
		BUG_ON(!is_for_lines(vector));
		flags = lock_take_irq(&line->lock);
		BUG_ON(line->vector != vector && line->vector);
		BUG_ON(!line->chip);
		BUG_ON(line->is_on && (!line->chip || !line->handler));
		BUG_ON(line->guest_count > IRQ_GUESTS_MAX);
		for (unsigned i = 0; i < line->guest_count; i++)
			BUG_ON(!line->guest[i].d ||
				(line->guest[i].owes_eoi && !line->is_masked));
		lock_drop_irq(&line->lock, flags);
	}
	for (unsigned gsi = 0; gsi < gsi_count; gsi++)
		BUG_ON(gsi_lines[gsi].vector &&
			by_vector[gsi_lines[gsi].vector] != &gsi_lines[gsi]);
}
