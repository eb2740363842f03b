/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID as a PV kernel sees it by the forced form.  User code runs the real
 * instruction, so nothing is hidden that it could use all the same; hidden is
 * what a kernel would try to control and cannot.  Bits: SDM vol. 2A, CPUID;
 * APM vol. 3, appendix E.
 */
#include <tenon/arch.h>
#include <tenon/domain.h>
#include <tenon/pv.h>
#include <tenon/string.h>
#include <public/arch-x86/cpuid.h>

#define BIT(n) (1U << (n))

/* Leaf 1 EDX, and the copy of it in 0x80000001 EDX. */
#define HIDE_1D                                                              \
	(BIT(1) /* VME */ | BIT(3) /* PSE */ | BIT(7) /* MCE */ |            \
		BIT(11) /* SEP */ | BIT(12) /* MTRR */ | BIT(13) /* PGE */ | \
		BIT(14) /* MCA */ | BIT(17) /* PSE36 */ | BIT(21) /* DS */ | \
		BIT(22) /* ACPI */ | BIT(28) /* HTT */ | BIT(29) /* TM */ |  \
		BIT(31) /* PBE */)
/* Leaf 1 ECX: DTES64 MONITOR DSCPL VMX SMX EST TM2 xTPR PDCM PCID DCA
 * x2APIC TSC-deadline OSXSAVE. */
#define HIDE_1C                                                             \
	(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) |     \
		BIT(14) | BIT(15) | BIT(17) | BIT(18) | BIT(21) | BIT(24) | \
		BIT(27))
/* Leaf 7 EBX: TSC_ADJUST SGX SMEP INVPCID PQM MPX PQE SMAP PT. */
#define HIDE_7B                                                             \
	(BIT(1) | BIT(2) | BIT(7) | BIT(10) | BIT(12) | BIT(14) | BIT(15) | \
		BIT(20) | BIT(25))
/* Leaf 7 ECX: UMIP PKU OSPKE WAITPKG SHSTK LA57 ENQCMD SGX_LC PKS. */
#define HIDE_7C                                                           \
	(BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(7) | BIT(16) | BIT(29) | \
		BIT(30) | BIT(31))
/* Leaf 7 EDX: IBT and the speculation controls. */
#define HIDE_7D \
	(BIT(20) | BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(30) | BIT(31))
/* 0x80000001 ECX: SVM EXTAPIC OSVW IBS SKINIT WDT LWP NODEID TOPOEXT
 * performance counters, MONITORX. */
#define HIDE_E1C                                                            \
	(BIT(2) | BIT(3) | BIT(9) | BIT(10) | BIT(12) | BIT(13) | BIT(15) | \
		BIT(19) | BIT(22) | BIT(23) | BIT(24) | BIT(26) | BIT(27) | \
		BIT(28) | BIT(29))
/* 0x80000001 EDX: SYSCALL and NX stay; 1 GiB pages do not. */
#define HIDE_E1D ((HIDE_1D & 0x0183f3ffU & ~BIT(11)) | BIT(26))

/* What is of no use without XSAVE: it and FMA, AVX, F16C in leaf 1, AVX2 in
 * leaf 7, XOP and FMA4 in 0x80000001. */
#define XSAVE_1C    (BIT(12) | BIT(26) | BIT(28) | BIT(29))
#define XSAVE_7B    BIT(5)
#define XSAVE_E1C   (BIT(11) | BIT(16))

#define CR4_OSXSAVE (1UL << 18)

/* 0x40000003, by public/arch-x86/cpuid.h. */
static void tsc_leaf(const struct domain *d, uint32_t sub, uint32_t r[4])
{
	uint64_t stamp, ns;
	uint32_t khz, mul;
	int8_t shift;

	switch (sub) {
	case 0:
		tsc_get(d, &r[1], &ns, &khz, &r[3]);
		r[0] = d->arch.tsc.is_emulated | BIT(2) /* RDTSCP */;
		r[2] = khz;
		break;
	case 1:
		arch_time_params(&stamp, &ns, &mul, &shift);
		if (d->arch.tsc.is_emulated) {
			stamp = d->arch.tsc.zero_ns;
			mul = d->arch.tsc.scale.mul;
			shift = d->arch.tsc.scale.shift;
		}
		r[0] = (uint32_t)stamp;
		r[1] = (uint32_t)(stamp >> 32);
		r[2] = mul;
		r[3] = (uint32_t)shift;
		break;
	case 2:
		r[0] = (uint32_t)arch_cpu_khz();
		break;
	default:
		break;
	}
}

