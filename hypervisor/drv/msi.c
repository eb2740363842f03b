/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message-signalled interrupts: MSI in configuration space, MSI-X in a table
 * of the device's memory (PCI 3.0, 6.8).  A message is a write of the vector
 * to the address of the destination's local APIC (SDM vol. 3A, 10.11).
 *
 * Chip functions run under the line's lock in any context and take only the
 * configuration lock; what they read of the function does not change while it
 * has lines.
 */
#include <tenon/arch.h>
#include <tenon/console.h>
#include <tenon/errno.h>
#include <tenon/irq.h>
#include <tenon/page.h>
#include "pci_private.h"

#define MSI_ADDRESS   0xfee00000U

#define ENTRY_ADDRESS 0
#define ENTRY_UPPER   4
#define ENTRY_DATA    8
#define ENTRY_CONTROL 12
#define ENTRY_MASKED  1U

/* Lines that served and may serve again. */
static struct irq_line *free_lines;

void msi_init(void)
{
	free_lines = NULL;
}

static uint32_t address_of(const struct irq_line *line)
{
	return MSI_ADDRESS | irq_destination(line) << 12;
}

static void msi_write_message(struct irq_line *line)
{
	const struct pci_function *f = line->function;
	const struct irq_line *first = f->msi_line[0];

	/* One message for the block: the function counts up from it. */
	if (!first || line != first)
		return;
	pci_write(f->bdf, f->msi + 4U, 4, address_of(line));
	if (f->msi_control & MSI_IS_64BIT)
		pci_write(f->bdf, f->msi + 8U, 4, 0);
	pci_write(f->bdf, msi_data_reg(f), 2, line->vector);
}

static void msi_set_mask(struct irq_line *line, bool is_masked)
{
	const struct pci_function *f = line->function;
	uint32_t bit = 1U << line->number, mask;

	if (!(f->msi_control & MSI_HAS_MASK))
		return;
	mask = pci_read(f->bdf, msi_mask_reg(f), 4);
	pci_write(f->bdf, msi_mask_reg(f), 4,
		is_masked ? mask | bit : mask & ~bit);
}

/* Enabled once and for all its messages; off when the block goes. */
static void msi_enable(struct irq_line *line, bool is_on)
{
	const struct pci_function *f = line->function;
	uint32_t control = pci_read(f->bdf, f->msi + MSI_CONTROL, 2);

	control &= ~(7U << MSI_LOG_ENABLED | MSI_ENABLE);
	control |= (uint32_t)__builtin_ctz(f->msi_count) << MSI_LOG_ENABLED;
	pci_write(f->bdf, f->msi + MSI_CONTROL, 2,
		control | (is_on ? MSI_ENABLE : 0));
}

static void msi_mask(struct irq_line *line)
{
	msi_set_mask(line, true);
}

static void msi_unmask(struct irq_line *line)
{
	msi_write_message(line);
	msi_set_mask(line, false);
	msi_enable(line, true);
}

static const struct irq_chip msi_chip = {
	.name = "MSI",
	.mask = msi_mask,
	.unmask = msi_unmask,
	.route = msi_write_message,
};

static volatile uint8_t *entry_of(const struct irq_line *line)
{
	return line->function->table + (size_t)line->number * MSIX_ENTRY_SIZE;
}

