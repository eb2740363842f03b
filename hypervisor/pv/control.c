/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control and debug registers as a PV guest sees them.  The CPU's own are the
 * hypervisor's; the guest has copies with the bits that concern it.
 */
#include <tenon/arch.h>
#include <tenon/cpu.h>
#include <tenon/domain.h>
#include <tenon/errno.h>
#include <tenon/pagetype.h>
#include <tenon/pte.h>
#include <tenon/pv.h>

#define CR0_TS	     (1UL << 3)

#define CR4_TSD	     (1UL << 2)
#define CR4_DE	     (1UL << 3)
#define CR4_PSE	     (1UL << 4)
#define CR4_PGE	     (1UL << 7)
#define CR4_PCE	     (1UL << 8)
#define CR4_FSGSBASE (1UL << 16)
#define CR4_OSXSAVE  (1UL << 18)
/* What a guest may turn on and off in its copy. */
#define CR4_GUEST (CR4_TSD | CR4_DE | CR4_FSGSBASE | CR4_OSXSAVE)

uint64_t pv_read_cr(struct vcpu *v, unsigned nr)
{
	switch (nr) {
	case 0:
		return v->arch.cr[0] | (v->arch.fpu_ts ? CR0_TS : 0);
	case 2:
		return v->vcpu_info->arch.cr2;
	case 3:
		return xen_pfn_to_cr3(v->arch.root.v);
	case 4:
		return v->arch.cr[4] | arch_guest_cr4_fixed();
	default:
		return 0;
	}
}

int pv_write_cr(struct vcpu *v, unsigned nr, uint64_t value)
{
	switch (nr) {
	case 0:
		/* Only TS is the guest's. */
		if ((value ^ pv_read_cr(v, 0)) & ~CR0_TS)
			return -EPERM;
		arch_set_fpu_ts(v, value & CR0_TS);
		return 0;
	case 2:
		v->vcpu_info->arch.cr2 = value;
		return 0;
	case 3:
		return pt_new_root(v, MFN(xen_cr3_to_pfn(value)), false);
	case 4:
		/* Bits that are not the guest's are as they are. */
		v->arch.cr[4] = value & CR4_GUEST & pv_cr4_mask(v);
		arch_load_tsd(v);
		return 0;
	default:
		return -EINVAL;
	}
}

/* DR7: reserved bits, and the general-detect bit, which is ours. */
#define DR7_RESERVED_ZERO 0xd800ULL
#define DR7_GD		  (1UL << 13)

static bool is_safe_dr7(uint64_t dr7)
{
	for (unsigned i = 0; i < 4; i++) {
		/* Type 2 is I/O, with CR4.DE: not for guests. */
		if ((dr7 >> (16 + i * 4) & 3) == 2)
			return false;
	}
	return true;
}

int pv_set_debugreg(struct vcpu *v, unsigned nr, uint64_t value)
{
	switch (nr) {
	case 0 ... 3:
		if (!is_canonical(value) || is_hypervisor_va(value))
			return -EPERM;
		v->arch.dr[nr] = value;
		break;
	case 4:
	case 6:
		if (value >> 32)
			return -EINVAL;
		v->arch.dr[6] = (value & 0xe00f) | 0xffff0ff0;
		return 0;
	case 5:
	case 7:
		if (value >> 32)
			return -EINVAL;
		if (value & DR7_GD || !is_safe_dr7(value))
			return -EPERM;
		value = (value & ~DR7_RESERVED_ZERO) | 0x400;
		v->arch.dr[7] = value;
		break;
	default:
		return -ENODEV;
	}
	if (v == current)
		arch_load_debug(v);
	return 0;
}
