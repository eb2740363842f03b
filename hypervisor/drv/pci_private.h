/* SPDX-License-Identifier: BSD-2-Clause */
/* Between pci.c and msi.c: what is known of a PCI function. */
#ifndef PCI_PRIVATE_H
#define PCI_PRIVATE_H

#include <tenon/lock.h>
#include <tenon/pci.h>
#include <tenon/types.h>

#define PCI_COMMAND	   0x04
#define PCI_COMMAND_MEMORY 0x2
#define PCI_STATUS	   0x06
#define PCI_STATUS_CAPS	   0x10
#define PCI_BAR		   0x10
#define PCI_BAR_END	   0x28
#define PCI_CAPS	   0x34
#define PCI_CAP_MSI	   0x05
#define PCI_CAP_MSIX	   0x11

#define MSI_CONTROL	   2
#define MSI_ENABLE	   0x0001
#define MSI_LOG_CAPABLE	   1
#define MSI_LOG_ENABLED	   4
#define MSI_IS_64BIT	   0x0080
#define MSI_HAS_MASK	   0x0100

#define MSIX_CONTROL	   2
#define MSIX_TABLE	   4
#define MSIX_LAST_ENTRY	   0x07ff
#define MSIX_MASK_ALL	   0x4000
#define MSIX_ENABLE	   0x8000
#define MSIX_ENTRY_SIZE	   16

/* Never freed while it has lines; all fields under pci_lock but the constant
 * ones (c). */
struct pci_function {
	struct pci_function *next;
	uint16_t segment, bdf; /* c */
	uint8_t msi, msix;     /* c offsets of the capabilities, 0: none */
	uint16_t msi_control;  /* c as it was at first */
	unsigned lines;	       /* how many are in use */
	struct irq_line *msi_line[PCI_MSI_MAX];
	unsigned msi_count;
	volatile uint8_t *table; /* MSI-X, mapped with its first entry */
	paddr_t table_at;
	paddr_t msix_at;	     /* where its BAR puts it, 0: nowhere */
	unsigned msix_size;	     /* c entries */
	struct irq_line **msix_line; /* by entry; made with the table */
};

extern struct lock pci_lock;

void msi_init(void);
/* Look again where f's BARs put its MSI-X table.  Under pci_lock. */
void msi_find_table(struct pci_function *f);

/* The function, known from now on; NULL: nothing answers, or no memory.  Under
 * pci_lock. */
struct pci_function *pci_find(uint16_t segment, uint16_t bdf, bool make);

/* A register of the function's MSI capability, by its layout. */
static inline unsigned msi_data_reg(const struct pci_function *f)
{
	return f->msi + (f->msi_control & MSI_IS_64BIT ? 12U : 8U);
}

static inline unsigned msi_mask_reg(const struct pci_function *f)
{
	return msi_data_reg(f) + 4;
}

#endif
