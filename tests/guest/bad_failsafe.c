/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile: a return that faults, with a failsafe callback that faults, so that
 * each tells of the other for ever, or until the stack is at its end.
 */
#include "guest.h"

void guest_tests(void)
{
	struct user_frame f = { 0x1000, 0x1233, 0x202, 0x2000, FLAT_USER_SS };

	share_root();
	print("ok about to fail\n");
	HC3(__HYPERVISOR_set_callbacks, 0x9000, 0x9000, 0x9000);
	run_frame(&f);
}
