/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fake machine has beside memory and CPUs. */
#include <tenon/arch.h>

mfn_t arch_m2p_frame(unsigned chunk)
{
	return MFN(512ULL * (chunk + 1));
}

size_t arch_xsave_area(struct vcpu *v, void **area)
{
	(void)v;
	(void)area;
	return 0;
}
