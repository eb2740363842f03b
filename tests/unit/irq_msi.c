/* SPDX-License-Identifier: BSD-2-Clause */
/* Message-signalled interrupts, and what a guest may do to them by PCI
 * configuration space. */
#include "irq_rig.h"

#include <tenon/pte.h>

#define CF8(bdf, reg) (0x80000000U | (uint32_t)(bdf) << 8 | (reg))

static uint32_t table_word(unsigned entry, unsigned word)
{
	uint32_t v;

	memcpy(&v, &rig_bar[TABLE_OFFSET + 16 * entry + 4 * word], 4);
	return v;
}

static long map_msi(
	int type, uint16_t bdf, int entry, uint64_t table, int *pirq)
{
	struct physdev_map_pirq m = { .domid = DOMID_SELF,
		.type = type,
		.index = -1,
		.pirq = *pirq,
		.bus = bdf >> 8,
		.devfn = bdf & 0xff,
		.entry_nr = entry,
		.table_base = table };
	long r = physdev(PHYSDEVOP_map_pirq, &m);

	*pirq = m.pirq;
	return r;
}

static void one_message(void **state)
{
	uint32_t port, vector;
	int pirq = -1;

	(void)state;
	irq_rig_start(2);
	cpus[1]->apic_id = 6;
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSI_BDF, 0, 0, &pirq), 0);
	assert_true(pirq >= PINS);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSI_BDF, 0, 0, &(int){ -1 }),
		-EBUSY);
	/* Programmed, masked, not enabled. */
	vector = rig_get(0, MSI_AT + 12, 2);
	assert_true(vector >= IRQ_VECTOR_FIRST && vector <= IRQ_VECTOR_LAST);
	assert_int_equal(rig_get(0, MSI_AT + 4, 4), 0xfee00000);
	assert_int_equal(rig_get(0, MSI_AT + 8, 4), 0);
	assert_int_equal(rig_get(0, MSI_AT + 16, 4), 1);
	assert_int_equal(rig_get(0, MSI_AT + 2, 2), 0x0184);

	assert_int_equal(bind_pirq((uint32_t)pirq, false, &port), 0);
	assert_int_equal(rig_get(0, MSI_AT + 16, 4), 0);
	assert_int_equal(rig_get(0, MSI_AT + 2, 2), 0x0185);
	rig_message(0, vector);
	assert_true(rig_is_pending(0, port));
	assert_int_equal(fake_eois, 1);
	assert_int_equal(eoi((uint32_t)pirq), 0);
	dom[0]->vcpu[0]->processor = 1;
	rig_message(0, vector);
	assert_int_equal(rig_get(0, MSI_AT + 4, 4), 0xfee06000);
	dom[0]->vcpu[0]->processor = 0;

	/* The function forgets everything: a reset, then restore. */
	rig_put(0, MSI_AT + 2, 2, 0x0184);
	for (unsigned at = 4; at < 20; at += 4)
		rig_put(0, MSI_AT + at, 4, 0);
	assert_int_equal(physdev(PHYSDEVOP_restore_msi_ext,
				 &(struct physdev_pci_device){
					 .devfn = MSI_BDF & 0xff }),
		0);
	assert_int_equal(rig_get(0, MSI_AT + 4, 4), 0xfee06000);
	assert_int_equal(rig_get(0, MSI_AT + 12, 2), vector);
	assert_int_equal(rig_get(0, MSI_AT + 2, 2), 0x0185);

	assert_int_equal(close_port(port), 0);
	assert_int_equal(rig_get(0, MSI_AT + 16, 4), 1);
	assert_int_equal(unmap(DOMID_SELF, pirq), 0);
	assert_int_equal(rig_get(0, MSI_AT + 2, 2), 0x0184);
	assert_int_equal(bind_pirq((uint32_t)pirq, false, &port), -EPERM);
	irq_rig_stop();
}

