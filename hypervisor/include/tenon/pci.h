/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI configuration space. */
#ifndef TENON_PCI_H
#define TENON_PCI_H

#include <tenon/types.h>

struct domain;

/*
 * dom0's access through ports 0xcf8 and 0xcfc: cf8 is the address that it
 * latched, offset 0..3 the byte within, size 1, 2 or 4.  All ones where there
 * is nothing, or nothing for it.
 */
uint32_t pci_guest_read(
	struct domain *d, uint32_t cf8, unsigned offset, unsigned size);
void pci_guest_write(struct domain *d, uint32_t cf8, unsigned offset,
	unsigned size, uint32_t value);

#endif
