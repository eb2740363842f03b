/* SPDX-License-Identifier: BSD-2-Clause */
/* MSRs of a PV guest: denied unless listed.  Numbers: SDM vol. 4. */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/page.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>

#define MSR_TSC		   0x10
#define MSR_APIC_BASE	   0x1b
#define APIC_BASE_X2APIC   (1ULL << 10)
#define MSR_UCODE_REV	   0x8b
#define MSR_MCG_CAP	   0x179
#define MSR_MISC_ENABLE	   0x1a0
#define MSR_PAT		   0x277
#define MSR_EFER	   0xc0000080
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103
#define MSR_AMD_HWCR	   0xc0010015

/* As CPUID leaf 0x40000002 tells. */
#define MSR_HYPERCALL_PAGE 0x40000000

#define EFER_SEEN	   0xd01ULL /* SCE LME LMA NX */

/* WB WT UC- UC WC WP UC UC (PAT of every CPU). */
#define PAT_VALUE 0x050100070406ULL

int pv_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case MSR_FS_BASE:
		*value = arch_get_segment_base(v, 0);
		return 0;
	case MSR_GS_BASE:
		*value = arch_get_segment_base(v, 2);
		return 0;
	case MSR_KERNEL_GS_BASE:
		*value = arch_get_segment_base(v, 1);
		return 0;
	case MSR_TSC_AUX:
		*value = v->arch.tsc_aux;
		return 0;
	case MSR_EFER:
		return arch_rdmsr(msr, value) ? -EPERM
					      : (*value &= EFER_SEEN, 0);
	case MSR_PAT:
		*value = PAT_VALUE;
		return 0;
	case MSR_MCG_CAP:
	case MSR_AMD_HWCR:
		*value = 0;
		return 0;
	case MSR_APIC_BASE:
		if (!v->domain->is_hardware)
			return -EPERM;
		if (arch_rdmsr(msr, value))
			return -EPERM;
		/* x2APIC mode is not shown: there is no such feature there. */
		*value &= ~APIC_BASE_X2APIC;
		return 0;
	case MSR_TSC:
		*value = tsc_read(v->domain);
		return 0;
	case MSR_UCODE_REV:
	case MSR_MISC_ENABLE:
		return arch_rdmsr(msr, value);
	default:
		return -EPERM;
	}
}

/* The page is one of the guest's own, writable now; bits 11..0 number the
 * pages, of which there is one. */
static int place_hypercall_page(struct vcpu *v, uint64_t value)
{
	mfn_t m = MFN(value >> PAGE_SHIFT);

	if (value & ~PAGE_MASK || !mfn_valid(m) ||
		!page_get_and_type(mfn_to_page(m), v->domain, PT_WRITABLE))
		return -EPERM;
	pv_fill_hypercall_page(mfn_to_virt(m));
	page_put_and_type(mfn_to_page(m));
	return 0;
}

int pv_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	uint64_t old;

	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		if (!is_canonical(value))
			return -EPERM;
		arch_set_segment_base(v,
			msr == MSR_FS_BASE   ? 0
			: msr == MSR_GS_BASE ? 2
					     : 1,
			value);
		return 0;
	case MSR_TSC_AUX:
		if (value >> 32)
			return -EPERM;
		arch_set_tsc_aux(v, (uint32_t)value);
		return 0;
	case MSR_EFER:
		/* Nothing of it changes; writing what is there is fine. */
		if (arch_rdmsr(msr, &old) || ((old ^ value) & EFER_SEEN))
			return -EPERM;
		return 0;
	case MSR_PAT:
		return value == PAT_VALUE ? 0 : -EPERM;
	case MSR_HYPERCALL_PAGE:
		return place_hypercall_page(v, value);
	case MSR_UCODE_REV:
		/* Written with 0 before CPUID loads the revision. */
		return value == 0 ? 0 : -EPERM;
	default:
		return -EPERM;
	}
}