static void block_of_messages(void **state)
{
	uint32_t port[4], vector;
	int pirq = -1;

	(void)state;
	irq_rig_start(1);
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MULTI_MSI, MSI_BDF, 8, 0, &pirq),
		-EINVAL);
	/* Three are wanted: four come. */
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MULTI_MSI, MSI_BDF, 3, 0, &pirq), 0);
	vector = rig_get(0, MSI_AT + 12, 2);
	assert_int_equal(vector % 4, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
			bind_pirq((uint32_t)pirq + i, false, &port[i]), 0);
	/* Four messages are enabled (log2 in bits 4..6), none masked. */
	assert_int_equal(rig_get(0, MSI_AT + 2, 2), 0x01a5);
	assert_int_equal(rig_get(0, MSI_AT + 16, 4), 0);
	for (unsigned i = 0; i < 4; i++) {
		rig_message(0, vector + i);
		for (unsigned j = 0; j < 4; j++)
			assert_int_equal(rig_is_pending(0, port[j]), i == j);
		rig_clear(0);
	}
	/* As a whole, by its first, bound or not. */
	assert_int_equal(unmap(DOMID_SELF, pirq + 1), -EINVAL);
	assert_int_equal(unmap(DOMID_SELF, pirq), 0);
	assert_int_equal(unmap(DOMID_SELF, pirq + 3), -EINVAL);
	rig_message(0, vector + 2);
	assert_false(rig_is_pending(0, port[2]));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(close_port(port[i]), 0);
	assert_int_equal(rig_get(0, MSI_AT + 2, 2) & 1, 0);
	irq_rig_stop();
}

static void table_entries(void **state)
{
	uint32_t port;
	int pirq[2] = { -1, -1 };

	(void)state;
	irq_rig_start(2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF,
					 (int)i * 9, BAR_BASE, &pirq[i]),
			0);
	assert_int_not_equal(pirq[0], pirq[1]);
	assert_int_equal(rig_maps, 1);
	assert_int_equal(table_word(9, 0), 0xfee00000);
	assert_int_equal(table_word(9, 1), 0);
	assert_int_equal(table_word(9, 3), 1);
	assert_int_equal(table_word(5, 3), 1);
	assert_int_equal(rig_get(1, MSIX_AT + 2, 2) & 0x8000, 0);
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, 9, BAR_BASE,
				 &(int){ -1 }),
		-EBUSY);
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, MSIX_ENTRIES,
				 BAR_BASE, &(int){ -1 }),
		-EINVAL);
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, -1, BAR_BASE,
				 &(int){ -1 }),
		-EINVAL);

	assert_int_equal(bind_pirq((uint32_t)pirq[1], false, &port), 0);
	assert_int_equal(table_word(9, 3), 0);
	assert_int_equal(table_word(0, 3), 1);
	assert_int_equal(
		rig_get(1, MSIX_AT + 2, 2), 0x8000 | (MSIX_ENTRIES - 1));
	rig_message(0, table_word(9, 2));
	assert_true(rig_is_pending(0, port));

	/* Memory decoding off: the table is not there and not touched. */
	rig_put(1, 4, 2, 0);
	assert_int_equal(close_port(port), 0);
	assert_int_equal(table_word(9, 3), 0);
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, 3, BAR_BASE,
				 &(int){ -1 }),
		-EINVAL);
	rig_put(1, 4, 2, 7);

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(unmap(DOMID_SELF, pirq[i]), 0);
	assert_int_equal(table_word(9, 3), 1);
	assert_int_equal(rig_get(1, MSIX_AT + 2, 2) & 0x8000, 0);
	irq_rig_stop();
}

static void bad_tables(void **state)
{
	int pirq = -1;

	(void)state;
	irq_rig_start(1);
	/* A BAR over RAM, one of ports, none at all and none told. */
	rig_put(1, 0x14, 4, 0x100000);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, 0, BAR_BASE, &pirq),
		-EINVAL);
	rig_put(1, MSIX_AT + 4, 4, 7);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, 0, 0x1000, &pirq),
		-EINVAL);
	/* A virtual function: what dom0 says counts. */
	rig_put(1, 0x14, 4, 0);
	rig_put(1, MSIX_AT + 4, 4, TABLE_OFFSET | 1);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, 0, BAR_BASE, &pirq),
		0);
	assert_int_equal(unmap(DOMID_SELF, pirq), 0);
	/* No such function, no such capability, no such segment. */
	pirq = -1;
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI, PCI_BDF(0, 8), 0, 0, &pirq),
		-ENODEV);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI, MSIX_BDF, 0, 0, &pirq), -EINVAL);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSI_BDF, 0, BAR_BASE, &pirq),
		-EINVAL);
	for (int n = -1; n <= 33; n += 17)
		assert_int_equal(
			map_msi(MAP_PIRQ_TYPE_MULTI_MSI, MSI_BDF, n, 0, &pirq),
			-EINVAL);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI, MSI_BDF, 0, 0, &(int){ 5 }), 0);
	irq_rig_stop();
}

