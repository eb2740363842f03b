/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI functions: configuration space, and their message-signalled interrupts,
 * which the hypervisor alone programs (PCI 3.0, 6.8).
 */
#ifndef TENON_PCI_H
#define TENON_PCI_H

#include <tenon/types.h>

struct domain;
struct irq_line;
struct pci_function;

#define PCI_MSI_MAX	    32 /* messages of one MSI capability */

#define PCI_BDF(bus, devfn) ((uint16_t)((bus) << 8 | (devfn)))

/* No function is known; by irq_init. */
void pci_init(void);

/* Configuration space by ports, segment 0, registers 0..255; size 1, 2 or 4,
 * aligned.  All ones where there is nothing. */
uint32_t pci_read(uint16_t bdf, unsigned reg, unsigned size);
void pci_write(uint16_t bdf, unsigned reg, unsigned size, uint32_t value);

/*
 * dom0's access through ports 0xcf8 and 0xcfc: cf8 is the address that it
 * latched, offset 0..3 the byte within, size 1, 2 or 4.  All ones where there
 * is nothing, or nothing for it.  Addresses, data and masks of messages are
 * ours: writes to them are dropped.
 */
uint32_t pci_guest_read(uint32_t cf8, unsigned offset, unsigned size);
void pci_guest_write(
	uint32_t cf8, unsigned offset, unsigned size, uint32_t value);

/*
 * dom0 found a function, or lost it.  0; -ENODEV nothing answers there, or
 * never was added; -EBUSY its interrupts are in use; -ENOMEM.
 */
must_check int pci_add(uint16_t segment, uint16_t bdf);
must_check int pci_remove(uint16_t segment, uint16_t bdf);

/*
 * Lines of a function, with vectors and masked, for pirq_map_lines.  MSI:
 * count messages, a power of two up to PCI_MSI_MAX; MSI-X: one, of table entry
 * `entry`; table is where dom0 knows the BAR that holds the table to be, used
 * if the function has no BAR of its own (SR-IOV), else 0.
 * 0; -ENODEV no such function; -EINVAL it has no such messages; -EBUSY they
 * are in use; -ENOSPC; -ENOMEM.
 */
must_check int pci_make_msi(uint16_t segment, uint16_t bdf, unsigned count,
	struct irq_line **lines);
must_check int pci_make_msix(uint16_t segment, uint16_t bdf, unsigned entry,
	paddr_t table, struct irq_line **line);
/* 0: a known function with an MSI-X table; -ENODEV. */
must_check int pci_find_msix(uint16_t segment, uint16_t bdf);
/* Is this machine frame part of an MSI-X table of a known function, by its
 * BAR? */
bool pci_is_msix_table(uint64_t frame);
/* Give back what one call made; nobody is bound. */
void pci_free_msi(struct irq_line **lines, unsigned count);
#ifdef TENON_HOSTED
/* Lines that were given back are kept for the next ones, as a late interrupt
 * may look at one; when none can be under way, this is their memory given back.
 */
void msi_free_spare(void);
#endif
/* Write all of it again, after the function was reset.  0 or -ENODEV. */
must_check int pci_restore_msi(uint16_t segment, uint16_t bdf);

#endif