static void hypervisor_leaf(
	const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	memset(r, 0, 16);
	switch (leaf) {
	case 0x40000000:
		r[0] = 0x40000005;
		r[1] = XEN_CPUID_SIGNATURE_EBX;
		r[2] = XEN_CPUID_SIGNATURE_ECX;
		r[3] = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 0x40000001:
		r[0] = 4 << 16 | 17;
		break;
	case 0x40000002:
		r[0] = 1; /* one hypercall page, by MSR 0x40000000 */
		r[1] = 0x40000000;
		r[2] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 0x40000003:
		tsc_leaf(v->domain, sub, r);
		break;
	case 0x40000005:
		r[1] = 52; /* machine address width that a guest may see */
		break;
	default:
		break;
	}
}

static void xstate_leaf(const struct vcpu *v, uint32_t sub, uint32_t r[4])
{
	uint64_t mask = arch_xcr0_mask();

	(void)v;
	if (mask == 0) {
		memset(r, 0, 16);
	} else if (sub == 0) {
		r[0] = (uint32_t)mask;
		r[3] = (uint32_t)(mask >> 32);
	} else if (sub == 1) {
		r[0] &= 7; /* XSAVEOPT, XSAVEC, XGETBV with ECX 1 */
		r[1] = r[2] = r[3] = 0;
	} else if (sub > 62 || !(mask >> sub & 1)) {
		memset(r, 0, 16);
	}
}

static void extended_leaf(const struct vcpu *v, uint32_t leaf, uint32_t r[4])
{
	(void)v;
	switch (leaf) {
	case 0x80000000:
		r[0] = MIN(r[0], 0x8000001cU); /* as far as the tools know */
		break;
	case 0x80000001:
		r[2] &= ~HIDE_E1C;
		r[3] &= ~HIDE_E1D;
		break;
	case 0x80000007:
		r[0] = r[1] = r[2] = 0;
		r[3] &= BIT(8); /* invariant TSC: an emulated one is, too */
		break;
	case 0x80000008:
		r[1] &= BIT(0) | BIT(2); /* CLZERO, XSaveErPtr */
		r[2] = 0;
		break;
	case 0x8000000a ... 0x80000018:
	case 0x8000001b ... 0xffffffff:
		memset(r, 0, 16);
		break;
	default:
		break;
	}
}

/* XSAVE is left alone on some CPUs that have it. */
static void hide_xsave(uint32_t leaf, uint32_t r[4])
{
	if (leaf == 1)
		r[2] &= ~XSAVE_1C;
	else if (leaf == 7)
		r[1] &= ~XSAVE_7B;
	else if (leaf == 0x80000001)
		r[2] &= ~XSAVE_E1C;
}

/* What a vcpu can have on this machine. */
static void machine_leaf(
	const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	arch_cpuid(leaf, sub, r);
	if (!arch_xcr0_mask())
		hide_xsave(leaf, r);
	switch (leaf) {
	case 0:
		r[0] = MIN(r[0], 0xdU);
		break;
	case 1:
		/* Every vcpu is a package of its own. */
		r[1] = (r[1] & 0x0000ffff) | 1 << 16 | v->id * 2 << 24;
		r[2] = (r[2] & ~HIDE_1C) | BIT(31);
		if (v->arch.cr[4] & CR4_OSXSAVE)
			r[2] |= BIT(27);
		r[3] &= ~HIDE_1D;
		break;
	case 4:
		r[0] &= 0x3fff; /* caches are not shared */
		break;
	case 7:
		if (sub == 0) {
			r[0] = 0;
			r[1] &= ~HIDE_7B;
			r[2] &= ~HIDE_7C;
			r[3] &= ~HIDE_7D;
		} else {
			memset(r, 0, 16);
		}
		break;
	case 0xd:
		xstate_leaf(v, sub, r);
		break;
	case 5:
	case 6:
	case 9 ... 0xc:
		memset(r, 0, 16);
		break;
	default:
		if (leaf >= 0x80000000)
			extended_leaf(v, leaf, r);
		else if (leaf > 0xd)
			memset(r, 0, 16);
		break;
	}
}

void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	if (leaf >= 0x40000000 && leaf < 0x40000100) {
		hypervisor_leaf(v, leaf, sub, r);
		return;
	}
	machine_leaf(v, leaf, sub, r);
	if (v->domain->arch.cpuid_policy)
		pv_limit_cpuid(v, leaf, sub, r);
}
