/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A good guest: says "beat N" ten times a second, for as long as it is let.
 * Beside hostile ones it shows whether they disturb it.
 */
#include "guest.h"

void guest_tests(void)
{
	uint64_t next = system_time();

	for (uint64_t n = 1;; n++) {
		print("beat ");
		print_number(n);
		print("\n");
		next += 100000000;
		while (system_time() < next)
			sleep_ns(next - system_time());
	}
}
