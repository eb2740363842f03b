/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space by the address and data ports (PCI 3.0, 3.2.2.3.2),
 * and the functions that we know.
 */
#include <tenon/arch.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include "pci_private.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ADDRESS_ON   0x80000000U

#define CAPS_MAX     48 /* a list longer than the space for it is a loop */

struct lock pci_lock = LOCK_INIT(LOCK_PCI);

static struct lock config_lock = LOCK_INIT(LOCK_PCI_CFG);
static struct pci_function *functions;

static uint32_t config_read(uint32_t address, unsigned offset, unsigned size)
{
	uint64_t flags = lock_take_irq(&config_lock);
	uint32_t v;

	arch_io_write(PORT_ADDRESS, 4, address);
	v = arch_io_read((uint16_t)(PORT_DATA + offset), size);
	lock_drop_irq(&config_lock, flags);
	return v;
}

static void config_write(
	uint32_t address, unsigned offset, unsigned size, uint32_t value)
{
	uint64_t flags = lock_take_irq(&config_lock);

	arch_io_write(PORT_ADDRESS, 4, address);
	arch_io_write((uint16_t)(PORT_DATA + offset), size, value);
	lock_drop_irq(&config_lock, flags);
}

static uint32_t address_of(uint16_t bdf, unsigned reg)
{
	return ADDRESS_ON | (uint32_t)bdf << 8 | (reg & 0xfc);
}

uint32_t pci_read(uint16_t bdf, unsigned reg, unsigned size)
{
	return config_read(address_of(bdf, reg), reg & 3, size);
}

void pci_write(uint16_t bdf, unsigned reg, unsigned size, uint32_t value)
{
	config_write(address_of(bdf, reg), reg & 3, size, value);
}

static void find_capabilities(struct pci_function *f)
{
	unsigned at;

	if (!(pci_read(f->bdf, PCI_STATUS, 2) & PCI_STATUS_CAPS))
		return;
	at = pci_read(f->bdf, PCI_CAPS, 1) & 0xfc;
	for (unsigned n = 0; at >= 0x40 && n < CAPS_MAX; n++) {
		uint32_t head = pci_read(f->bdf, at, 4);

		if ((head & 0xff) == PCI_CAP_MSI && at <= 0xe8 && !f->msi) {
			f->msi = (uint8_t)at;
			f->msi_control = (uint16_t)(head >> 16);
		}
		if ((head & 0xff) == PCI_CAP_MSIX && at <= 0xf4 && !f->msix) {
			f->msix = (uint8_t)at;
			f->msix_size = (head >> 16 & MSIX_LAST_ENTRY) + 1;
		}
		at = head >> 8 & 0xfc;
	}
}

void pci_init(void)
{
	functions = NULL;
	msi_init();
}

struct pci_function *pci_find(uint16_t segment, uint16_t bdf, bool make)
{
	struct pci_function *f;

	for (f = functions; f; f = f->next)
		if (f->segment == segment && f->bdf == bdf)
			return f;
	/* Other segments cannot be reached by the ports. */
	if (!make || segment || (pci_read(bdf, 0, 4) & 0xffff) == 0xffff)
		return NULL;
	f = heap_alloc(sizeof(*f));
	if (!f)
		return NULL;
	f->segment = segment;
	f->bdf = bdf;
	find_capabilities(f);
	msi_find_table(f);
	f->next = functions;
	functions = f;
	return f;
}

int pci_add(uint16_t segment, uint16_t bdf)
{
	struct pci_function *f;

	lock_take(&pci_lock);
	f = pci_find(segment, bdf, true);
	lock_drop(&pci_lock);
	return f ? 0 : -ENODEV;
}

int pci_remove(uint16_t segment, uint16_t bdf)
{
	struct pci_function **at, *f;
	int r = -ENODEV;

	lock_take(&pci_lock);
	for (at = &functions; (f = *at) != NULL; at = &f->next)
		if (f->segment == segment && f->bdf == bdf)
			break;
	if (f && f->lines) {
		r = -EBUSY;
	} else if (f) {
		*at = f->next;
		heap_free(f->msix_line);
		heap_free(f);
		r = 0;
	}
	lock_drop(&pci_lock);
	return r;
}

int pci_find_msix(uint16_t segment, uint16_t bdf)
{
	const struct pci_function *f;
	bool has_table;

	lock_take(&pci_lock);
	f = pci_find(segment, bdf, false);
	has_table = f && f->msix;
	lock_drop(&pci_lock);
	return has_table ? 0 : -ENODEV;
}

/* Does a write of [reg, reg + size) change where messages go? */
static bool is_message_register(uint16_t bdf, unsigned reg, unsigned size)
{
	struct pci_function *f;
	unsigned first, end;
	bool is_it = false;

	if (reg < 0x40)
		return false;
	lock_take(&pci_lock);
	f = pci_find(0, bdf, true);
	if (f && f->msi) {
		first = f->msi + 4U;
		end = f->msi_control & MSI_HAS_MASK ? msi_mask_reg(f) + 4
						    : msi_data_reg(f) + 2;
		is_it = reg < end && reg + size > first;
	}
	lock_drop(&pci_lock);
	return is_it;
}

static bool is_access(uint32_t cf8, unsigned offset, unsigned size)
{
	return (cf8 & ADDRESS_ON) && offset < 4 && offset + size <= 4 &&
	       (size == 1 || size == 2 || size == 4);
}

uint32_t pci_guest_read(uint32_t cf8, unsigned offset, unsigned size)
{
	if (!is_access(cf8, offset, size))
		return size < 4 ? (1U << size * 8) - 1 : ~0U;
	return config_read(cf8 & (ADDRESS_ON | 0xfffffc), offset, size);
}

void pci_guest_write(
	uint32_t cf8, unsigned offset, unsigned size, uint32_t value)
{
	unsigned reg = (cf8 & 0xfc) + offset;
	uint16_t bdf = (uint16_t)(cf8 >> 8);

	if (!is_access(cf8, offset, size) ||
		is_message_register(bdf, reg, size))
		return;
	pci_write(bdf, reg, size, value);
	if (reg >= PCI_BAR && reg < PCI_BAR_END) {
		struct pci_function *f;

		lock_take(&pci_lock);
		f = pci_find(0, bdf, false);
		if (f)
			msi_find_table(f);
		lock_drop(&pci_lock);
	}
}

bool pci_is_msix_table(uint64_t frame)
{
	const struct pci_function *f;

	lock_take(&pci_lock);
	for (f = functions; f; f = f->next)
		if (f->msix_at && frame >= f->msix_at >> PAGE_SHIFT &&
			frame <= (f->msix_at + f->msix_size * MSIX_ENTRY_SIZE -
					 1) >>
				PAGE_SHIFT)
			break;
	lock_drop(&pci_lock);
	return f != NULL;
}
