/* SPDX-License-Identifier: BSD-2-Clause */
/* What the CPU can do: CPUID, SDM vol. 2A. */
#include <tenon/arch.h>
#include <tenon/boot.h>
#include <tenon/console.h>
#include <tenon/page.h>
#include <tenon/string.h>
#include "x86.h"

extern const uint64_t smap_places_start[], smap_places_end[]; /* hv.lds */

struct cpu_features cpu_features;

static bool bit(uint32_t word, unsigned n)
{
	return word >> n & 1;
}

static void detect_xsave(void)
{
	uint32_t r[4];

	cpuid_count(0xd, 0, r);
	/* x87, SSE, AVX, AVX-512, PKRU: what has no kernel-only state. */
	cpu_features.xcr0_mask = (r[0] | (uint64_t)r[3] << 32) & 0x2e7;
	/* ECX: bytes for every component that the CPU knows. */
	cpu_features.xsave_size = r[2];
	cpuid_count(0xd, 1, r);
	cpu_features.has_xsaveopt = bit(r[0], 0);
	/* TCG takes leaf 0xd for the bit of leaf 1: where it is empty, setting
	 * OSXSAVE never ends. */
	if (cpu_features.is_tcg && !r[0])
		cpu_features.has_xsave = false;
}

static void detect_hypervisor(void)
{
	uint32_t r[4];
	char name[13];

	cpuid_count(0x40000000, 0, r);
	memcpy(name, &r[1], 12);
	name[12] = '\0';
	cpu_features.is_tcg = !strcmp(name, "TCGTCGTCGTCG");
}

void features_detect(void)
{
	struct cpu_features *f = &cpu_features;
	uint32_t r[4], extended_d;

	cpuid_count(0, 0, r);
	f->max_leaf = r[0];
	f->is_amd = r[1] == 0x68747541 || r[1] == 0x6f677948;
	cpuid_count(1, 0, r);
	f->has_x2apic = bit(r[2], 21);
	f->has_xsave = bit(r[2], 26);
	if (bit(r[2], 31))
		detect_hypervisor();
	if (f->max_leaf >= 7) {
		cpuid_count(7, 0, r);
		f->has_fsgsbase = bit(r[1], 0);
		f->has_tsc_adjust = bit(r[1], 1);
		f->has_smep = bit(r[1], 7);
		f->has_smap = bit(r[1], 20);
		f->has_umip = bit(r[2], 2);
	}
	cpuid_count(0x80000000, 0, r);
	f->max_extended = r[0];
	cpuid_count(0x80000001, 0, r);
	extended_d = r[3];
	f->has_nx = bit(extended_d, 20);
	f->has_1g = bit(extended_d, 26);
	f->has_rdtscp = bit(extended_d, 27);
	f->phys_bits = 36;
	if (f->max_extended >= 0x80000004)
		for (uint32_t i = 0; i < 3; i++) {
			cpuid_count(0x80000002 + i, 0, r);
			memcpy(f->brand + i * 16, r, 16);
		}
	if (f->max_extended >= 0x80000007) {
		cpuid_count(0x80000007, 0, r);
		f->has_invariant_tsc = bit(r[3], 8);
	}
	if (f->max_extended >= 0x80000008) {
		cpuid_count(0x80000008, 0, r);
		f->phys_bits = r[0] & 0xff;
	}
	if (f->has_xsave)
		detect_xsave();
}

/*
 * Decides on SMAP by the option; without it the instructions that open and
 * close guests' memory become no-ops of their length.  TCG's IRETQ of ring 3
 * reads the stack as the supervisor, so a paravirtual kernel would fault.
 */
void features_set_smap(void)
{
	static const uint8_t nop[3] = { 0x0f, 0x1f, 0x00 };
	bool *has_smap = &cpu_features.has_smap;

	if (boot_options.smap == 1 && !*has_smap)
		log_warn("smap=on: this CPU has no SMAP");
	else if (boot_options.smap == 1 && cpu_features.is_tcg)
		log_warn("smap=on in QEMU's TCG: guests' kernels will fault "
			 "at their IRETQ; leave the option out");
	if (boot_options.smap == 0 ||
		(boot_options.smap < 0 && cpu_features.is_tcg))
		*has_smap = false;
	for (const uint64_t *p = smap_places_start;
		!*has_smap && p < smap_places_end; p++)
		/* The text is read-only: write by the direct map. */
		memcpy(directmap + (*p - IMAGE_BASE), nop, sizeof(nop));
	log_info("CPU features:%s%s%s", *has_smap ? " SMAP" : "",
		cpu_features.has_umip ? " UMIP" : "",
		features_cr4() & CR4_SMEP ? " SMEP" : "");
}

uint64_t features_cr4(void)
{
	const struct cpu_features *f = &cpu_features;
	uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT |
		       CR4_DE | CR4_MCE;

	if (f->has_fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (f->has_xsave)
		cr4 |= CR4_OSXSAVE;
	if (f->has_smep && boot_options.smep != 0)
		cr4 |= CR4_SMEP;
	if (f->has_smap)
		cr4 |= CR4_SMAP;
	if (f->has_umip)
		cr4 |= CR4_UMIP;
	return cr4;
}

uint64_t arch_guest_cr4_fixed(void)
{
	return CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
}

uint64_t arch_guest_cr4_allowed(void)
{
	return CR4_TSD | CR4_DE |
	       (features_cr4() & (CR4_FSGSBASE | CR4_OSXSAVE));
}
