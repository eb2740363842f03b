/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that lives and does nothing: of such the benchmarks start many. */
#include "guest.h"

#define DAY_NS 86400000000000ULL

void guest_tests(void)
{
	for (;;)
		sleep_ns(DAY_NS);
}
