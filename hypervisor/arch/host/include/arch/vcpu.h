/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake machine's vcpus are those of x86-64. */
#include "../../../x86_64/include/arch/vcpu.h"