/* Does the device answer in memory?  If not its table must not be touched. */
static bool has_memory(const struct pci_function *f)
{
	return pci_read(f->bdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
}

static void msix_set_mask(struct irq_line *line, bool is_masked)
{
	if (!has_memory(line->function))
		return;
	arch_mmio_write(
		entry_of(line) + ENTRY_CONTROL, is_masked ? ENTRY_MASKED : 0);
	/* Read back: the write has arrived. */
	(void)arch_mmio_read(entry_of(line) + ENTRY_CONTROL);
}

static void msix_mask(struct irq_line *line)
{
	msix_set_mask(line, true);
}

/* The device may keep a copy of an entry that is not masked. */
static void msix_route(struct irq_line *line)
{
	if (!has_memory(line->function))
		return;
	msix_set_mask(line, true);
	arch_mmio_write(entry_of(line) + ENTRY_ADDRESS, address_of(line));
	arch_mmio_write(entry_of(line) + ENTRY_UPPER, 0);
	arch_mmio_write(entry_of(line) + ENTRY_DATA, line->vector);
	if (!line->is_masked)
		msix_set_mask(line, false);
}

static void msix_enable(const struct pci_function *f, bool is_on)
{
	uint32_t control = pci_read(f->bdf, f->msix + MSIX_CONTROL, 2);

	control &= ~(MSIX_ENABLE | MSIX_MASK_ALL);
	pci_write(f->bdf, f->msix + MSIX_CONTROL, 2,
		control | (is_on ? MSIX_ENABLE : 0));
}

static void msix_unmask(struct irq_line *line)
{
	msix_route(line);
	msix_enable(line->function, true);
}

static const struct irq_chip msix_chip = {
	.name = "MSI-X",
	.mask = msix_mask,
	.unmask = msix_unmask,
	.route = msix_route,
};

static struct irq_line *take_line(
	struct pci_function *f, const struct irq_chip *chip, unsigned number)
{
	struct irq_line *line = free_lines;
	uint64_t flags;

	if (line) {
		free_lines = line->next_free;
	} else {
		line = heap_alloc(sizeof(*line));
		if (!line)
			return NULL;
		irq_line_init(line, NULL, 0);
	}
	/* Somebody with an old pointer may hold the lock. */
	flags = lock_take_irq(&line->lock);
	line->chip = chip;
	line->number = number;
	line->function = f;
	line->is_level = false;
	line->is_masked = true;
	line->count = 0;
	line->cpu = 0;
	lock_drop_irq(&line->lock, flags);
	f->lines++;
	return line;
}

static void give_line(struct irq_line *line)
{
	uint64_t flags = lock_take_irq(&line->lock);

	line->function->lines--;
	irq_release_vector(line);
	line->group = 0;
	line->function = NULL;
	line->chip = NULL;
	lock_drop_irq(&line->lock, flags);
	line->next_free = free_lines;
	free_lines = line;
}

#ifdef TENON_HOSTED
void msi_free_spare(void)
{
	struct irq_line *next;

	for (struct irq_line *l = free_lines; l; l = next) {
		next = l->next_free;
		heap_free(l);
	}
	free_lines = NULL;
}
#endif

int pci_make_msi(
	uint16_t segment, uint16_t bdf, unsigned count, struct irq_line **lines)
{
	struct pci_function *f;
	unsigned made = 0;
	int r = -EINVAL;

	lock_take(&pci_lock);
	f = pci_find(segment, bdf, true);
	if (!f)
		r = -ENODEV;
	else if (f->msi && f->lines)
		r = -EBUSY;
	if (!f || !f->msi || f->lines || count > PCI_MSI_MAX || !count ||
		count & (count - 1) ||
		count > 1U << (f->msi_control >> MSI_LOG_CAPABLE & 7))
		goto out;
	r = 0;
	for (; made < count && !r; made++) {
		lines[made] = take_line(f, &msi_chip, made);
		if (!lines[made]) {
			r = -ENOMEM;
			break;
		}
	}
	if (!r)
		r = irq_assign_vectors(lines, count);
	if (r) {
		while (made--)
			give_line(lines[made]);
		goto out;
	}
	lines[0]->group = (uint8_t)count;
	f->msi_count = count;
	for (unsigned i = 0; i < count; i++)
		f->msi_line[i] = lines[i];
	msi_enable(lines[0], false);
	msi_write_message(lines[0]);
	for (unsigned i = 0; i < count; i++)
		msi_set_mask(lines[i], true);
out:
	lock_drop(&pci_lock);
	return r;
}

/* Where a BAR points, 0: nowhere or to ports. */
static paddr_t bar_of(uint16_t bdf, unsigned bar)
{
	uint32_t low = pci_read(bdf, PCI_BAR + 4 * bar, 4);
	uint64_t base = low & ~15U;

	if (low & 1)
		return 0;
	if ((low >> 1 & 3) == 2 && bar < 5)
		base |= (uint64_t)pci_read(bdf, PCI_BAR + 4 * bar + 4, 4) << 32;
	return base;
}

/* No table may lie in RAM: its entries would be writes to anything. */
static bool is_device_memory(paddr_t at, size_t size)
{
	for (uint64_t m = at >> PAGE_SHIFT; m <= (at + size - 1) >> PAGE_SHIFT;
		m++)
		if (m < frame_count && mfn_is_ram(MFN(m)))
			return false;
	return at && at + size > at;
}

/* By its BAR or, without one, where dom0 says; 0: nowhere that it may be. */
static paddr_t table_of(const struct pci_function *f, paddr_t told)
{
	uint32_t where = pci_read(f->bdf, f->msix + MSIX_TABLE, 4);
	unsigned bar = where & 7;
	paddr_t base = bar <= 5 ? bar_of(f->bdf, bar) : 0;

	if (!base)
		base = told;
	if (!base)
		return 0;
	base += where & ~7U;
	return is_device_memory(base, f->msix_size * MSIX_ENTRY_SIZE) ? base
								      : 0;
}

void msi_find_table(struct pci_function *f)
{
	f->msix_at = f->msix ? table_of(f, 0) : 0;
}

static int map_table(struct pci_function *f, paddr_t told)
{
	size_t size = f->msix_size * MSIX_ENTRY_SIZE;
	paddr_t base = table_of(f, told);

	if (!base)
		return -EINVAL;
	f->msix_at = base;
	if (!f->msix_line)
		f->msix_line = heap_alloc_array(
			f->msix_size, sizeof(struct irq_line *));
	if (!f->msix_line)
		return -ENOMEM;
	if (f->table && f->table_at == base)
		return 0;
	f->table = arch_map_device(base, size);
	f->table_at = base;
	if (!f->table)
		return -ENOMEM;
	/* Whatever the firmware left there: it names no vector of ours. */
	for (size_t at = 0; at < size; at += MSIX_ENTRY_SIZE)
		arch_mmio_write(f->table + at + ENTRY_CONTROL, ENTRY_MASKED);
	return 0;
}

int pci_make_msix(uint16_t segment, uint16_t bdf, unsigned entry, paddr_t table,
	struct irq_line **line)
{
	struct pci_function *f;
	struct irq_line *l = NULL;
	int r;

	lock_take(&pci_lock);
	f = pci_find(segment, bdf, true);
	r = !f							  ? -ENODEV
	    : !f->msix || entry >= f->msix_size || !has_memory(f) ? -EINVAL
	    : f->msi_count					  ? -EBUSY
								  : 0;
	if (!r && (!f->lines || !f->table))
		r = map_table(f, table);
	if (!r && f->msix_line[entry])
		r = -EBUSY;
	if (!r) {
		l = take_line(f, &msix_chip, entry);
		r = l ? irq_assign_vectors(&l, 1) : -ENOMEM;
		if (r && l)
			give_line(l);
	}
	if (!r) {
		l->group = 1;
		f->msix_line[entry] = l;
		msix_route(l);
		*line = l;
	}
	lock_drop(&pci_lock);
	return r;
}

void pci_free_msi(struct irq_line **lines, unsigned count)
{
	struct pci_function *f;

	lock_take(&pci_lock);
	f = lines[0]->function;
	if (lines[0]->chip == &msi_chip) {
		msi_enable(lines[0], false);
		f->msi_count = 0;
	}
	for (unsigned i = 0; i < count; i++) {
		if (lines[i]->chip == &msi_chip) {
			f->msi_line[i] = NULL;
		} else {
			msix_mask(lines[i]);
			f->msix_line[lines[i]->number] = NULL;
		}
		give_line(lines[i]);
	}
	if (!f->lines && f->msix && f->msix_line)
		msix_enable(f, false);
	lock_drop(&pci_lock);
}

static void restore_line(struct irq_line *line)
{
	uint64_t flags = lock_take_irq(&line->lock);

	line->chip->route(line);
	if (line->is_masked)
		line->chip->mask(line);
	else
		line->chip->unmask(line);
	lock_drop_irq(&line->lock, flags);
}

int pci_restore_msi(uint16_t segment, uint16_t bdf)
{
	struct pci_function *f;

	lock_take(&pci_lock);
	f = pci_find(segment, bdf, false);
	for (unsigned i = 0; f && i < f->msi_count; i++)
		restore_line(f->msi_line[i]);
	for (unsigned i = 0; f && f->msix_line && i < f->msix_size; i++)
		if (f->msix_line[i])
			restore_line(f->msix_line[i]);
	lock_drop(&pci_lock);
	return f ? 0 : -ENODEV;
}
