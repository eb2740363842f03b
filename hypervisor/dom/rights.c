/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the machine dom0 may touch: everything but what the hypervisor
 * drives itself.
 */
#include <tenon/acpi.h>
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/drv.h>
#include <tenon/irq.h>
#include <tenon/rangeset.h>

/* Both interrupt controllers of the PC, the timer's counters, and the two
 * ports of PCI configuration, which are emulated. */
static const struct {
	uint16_t first, last;
} own_ports[] = { { 0x20, 0x21 }, { 0xa0, 0xa1 }, { 0x40, 0x43 },
	{ 0xcf8, 0xcff } };

/* Local APICs and the addresses of messages to them: SDM vol. 3A, 10.11. */
#define APIC_FRAME_FIRST 0xfee00
#define APIC_FRAME_LAST	 0xfeeff

#define UART_PORTS	 8
#define PM_TIMER_PORTS	 4

static int give_ports(struct domain *d)
{
	int r = rangeset_add(d->ioports, 0, 0xffff);

	for (unsigned i = 0; !r && i < ARRAY_SIZE(own_ports); i++)
		r = rangeset_remove(
			d->ioports, own_ports[i].first, own_ports[i].last);
	if (!r && acpi.pm_timer)
		r = rangeset_remove(d->ioports, acpi.pm_timer,
			acpi.pm_timer + PM_TIMER_PORTS - 1U);
	if (!r && uart_port())
		r = rangeset_remove(
			d->ioports, uart_port(), uart_port() + UART_PORTS - 1U);
	return r;
}

/* RAM in here is no matter: its owner decides who maps it. */
static int give_memory(struct domain *d)
{
	uint64_t last = (1ULL << (arch_physical_bits() - PAGE_SHIFT)) - 1;
	int r = rangeset_add(d->iomem, 0, last);

	if (!r)
		r = rangeset_remove(
			d->iomem, APIC_FRAME_FIRST, APIC_FRAME_LAST);
	if (!r && acpi.lapic_base)
		r = rangeset_remove(d->iomem, acpi.lapic_base >> PAGE_SHIFT,
			acpi.lapic_base >> PAGE_SHIFT);
	for (unsigned i = 0; !r && i < acpi.ioapic_count; i++)
		r = rangeset_remove(d->iomem, acpi.ioapic[i].base >> PAGE_SHIFT,
			acpi.ioapic[i].base >> PAGE_SHIFT);
	return r;
}

/* All but the timer's: those that have a handler of ours refuse to be bound. */
static int give_irqs(struct domain *d)
{
	unsigned count = irq_gsi_count();

	return count > 1 ? rangeset_add(d->irqs, 1, count - 1) : 0;
}

int machine_rights_dom0(struct domain *d)
{
	int r;

	lock_take(&d->lock);
	r = give_ports(d);
	if (!r)
		r = give_memory(d);
	if (!r)
		r = give_irqs(d);
	lock_drop(&d->lock);
	return r;
}
