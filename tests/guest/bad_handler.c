/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile: handlers that are none. "none" has no table of traps at all;
 * "loop" has a page fault handler at an address that faults, so each fault
 * brings the next until the stack's end; "tables" lets the stack grow down
 * into page tables.
 */
#include "guest.h"

void guest_tests(void)
{
	static struct trap_info loop[] = { { 14, 0, FLAT_KERNEL_CS, 0x9000 },
		{ 13, 0, FLAT_KERNEL_CS, 0x9000 }, { 0, 0, 0, 0 } };

	print("ok about to trap\n");
	if (has_word("none")) {
		HC1(__HYPERVISOR_set_trap_table, 0);
		__asm__ volatile("ud2");
	}
	HC1(__HYPERVISOR_set_trap_table, loop);
	if (has_word("tables"))
		__asm__ volatile("movq %0, %%rsp" ::"r"(
			start_info->pt_base + start_info->nr_pt_frames * 4096 +
			4096));
	__asm__ volatile("movq (%0), %0" ::"r"(0x1000UL));
}
