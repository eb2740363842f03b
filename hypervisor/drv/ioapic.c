/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IO-APICs: 82093AA datasheet, chapter 3.  Two registers in memory, an
 * index and a window, so a lock; a redirection entry is two words.
 */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/errno.h>
#include <tenon/irq.h>

#define REG_INDEX	0x00
#define REG_WINDOW	0x10

#define IOAPIC_VERSION	1
#define IOAPIC_RTE(pin) (0x10 + 2 * (pin))

#define RTE_LOW		(1U << 13)
#define RTE_LEVEL	(1U << 15)
#define RTE_MASKED	(1U << 16)

static struct {
	volatile uint8_t *regs; /* NULL: not usable */
	paddr_t base;
	unsigned gsi_base, pins;
} ioapics[ACPI_MAX_IOAPICS];
static unsigned ioapic_count;
static struct lock ioapic_lock = LOCK_INIT(LOCK_IOAPIC);

static uint32_t get(unsigned n, unsigned reg)
{
	uint64_t flags = lock_take_irq(&ioapic_lock);
	uint32_t v;

	arch_mmio_write(ioapics[n].regs + REG_INDEX, reg);
	v = arch_mmio_read(ioapics[n].regs + REG_WINDOW);
	lock_drop_irq(&ioapic_lock, flags);
	return v;
}

static void set(unsigned n, unsigned reg, uint32_t v)
{
	uint64_t flags = lock_take_irq(&ioapic_lock);

	arch_mmio_write(ioapics[n].regs + REG_INDEX, reg);
	arch_mmio_write(ioapics[n].regs + REG_WINDOW, v);
	lock_drop_irq(&ioapic_lock, flags);
}

static bool find_pin(const struct irq_line *line, unsigned *n, unsigned *pin)
{
	for (*n = 0; *n < ioapic_count; (*n)++) {
		*pin = line->number - ioapics[*n].gsi_base;
		if (ioapics[*n].regs && line->number >= ioapics[*n].gsi_base &&
			*pin < ioapics[*n].pins)
			return true;
	}
	return false;
}

static void write_low(struct irq_line *line, uint32_t mask)
{
	unsigned n, pin;

	if (find_pin(line, &n, &pin))
		set(n, IOAPIC_RTE(pin),
			line->vector | (line->is_low ? RTE_LOW : 0) |
				(line->is_level ? RTE_LEVEL : 0) | mask);
}

static void ioapic_mask(struct irq_line *line)
{
	write_low(line, RTE_MASKED);
}

/* The destination alone: one write, right at any time. */
static void ioapic_route(struct irq_line *line)
{
	unsigned n, pin;

	if (find_pin(line, &n, &pin))
		set(n, IOAPIC_RTE(pin) + 1, irq_destination(line) << 24);
}

static void ioapic_unmask(struct irq_line *line)
{
	write_low(line, 0);
}

static const struct irq_chip ioapic_chip = {
	.name = "IO-APIC",
	.mask = ioapic_mask,
	.unmask = ioapic_unmask,
	.route = ioapic_route,
};

/* ISA lines are edges, active high, but for what the firmware overrides;
 * others are those of PCI. */
static void set_default_trigger(struct irq_line *line)
{
	line->is_level = line->is_low = line->number >= 16;
	for (unsigned i = 0; i < acpi.override_count; i++) {
		if (acpi.override[i].gsi != line->number)
			continue;
		line->is_level = acpi.override[i].is_level;
		line->is_low = acpi.override[i].is_low;
	}
}

static void init_one(unsigned n)
{
	ioapics[n].base = acpi.ioapic[n].base;
	ioapics[n].gsi_base = acpi.ioapic[n].gsi_base;
	ioapics[n].regs = arch_map_device(ioapics[n].base, 32);
	if (!ioapics[n].regs)
		return;
	ioapics[n].pins = (get(n, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	if (ioapics[n].gsi_base >= IRQ_GSI_MAX ||
		ioapics[n].pins > IRQ_GSI_MAX - ioapics[n].gsi_base) {
		log_warn("IO-APIC %u: its interrupts begin at %u: left out", n,
			ioapics[n].gsi_base);
		ioapics[n].regs = NULL;
		return;
	}
	/* Edge, then masked: that also clears a level left in service. */
	for (unsigned pin = 0; pin < ioapics[n].pins; pin++) {
		set(n, IOAPIC_RTE(pin), RTE_MASKED);
		set(n, IOAPIC_RTE(pin) + 1, 0);
	}
}

unsigned ioapic_init(struct irq_line *lines)
{
	unsigned gsis = 0;

	if (!lines) {
		ioapic_count = acpi.ioapic_count;
		for (unsigned n = 0; n < ioapic_count; n++)
			init_one(n);
	}
	for (unsigned n = 0; n < ioapic_count; n++) {
		if (!ioapics[n].regs)
			continue;
		gsis = MAX(gsis, ioapics[n].gsi_base + ioapics[n].pins);
		for (unsigned pin = 0; lines && pin < ioapics[n].pins; pin++) {
			unsigned gsi = ioapics[n].gsi_base + pin;

			irq_line_init(&lines[gsi], &ioapic_chip, gsi);
			set_default_trigger(&lines[gsi]);
		}
	}
	return gsis;
}

static int find_base(paddr_t base, unsigned *n)
{
	for (*n = 0; *n < ioapic_count; (*n)++)
		if (ioapics[*n].regs && ioapics[*n].base == base)
			return 0;
	return -EINVAL;
}

int ioapic_read_register(paddr_t base, unsigned reg, uint32_t *value)
{
	unsigned n;

	if (find_base(base, &n))
		return -EINVAL;
	*value = reg < IOAPIC_RTE(ioapics[n].pins) ? get(n, reg) : 0;
	return 0;
}

int ioapic_explain_write(
	paddr_t base, unsigned reg, uint32_t value, struct ioapic_trigger *told)
{
	unsigned n;

	if (find_base(base, &n))
		return -EINVAL;
	*told = (struct ioapic_trigger){ .gsi = -1 };
	/* The even one of a pair has what matters. */
	if (reg < IOAPIC_RTE(0) || reg >= IOAPIC_RTE(ioapics[n].pins) ||
		reg % 2 || value & RTE_MASKED)
		return 0;
	told->gsi = (int)(ioapics[n].gsi_base + (reg - IOAPIC_RTE(0)) / 2);
	told->is_level = value & RTE_LEVEL;
	told->is_low = value & RTE_LOW;
	return 0;
}
