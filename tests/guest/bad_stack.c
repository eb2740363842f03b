/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile: a trap of a kernel whose stack is garbage. There is nowhere to tell
 * it, so the domain crashes; "hypervisor", "nowhere", "wild" and "readonly" on
 * the command line say what the stack is.
 */
#include "guest.h"

void guest_tests(void)
{
	uint64_t rsp = 0x8000000000000000;

	if (has_word("hypervisor"))
		rsp = 0xffff830000100000;
	else if (has_word("nowhere"))
		rsp = 0x7000;
	else if (has_word("readonly"))
		rsp = start_info->pt_base + 2048;
	print("ok about to trap\n");
	__asm__ volatile("movq %0, %%rsp; ud2" ::"r"(rsp));
}
