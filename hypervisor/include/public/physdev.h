/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physdev_op hypercall: interrupts and PCI devices of the real machine,
 * for domain 0 and for domains that were given a device.
 */
#ifndef PUBLIC_PHYSDEV_H
#define PUBLIC_PHYSDEV_H

#include "xen.h"

#define PHYSDEVOP_IRQ_UNMASK_NOTIFY  4	/* obsolete */
#define PHYSDEVOP_irq_status_query   5	/* struct physdev_irq_status_query */
#define PHYSDEVOP_set_iopl	     6	/* struct physdev_set_iopl */
#define PHYSDEVOP_set_iobitmap	     7	/* struct physdev_set_iobitmap */
#define PHYSDEVOP_apic_read	     8	/* struct physdev_apic */
#define PHYSDEVOP_apic_write	     9	/* struct physdev_apic */
#define PHYSDEVOP_alloc_irq_vector   10 /* struct physdev_irq */
#define PHYSDEVOP_free_irq_vector    11 /* struct physdev_irq */
#define PHYSDEVOP_eoi		     12 /* struct physdev_eoi */
#define PHYSDEVOP_map_pirq	     13 /* struct physdev_map_pirq */
#define PHYSDEVOP_unmap_pirq	     14 /* struct physdev_unmap_pirq */
#define PHYSDEVOP_manage_pci_add     15 /* struct physdev_manage_pci */
#define PHYSDEVOP_manage_pci_remove  16 /* struct physdev_manage_pci */
#define PHYSDEVOP_pirq_eoi_gmfn_v1   17 /* as 28; eoi unmasks the port too */
#define PHYSDEVOP_restore_msi	     19 /* struct physdev_restore_msi */
#define PHYSDEVOP_manage_pci_add_ext 20 /* struct physdev_manage_pci_ext */
#define PHYSDEVOP_setup_gsi	     21 /* struct physdev_setup_gsi */
#define PHYSDEVOP_get_free_pirq	     23 /* struct physdev_get_free_pirq */
#define PHYSDEVOP_pci_mmcfg_reserved 24
#define PHYSDEVOP_pci_device_add     25 /* struct physdev_pci_device_add */
#define PHYSDEVOP_pci_device_remove  26 /* struct physdev_pci_device */
#define PHYSDEVOP_restore_msi_ext    27 /* struct physdev_pci_device */
#define PHYSDEVOP_pirq_eoi_gmfn_v2   28 /* struct physdev_pirq_eoi_gmfn */
#define PHYSDEVOP_dbgp_op	     29 /* struct physdev_dbgp_op */
#define PHYSDEVOP_prepare_msix	     30 /* struct physdev_pci_device */
#define PHYSDEVOP_release_msix	     31 /* struct physdev_pci_device */
#define PHYSDEVOP_pirq_eoi_gmfn	     PHYSDEVOP_pirq_eoi_gmfn_v2

/* physdev_irq_status_query.flags */
#define _XENIRQSTAT_needs_eoi 0
#define _XENIRQSTAT_shared    1
#define XENIRQSTAT_needs_eoi  1U
#define XENIRQSTAT_shared     2U

/* physdev_map_pirq.type */
#define MAP_PIRQ_TYPE_MSI	0
#define MAP_PIRQ_TYPE_GSI	1
#define MAP_PIRQ_TYPE_UNKNOWN	2
#define MAP_PIRQ_TYPE_MSI_SEG	3
#define MAP_PIRQ_TYPE_MULTI_MSI 4

/* physdev_pci_mmcfg_reserved.flags: the firmware reserves the range. */
#define XEN_PCI_MMCFG_RESERVED 1

/* physdev_pci_device_add.flags */
#define XEN_PCI_DEV_EXTFN  1
#define XEN_PCI_DEV_VIRTFN 2 /* physfn is valid */
#define XEN_PCI_DEV_PXM	   4 /* optarr[0] is the proximity domain */

/* physdev_dbgp_op.op and .bus */
#define PHYSDEVOP_DBGP_RESET_PREPARE 1
#define PHYSDEVOP_DBGP_RESET_DONE    2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN   0
#define PHYSDEVOP_DBGP_BUS_PCI	     1

struct physdev_eoi {
	uint32_t irq;
};
PUBLIC_SIZE(struct physdev_eoi, 4);

/* A page whose bit n says that pirq n needs PHYSDEVOP_eoi. */
struct physdev_pirq_eoi_gmfn {
	xen_pfn_t gmfn;
};
PUBLIC_SIZE(struct physdev_pirq_eoi_gmfn, 8);

