/* SPDX-License-Identifier: BSD-2-Clause */
/* IO-APIC lines: from pins to ports of guests, and the end of interrupts. */
#include "irq_rig.h"

static void starts_masked(void **state)
{
	(void)state;
	irq_rig_start(2);
	assert_int_equal(rig_pic[0], 0xff);
	assert_int_equal(rig_pic[1], 0xff);
	assert_int_equal(irq_gsi_count(), PINS);
	for (unsigned pin = 0; pin < PINS; pin++) {
		assert_int_equal(rig_rte(pin), 1U << 16);
		assert_false(irq_line_of_gsi(pin)->is_on);
		assert_int_equal(
			irq_line_of_gsi(pin)->is_level, pin == 9 || pin >= 16);
		assert_int_equal(irq_line_of_gsi(pin)->is_low, pin >= 16);
	}
	assert_null(irq_line_of_gsi(PINS));
	irq_rig_stop();
}

static void edge(void **state)
{
	uint32_t port;
	int pirq = 1;

	(void)state;
	irq_rig_start(2);
	assert_int_equal(bind_pirq(1, false, &port), -EPERM);
	assert_int_equal(map_gsi(DOMID_SELF, 1, &pirq), 0);
	assert_int_equal(pirq, 1);
	assert_true(rig_is_masked(1));
	assert_int_equal(bind_pirq(1, false, &port), 0);
	assert_int_equal(bind_pirq(1, false, &(uint32_t){ 0 }), -EEXIST);
	/* Physical, fixed, edge, high, not masked. */
	assert_int_equal(rig_rte(1) & ~0xffU, 0);
	for (unsigned n = 1; n <= 3; n++) {
		assert_true(rig_pin(1));
		assert_true(rig_is_pending(0, port));
		assert_int_equal(fake_eois, n);
		assert_false(rig_is_masked(1));
		rig_clear(0);
	}
	assert_int_equal(eoi(1), 0);
	assert_int_equal(close_port(port), 0);
	assert_false(rig_pin(1));
	/* One more that was on its way: ended, and nobody's. */
	rig_message(0, irq_line_of_gsi(1)->vector);
	assert_int_equal(fake_eois, 4);
	rig_message(0, 0xee);
	assert_int_equal(fake_eois, 5);
	assert_int_equal(unmap(DOMID_SELF, 1), 0);
	assert_int_equal(unmap(DOMID_SELF, 1), -EINVAL);
	irq_rig_stop();
}

static void level(void **state)
{
	struct physdev_irq_status_query q = { .irq = 16 };
	uint32_t port;
	int pirq = -1;

	(void)state;
	irq_rig_start(2);
	assert_int_equal(map_gsi(DOMID_SELF, 16, &pirq), 0);
	assert_int_equal(pirq, 16);
	assert_int_equal(bind_pirq(16, true, &port), 0);
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, XENIRQSTAT_needs_eoi);
	assert_int_equal(rig_rte(16) & ~0xffU, 1U << 15 | 1U << 13);

	assert_true(rig_pin(16));
	assert_int_equal(fake_eois, 1);
	assert_true(rig_is_pending(0, port));
	/* Still driven, and no storm. */
	assert_false(rig_pin(16));
	assert_int_equal(eoi(16), 0);
	assert_true(rig_pin(16));
	assert_int_equal(eoi(16), 0);
	/* One too many changes nothing. */
	assert_int_equal(eoi(16), 0);
	assert_false(rig_is_masked(16));
	/* Alone, a slow guest hurts itself only: no time-out. */
	assert_true(rig_pin(16));
	fake_enter(NULL, 0);
	rig_run(100 * MS);
	ctl_play(0);
	assert_true(rig_is_masked(16));
	assert_int_equal(close_port(port), 0);
	assert_true(rig_is_masked(16));
	assert_int_equal(eoi(16), -EINVAL);
	irq_rig_stop();
}

