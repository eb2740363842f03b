/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC's interrupt hardware for the fake machine: one IO-APIC of 24 pins, two
 * PCI functions (one with MSI, one with MSI-X in a BAR), and the way of an
 * interrupt from a pin or a message to entry_interrupt.
 */
#ifndef IRQ_RIG_H
#define IRQ_RIG_H

#include "ctl_rig.h"

#include <tenon/acpi.h>
#include <tenon/entry.h>
#include <tenon/irq.h>
#include <tenon/panic.h>
#include <tenon/pci.h>
#include <public/physdev.h>

#define PINS	     24
#define IOAPIC_BASE  0xfec00000ULL
#define BAR_BASE     0xfe000000ULL
#define TABLE_OFFSET 0x800
#define MSIX_ENTRIES 256

#define MSI_BDF	     PCI_BDF(0, 0x18) /* 00:03.0 */
#define MSIX_BDF     PCI_BDF(0, 0x20) /* 00:04.0 */
#define MSI_AT	     0x50	      /* their capabilities */
#define MSIX_AT	     0x60

static uint32_t rig_ioapic[16 + 2 * PINS];
static uint8_t rig_ioapic_page[32];
static uint32_t rig_ioapic_index;
static uint8_t rig_bar[TABLE_OFFSET + 16 * MSIX_ENTRIES];
static unsigned rig_maps; /* mappings of the BAR */
static uint8_t rig_config[2][256];
static uint32_t rig_cf8;
static uint8_t rig_pic[2];

static inline volatile void *rig_map(paddr_t pa, size_t size)
{
	if (pa == IOAPIC_BASE)
		return rig_ioapic_page;
	assert_true(pa >= BAR_BASE && pa + size <= BAR_BASE + sizeof(rig_bar));
	rig_maps++;
	return rig_bar + (pa - BAR_BASE);
}

static inline uint32_t rig_mmio_read(const volatile void *reg)
{
	if (reg == rig_ioapic_page + 16)
		return rig_ioapic[rig_ioapic_index];
	return *(const volatile uint32_t *)reg;
}

static inline void rig_mmio_write(volatile void *reg, uint32_t value)
{
	if (reg == rig_ioapic_page) {
		assert_true(value < ARRAY_SIZE(rig_ioapic));
		rig_ioapic_index = value;
	} else if (reg == rig_ioapic_page + 16) {
		rig_ioapic[rig_ioapic_index] = value;
	} else {
		*(volatile uint32_t *)reg = value;
	}
}

/* The bytes that cf8 and a data port name, NULL: nothing there. */
static inline uint8_t *rig_config_at(uint16_t port)
{
	unsigned bdf = rig_cf8 >> 8 & 0xffff;
	unsigned reg = (rig_cf8 & 0xfc) + (port - 0xcfcU);

	if (bdf == MSI_BDF)
		return &rig_config[0][reg];
	return bdf == MSIX_BDF ? &rig_config[1][reg] : NULL;
}

static inline uint32_t rig_io_read(uint16_t port, unsigned size)
{
	uint32_t v = ~0U;

	assert_true(port >= 0xcfc && port + size <= 0xd00);
	if (rig_config_at(port)) {
		v = 0;
		memcpy(&v, rig_config_at(port), size);
	}
	return v;
}

static inline void rig_io_write(uint16_t port, unsigned size, uint32_t value)
{
	if (port == 0x21 || port == 0xa1)
		rig_pic[port == 0xa1] = (uint8_t)value;
	else if (port == 0xcf8)
		rig_cf8 = value;
	else if (rig_config_at(port))
		memcpy(rig_config_at(port), &value, size);
}

static inline uint32_t rig_get(unsigned f, unsigned reg, unsigned size)
{
	uint32_t v = 0;

	memcpy(&v, &rig_config[f][reg], size);
	return v;
}

static inline void rig_put(
	unsigned f, unsigned reg, unsigned size, uint32_t value)
{
	memcpy(&rig_config[f][reg], &value, size);
}

static inline void rig_make_functions(void)
{
	memset(rig_config, 0, sizeof(rig_config));
	for (unsigned f = 0; f < 2; f++) {
		rig_put(f, 0, 4, 0x12348086);
		rig_put(f, 4, 4, 0x00100007); /* capabilities; memory, ports */
		rig_put(f, 0x34, 1, f ? MSIX_AT : MSI_AT);
	}
	/* Four messages, 64-bit addresses, a mask for each. */
	rig_put(0, MSI_AT, 4, 0x01840005);
	rig_put(1, MSIX_AT, 4, 0x00000011 | (MSIX_ENTRIES - 1) << 16);
	rig_put(1, MSIX_AT + 4, 4, TABLE_OFFSET | 1);
	rig_put(1, 0x14, 4, BAR_BASE);
}