/* A capability list that never ends. */
/* How dom0 maps a device's frame when it asks for a writable entry. */
static bool maps_writable(paddr_t pa)
{
	const uint64_t flags = PTE_PRESENT | PTE_USER | PTE_RW;
	uint64_t entry;

	assert_int_equal(pt_update_va(current, dom[0], FAKE_SPACE_VA, 0), 0);
	assert_int_equal(
		pt_update_va(current, domain_io, FAKE_SPACE_VA, pa | flags), 0);
	assert_true(pt_lookup(current, FAKE_SPACE_VA, &entry));
	assert_int_equal(pte_mfn(entry).v, pa >> PAGE_SHIFT);
	return entry & PTE_RW;
}

/* Plays a store of dom0's kernel there: true when it was taken and dropped. */
static bool is_dropped(const uint8_t *code, size_t n, uint8_t *page)
{
	struct cpu_user_regs *regs = arch_guest_regs();
	const uint64_t rip = FAKE_SPACE_VA + PAGE_SIZE;

	memcpy(page, code, n);
	current->arch.traps[14].address = 0x1400;
	regs->rsp = rip + PAGE_SIZE;
	regs->rip = rip;
	regs->error_code = PF_PRESENT | PF_WRITE;
	entry_page_fault(regs, FAKE_SPACE_VA);
	assert_true(regs->rip == rip + n || regs->rip == 0x1400);
	return regs->rip == rip + n;
}

static void readonly_tables(void **state)
{
	const uint8_t mov[] = { 0x89, 0x07 };  /* mov %eax, (%rdi) */
	const uint8_t xchg[] = { 0x87, 0x07 }; /* it wants a value, too */
	mfn_t frames[2 + FAKE_SPACE_TABLES];
	uint8_t *code;

	(void)state;
	irq_rig_start(1);
	acpi.hpet = 0xfed00000;
	assert_int_equal(fake_space(current, 2, frames), 0);
	code = mfn_to_virt(frames[1]);
	/* Nobody has told of the function. */
	assert_true(maps_writable(BAR_BASE));
	assert_int_equal(pci_add(0, MSIX_BDF), 0);
	/* The table lies in two pages, and other registers behind. */
	assert_false(maps_writable(BAR_BASE));
	assert_true(is_dropped(mov, sizeof(mov), code));
	assert_false(is_dropped(xchg, sizeof(xchg), code));
	assert_false(maps_writable(BAR_BASE + PAGE_SIZE));
	assert_true(maps_writable(BAR_BASE + 2 * PAGE_SIZE));
	assert_false(maps_writable(0xfed00000));
	assert_true(maps_writable(0xfed01000));
	/* dom0 moves the BAR, and looks how large it is. */
	pci_guest_write(CF8(MSIX_BDF, 0x14), 0, 4, ~0U);
	pci_guest_write(CF8(MSIX_BDF, 0x14), 0, 4, BAR_BASE + 0x100000);
	assert_true(maps_writable(BAR_BASE));
	assert_false(maps_writable(BAR_BASE + 0x100000));
	assert_int_equal(pci_remove(0, MSIX_BDF), 0);
	assert_true(maps_writable(BAR_BASE + 0x100000));
	assert_int_equal(pt_update_va(current, dom[0], FAKE_SPACE_VA, 0), 0);
	acpi.hpet = 0;
	irq_rig_stop();
}

static void looped_list(void **state)
{
	int pirq = -1;

	(void)state;
	irq_rig_start(1);
	rig_put(0, MSI_AT, 4, 0x00005009);
	assert_int_equal(
		map_msi(MAP_PIRQ_TYPE_MSI, MSI_BDF, 0, 0, &pirq), -EINVAL);
	irq_rig_stop();
}

/* Until no vector is left, and then again. */
static void exhausted(void **state)
{
	int pirq[MSIX_ENTRIES], first_count = 0;

	(void)state;
	irq_rig_start(1);
	for (unsigned round = 0; round < 2; round++) {
		int n = 0;
		long r = 0;

		while (!r && n < MSIX_ENTRIES) {
			pirq[n] = -1;
			r = map_msi(MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, n,
				BAR_BASE, &pirq[n]);
			n += !r;
		}
		assert_int_equal(r, -ENOSPC);
		assert_int_equal(
			map_msi(MAP_PIRQ_TYPE_MSI, MSI_BDF, 0, 0, &(int){ -1 }),
			-ENOSPC);
		if (round == 0)
			first_count = n;
		assert_int_equal(n, first_count);
		assert_int_equal(n, IRQ_VECTOR_LAST - IRQ_VECTOR_FIRST + 1 - 2);
		while (n--)
			assert_int_equal(unmap(DOMID_SELF, pirq[n]), 0);
	}
	irq_rig_stop();
}

