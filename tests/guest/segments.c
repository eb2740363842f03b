/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables: frames in them cannot be written any more, what they
 * describe runs in ring 3 whatever they say, and gates are not for guests.
 */
#include "guest.h"

#define DATA	0x00cff2000000ffffULL /* ring 3, 4 GiB */
#define DATA_R0 0x00cf92000000ffffULL /* asks for ring 0 */
#define GATE	0x00008e0000080000ULL /* an interrupt gate */
#define CALL_64 0x0000ec0000080000ULL /* a call gate for ring 3 */
#define LDT_D	0x0000820000000067ULL /* a table of descriptors */

static uint64_t table[512] __attribute__((aligned(4096)));
static uint64_t ldt[512] __attribute__((aligned(4096)));

static void gdt(void)
{
	uint64_t mfn = virt_to_mfn(table), entry = mfn << 12;
	uint64_t frames[14] = { mfn };
	uint64_t selector;

	table[4] = DATA;
	table[5] = DATA_R0;
	table[6] = GATE;
	expect_true("a table that is writable: refused",
		HC2(__HYPERVISOR_set_gdt, frames, 512) < 0);
	expect_error("read-only", map(table, entry | 5), 0);
	expect_true("with a gate in it: refused",
		HC2(__HYPERVISOR_set_gdt, frames, 512) < 0);
	map(table, entry | 7);
	table[6] = 0;
	map(table, entry | 5);
	expect_error(
		"without: fine", HC2(__HYPERVISOR_set_gdt, frames, 512), 0);
	expect_true("now it cannot become writable", map(table, entry | 7) < 0);
	expect("what asked for ring 0 is in ring 3", table[5] >> 45 & 3, 3);
	TRY("movl %1, %%fs; movl %%fs, %k0",
		: "=&r"(selector)
		: "r"(4 * 8 | 3));
	expect("a selector of ours loads", last_trap.vector, TRAP_NONE);
	expect("and is there", selector & 0xffff, 4 * 8 | 3);
	TRY("movl %0, %%fs", ::"r"(100 * 8 | 3));
	expect("an empty one: #GP or #NP",
		last_trap.vector == 13 || last_trap.vector == 11, 1);
	TRY("movl %0, %%fs", ::"r"(3000 * 8 | 3));
	expect("one beyond the table: #GP", last_trap.vector, 13);
	expect("its error code", last_trap.error, 3000 * 8);
	expect_error("a new descriptor",
		HC2(__HYPERVISOR_update_descriptor, entry + 7 * 8, DATA), 0);
	TRY("movl %0, %%fs", ::"r"(7 * 8 | 3));
	expect("loads at once", last_trap.vector, TRAP_NONE);
	expect_true("a gate: refused",
		HC2(__HYPERVISOR_update_descriptor, entry + 8 * 8, GATE) < 0);
	expect_true("a call gate: refused",
		HC2(__HYPERVISOR_update_descriptor, entry + 8 * 8, CALL_64) <
			0);
	expect_true("a table of tables: refused",
		HC2(__HYPERVISOR_update_descriptor, entry + 8 * 8, LDT_D) < 0);
	expect_true("between two descriptors: refused",
		HC2(__HYPERVISOR_update_descriptor, entry + 8 * 8 + 3, DATA) <
			0);
	expect("it stayed empty", table[8], 0);
	__asm__ volatile("movl %0, %%fs" ::"r"(0));
	expect_error("no table at all", HC2(__HYPERVISOR_set_gdt, 0, 0), 0);
	TRY("movl %0, %%fs", ::"r"(4 * 8 | 3));
	expect("its selectors are gone", last_trap.vector, 13);
	expect_error("writable again", map(table, entry | 7), 0);
}

static void ldt_on_demand(void)
{
	struct mmuext_op op = { .cmd = MMUEXT_SET_LDT };
	uint64_t entry = virt_to_mfn(ldt) << 12;

	ldt[3] = DATA;
	map(ldt, entry | 5);
	op.arg1.linear_addr = (uint64_t)ldt;
	op.arg2.nr_ents = 512;
	expect_error("a local table",
		HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
	TRY("movl %0, %%fs", ::"r"(3 * 8 | 7));
	expect("its selector loads", last_trap.vector, TRAP_NONE);
	expect_true(
		"and the frame is not to be written", map(ldt, entry | 7) < 0);
	TRY("movl %0, %%fs", ::"r"(600 * 8 | 7));
	expect("beyond its end: #GP", last_trap.vector, 13);
	__asm__ volatile("movl %0, %%fs" ::"r"(0));
	op.arg1.linear_addr = (uint64_t)ldt + 8;
	expect_true("not on a page: refused",
		HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF) < 0);
	op.arg1.linear_addr = 0xffff830000000000;
	expect_true("in the hypervisor: refused",
		HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF) < 0);
	op.arg1.linear_addr = 0x5000;
	op.arg2.nr_ents = 8;
	expect_error("where nothing is: not looked at yet",
		HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF), 0);
	TRY("movl %0, %%fs", ::"r"(3 * 8 | 7));
	expect("a selector of it: #GP", last_trap.vector, 13);
	op.arg2.nr_ents = 0;
	HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF);
	expect_error("writable again", map(ldt, entry | 7), 0);
}

static void bases(void)
{
	uint64_t v;

	page_a[8] = 0x42;
	expect_error("a base for fs",
		HC2(__HYPERVISOR_set_segment_base, SEGBASE_FS, page_a), 0);
	__asm__ volatile("movzbq %%fs:8, %0" : "=r"(v));
	expect("is used", v, 0x42);
	expect_true("a base that is no address: refused",
		HC2(__HYPERVISOR_set_segment_base, SEGBASE_FS, 1UL << 63) < 0);
	yield();
	__asm__ volatile("movzbq %%fs:8, %0" : "=r"(v));
	expect("it is still there", v, 0x42);
}

void guest_tests(void)
{
	gdt();
	ldt_on_demand();
	bases();
}