static inline void irq_rig_start(unsigned cpu_n)
{
	ctl_start(cpu_n);
	memset(rig_ioapic, 0xee, sizeof(rig_ioapic));
	rig_ioapic[0] = 0;
	rig_ioapic[1] = (PINS - 1) << 16 | 0x20;
	memset(rig_bar, 0, sizeof(rig_bar));
	rig_maps = 0;
	rig_make_functions();
	fake_on_map_device = rig_map;
	fake_on_mmio_read = rig_mmio_read;
	fake_on_mmio_write = rig_mmio_write;
	fake_on_io_read = rig_io_read;
	fake_on_io_write = rig_io_write;
	memset(&acpi, 0, sizeof(acpi));
	acpi.is_found = true;
	acpi.ioapic_count = 1;
	acpi.ioapic[0].base = IOAPIC_BASE;
	acpi.override_count = 2;
	acpi.override[0].gsi = 2;
	acpi.override[1].isa_irq = 9;
	acpi.override[1].gsi = 9;
	acpi.override[1].is_level = true;
	irq_init();
	fake_eois = 0;
}

static inline void irq_rig_stop(void)
{
	irq_audit();
	ctl_stop();
	fake_on_map_device = NULL;
	fake_on_mmio_read = NULL;
	fake_on_mmio_write = NULL;
	fake_on_io_read = NULL;
	fake_on_io_write = NULL;
	memset(&acpi, 0, sizeof(acpi));
}

static inline uint32_t rig_rte(unsigned pin)
{
	return rig_ioapic[0x10 + 2 * pin];
}

static inline bool rig_is_masked(unsigned pin)
{
	return rig_rte(pin) & 1U << 16;
}

static inline unsigned rig_pin_cpu(unsigned pin)
{
	return rig_ioapic[0x11 + 2 * pin] >> 24;
}

/* An interrupt message reaches its CPU: true. */
static inline void rig_message(unsigned cpu, unsigned vector)
{
	unsigned self = this_cpu()->id;
	uint64_t flags;

	fake_play(cpu);
	flags = arch_irq_save();
	entry_interrupt(vector);
	arch_irq_restore(flags);
	fake_play(self);
}

/* A pin is driven; false if it is masked. */
static inline bool rig_pin(unsigned pin)
{
	if (rig_is_masked(pin))
		return false;
	rig_message(rig_pin_cpu(pin), rig_rte(pin) & 0xff);
	return true;
}

static inline long physdev(unsigned cmd, void *arg)
{
	long r = ctl_call(hc_physdev_op, cmd, (uintptr_t)arg, 0);

	irq_audit();
	return r;
}

static inline bool rig_is_pending(unsigned i, uint32_t port)
{
	return event_port_is_pending(dom[i], port);
}

static inline void rig_clear(unsigned i)
{
	memset(dom[i]->shared_info->evtchn_pending, 0,
		sizeof(dom[i]->shared_info->evtchn_pending));
	dom[i]->vcpu[0]->vcpu_info->evtchn_upcall_pending = 0;
	dom[i]->vcpu[0]->vcpu_info->evtchn_pending_sel = 0;
}

static inline long bind_pirq(uint32_t pirq, bool share, uint32_t *port)
{
	struct evtchn_bind_pirq b = { .pirq = pirq,
		.flags = share ? BIND_PIRQ__WILL_SHARE : 0 };
	long r = ctl_call(
		hc_event_channel_op, EVTCHNOP_bind_pirq, (uintptr_t)&b, 0);

	if (!r)
		*port = b.port;
	irq_audit();
	return r;
}

static inline long close_port(uint32_t port)
{
	struct evtchn_close c = { port };
	long r =
		ctl_call(hc_event_channel_op, EVTCHNOP_close, (uintptr_t)&c, 0);

	irq_audit();
	return r;
}

static inline long map_gsi(domid_t who, int gsi, int *pirq)
{
	struct physdev_map_pirq m = { .domid = who,
		.type = MAP_PIRQ_TYPE_GSI,
		.index = gsi,
		.pirq = *pirq };
	long r = physdev(PHYSDEVOP_map_pirq, &m);

	*pirq = m.pirq;
	return r;
}

static inline long unmap(domid_t who, int pirq)
{
	struct physdev_unmap_pirq u = { .domid = who, .pirq = pirq };

	return physdev(PHYSDEVOP_unmap_pirq, &u);
}

static inline long eoi(uint32_t pirq)
{
	struct physdev_eoi e = { pirq };

	return physdev(PHYSDEVOP_eoi, &e);
}

#endif
