/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * physdev_op: interrupts and PCI functions of the machine, for dom0.  Every
 * argument is copied in once, by the table of sizes, and copied back where it
 * has results.
 */
#include <tenon/acpi.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/guest_copy.h>
#include <tenon/hypercall.h>
#include <tenon/irq.h>
#include <tenon/pci.h>
#include <tenon/rangeset.h>
#include <tenon/string.h>
#include <public/physdev.h>

union argument {
	struct physdev_irq_status_query status;
	struct physdev_set_iopl iopl;
	struct physdev_set_iobitmap iobitmap;
	struct physdev_apic apic;
	struct physdev_irq irq;
	struct physdev_eoi eoi;
	struct physdev_map_pirq map;
	struct physdev_unmap_pirq unmap;
	struct physdev_manage_pci pci;
	struct physdev_manage_pci_ext pci_ext;
	struct physdev_restore_msi restore;
	struct physdev_setup_gsi gsi;
	struct physdev_get_free_pirq free_pirq;
	struct physdev_pirq_eoi_gmfn eoi_frame;
	struct physdev_pci_mmcfg_reserved mmcfg;
	struct physdev_pci_device_add add;
	struct physdev_pci_device device;
	struct physdev_dbgp_op dbgp;
};

#define HAS_OUTPUT 1 /* copied back after success */
#define DOM0_ONLY  2 /* -EPERM for others */

/* By operation: bytes of its argument; 0: not offered. */
static const struct {
	uint8_t size, flags;
} shapes[] = {
	[PHYSDEVOP_irq_status_query] = { sizeof(struct
						 physdev_irq_status_query),
		HAS_OUTPUT },
	[PHYSDEVOP_set_iopl] = { sizeof(struct physdev_set_iopl), 0 },
	[PHYSDEVOP_set_iobitmap] = { sizeof(struct physdev_set_iobitmap), 0 },
	[PHYSDEVOP_apic_read] = { sizeof(struct physdev_apic),
		HAS_OUTPUT | DOM0_ONLY },
	[PHYSDEVOP_apic_write] = { sizeof(struct physdev_apic), DOM0_ONLY },
	[PHYSDEVOP_alloc_irq_vector] = { sizeof(struct physdev_irq),
		HAS_OUTPUT | DOM0_ONLY },
	[PHYSDEVOP_eoi] = { sizeof(struct physdev_eoi), 0 },
	[PHYSDEVOP_map_pirq] = { sizeof(struct physdev_map_pirq),
		HAS_OUTPUT | DOM0_ONLY },
	[PHYSDEVOP_unmap_pirq] = { sizeof(struct physdev_unmap_pirq),
		DOM0_ONLY },
	[PHYSDEVOP_manage_pci_add] = { sizeof(struct physdev_manage_pci),
		DOM0_ONLY },
	[PHYSDEVOP_manage_pci_remove] = { sizeof(struct physdev_manage_pci),
		DOM0_ONLY },
	[PHYSDEVOP_pirq_eoi_gmfn_v1] = { sizeof(struct physdev_pirq_eoi_gmfn),
		0 },
	[PHYSDEVOP_pirq_eoi_gmfn_v2] = { sizeof(struct physdev_pirq_eoi_gmfn),
		0 },
	[PHYSDEVOP_restore_msi] = { sizeof(struct physdev_restore_msi),
		DOM0_ONLY },
	[PHYSDEVOP_manage_pci_add_ext] = { sizeof(struct
						   physdev_manage_pci_ext),
		DOM0_ONLY },
	[PHYSDEVOP_setup_gsi] = { sizeof(struct physdev_setup_gsi), DOM0_ONLY },
	[PHYSDEVOP_get_free_pirq] = { sizeof(struct physdev_get_free_pirq),
		HAS_OUTPUT },
	[PHYSDEVOP_pci_mmcfg_reserved] = { sizeof(struct
						   physdev_pci_mmcfg_reserved),
		DOM0_ONLY },
	[PHYSDEVOP_pci_device_add] = { sizeof(struct physdev_pci_device_add),
		DOM0_ONLY },
	[PHYSDEVOP_pci_device_remove] = { sizeof(struct physdev_pci_device),
		DOM0_ONLY },
	[PHYSDEVOP_restore_msi_ext] = { sizeof(struct physdev_pci_device),
		DOM0_ONLY },
	[PHYSDEVOP_dbgp_op] = { sizeof(struct physdev_dbgp_op), DOM0_ONLY },
	[PHYSDEVOP_prepare_msix] = { sizeof(struct physdev_pci_device),
		DOM0_ONLY },
	[PHYSDEVOP_release_msix] = { sizeof(struct physdev_pci_device),
		DOM0_ONLY },
};

static bool may_have_gsi(struct domain *d, unsigned gsi)
{
	bool may;

	lock_take(&d->lock);
	may = rangeset_contains(d->irqs, gsi, gsi);
	lock_drop(&d->lock);
	return may;
}

