/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fake machine has beside memory and CPUs. */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <arch/fake.h>

size_t fake_xsave_size;

mfn_t arch_m2p_frame(unsigned chunk)
{
	return MFN(512ULL * (chunk + 1));
}

size_t arch_xsave_area(struct vcpu *v, void **area)
{
	*area = v->arch.xsave;
	return fake_xsave_size;
}