/* A page of the guest's says which pirqs want an EOI. */
static void eoi_map(void **state)
{
	struct physdev_pirq_eoi_gmfn map;
	uint64_t *shown = NULL;
	uint32_t port[3];
	struct page *pg;
	int pirq;

	(void)state;
	for (unsigned v1 = 0; v1 < 2; v1++) {
		unsigned cmd = v1 ? PHYSDEVOP_pirq_eoi_gmfn_v1
				  : PHYSDEVOP_pirq_eoi_gmfn_v2;

		irq_rig_start(2);
		assert_int_equal(page_alloc_domain(dom[0], 0, 0, &pg), 0);
		shown = page_to_virt(pg);
		for (unsigned i = 0; i < 2; i++) {
			pirq = i ? 17 : 1;
			assert_int_equal(
				map_gsi(DOMID_SELF, i ? 17 : 1, &pirq), 0);
			assert_int_equal(
				bind_pirq((uint32_t)pirq, true, &port[i]), 0);
		}
		map.gmfn = ~0UL;
		assert_int_equal(physdev(cmd, &map), -EINVAL);
		map.gmfn = page_to_mfn(pg).v;
		ctl_play(1);
		assert_int_equal(physdev(cmd, &map), -EINVAL);
		ctl_play(0);
		assert_int_equal(physdev(cmd, &map), 0);
		assert_int_equal(physdev(cmd, &map), -EBUSY);
		/* Those bound before and after; an edge wants none. */
		assert_int_equal(shown[0], 1 << 17);
		pirq = 16;
		assert_int_equal(map_gsi(DOMID_SELF, 16, &pirq), 0);
		assert_int_equal(bind_pirq(16, true, &port[2]), 0);
		assert_int_equal(shown[0], 1 << 17 | 1 << 16);

		dom[0]->shared_info->evtchn_mask[0] = ~0UL;
		assert_true(rig_pin(16));
		assert_int_equal(eoi(16), 0);
		assert_int_equal(
			dom[0]->shared_info->evtchn_mask[0] >> port[2] & 1,
			!v1);
		irq_rig_stop();
	}
}

/* Two domains on a line. */
static void shared(void **state)
{
	struct physdev_irq_status_query q = { .irq = 17 };
	uint32_t port[2];
	int pirq = 17, other = 40;

	(void)state;
	irq_rig_start(2);
	assert_int_equal(map_gsi(DOMID_SELF, 17, &pirq), 0);
	assert_int_equal(map_gsi(1, 17, &other), 0);
	assert_int_equal(bind_pirq(17, true, &port[0]), 0);
	ctl_play(1);
	assert_int_equal(bind_pirq(40, false, &port[1]), -EBUSY);
	assert_int_equal(bind_pirq(40, true, &port[1]), 0);
	ctl_play(0);
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), 0);
	assert_int_equal(q.flags, XENIRQSTAT_needs_eoi | XENIRQSTAT_shared);

	assert_true(rig_pin(17));
	assert_true(rig_is_pending(0, port[0]));
	assert_true(rig_is_pending(1, port[1]));
	assert_int_equal(eoi(17), 0);
	assert_true(rig_is_masked(17));
	ctl_play(1);
	assert_int_equal(eoi(40), 0);
	ctl_play(0);
	assert_false(rig_is_masked(17));

	/* Domain 1 sleeps: domain 0's device goes on all the same. */
	assert_true(rig_pin(17));
	assert_int_equal(eoi(17), 0);
	fake_enter(NULL, 0);
	rig_run(9 * MS);
	assert_true(rig_is_masked(17));
	rig_run(2 * MS);
	assert_false(rig_is_masked(17));
	ctl_play(0);

	/* Unmapped while its end is awaited. */
	assert_true(rig_pin(17));
	assert_int_equal(eoi(17), 0);
	assert_true(rig_is_masked(17));
	assert_int_equal(unmap(1, 40), 0);
	assert_false(rig_is_masked(17));
	ctl_play(1);
	assert_int_equal(eoi(40), -EINVAL);
	assert_int_equal(close_port(port[1]), 0);
	ctl_play(0);
	irq_rig_stop();
}