/* Whose pirqs: the caller's, or a domain's that it controls.  Referenced. */
static int get_target(struct domain *caller, domid_t id, struct domain **d)
{
	*d = domain_get_or_self(id);
	if (!*d)
		return -ESRCH;
	if (*d == caller || ((*d)->pirqs && domain_may_control(caller, *d)))
		return 0;
	domain_put(*d);
	return -EPERM;
}

static int map_messages(struct domain *d, struct physdev_map_pirq *map)
{
	struct irq_line *lines[PCI_MSI_MAX];
	uint16_t bdf = PCI_BDF(map->bus & 0xff, map->devfn & 0xff);
	uint16_t segment = (uint16_t)((uint32_t)map->bus >> 16);
	unsigned count = 1;
	int r;

	/* The oldest form has no segment and counts nothing. */
	if (map->type == MAP_PIRQ_TYPE_MSI)
		segment = 0;
	if (map->type == MAP_PIRQ_TYPE_MULTI_MSI) {
		if (map->entry_nr <= 0 || map->entry_nr > PCI_MSI_MAX ||
			map->table_base)
			return -EINVAL;
		count = (unsigned)map->entry_nr;
		/* Functions send powers of two. */
		while (count & (count - 1))
			count++;
	}
	if (map->table_base)
		r = map->entry_nr < 0 ? -EINVAL
				      : pci_make_msix(segment, bdf,
						(unsigned)map->entry_nr,
						map->table_base, lines);
	else
		r = pci_make_msi(segment, bdf, count, lines);
	if (r)
		return r;
	r = pirq_map_lines(d, lines, count, &map->pirq);
	if (r)
		pci_free_msi(lines, count);
	return r;
}

static int map_pirq(struct domain *caller, struct physdev_map_pirq *map)
{
	struct domain *d;
	int r = get_target(caller, map->domid, &d);

	if (r)
		return r;
	switch (map->type) {
	case MAP_PIRQ_TYPE_GSI:
		if (map->index < 0)
			r = -EINVAL;
		else if (!may_have_gsi(caller, (unsigned)map->index))
			r = -EPERM;
		else
			r = pirq_map_gsi(d, (unsigned)map->index, &map->pirq);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
	case MAP_PIRQ_TYPE_MULTI_MSI:
		r = map_messages(d, map);
		break;
	default:
		r = -EINVAL;
	}
	domain_put(d);
	return r;
}

static int unmap_pirq(
	struct domain *caller, const struct physdev_unmap_pirq *unmap)
{
	struct domain *d;
	int r = get_target(caller, unmap->domid, &d);

	if (r)
		return r;
	r = pirq_unmap(d, unmap->pirq);
	domain_put(d);
	return r;
}

static int setup_gsi(struct domain *d, const struct physdev_setup_gsi *gsi)
{
	if (gsi->gsi < 0 || !irq_line_of_gsi((unsigned)gsi->gsi))
		return -EINVAL;
	/* Somebody else has set it up. */
	if (!may_have_gsi(d, (unsigned)gsi->gsi))
		return -EEXIST;
	if (gsi->triggering > 1 || gsi->polarity > 1)
		return -EINVAL;
	return irq_setup_gsi(
		(unsigned)gsi->gsi, gsi->triggering, gsi->polarity);
}

/*
 * What old kernels do in place of setup_gsi: an entry that they open tells how
 * the line is triggered, the first time; vectors and CPUs are ours.
 */
static int apic_write(struct domain *d, const struct physdev_apic *apic)
{
	struct ioapic_trigger told;
	int r = ioapic_explain_write(
		apic->apic_physbase, apic->reg, apic->value, &told);

	if (!r && told.gsi >= 0 && may_have_gsi(d, (unsigned)told.gsi))
		(void)!irq_setup_gsi(
			(unsigned)told.gsi, told.is_level, told.is_low);
	return r;
}

/* Its place must be as the firmware says, for all buses of the segment. */
static int mmcfg_reserved(const struct physdev_pci_mmcfg_reserved *m)
{
	if (m->flags & ~XEN_PCI_MMCFG_RESERVED)
		return -EINVAL;
	if (!acpi.mcfg.base || m->segment != acpi.mcfg.segment ||
		m->start_bus != acpi.mcfg.bus_first ||
		m->end_bus != acpi.mcfg.bus_last)
		return -ENODEV;
	return m->address == acpi.mcfg.base ? 0 : -EIO;
}

static int set_iopl(struct vcpu *v, const struct physdev_set_iopl *iopl)
{
	if (iopl->iopl > 3)
		return -EINVAL;
	v->arch.iopl = (uint8_t)iopl->iopl;
	return 0;
}

static int set_iobitmap(
	struct vcpu *v, const struct physdev_set_iobitmap *iobitmap)
{
	if (iobitmap->nr_ports > 65536)
		return -EINVAL;
	v->arch.iobitmap = iobitmap->bitmap.va;
	v->arch.iobitmap_ports = iobitmap->nr_ports;
	return 0;
}

