/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fake machine says of its CPU and of its machine-to-physical table.
 */
#include <tenon/arch.h>

/* The same for all that see them: a 64-bit CPU with little else. */
static const uint32_t words[] = {
	0x078bfbff, /* 1.edx */
	0x80202001, /* 1.ecx */
	0x20100800, /* 80000001.edx */
	0x00000001, /* 80000001.ecx */
};

unsigned arch_featureset(unsigned which, uint32_t *out, unsigned n)
{
	if (which > 5)
		return 0;
	for (unsigned i = 0; out && i < n && i < ARRAY_SIZE(words); i++)
		out[i] = words[i];
	return ARRAY_SIZE(words);
}

mfn_t arch_m2p_frame(unsigned chunk)
{
	return MFN(512ULL * (chunk + 1));
}