static void follows_its_vcpu(void **state)
{
	struct evtchn_bind_vcpu b = { .vcpu = 1 };
	int pirq = 16;

	(void)state;
	irq_rig_start(3);
	cpus[1]->apic_id = 6;
	cpus[2]->apic_id = 8;
	dom[0]->vcpu[1]->processor = 1;
	assert_int_equal(map_gsi(DOMID_SELF, 16, &pirq), 0);
	assert_int_equal(bind_pirq(16, true, &b.port), 0);
	assert_int_equal(rig_pin_cpu(16), 0);
	assert_int_equal(ctl_call(hc_event_channel_op, EVTCHNOP_bind_vcpu,
				 (uintptr_t)&b, 0),
		0);
	assert_int_equal(rig_pin_cpu(16), 6);
	/* It moves; the line comes after with its next interrupt. */
	dom[0]->vcpu[1]->processor = 2;
	rig_message(1, rig_rte(16) & 0xff);
	assert_int_equal(rig_pin_cpu(16), 8);
	assert_int_equal(eoi(16), 0);
	assert_false(rig_is_masked(16));
	assert_int_equal(close_port(b.port), 0);
	irq_rig_stop();
}

static unsigned own_calls;

static void own_handler(void *arg)
{
	assert_ptr_equal(arg, &own_calls);
	own_calls++;
}

static void our_own(void **state)
{
	struct physdev_setup_gsi s = { .gsi = 4 };
	uint32_t port;
	int pirq = 4;

	(void)state;
	irq_rig_start(1);
	own_calls = 0;
	assert_true(irq_request_isa(4, own_handler, &own_calls) >=
		    IRQ_VECTOR_FIRST);
	assert_int_equal(irq_request_isa(4, own_handler, &own_calls), -EBUSY);
	assert_int_equal(irq_request_isa(16, own_handler, &own_calls), -ENODEV);
	assert_true(rig_pin(4));
	assert_true(rig_pin(4));
	assert_int_equal(own_calls, 2);
	assert_int_equal(fake_eois, 2);
	/* Level ones are let go when the handler returns. */
	assert_true(irq_request_isa(9, own_handler, &own_calls) > 0);
	assert_true(rig_pin(9));
	assert_true(rig_pin(9));
	assert_int_equal(own_calls, 4);
	/* By way of the override. */
	assert_true(irq_request_isa(0, own_handler, &own_calls) > 0);
	assert_true(rig_pin(2));
	/* A guest may know of them, as on stock machines, and no more. */
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EEXIST);
	assert_int_equal(map_gsi(DOMID_SELF, 4, &pirq), 0);
	assert_int_equal(bind_pirq(4, true, &port), -EBUSY);
	assert_int_equal(eoi(4), -EINVAL);
	assert_false(rig_is_masked(4));
	irq_rig_stop();
}

static void setup(void **state)
{
	struct physdev_setup_gsi s = {
		.gsi = 5, .triggering = 1, .polarity = 1
	};
	struct physdev_irq vector = { .irq = 5 };
	struct physdev_apic a = { .apic_physbase = IOAPIC_BASE, .reg = 1 };
	uint32_t port;
	int pirq = 5;

	(void)state;
	irq_rig_start(1);
	assert_int_equal(map_gsi(DOMID_SELF, 5, &pirq), 0);
	assert_int_equal(physdev(PHYSDEVOP_alloc_irq_vector, &vector), 0);
	assert_int_equal(vector.vector, 5);
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), 0);
	s.triggering = 0;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EEXIST);
	assert_int_equal(bind_pirq(5, true, &port), 0);
	assert_int_equal(
		rig_rte(5), 1U << 15 | 1U << 13 | irq_line_of_gsi(5)->vector);
	/* Told too late: it runs. */
	pirq = s.gsi = 6;
	assert_int_equal(map_gsi(DOMID_SELF, 6, &pirq), 0);
	assert_int_equal(bind_pirq(6, true, &port), 0);
	s.triggering = 1;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EBUSY);
	s.triggering = 2;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	s.triggering = 0;
	s.gsi = PINS;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	s.gsi = -1;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_apic_read, &a), 0);
	assert_int_equal(a.value, (PINS - 1) << 16 | 0x20);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), 0);
	a.reg = 0x10 + 2 * PINS;
	assert_int_equal(physdev(PHYSDEVOP_apic_read, &a), 0);
	assert_int_equal(a.value, 0);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), 0);
	a.apic_physbase = 0;
	assert_int_equal(physdev(PHYSDEVOP_apic_read, &a), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), -EINVAL);
	/* The timer's. */
	s.gsi = 0;
	assert_int_equal(physdev(PHYSDEVOP_setup_gsi, &s), -EEXIST);
	irq_rig_stop();
}

