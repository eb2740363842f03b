/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: what must never be in an entry, in a root or behind a pin is
 * refused, by whatever hypercall it comes, and what was there stays.
 */
#include "guest.h"

static uint64_t mfn_a, l1, l2, l4, root_mfn;

static void stays(const char *name, long got, const void *va, uint64_t entry)
{
	expect_true(name, got < 0);
	expect("and the entry stays", *pte_of(va, 1) & 0x000ffffffffff003,
		entry & 0x000ffffffffff003);
}

static void leaf_entries(void)
{
	uint64_t good = mfn_a << 12 | 7;

	expect_error("read-only", map(page_a, mfn_a << 12 | 5), 0);
	TRY("movq %0, (%1)", ::"r"(1UL), "r"(page_a) : "memory");
	expect("a write to it: #PF", last_trap.vector, 14);
	expect("error: present, a write, the kernel's", last_trap.error, 3);
	expect_error("writable again", map(page_a, good), 0);
	stays("the root, writable: refused", mmu_update(l1, root_mfn << 12 | 7),
		page_a, good);
	stays("an L1 table, writable: refused",
		mmu_update(l1, (l1 & ~0xfffULL) | 7), page_a, good);
	stays("frame 0x10, which is not ours: refused",
		mmu_update(l1, 0x10ULL << 12 | 7), page_a, good);
	stays("the first 2 MiB of the image: refused",
		mmu_update(l1, 0x200ULL << 12 | 5), page_a, good);
	stays("a frame beyond memory: refused",
		mmu_update(l1, 0x7ffffffffULL << 12 | 7), page_a, good);
	stays("the local APIC: refused", mmu_update(l1, 0xfee00ULL << 12 | 7),
		page_a, good);
	stays("by update_va_mapping: refused", map(page_a, root_mfn << 12 | 7),
		page_a, good);
	stays("a reserved address bit: refused",
		mmu_update(l1, good | 1ULL << 51), page_a, good);
	stays("an entry at an odd address: refused", mmu_update(l1 + 4, good),
		page_a, good);
}

static void upper_entries(void)
{
	expect_true("an L2 entry to a data page: refused",
		mmu_update(l2, mfn_a << 12 | 7) < 0);
	expect_true(
		"a superpage: refused", mmu_update(l2, mfn_a << 12 | 0x87) < 0);
	expect_true("an L4 entry to an L1 table: refused",
		mmu_update(l4, (l1 & ~0xfffULL) | 7) < 0);
	expect_true("the root below itself, writable: refused",
		mmu_update(root_mfn << 12, root_mfn << 12 | 7) < 0);
	for (unsigned slot = 256; slot < 272; slot += 5)
		expect_true("a slot of the hypervisor: refused",
			mmu_update((root_mfn << 12) + slot * 8, 0) < 0);
	expect_error("an entry in a data page: it is data",
		mmu_update(mfn_a << 12, 0x1234567 & ~3ULL), 0);
	expect("and was written", *(uint64_t *)page_a, 0x1234564);
}

static long ext(unsigned cmd, uint64_t mfn)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.mfn = mfn;
	return HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF);
}

static void roots_and_pins(void)
{
	for (unsigned cmd = MMUEXT_PIN_L1_TABLE; cmd <= MMUEXT_PIN_L4_TABLE;
		cmd++)
		expect_true("pinning a page that is mapped writable: refused",
			ext(cmd, mfn_a) < 0);
	expect_true("pinning the root as an L3 table: refused",
		ext(MMUEXT_PIN_L3_TABLE, root_mfn) < 0);
	expect_true("unpinning what is not pinned: refused",
		ext(MMUEXT_UNPIN_TABLE, mfn_a) < 0);
	expect_true("a data page as root: refused",
		ext(MMUEXT_NEW_BASEPTR, mfn_a) < 0);
	expect_true("a data page as the user's root: refused",
		ext(MMUEXT_NEW_USER_BASEPTR, mfn_a) < 0);
	expect_true("an L1 table as root: refused",
		ext(MMUEXT_NEW_BASEPTR, l1 >> 12) < 0);
	expect_true("clearing the root: refused",
		ext(MMUEXT_CLEAR_PAGE, root_mfn) < 0);
	expect_true("clearing a frame that is not ours: refused",
		ext(MMUEXT_CLEAR_PAGE, 0x200) < 0);
	expect_error(
		"the root again: fine", ext(MMUEXT_NEW_BASEPTR, root_mfn), 0);
	expect_error("clearing a page of data: fine",
		ext(MMUEXT_CLEAR_PAGE, mfn_a), 0);
	expect("and it is clear", *(uint64_t *)page_a, 0);
}

static void of_others(void)
{
	struct mmu_update u = { l1, virt_to_mfn(page_b) << 12 | 7 };

	expect_true("updates for domain 77: refused",
		HC4(__HYPERVISOR_mmu_update, &u, 1, 0, 77) < 0);
	if (is_dom0)
		return;
	expect_true("updates with frames of dom0: refused",
		HC4(__HYPERVISOR_mmu_update, &u, 1, 0, 0) < 0);
	expect_true("updates with frames of devices: refused",
		HC4(__HYPERVISOR_mmu_update, &u, 1, 0, DOMID_IO) < 0);
	expect_true("a mapping in dom0: refused",
		HC4(__HYPERVISOR_update_va_mapping_otherdomain, page_a,
			mfn_a << 12 | 7, 0, 0) < 0);
}

void guest_tests(void)
{
	mfn_a = virt_to_mfn(page_a);
	l1 = pte_address((uint64_t)page_a, 1);
	l2 = pte_address((uint64_t)page_a, 2);
	l4 = pte_address((uint64_t)page_a, 4);
	root_mfn = virt_to_mfn((void *)start_info->pt_base);
	leaf_entries();
	upper_entries();
	roots_and_pins();
	of_others();
}