struct physdev_irq_status_query {
	uint32_t irq;
	uint32_t flags; /* out: XENIRQSTAT_* */
};
PUBLIC_SIZE(struct physdev_irq_status_query, 8);

struct physdev_set_iopl {
	uint32_t iopl; /* 0 to 3 */
};
PUBLIC_SIZE(struct physdev_set_iopl, 4);

/* The ports that user code may use: a clear bit allows. */
struct physdev_set_iobitmap {
	GUEST_PTR(uint8_t) bitmap;
	uint32_t nr_ports;
};
PUBLIC_SIZE(struct physdev_set_iobitmap, 16);

struct physdev_apic {
	unsigned long apic_physbase; /* of the I/O APIC */
	uint32_t reg;
	uint32_t value; /* in or out */
};
PUBLIC_SIZE(struct physdev_apic, 16);

struct physdev_irq {
	uint32_t irq;
	uint32_t vector; /* out */
};
PUBLIC_SIZE(struct physdev_irq, 8);

/* Makes a GSI or MSI known to the domain as a pirq. */
struct physdev_map_pirq {
	domid_t domid;
	int type;  /* MAP_PIRQ_TYPE_* */
	int index; /* the GSI, or the vector wanted */
	int pirq;  /* negative: choose one and return it */
	int bus;   /* segment << 16 | bus for the later MSI types */
	int devfn;
	int entry_nr; /* MSI-X entry; for MULTI_MSI a count, in and out */
	uint64_t table_base; /* MSI-X table, 0 for MSI */
};
PUBLIC_SIZE(struct physdev_map_pirq, 40);

struct physdev_unmap_pirq {
	domid_t domid;
	int pirq;
};
PUBLIC_SIZE(struct physdev_unmap_pirq, 8);

struct physdev_manage_pci {
	uint8_t bus;
	uint8_t devfn;
};
PUBLIC_SIZE(struct physdev_manage_pci, 2);

struct physdev_restore_msi {
	uint8_t bus;
	uint8_t devfn;
};
PUBLIC_SIZE(struct physdev_restore_msi, 2);

struct physdev_manage_pci_ext {
	uint8_t bus;
	uint8_t devfn;
	uint32_t is_extfn;
	uint32_t is_virtfn;
	struct {
		uint8_t bus;
		uint8_t devfn;
	} physfn;
};
PUBLIC_SIZE(struct physdev_manage_pci_ext, 16);

/* The argument of the old physdev_op_compat. */
struct physdev_op {
	uint32_t cmd;
	union {
		struct physdev_irq_status_query irq_status_query;
		struct physdev_set_iopl set_iopl;
		struct physdev_set_iobitmap set_iobitmap;
		struct physdev_apic apic_op;
		struct physdev_irq irq_op;
	} u;
};
PUBLIC_SIZE(struct physdev_op, 24);

/* What ACPI says of a GSI; only the first call for one counts. */
struct physdev_setup_gsi {
	int gsi;
	uint8_t triggering; /* 0 edge, 1 level */
	uint8_t polarity;   /* 0 active high, 1 active low */
};
PUBLIC_SIZE(struct physdev_setup_gsi, 8);

struct physdev_get_free_pirq {
	int type;      /* MAP_PIRQ_TYPE_GSI or _MSI */
	uint32_t pirq; /* out */
};
PUBLIC_SIZE(struct physdev_get_free_pirq, 8);

/* Where the configuration space of some buses is in memory. */
struct physdev_pci_mmcfg_reserved {
	uint64_t address;
	uint16_t segment;
	uint8_t start_bus;
	uint8_t end_bus;
	uint32_t flags; /* XEN_PCI_MMCFG_RESERVED */
};
PUBLIC_SIZE(struct physdev_pci_mmcfg_reserved, 16);

struct physdev_pci_device_add {
	uint16_t seg;
	uint8_t bus;
	uint8_t devfn;
	uint32_t flags; /* XEN_PCI_DEV_* */
	struct {
		uint8_t bus;
		uint8_t devfn;
	} physfn;
	uint32_t optarr[];
};
PUBLIC_SIZE(struct physdev_pci_device_add, 12);

struct physdev_pci_device {
	uint16_t seg;
	uint8_t bus;
	uint8_t devfn;
};
PUBLIC_SIZE(struct physdev_pci_device, 4);

/* The USB controller that carries a debug console is about to be reset. */
struct physdev_dbgp_op {
	uint8_t op;  /* PHYSDEVOP_DBGP_RESET_* */
	uint8_t bus; /* PHYSDEVOP_DBGP_BUS_* */
	union {
		struct physdev_pci_device pci;
	} u;
};
PUBLIC_SIZE(struct physdev_dbgp_op, 6);

#endif