/* As kernels did it before there was setup_gsi. */
static void entries(void **state)
{
	const uint32_t level_low = 1U << 15 | 1U << 13 | 0x77;
	struct physdev_apic a = { .apic_physbase = IOAPIC_BASE,
		.reg = 0x10 + 2 * 7,
		.value = level_low | 1U << 16 };
	uint32_t before;

	(void)state;
	irq_rig_start(1);
	before = rig_rte(7);
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), 0);
	assert_false(irq_line_of_gsi(7)->is_set_up); /* masked: nothing */
	a.reg++;
	a.value = level_low;
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), 0);
	assert_false(irq_line_of_gsi(7)->is_set_up); /* its CPU */
	a.reg--;
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), 0);
	assert_true(irq_line_of_gsi(7)->is_set_up);
	assert_true(irq_line_of_gsi(7)->is_level);
	assert_true(irq_line_of_gsi(7)->is_low);
	a.value = 0x77;
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), 0);
	assert_true(irq_line_of_gsi(7)->is_level); /* once is all */
	assert_int_equal(rig_rte(7), before);
	/* Not dom0's to say. */
	a.reg = 0x10;
	assert_int_equal(physdev(PHYSDEVOP_apic_write, &a), 0);
	assert_false(irq_line_of_gsi(0)->is_set_up);
	irq_rig_stop();
}

static void mmcfg(void **state)
{
	struct physdev_pci_mmcfg_reserved m = {
		.address = 0xb0000000, .end_bus = 255, .flags = 1
	};

	(void)state;
	irq_rig_start(1);
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &m), -ENODEV);
	acpi.mcfg.base = 0xb0000000;
	acpi.mcfg.bus_last = 255;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &m), 0);
	m.address = 0xe0000000;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &m), -EIO);
	m.end_bus = 127;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &m), -ENODEV);
	m.flags = 2;
	assert_int_equal(physdev(PHYSDEVOP_pci_mmcfg_reserved, &m), -EINVAL);
	memset(&acpi.mcfg, 0, sizeof(acpi.mcfg));
	irq_rig_stop();
}

