/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading what a multiboot loader left in memory into boot_info.
 * Multiboot2: specification 2.0, section 3.6; multiboot1: 0.6.96, section 3.3.
 */
#ifndef X86_MULTIBOOT_H
#define X86_MULTIBOOT_H

#include <tenon/types.h>

/*
 * Fill boot_info.  Strings and tables are used where they lie, through the
 * direct map of the first 4 GiB.  false: not a multiboot magic.
 */
bool multiboot_read(uint32_t magic, uint32_t address);

#endif
