/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile: iret without a frame ("nowhere", "hypervisor"), or to user mode
 * without a page table for it. The domain crashes.
 */
#include "guest.h"

void guest_tests(void)
{
	struct user_frame f = { 0x1000, FLAT_USER_CS, 0x202, 0x2000,
		FLAT_USER_SS };
	uint64_t rsp = has_word("hypervisor") ? 0xffff830000100000 : 0x7000;

	print("ok about to iret\n");
	if (has_word("nowhere") || has_word("hypervisor"))
		__asm__ volatile(
			"movq %0, %%rsp; movl $23, %%eax; syscall" ::"r"(rsp));
	run_frame(&f);
}