static void refusals(void **state)
{
	struct physdev_map_pirq m = { .domid = DOMID_SELF,
		.type = MAP_PIRQ_TYPE_GSI };
	struct physdev_irq_status_query q = { .irq = EVENT_PIRQS_MAX };
	struct physdev_set_iopl iopl = { 4 };
	struct physdev_get_free_pirq f = { 0 };
	struct physdev_op compat = {
		.cmd = PHYSDEVOP_irq_status_query,
		.u.irq_status_query.irq = 16,
	};
	int pirq;

	(void)state;
	irq_rig_start(1);
	/* Not in dom0's set; not a GSI; negative; past the table. */
	assert_int_equal(map_gsi(DOMID_SELF, 64, &(int){ -1 }), -EPERM);
	assert_int_equal(map_gsi(DOMID_SELF, PINS, &(int){ -1 }), -EINVAL);
	assert_int_equal(map_gsi(DOMID_SELF, -1, &(int){ -1 }), -EINVAL);
	assert_int_equal(
		map_gsi(DOMID_SELF, 3, &(int){ EVENT_PIRQS_MAX }), -EINVAL);
	assert_int_equal(map_gsi(77, 3, &(int){ 3 }), -ESRCH);
	m.type = MAP_PIRQ_TYPE_UNKNOWN;
	assert_int_equal(physdev(PHYSDEVOP_map_pirq, &m), -EINVAL);
	assert_int_equal(unmap(DOMID_SELF, -1), -EINVAL);
	assert_int_equal(unmap(DOMID_SELF, EVENT_PIRQS_MAX), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_irq_status_query, &q), -EINVAL);
	assert_int_equal(eoi(~0U), -EINVAL);
	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &iopl), -EINVAL);
	iopl.iopl = 3;
	assert_int_equal(physdev(PHYSDEVOP_set_iopl, &iopl), 0);
	assert_int_equal(current->arch.iopl, 3);
	assert_int_equal(physdev(PHYSDEVOP_free_irq_vector, &q), -ENOSYS);
	assert_int_equal(physdev(~0U, &q), -ENOSYS);
	assert_int_equal(physdev(PHYSDEVOP_map_pirq, (void *)BAD_VA), -EFAULT);

	/* Twice the same, and two lines for a number. */
	pirq = 3;
	assert_int_equal(map_gsi(DOMID_SELF, 3, &pirq), 0);
	assert_int_equal(map_gsi(DOMID_SELF, 3, &pirq), 0);
	pirq = -1;
	assert_int_equal(map_gsi(DOMID_SELF, 3, &pirq), 0);
	assert_int_equal(pirq, 3);
	assert_int_equal(map_gsi(DOMID_SELF, 3, &(int){ 50 }), -EEXIST);
	assert_int_equal(map_gsi(DOMID_SELF, 6, &pirq), -EEXIST);

	assert_int_equal(physdev(PHYSDEVOP_get_free_pirq, &f), 0);
	assert_true(f.pirq >= PINS);
	assert_int_equal(bind_pirq(f.pirq, true, &(uint32_t){ 0 }), -EPERM);
	pirq = (int)f.pirq;
	assert_int_equal(map_gsi(DOMID_SELF, 6, &pirq), 0);
	assert_int_equal(unmap(DOMID_SELF, pirq), 0);
	assert_int_equal(physdev(PHYSDEVOP_get_free_pirq, &f), 0);
	assert_int_equal(unmap(DOMID_SELF, (int)f.pirq), 0);

	pirq = 16;
	assert_int_equal(map_gsi(DOMID_SELF, 16, &pirq), 0);
	assert_int_equal(
		ctl_call(hc_physdev_op_compat, (uintptr_t)&compat, 0, 0), 0);
	assert_int_equal(compat.u.irq_status_query.flags, XENIRQSTAT_needs_eoi);
	compat.cmd = PHYSDEVOP_IRQ_UNMASK_NOTIFY;
	assert_int_equal(
		ctl_call(hc_physdev_op_compat, (uintptr_t)&compat, 0, 0), 0);
	compat.cmd = 99;
	assert_int_equal(
		ctl_call(hc_physdev_op_compat, (uintptr_t)&compat, 0, 0),
		-ENOSYS);

	/* Others than dom0. */
	ctl_play(1);
	assert_int_equal(map_gsi(DOMID_SELF, 3, &(int){ -1 }), -EPERM);
	assert_int_equal(unmap(DOMID_SELF, 3), -EPERM);
	assert_int_equal(eoi(3), -EINVAL);
	assert_int_equal(bind_pirq(3, true, &(uint32_t){ 0 }), -EPERM);
	ctl_play(0);
	irq_rig_stop();
}

static void no_memory(void **state)
{
	uint32_t port = 0;
	int pirq = 16;
	long r = -ENOMEM;

	(void)state;
	irq_rig_start(1);
	for (unsigned n = 0; r == -ENOMEM; n++) {
		fake_fail_alloc_after(n);
		r = map_gsi(DOMID_SELF, 16, &pirq);
		if (!r)
			r = bind_pirq(16, true, &port);
	}
	fake_fail_alloc_after(~0ULL);
	assert_int_equal(r, 0);
	assert_int_equal(close_port(port), 0);
	irq_rig_stop();
}

static void rights(void **state)
{
	struct domain *d;

	(void)state;
	irq_rig_start(1);
	d = dom[1];
	acpi.pm_timer = 0x608;
	acpi.lapic_base = 0xfee00000;
	assert_int_equal(machine_rights_dom0(d), 0);
	assert_true(rangeset_contains(d->irqs, 1, PINS - 1));
	assert_false(rangeset_overlaps(d->irqs, 0, 0));
	assert_false(rangeset_overlaps(d->irqs, PINS, ~0ULL));
	assert_true(rangeset_contains(d->ioports, 0x3f8, 0x3ff));
	assert_true(rangeset_contains(d->ioports, 0x60, 0x64));
	assert_false(rangeset_overlaps(d->ioports, 0x20, 0x21));
	assert_false(rangeset_overlaps(d->ioports, 0xa0, 0xa1));
	assert_false(rangeset_overlaps(d->ioports, 0x40, 0x43));
	assert_false(rangeset_overlaps(d->ioports, 0x608, 0x60b));
	assert_false(rangeset_overlaps(d->ioports, 0xcf8, 0xcff));
	assert_true(rangeset_contains(d->iomem, 0xa0, 0xbf));
	assert_false(rangeset_overlaps(d->iomem, 0xfec00, 0xfec00));
	assert_false(rangeset_overlaps(d->iomem, 0xfee00, 0xfeeff));
	assert_false(rangeset_overlaps(d->iomem, 1ULL << 28, ~0ULL));
	irq_rig_stop();
}