static int run_pci(unsigned cmd, union argument *a)
{
	switch (cmd) {
	case PHYSDEVOP_manage_pci_add:
		return pci_add(0, PCI_BDF(a->pci.bus, a->pci.devfn));
	case PHYSDEVOP_manage_pci_remove:
		return pci_remove(0, PCI_BDF(a->pci.bus, a->pci.devfn));
	case PHYSDEVOP_manage_pci_add_ext:
		return pci_add(0, PCI_BDF(a->pci_ext.bus, a->pci_ext.devfn));
	case PHYSDEVOP_pci_device_add:
		return pci_add(a->add.seg, PCI_BDF(a->add.bus, a->add.devfn));
	case PHYSDEVOP_pci_device_remove:
		return pci_remove(
			a->device.seg, PCI_BDF(a->device.bus, a->device.devfn));
	case PHYSDEVOP_restore_msi:
		return pci_restore_msi(
			0, PCI_BDF(a->restore.bus, a->restore.devfn));
	case PHYSDEVOP_restore_msi_ext:
		return pci_restore_msi(
			a->device.seg, PCI_BDF(a->device.bus, a->device.devfn));
	case PHYSDEVOP_prepare_msix:
	case PHYSDEVOP_release_msix:
		/* The table is mapped when an entry is; dom0 keeps its hands
		 * off by itself. */
		return pci_find_msix(
			a->device.seg, PCI_BDF(a->device.bus, a->device.devfn));
	case PHYSDEVOP_pci_mmcfg_reserved:
		return mmcfg_reserved(&a->mmcfg);
	case PHYSDEVOP_dbgp_op:
		/* No debug port is ours. */
		return 0;
	default:
		return -ENOSYS;
	}
}

static int run(struct vcpu *v, unsigned cmd, union argument *a)
{
	struct domain *d = v->domain;

	switch (cmd) {
	case PHYSDEVOP_irq_status_query:
		return pirq_status(d, a->status.irq, &a->status.flags);
	case PHYSDEVOP_eoi:
		return pirq_eoi(d, a->eoi.irq);
	case PHYSDEVOP_pirq_eoi_gmfn_v1:
	case PHYSDEVOP_pirq_eoi_gmfn_v2:
		return pirq_show_eois(d, MFN(a->eoi_frame.gmfn),
			cmd == PHYSDEVOP_pirq_eoi_gmfn_v1);
	case PHYSDEVOP_set_iopl:
		return set_iopl(v, &a->iopl);
	case PHYSDEVOP_set_iobitmap:
		return set_iobitmap(v, &a->iobitmap);
	case PHYSDEVOP_apic_read:
		return ioapic_read_register(
			a->apic.apic_physbase, a->apic.reg, &a->apic.value);
	case PHYSDEVOP_apic_write:
		return apic_write(d, &a->apic);
	case PHYSDEVOP_alloc_irq_vector:
		/* Vectors are ours: a number to write into an entry. */
		a->irq.vector = a->irq.irq;
		return 0;
	case PHYSDEVOP_map_pirq:
		return map_pirq(d, &a->map);
	case PHYSDEVOP_unmap_pirq:
		return unmap_pirq(d, &a->unmap);
	case PHYSDEVOP_setup_gsi:
		return setup_gsi(d, &a->gsi);
	case PHYSDEVOP_get_free_pirq:
		return pirq_reserve(d, &a->free_pirq.pirq);
	default:
		return run_pci(cmd, a);
	}
}

static int check(const struct domain *d, unsigned cmd)
{
	if (cmd >= ARRAY_SIZE(shapes) || !shapes[cmd].size)
		return -ENOSYS;
	if (shapes[cmd].flags & DOM0_ONLY && !d->is_hardware)
		return -EPERM;
	return 0;
}

/* Arguments: the operation, its argument. */
long hc_physdev_op(struct hypercall *hc)
{
	unsigned cmd = (unsigned)hc->arg[0];
	union argument a = { 0 };
	int r;

	/* From a time when masks were kept here. */
	if (cmd == PHYSDEVOP_IRQ_UNMASK_NOTIFY)
		return 0;
	r = check(hc->d, cmd);
	if (r)
		return r;
	if (arch_copy_from_guest(&a, hc->arg[1], shapes[cmd].size) != 0)
		return -EFAULT;
	r = run(hc->v, cmd, &a);
	if (!r && shapes[cmd].flags & HAS_OUTPUT &&
		arch_copy_to_guest(hc->arg[1], &a, shapes[cmd].size) != 0)
		return -EFAULT;
	return r;
}

/* Argument: struct physdev_op, the operation and its argument in one. */
long hc_physdev_op_compat(struct hypercall *hc)
{
	uint32_t cmd;

	if (guest_read_va(&cmd, hc->arg[0]) != 0)
		return -EFAULT;
	hc->arg[1] = hc->arg[0] + offsetof(struct physdev_op, u);
	hc->arg[0] = cmd;
	return hc_physdev_op(hc);
}
