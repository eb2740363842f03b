/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of an HVM guest's saved state: those that domctls use as well.
 */
#ifndef PUBLIC_ARCH_X86_HVM_SAVE_H
#define PUBLIC_ARCH_X86_HVM_SAVE_H

#include "../../types.h"

/* The machine check registers of a vcpu. */
struct hvm_vmce_vcpu {
	uint64_t caps; /* MCG_CAP */
	uint64_t mci_ctl2_bank0;
	uint64_t mci_ctl2_bank1;
	uint64_t mcg_ext_ctl;
};
PUBLIC_SIZE(struct hvm_vmce_vcpu, 32);

#endif
