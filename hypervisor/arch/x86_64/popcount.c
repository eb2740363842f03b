/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the compiler calls for __builtin_popcount on CPUs that may lack the
 * instruction: the image is linked without libgcc.
 */
#include <tenon/types.h>

int __popcountdi2(uint64_t value);

int __popcountdi2(uint64_t value)
{
	int count = 0;

	for (; value; value &= value - 1)
		count++;
	return count;
}