static uint64_t dice_state;

static unsigned dice(unsigned n)
{
	dice_state = dice_state * 6364136223846793005ULL + 1442695040888963407;
	return (unsigned)(dice_state >> 33) % n;
}

static bool device_must_stop;

static void device(void *arg)
{
	(void)arg;
	for (unsigned n = 0; !device_must_stop; n++) {
		uint64_t flags = arch_irq_save();

		/* Also what was on its way while the pin was masked. */
		if (n % 4 == 0 && irq_line_of_gsi(16)->vector)
			entry_interrupt(irq_line_of_gsi(16)->vector);
		else if (!rig_is_masked(16))
			entry_interrupt(rig_rte(16) & 0xff);
		arch_irq_restore(flags);
		arch_relax();
	}
}

static void guest(void *arg)
{
	(void)arg;
	for (unsigned n = 0; n < 20; n++) {
		int pirq = 16;
		uint32_t port = 0;

		BUG_ON(pirq_map_gsi(dom[0], 16, &pirq));
		BUG_ON(event_bind_pirq(dom[0], 16, 1, &port));
		for (unsigned i = 0; i < n % 5; i++)
			BUG_ON(pirq_eoi(dom[0], 16));
		pirq_set_vcpu(dom[0], 16, dom[0]->vcpu[n % 2]);
		if (n % 3)
			BUG_ON(event_close(dom[0], port));
		BUG_ON(pirq_unmap(dom[0], 16));
		if (n % 3 == 0)
			BUG_ON(event_close(dom[0], port));
	}
	device_must_stop = true;
}

static void races(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 30; seed++) {
		irq_rig_start(2);
		dice_state = seed;
		device_must_stop = false;
		fake_enter(NULL, 0);
		fake_spawn(0, device, NULL);
		fake_spawn(1, guest, NULL);
		fake_run(dice);
		ctl_play(0);
		assert_true(rig_is_masked(16));
		irq_rig_stop();
	}
}

/* A domain goes with everything bound. */
static void teardown(void **state)
{
	struct physdev_pirq_eoi_gmfn map;
	unsigned long references;
	struct page *pg;
	uint32_t port;
	int pirq = 17;

	(void)state;
	irq_rig_start(1);
	assert_int_equal(map_gsi(1, 17, &pirq), 0);
	ctl_play(1);
	assert_int_equal(bind_pirq(17, true, &port), 0);
	assert_int_equal(page_alloc_domain(dom[1], 0, 0, &pg), 0);
	references = pg->ref;
	map.gmfn = page_to_mfn(pg).v;
	assert_int_equal(physdev(PHYSDEVOP_pirq_eoi_gmfn_v2, &map), 0);
	assert_int_not_equal(pg->ref, references);
	assert_true(rig_pin(17));
	ctl_play(0);
	assert_int_equal(event_close_all(dom[1]), 0);
	irq_domain_free(dom[1]);
	assert_int_equal(pg->ref, references);
	assert_true(rig_is_masked(17));
	assert_int_equal(irq_line_of_gsi(17)->guest_count, 0);
	assert_int_equal(irq_domain_init(dom[1]), 0);
	irq_rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_masked),
		cmocka_unit_test(edge),
		cmocka_unit_test(level),
		cmocka_unit_test(eoi_map),
		cmocka_unit_test(shared),
		cmocka_unit_test(follows_its_vcpu),
		cmocka_unit_test(our_own),
		cmocka_unit_test(setup),
		cmocka_unit_test(entries),
		cmocka_unit_test(mmcfg),
		cmocka_unit_test(refusals),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(rights),
		cmocka_unit_test(races),
		cmocka_unit_test(teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
