/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts between a hostile dom0, a hostile guest and devices that fire at
 * will: each step is a physdev operation with an argument from the input, a
 * binding, a write to configuration space, or an interrupt; everything is
 * audited after each.
 */
#include "unit/irq_rig.h"
#include <stdlib.h>

#define STEPS 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input, *input_end;

static uint8_t next(void)
{
	return input < input_end ? *input++ : 0;
}

/* A number that some field may take for something, or nonsense. */
static int32_t number(void)
{
	uint8_t v = next();

	switch (v >> 6) {
	case 0:
		return v & 63;
	case 1:
		return -(v & 3);
	case 2:
		return 1000 + (v & 63);
	default:
		return (int32_t)(next() | next() << 8 | next() << 16 |
				 (uint32_t)next() << 24);
	}
}

static void map_something(void)
{
	static const uint16_t functions[] = { MSI_BDF, MSIX_BDF, 8 };
	uint8_t v = next();
	uint16_t bdf = functions[(v & 3) % 3];
	struct physdev_map_pirq m = {
		.domid = v & 4 ? DOMID_SELF : (v >> 3) % 4,
		.type = (v >> 5) % 5,
		.index = number(),
		.pirq = next() & 1 ? -1 : number(),
		.bus = bdf >> 8,
		.devfn = bdf & 0xff,
		.entry_nr = number(),
		.table_base = bdf == MSIX_BDF || v > 250 ? BAR_BASE : 0,
	};

	(void)physdev(PHYSDEVOP_map_pirq, &m);
}

static void any_operation(void)
{
	static const uint8_t commands[] = { 4, 5, 6, 7, 8, 9, 10, 11, 12, 15,
		16, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31 };
	uint32_t argument[16] = { 0 };
	unsigned n = next() % ARRAY_SIZE(commands);

	for (unsigned i = 0; i < 4; i++)
		argument[i] = (uint32_t)number();
	(void)physdev(commands[n], argument);
}

static void write_config(void)
{
	uint8_t v = next(), reg = next();
	uint32_t cf8 = 0x80000000U |
		       (uint32_t)(v & 1 ? MSI_BDF : MSIX_BDF) << 8 |
		       (reg & 0xfc);
	unsigned size = 1U << (v >> 1 & 3), offset = reg & 3;

	/* The capabilities themselves are read-only in a real function. */
	if ((reg & 0xfc) < 0x40 || (reg & 0xfc) == MSIX_AT + 4 ||
		((reg & 0xfc) == MSI_AT && offset < 2) ||
		((reg & 0xfc) == MSIX_AT && offset < 2))
		return;
	if (offset + size <= 4)
		pci_guest_write(cf8, offset, size, (uint32_t)number());
	else
		(void)pci_guest_read(cf8, offset, size);
}

static void fire(void)
{
	uint8_t v = next();

	if (v < 2 * PINS)
		(void)rig_pin(v % PINS);
	else
		rig_message(v & 1,
			IRQ_VECTOR_FIRST +
				v % (IRQ_VECTOR_LAST - IRQ_VECTOR_FIRST + 1));
	if (next() & 1)
		rig_clear(v % CTL_DOMAINS);
}

static void step(void)
{
	struct evtchn_bind_vcpu b;
	uint32_t port;
	unsigned vcpu;

	switch (next() % 10) {
	case 0:
	case 1:
		map_something();
		break;
	case 2:
		(void)unmap(next() & 1 ? DOMID_SELF : next() % 4, number());
		break;
	case 3:
		(void)bind_pirq((uint32_t)number(), next() & 1, &port);
		break;
	case 4:
		(void)close_port(next() % 16);
		break;
	case 5:
		(void)eoi((uint32_t)number());
		break;
	case 6:
		any_operation();
		break;
	case 7:
		write_config();
		break;
	case 8:
		b.port = next() % 16;
		b.vcpu = vcpu = next() % 3;
		(void)ctl_call(hc_event_channel_op, EVTCHNOP_bind_vcpu,
			(uintptr_t)&b, 0);
		if (vcpu < CTL_VCPUS)
			dom[0]->vcpu[vcpu]->processor = next() & 1;
		break;
	default:
		fire();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned processor[CTL_VCPUS];

	input = data;
	input_end = data + size;
	irq_rig_start(2);
	for (unsigned i = 0; i < CTL_VCPUS; i++)
		processor[i] = dom[0]->vcpu[i]->processor;
	for (unsigned n = 0; n < STEPS && input < input_end; n++) {
		ctl_play(next() % 4 == 0);
		fake_fail_alloc_after(next() < 8 ? next() % 4 : ~0ULL);
		step();
		fake_fail_alloc_after(~0ULL);
		irq_audit();
		event_audit(dom[0]);
		event_audit(dom[1]);
	}
	ctl_audit();
	/* Nothing outlives its domain. */
	for (unsigned i = 0; i < CTL_DOMAINS; i++) {
		if (event_close_all(dom[i]) != 0)
			abort();
		irq_domain_free(dom[i]);
	}
	for (unsigned pin = 0; pin < PINS; pin++)
		if (!rig_is_masked(pin) ||
			irq_line_of_gsi(pin)->guest_count != 0)
			abort();
	if (rig_get(0, MSI_AT + 2, 2) & 1 && rig_get(0, MSI_AT + 16, 4) == 0)
		abort();
	for (unsigned i = 0; i < CTL_VCPUS; i++)
		dom[0]->vcpu[i]->processor = processor[i];
	ctl_play(0);
	irq_rig_stop();
	return 0;
}