static void no_memory(void **state)
{
	int pirq = -1;
	long r = -ENOMEM;

	(void)state;
	irq_rig_start(1);
	for (unsigned n = 0; r; n++) {
		assert_true(n < 50);
		fake_fail_alloc_after(n);
		r = map_msi(
			MAP_PIRQ_TYPE_MSI_SEG, MSIX_BDF, 1, BAR_BASE, &pirq);
	}
	r = -ENOMEM;
	for (unsigned n = 0; r; n++) {
		assert_true(n < 50);
		pirq = -1;
		fake_fail_alloc_after(n);
		r = map_msi(MAP_PIRQ_TYPE_MULTI_MSI, MSI_BDF, 4, 0, &pirq);
	}
	fake_fail_alloc_after(~0ULL);
	irq_rig_stop();
}

static void functions(void **state)
{
	struct physdev_pci_device_add add = { .devfn = MSI_BDF & 0xff };
	struct physdev_pci_device dev = { .devfn = MSI_BDF & 0xff };
	struct physdev_manage_pci old = { .devfn = MSIX_BDF & 0xff };
	int pirq = -1;

	(void)state;
	irq_rig_start(1);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), -ENODEV);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), 0);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), 0);
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI, MSI_BDF, 0, 0, &pirq), 0);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), -EBUSY);
	assert_int_equal(unmap(DOMID_SELF, pirq), 0);
	assert_int_equal(physdev(PHYSDEVOP_pci_device_remove, &dev), 0);
	assert_int_equal(physdev(PHYSDEVOP_restore_msi_ext, &dev), -ENODEV);
	add.seg = 1;
	assert_int_equal(physdev(PHYSDEVOP_pci_device_add, &add), -ENODEV);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add, &old), 0);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_remove, &old), 0);
	ctl_play(1);
	assert_int_equal(physdev(PHYSDEVOP_manage_pci_add, &old), -EPERM);
	ctl_play(0);
	irq_rig_stop();
}

/* A guest's accesses by the two ports. */
static void config_space(void **state)
{
	int pirq = -1;

	(void)state;
	irq_rig_start(1);
	assert_int_equal(pci_guest_read(CF8(MSI_BDF, 0), 0, 4), 0x12348086);
	assert_int_equal(pci_guest_read(CF8(MSI_BDF, 0), 2, 2), 0x1234);
	assert_int_equal(pci_guest_read(CF8(8, 0), 0, 4), ~0U);
	assert_int_equal(pci_guest_read(MSI_BDF << 8, 0, 2), 0xffff);
	assert_int_equal(pci_guest_read(CF8(MSI_BDF, 0), 3, 2), 0xffff);
	pci_guest_write(CF8(MSI_BDF, 0x3c), 0, 1, 11);
	assert_int_equal(rig_get(0, 0x3c, 1), 11);

	/* Where messages go is ours; whether they do is its. */
	assert_int_equal(map_msi(MAP_PIRQ_TYPE_MSI, MSI_BDF, 0, 0, &pirq), 0);
	for (unsigned at = 4; at < 20; at += 4) {
		uint32_t before = rig_get(0, MSI_AT + at, 4);

		pci_guest_write(CF8(MSI_BDF, MSI_AT + at), 0, 4, 0xdeadbeef);
		pci_guest_write(CF8(MSI_BDF, MSI_AT + at), 1, 1, 0x55);
		assert_int_equal(rig_get(0, MSI_AT + at, 4), before);
	}
	pci_guest_write(CF8(MSI_BDF, MSI_AT), 2, 2, 0x0185);
	assert_int_equal(rig_get(0, MSI_AT + 2, 2), 0x0185);
	pci_guest_write(CF8(MSI_BDF, MSI_AT + 20), 0, 4, 7);
	assert_int_equal(rig_get(0, MSI_AT + 20, 4), 7);
	irq_rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message),
		cmocka_unit_test(block_of_messages),
		cmocka_unit_test(table_entries),
		cmocka_unit_test(bad_tables),
		cmocka_unit_test(readonly_tables),
		cmocka_unit_test(looped_list),
		cmocka_unit_test(exhausted),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(functions),
		cmocka_unit_test(config_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
